"""The machine's settings: threads, forks, instruction sets."""

import os
import subprocess
import sys

import numpy as np
import pytest

import cnnc
from cnnc import _core, ops


def run_python(code, **environment):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **environment}, check=False)  # fmt: skip


def test_thread_counts(threads):
    threads(3)
    assert cnnc.get_num_threads() == (3 if _core.has_openmp() else 1)
    for bad in (0, -1, 1.5, True, "2", None):
        with pytest.raises(ValueError, match="number of threads"):
            cnnc.set_num_threads(bad)


def test_omp_num_threads_is_the_default():
    result = run_python("import cnnc; print(cnnc.get_num_threads())", OMP_NUM_THREADS="1")
    assert result.stdout.strip() == "1", result.stderr


def test_threadpoolctl_limits_are_obeyed(threads):
    threadpoolctl = pytest.importorskip("threadpoolctl")
    threads(2)
    with threadpoolctl.threadpool_limits(limits=1, user_api="openmp"):
        assert cnnc.get_num_threads() == 1


def test_isa_can_be_lowered_by_the_environment():
    result = run_python("import cnnc; print(cnnc._core.isa())", CNNC_ISA="baseline")
    assert result.stdout.strip() == "baseline", result.stderr
    result = run_python("import cnnc", CNNC_ISA="sse9")
    assert "CNNC_ISA: the instruction set must be one of" in result.stderr and "'sse9'" in result.stderr


FORK = """
import os, warnings, numpy as np, cnnc
warnings.simplefilter("always")
cnnc.set_num_threads(2)
net = cnnc.models.lenet5()
x = np.random.default_rng(0).standard_normal((64, 28, 28, 1)).astype(np.float32)
y = net(x)
pid = os.fork()
if pid == 0:
    same = np.array_equal(net(x), y) and np.array_equal(net(x), y)
    cnnc.Trainer(net, cnnc.SGD()).step(x, np.zeros(64, int))
    os._exit(0 if same and cnnc.get_num_threads() == 1 else 3)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
print(cnnc.get_num_threads())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_forked_child_computes_serially_and_says_so_once():
    result = run_python(FORK, OMP_NUM_THREADS="2")
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("RuntimeWarning: cnnc runs with one thread") == (1 if _core.has_openmp() else 0)


def test_operations_check_their_fields():
    relu = _core.OPS["relu"]
    x = np.ones(3, np.float32)
    good = {"x": x, "y": x.copy(), "alpha": 0.0}
    relu(**good)
    read_only = x.copy()
    read_only.flags.writeable = False
    for change, error, text in [
        ({"x": None}, TypeError, "x is required"),
        ({"x": np.ones(3, np.int32)}, TypeError, "float32 or float64: received int32"),
        ({"y": np.ones(3)}, TypeError, "y must be float32: received float64"),
        ({"y": np.ones(4, np.float32)}, ValueError, "axis LENGTH must be 3 in y"),
        ({"x": np.ones(6, np.float32)[::2]}, ValueError, "C-contiguous"),
        ({"y": read_only}, ValueError, "writeable"),
        ({"beta": 1}, TypeError, "no field"),
    ]:
        with pytest.raises(error, match=text):
            relu(**{**good, **change})


def test_operations_on_bytes_alone_are_those_beside_float32():
    """Told apart by their scratch: that of float64 has no instruction set but the lowest."""
    box, scratch = np.array([[0.0, 0, 4, 5]]), {}
    for kind in (np.uint8, np.float32, np.float64):
        x, y = np.zeros((1, 4, 5, 3), kind), np.zeros((1, 6, 7, 3), kind)
        resize = _core.OPS["resize_boxes_u8" if kind == np.uint8 else "resize_boxes"]
        scratch[kind] = resize.pack({"x": x, "box": box, "y": y}).scratch(1)
    assert scratch[np.uint8] == scratch[np.float32] < scratch[np.float64]


def test_show_config(capsys):
    config = cnnc.show_config()
    assert config["isa"] in capsys.readouterr().out


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("rows", "first", "columns"), [(5, 0, 7), (70, 3, 11), (9, 20, 12), (300, 1, 30)])
def test_a_strip_of_a_dense_gradient_is_part_of_the_whole(rows, first, columns, dtype):
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((rows, 32)).astype(dtype), rng.standard_normal((rows, 19)).astype(dtype)
    whole, strip = np.empty((32, 19), dtype), np.empty((columns, 19), dtype)
    ops.op("dense_dw")(dy=dy, x=x, dw=whole, first=0, accumulate=0)
    ops.op("dense_dw")(dy=dy, x=x, dw=strip, first=first, accumulate=0)
    np.testing.assert_array_equal(strip, whole[first : first + columns])
