"""What pictures share: images as they are shown, grids, what a missing matplotlib says, and nothing left behind."""

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("matplotlib")

import matplotlib

import cnnc
from cnnc.plot import canvas


def test_bytes_and_shares_are_shown_as_they_are():
    x = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    np.testing.assert_array_equal(canvas.pictures(x), x / 255)
    np.testing.assert_array_equal(canvas.pictures(x / 255), x / 255)
    np.testing.assert_array_equal(canvas.pictures(x[..., 0])[..., 1], x[..., 0] / 255)
    np.testing.assert_array_equal(canvas.pictures(x[..., :1] > 5)[..., 2], x[..., 0] > 5)


def test_other_numbers_are_scaled_image_by_image():
    x = np.stack([np.linspace(-2, 3, 12), np.linspace(0, 10, 12), np.full(12, 7)]).reshape(3, 2, 2, 3)
    shown = canvas.pictures(x.astype(np.float32))
    np.testing.assert_allclose(shown[:2], np.linspace(0, 1, 12).reshape(2, 2, 3)[None].repeat(2, 0), atol=1e-6)
    assert (shown[2] == 0).all()


@pytest.mark.parametrize("x", [np.zeros((2, 3, 4, 2)), np.zeros((3, 4)), np.zeros((0, 3, 4, 3)), np.zeros(())])
def test_what_is_no_image_is_refused(x):
    with pytest.raises(ValueError, match="images to show must be gray or.*received the shape"):
        canvas.pictures(x)
    with pytest.raises(TypeError, match="images must be real numbers: received dtype"):
        canvas.pictures(np.array(["a"]))


@pytest.mark.parametrize("count", range(1, 40))
def test_panels_are_nearly_square(count):
    columns = canvas._columns(count)
    rows = -(-count // columns)
    assert rows * columns - count < columns
    assert columns == count <= 4 or rows <= columns <= 2.5 * rows


def test_nothing_is_left_behind():
    """Neither settings nor pyplot, whose figures live until they are closed."""
    code = """
import sys, matplotlib, cnnc
before = matplotlib.rcParams.copy()
net = cnnc.models.lenet5()
(x, labels), _ = cnnc.data.digits()
cnnc.plot.filters(net)
cnnc.plot.grad_cam(net, x[0])
cnnc.plot.diagram(net)
assert "matplotlib.pyplot" not in sys.modules
after = matplotlib.rcParams
assert {name for name in before if name != "backend" and before[name] != after[name]} == set()  # that, reading decides
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_without_matplotlib_errors_name_the_extra():
    """Importing needs nothing, and neither do diagrams as SVG."""
    code = """
import sys
sys.modules["matplotlib"] = sys.modules["matplotlib.figure"] = None
import cnnc
net = cnnc.models.lenet5()
(x, labels), _ = cnnc.data.digits()
assert cnnc.plot.diagram_svg(net).startswith("<svg")
calls = [
    lambda: cnnc.plot.filters(net), lambda: cnnc.plot.activation_maps(net, x[0], 1),
    lambda: cnnc.plot.saliency(net, x[0]), lambda: cnnc.plot.grad_cam(net, x[0]),
    lambda: cnnc.plot.receptive_field(net, 3), lambda: cnnc.plot.history({"loss": [1.0]}),
    lambda: cnnc.plot.confusion([0, 1], [0, 0]), lambda: cnnc.plot.misclassified(x[:2], [0, 1], [0, 0]),
    lambda: cnnc.plot.diagram(net),
]
for call in calls:
    try:
        call()
    except ImportError as error:
        assert str(error) == "pictures need matplotlib, an extra: pip install cnnc[plot]", error
    else:
        raise AssertionError
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_function_is_public_and_saves(tmp_path):
    """As what the path's ending says."""
    assert matplotlib.__version__
    net = cnnc.models.lenet5()
    figure = cnnc.plot.filters(net, path=tmp_path / "filters.png")
    assert type(figure).__module__ == "matplotlib.figure"
    assert (tmp_path / "filters.png").read_bytes().startswith(b"\x89PNG")
    cnnc.plot.diagram(net, path=str(tmp_path / "net.svg"))
    assert b"<svg" in (tmp_path / "net.svg").read_bytes()
    with pytest.raises(ValueError, match="bmp"):
        cnnc.plot.filters(net, path=tmp_path / "filters.bmp")
