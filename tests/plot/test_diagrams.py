"""Diagrams: every layer is there once, where it belongs, and nothing lies over anything else."""

import itertools
from xml.etree import ElementTree

import pytest

import cnnc
from cnnc import plot
from cnnc.plot.layout import placed

SVG = "{http://www.w3.org/2000/svg}"
NETWORKS = {
    "lenet5": cnnc.models.lenet5,
    "googlenet": lambda: cnnc.models.googlenet(heads=True),
    "resnet": lambda: cnnc.models.resnet(18),
    "resnet_cifar": lambda: cnnc.models.resnet_cifar(8),
    "squeezed": lambda: cnnc.Sequential([cnnc.SeparableConv2D(8, 3), cnnc.SqueezeExcite(4), cnnc.GlobalMaxPool()])
    .build((9, 9, 3)),
    "vectors": lambda: cnnc.Sequential([cnnc.Concat([cnnc.Identity(), [cnnc.ReLU()]]), cnnc.Dense(3)]).build((4,)),
    "volumes": lambda: cnnc.Sequential([cnnc.Conv3D(2, 3, stride=(1, 2, 2)), cnnc.Flatten()]).build((5, 6, 7, 1)),
}  # fmt: skip


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_every_layer_has_its_box(make):
    net = make()
    width, height, boxes, lines = placed(net)
    drawn = [box.lines[0].split(",")[0].split(" ") for box in boxes]
    wanted = [
        (layer.path, type(layer).__name__)
        for layer in net.walk()
        if not layer.children() or hasattr(layer, "join") or isinstance(layer, cnnc.Auxiliary)
    ]
    wanted = [each for each in wanted if each[1] != "Identity"]
    assert sorted((path, name) for path, name, *_ in drawn if path != "input") == sorted(wanted)
    for a, b in itertools.combinations(boxes, 2):
        apart = a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
        assert apart, (a, b)
    for x, y in [(box.x, box.y) for box in boxes] + [point for line in lines for point in line.points]:
        assert 0 <= x <= width and 0 <= y <= height
    for line in lines:
        for (x, top), (_, bottom) in itertools.pairwise(line.points):
            middle = (top + bottom) / 2
            crossed = [b for b in boxes if b.x < x < b.x + b.width and b.y < middle < b.y + b.height]
            assert top == bottom or not crossed, (line, crossed)


def test_boxes_tell_shapes_windows_and_parameters():
    net = cnnc.models.resnet_cifar(8)
    *_, boxes, _ = placed(net)
    words = {box.lines[0].split(" ")[0]: box.lines for box in boxes}
    assert words["0"] == ["0 Conv2D 3x3", "32x32x16, 432 parameters"]
    assert words["1"] == ["1 BatchNorm, 32 parameters"]
    assert words["5.0.0"] == ["5.0.0 Conv2D 3x3 /2", "16x16x32, 4,608 parameters"]
    assert words["5"] == ["5 Add, 16x16x32"]
    assert words["9"] == ["9 GlobalAvgPool", "64"]
    shared = cnnc.Dense(4)
    *_, boxes, _ = placed(cnnc.Sequential([shared, cnnc.ReLU(), shared]).build((4,)))
    assert [box.lines[-1] for box in boxes if box.kind == "dense"] == ["4, 20 parameters", "4, shared"]


def test_branches_stand_side_by_side():
    net = cnnc.Sequential([cnnc.Add([cnnc.Conv2D(2, 1), [cnnc.ReLU(), cnnc.Conv2D(2, 1)], cnnc.Identity()])])
    *_, boxes, lines = placed(net.build((4, 4, 2)))
    start, left, strip, right, bar = boxes
    assert left.y == strip.y > start.y + start.height
    assert left.x + left.width < strip.x
    assert right.y > strip.y + strip.height
    assert bar.x <= left.x and bar.x + bar.width > right.x + right.width  # the way of Identity is beside
    assert sum(line.points[-1][1] == bar.y for line in lines) == 3


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_svg_is_well_formed(make, tmp_path):
    text = plot.diagram_svg(make(), tmp_path / "net.svg")
    assert (tmp_path / "net.svg").read_text(encoding="utf-8") == text
    root = ElementTree.fromstring(text)
    *_, boxes, _ = placed(make())
    assert [each.text for each in root.iter(f"{SVG}text")] == [line for box in boxes for line in box.lines]
    assert [each.text for each in root.iter(f"{SVG}title")] == [box.note for box in boxes]


def test_names_are_escaped():
    class Odd(cnnc.ReLU):
        def __repr__(self):
            return "<&>"

    text = plot.diagram_svg(cnnc.Sequential([Odd()]).build((3,)))
    assert "<title>&lt;&amp;&gt;</title>" in text
    ElementTree.fromstring(text)


def test_the_figure_shows_the_same():
    pytest.importorskip("matplotlib")
    net = cnnc.models.googlenet()
    (axes,) = plot.diagram(net).axes
    width, height, boxes, _ = placed(net)
    assert [text.get_text() for text in axes.texts] == [line for box in boxes for line in box.lines]
    assert axes.get_xlim() == (0, width)
    assert axes.get_ylim() == (height, 0)


def test_a_network_must_be_built():
    with pytest.raises(ValueError, match="must be built first"):
        plot.diagram_svg(cnnc.Sequential([cnnc.ReLU()]))
