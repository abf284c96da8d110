"""Each floor calls only the ones below it: read from the sources, nothing is run."""

import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
CSRC = ROOT / "csrc"

# From the ground up. A module may import from its own floor and from those below.
FLOORS = [
    {"_core", "activations", "checks", "geometry", "initializers", "labels", "settings", "teams"},
    {"ops", "parameters", "steps", "graph", "prepared"},
    {"tape", "fusion", "strips", "parts", "functional"},
    {"layers", "data"},
    {"training", "summary", "metrics", "evaluation"},
    {"network"},
    {"io", "models", "config", "matching", "profile", "torch_weights", "explain"},
    {"plot"},
]
APART = {"reference": {"activations", "geometry"}}  # stands beside the house, on these alone
UPWARD = {("network", "io"), ("network", "profile")}  # net.save and net.profile, when they are called
ON_THE_BINDING = {"ops", "parameters", "prepared", "tape", "fusion", "config"}

FLOOR = {name: number for number, floor in enumerate(FLOORS) for name in floor}
MODULES = sorted(path for path in (ROOT / "cnnc").rglob("*.py") if path != ROOT / "cnnc/__init__.py")
C_FILES = sorted([*CSRC.rglob("*.c"), *CSRC.rglob("*.h")])


def part(path):
    """The part of the package that a file belongs to: layers for cnnc/layers/conv.py."""
    return path.relative_to(ROOT / "cnnc").parts[0].removesuffix(".py")


def imported(path):
    """The parts of the package that a file imports, anywhere in it; `import cnnc` itself is for documentation."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            if node.module == "cnnc":
                found.update(alias.name for alias in node.names)
            elif node.module.startswith("cnnc."):
                found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found.update(alias.name.split(".")[1] for alias in node.names if alias.name.startswith("cnnc."))
    return found - {part(path)}


def test_every_module_has_its_floor():
    pyx = {path.stem for path in (ROOT / "cnnc").glob("*.pyx")}
    assert {part(path) for path in MODULES} | pyx == set(FLOOR) | set(APART)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down(path):
    here = part(path)
    for name in imported(path):
        if here in APART:
            assert name in APART[here]
        elif (here, name) not in UPWARD:
            assert FLOOR[name] <= FLOOR[here], f"{here} must not import {name}"
            assert name != "_core" or here in ON_THE_BINDING, f"{here} must reach C through cnnc.ops"


def test_c_needs_no_python():
    for path in C_FILES:
        assert not re.search(r"#\s*include\s*[<\"](Python|numpy)", path.read_text()), path


def test_threads_stand_in_loops_only():
    for path in C_FILES:
        loops = path.suffix == ".c" and not path.stem.endswith("_kernels")
        code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        assert loops or path.name == "threads.h" or "TEAM_FOR" not in code, path
        assert path.name == "threads.h" or not re.search(r"(?i)pragma\W+omp", code), f"{path}: use TEAM_FOR"


def test_operations_allocate_nothing():
    for path in C_FILES:
        assert not re.search(r"\b(malloc|calloc|realloc|free|alloca|posix_memalign)\s*\(", path.read_text()), path


def test_families_include_shared_floors_only():
    """The core, products, activations and sums; Winograd's algorithm stands between the product and convolution."""
    for path in C_FILES:
        if path.parent.name == "csrc":
            continue
        for name in re.findall(r'#\s*include\s*"([^"]+)"', path.read_text()):
            folder = (path.parent / name).resolve().parent.name
            assert folder in {path.parent.name, "core", "gemm", "activation", "elementwise", "winograd", "csrc"}, (
                f"{path}: {name}"
            )
            assert folder != "winograd" or path.parent.name in ("winograd", "conv"), f"{path}: {name}"
            assert folder != "gemm" or path.parent.name in ("gemm", "winograd", "conv", "dense"), f"{path}: {name}"
