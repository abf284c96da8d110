"""The page of pictures makes what it shows, and the example that looks inside a network runs."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

pytest.importorskip("matplotlib")

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/pictures.md"


def run(arguments, folder, **environment):
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder), "PYTHONPATH": str(ROOT), **environment}
    environment.pop("CNNC_DATA", None)
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_page_makes_its_pictures(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    done = run(["-W", "error", "-c", "".join(blocks)], tmp_path)
    assert done.returncode == 0, done.stderr
    linked = set(re.findall(r"\]\(images/([\w.]+)\)", PAGE.read_text()))
    made = {path.name for path in tmp_path.iterdir()}
    assert {name for name in linked if not name.startswith("photo_")} <= made
    for name in linked:
        assert 0 < (ROOT / "docs/images" / name).stat().st_size < 100_000, name


def test_the_example_looks_inside(tmp_path):
    """On the digits, with a photo in colour that is larger and not square."""
    from matplotlib.image import imsave

    photo = [[(row / 60, column / 90, 0.5) for column in range(90)] for row in range(60)]
    imsave(tmp_path / "photo.png", photo)
    arguments = [
        "-W",
        "error",
        ROOT / "examples/look_inside.py",
        "--epochs",
        "1",
        "--photo",
        "photo.png",
        "--out",
        "o/p",
    ]
    done = run(arguments, tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^photo.png: \d \d+.\d %, ", done.stdout, flags=re.MULTILINE)
    assert done.stdout.splitlines()[-1].endswith("pictures in o/p/")
    names = ["confusion", "filters", "grad_cam", "grad_cam_test", "history", "maps_first", "maps_last", "misclassified",
             "receptive_field", "saliency"]  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "o/p").iterdir()) == sorted(
        ["diagram.svg", *(f"{n}.png" for n in names)]
    )


def test_the_example_with_weights_needs_no_data_set(tmp_path):
    import cnnc

    cnnc.save_torch_weights(cnnc.models.resnet_cifar(20), tmp_path / "w")
    image = pytest.importorskip("PIL.Image", reason="images need Pillow: pip install cnnc[images]")
    image.new("RGB", (60, 90), "red").save(tmp_path / "red.png")
    example = [ROOT / "examples/look_inside.py", "--weights", "w"]
    done = run([*example, "--photo", "red.png", "--out", "o"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^red.png: [a-z]+ \d+.\d %, ", done.stdout, flags=re.MULTILINE)
    assert not (tmp_path / "o" / "confusion.png").exists() and (tmp_path / "o" / "grad_cam.png").exists()
    done = run([*example, "--out", "other"], tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("--photo is needed") and not (tmp_path / "other").exists()
