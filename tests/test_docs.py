"""The documents keep their word: files they name exist, commands stand where they must, no source file is too long."""

import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENTS = ["README.md", *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("docs/*.md")))]
SOURCES = ["benchmarks", "cnnc", "csrc", "docs", "examples", "tests"]
BUDGET = {".py": 400, ".pyx": 400, ".pxi": 400, ".c": 500, ".h": 500}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_named_files_exist(document):
    text = (ROOT / document).read_text()
    named = re.findall(r"`([\w.]+(?:/[\w.]+)+/?)`", text)  # a path in backquotes
    linked = [str((ROOT / document).parent / name) for name in re.findall(r"\]\(([\w./]+)\)", text)]
    missing = [name for name in named + linked if not (ROOT / name).exists()]
    assert named
    assert not missing


def test_recipes_name_every_step():
    recipes = re.split(r"^## ", (ROOT / "docs/recipes.md").read_text(), flags=re.MULTILINE)[1:]
    assert [recipe.splitlines()[0] for recipe in recipes] == [
        "Add an activation",
        "Add an optimizer",
        "Add a loss",
        "Add a layer from existing operations",
        "Add a data set",
        "Add an augmentation",
        "Add a kernel family",
        "Add an instruction set",
    ]
    assert all(len(re.findall(r"^\| .*`", recipe, flags=re.MULTILINE)) >= 2 for recipe in recipes)


def test_readme_has_its_two_commands():
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    for block, last in zip(blocks, ("examples/mnist.py", "-m pytest"), strict=True):
        assert len(block.splitlines()) == 1
        assert block.startswith("python3 -m venv .venv && .venv/bin/pip install -e ")
        assert block.strip().endswith(f"&& .venv/bin/python {last}")


def test_the_readme_examples_run(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    code = "".join(blocks)  # the second goes on with the first one's network
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "digits.safetensors").exists()
    predicted, right = re.search(r"\[([\d ]+)\] \[([\d ]+)\]$", done.stdout.strip()).groups()
    assert sum(a == b for a, b in zip(predicted.split(), right.split(), strict=True)) >= 4


def test_no_source_file_is_too_long():
    files = [path for folder in SOURCES for path in (ROOT / folder).rglob("*") if path.suffix in BUDGET]
    generated = ROOT / "cnnc/_core.c"
    lengths = {path: len(path.read_text().splitlines()) for path in files if path != generated}
    assert not {str(path): n for path, n in lengths.items() if n > BUDGET[path.suffix]}
