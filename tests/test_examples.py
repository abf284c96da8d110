"""The examples: what they build can be trained, and those that need no data set run."""

import pathlib
import runpy
import subprocess
import sys

import numpy as np
import pytest

import cnnc

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "examples"
X = np.random.default_rng(0).integers(0, 256, (64, 32, 32, 3)).astype(np.uint8)


def start(name, *arguments, folder):
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def run(name, *arguments, folder):
    done = start(name, *arguments, folder=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("name", "parameters"), [("paper", 269_722), ("fast", 1_971_640)])
def test_recipes_of_cifar(name, parameters):
    recipe = runpy.run_path(str(EXAMPLES / "cifar10.py"))["RECIPES"][name](X, seed=0)
    net = recipe["net"]
    assert net.count_parameters() == parameters
    loader = cnnc.data.Loader(X, np.arange(64) % 10, 32, transforms=recipe["transforms"])
    settings = {"ema": recipe.get("ema"), "accumulate": recipe.get("accumulate", 1), "progress": False}
    history = net.fit(loader, epochs=2, optimizer=recipe["optimizer"], **settings)
    assert np.isfinite(history["loss"]).all()
    assert net.evaluate(X, np.arange(64) % 10, views=recipe.get("views"))["loss"] > 0


def test_the_deep_network_of_mnist():
    network = runpy.run_path(str(EXAMPLES / "mnist.py"))["deep"]
    assert cnnc.Sequential(network()).build((28, 28, 1)).output_shape == (10,)


def test_a_folder_is_trained_on(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="images need Pillow: pip install cnnc[images]")
    for name, colour in (("green", (0, 200, 0)), ("red", (200, 0, 0))):
        (tmp_path / "images" / name).mkdir(parents=True)
        for i in range(20):
            image.new("RGB", (20 + i, 30), tuple(c + i for c in colour)).save(tmp_path / "images" / name / f"{i}.png")
    printed = run("train_folder.py", "images", "--size", 16, "--epochs", 2, "--batch-size", 12, folder=tmp_path)
    assert "36 images to learn from, 4 to judge by, 2 classes" in printed
    assert "epoch 2/2: loss " in printed
    assert cnnc.load(tmp_path / "folder.safetensors").output_shape == (2,)
    assert (tmp_path / "folder.classes").read_text() == "green\nred"
    damaged = tmp_path / "images" / "red" / "3.png"
    damaged.write_bytes(damaged.read_bytes()[:50])
    stopped = start("train_folder.py", "images", "--size", 16, folder=tmp_path)
    assert stopped.returncode == 1 and "must be mended or removed" in stopped.stderr and "red/3.png" in stopped.stderr
