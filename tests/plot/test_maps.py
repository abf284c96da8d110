"""Filters, activation maps, saliency, Grad-CAM and receptive fields: the right panels with the right numbers."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

import cnnc
from cnnc import explain, plot

NAMES = ["red", "green", "blue"]


@pytest.fixture(scope="module")
def net():
    layers = [cnnc.Conv2D(5, 3), cnnc.BatchNorm(), cnnc.ReLU(), cnnc.MaxPool2D(2), cnnc.Conv2D(4, 2), cnnc.Flatten(),
              cnnc.Dense(3)]  # fmt: skip
    return cnnc.Sequential(layers).build((10, 12, 3), seed=0)


def images(n=2, channels=3):
    return np.random.default_rng(0).integers(0, 256, (n, 10, 12, channels), np.uint8)


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


def shown(axes, number=0):
    return np.ma.filled(axes.images[number].get_array(), np.nan)


# --- filters


def test_filters_of_three_channels_are_in_colour(net):
    (axes,) = plot.filters(net).axes
    assert axes.get_title(loc="left") == 'Conv2D "0": 5 filters 3x3'
    picture, w = shown(axes), net.parameters()["0.weight"]
    assert picture.shape == (2 * 12 + 2, 3 * 12 + 2 * 2, 3)  # two rows of three, a pixel as 4 x 4
    np.testing.assert_allclose(picture[0:12:4, 14:26:4], 0.5 + w[..., 1] / (2 * np.abs(w).max()), rtol=0, atol=1e-6)
    np.testing.assert_allclose(picture[14:26:4, 0:12:4], 0.5 + w[..., 3] / (2 * np.abs(w).max()), rtol=0, atol=1e-6)
    assert (picture[14:, 28:] == 1).all()  # no sixth one


def test_filters_of_other_channels_are_rows(net):
    axes, bar = plot.filters(net, layer=4, count=3).axes
    assert axes.get_title(loc="left") == 'Conv2D "4": 3 of 4 filters 2x2,\na row each: 3 of 5 channels'
    picture, w = shown(axes), net.parameters()["4.weight"]
    assert picture.shape == (3 * 14 - 2,) * 2
    np.testing.assert_allclose(picture[28:40:6, 14:26:6], w[:, :, 1, 2], rtol=0, atol=1e-6)
    assert np.isnan(picture[12:14]).all()
    low, high = axes.images[0].get_clim()
    assert -low == high == pytest.approx(np.abs(w).max())
    assert bar.get_label() == "<colorbar>"


def test_filters_of_a_transposed_convolution():
    net = cnnc.Sequential([cnnc.ConvTranspose2D(5, 3), cnnc.ConvTranspose2D(5, 3, groups=5)]).build((4, 4, 2))
    assert titles(plot.filters(net))[0] == 'ConvTranspose2D "0": 5 filters 3x3,\na row each: 2 channels'
    with pytest.raises(ValueError, match="must not have groups: received 5"):
        plot.filters(net, layer=1)


def test_filters_of_one_channel_are_tiles():
    axes, _ = plot.filters(cnnc.models.lenet5()).axes
    assert shown(axes).shape == (2 * 15 + 2, 4 * 15 + 3 * 2)
    depthwise = cnnc.Sequential([cnnc.SeparableConv2D(8, 3)]).build((8, 8, 3))
    assert titles(plot.filters(depthwise))[0] == 'DepthwiseConv2D "0.0": 3 filters 3x3'
    flat = cnnc.Sequential([cnnc.Conv2D(4, 3, init="zeros")]).build((8, 8, 1))
    assert plot.filters(flat).axes[0].images[0].get_clim() == (-1, 1)


# --- activation maps


def test_activation_maps_are_those_of_the_layer(net):
    x = images()
    figure = plot.activation_maps(net, x[0], "2", count=3)
    first, *maps, _ = figure.axes
    assert titles(figure) == ["image", "0", "1", "2", ""]
    assert figure.get_suptitle() == 'ReLU "2": 3 of 5 maps 8x10'
    np.testing.assert_array_equal(shown(first), x[0] / 255)
    expected = net.activations(x[:1])["2"][0, :, :, :3]
    for number, axes in enumerate(maps):
        np.testing.assert_array_equal(shown(axes), expected[..., number])
        assert axes.images[0].get_clim() == (0, pytest.approx(expected.max()))
    signed = plot.activation_maps(net, x[:1], net[0])
    assert len(signed.axes) == 7
    low, high = signed.axes[1].images[0].get_clim()
    assert -low == high > 0


# --- saliency and Grad-CAM


def test_saliency_stands_beside_its_image(net):
    x = images()
    figure = plot.saliency(net, x, [2, 0], NAMES)
    expected = explain.saliency(net, x, [2, 0])
    assert titles(figure) == ["image 0", "pixels that count for blue", "image 1", "pixels that count for red"]
    for number in range(2):
        np.testing.assert_array_equal(shown(figure.axes[2 * number]), x[number] / 255)
        np.testing.assert_array_equal(shown(figure.axes[2 * number + 1]), expected[number])
    best = int(net(x[:1]).argmax())
    assert titles(plot.saliency(net, x[0]))[1] == f"pixels that count for {best}"


def test_grad_cam_lies_over_the_image(net):
    x = images(1)
    figure = plot.grad_cam(net, x[0], 1, layer=2, classes=NAMES)
    expected = explain.grad_cam(net, x, 1, layer=2)[0]
    assert titles(figure) == ["image", "where it sees green"]
    np.testing.assert_allclose(shown(figure.axes[1], 1), expected / expected.max(), rtol=1e-6)
    gray = shown(figure.axes[1])
    assert gray.shape == (10, 12)
    assert np.corrcoef(gray.ravel(), x[0].mean(axis=-1).ravel())[0, 1] > 0.999


def test_a_map_covers_a_picture_of_another_size(net):
    photo = np.random.default_rng(1).random((30, 36, 3))
    for figure in (plot.grad_cam(net, images(1)[0], shown=photo), plot.saliency(net, images(1)[0], shown=photo)):
        np.testing.assert_array_equal(shown(figure.axes[0]), photo)
        assert figure.axes[1].images[-1].get_extent() == [-0.5, 35.5, 29.5, -0.5]
    first = plot.activation_maps(net, images(1)[0], 0, shown=photo).axes[0]
    assert first.images[0].get_extent() == [-0.5, 9.5, 7.5, -0.5]  # that of the maps beside it


# --- receptive fields


def test_receptive_field_is_drawn_where_it_is(net):
    (axes,) = plot.receptive_field(net, 4, (1, 3), images(1)[0]).axes
    assert axes.get_title(loc="left") == 'Conv2D "4" at (1, 3)\nsees 6x6 of 10x12 pixels'
    (frame,) = axes.patches
    assert (frame.get_xy(), frame.get_width(), frame.get_height()) == ((5.5, 1.5), 6, 6)
    veil = shown(axes, 1)[..., 3]
    assert (veil[2:8, 6:12] == 0).all() and (veil > 0).sum() == 120 - 36
    (axes,) = plot.receptive_field(net, 6).axes
    assert axes.get_title(loc="left") == 'Dense "6"\nsees 10x12 of 10x12 pixels'
    assert len(axes.images) == 1


# --- refusals

REFUSED = [
    (lambda net, x: plot.filters(net, 6), r'layer must have filters \(KH, KW, C, K\): received Dense "6"'),
    (lambda net, x: plot.filters(cnnc.models.mlp()), r"must have filters .*: received a network without"),
    (lambda net, x: plot.filters(net, count=0), "count must be a positive int: received 0"),
    (lambda net, x: plot.filters(cnnc.Sequential([cnnc.Conv2D(2, 3)])), "must be built first"),
    (lambda net, x: plot.activation_maps(net, x, 0), "image must be a single one: received 2"),
    (lambda net, x: plot.activation_maps(net, x[0], 6), 'Dense "6": the input must be images'),
    (lambda net, x: plot.activation_maps(net, x[0, 1:], 0), "the input must have the shape"),
    (lambda net, x: plot.activation_maps(net, x[0], 0, count=1.5), "count must be a positive int: received 1.5"),
    (lambda net, x: plot.saliency(net, x, classes=["a"]), "a name for each of 3: received 1"),
    (lambda net, x: plot.saliency(net, x, [0, 3]), r"classes must be in \[0, 3\)"),
    (lambda net, x: plot.saliency(net, x, shown=x[:1]), "a picture to show for each of 2 images: received 1"),
    (lambda net, x: plot.grad_cam(net, x, layer=9), "layer must be a layer of the network"),
    (lambda net, x: plot.receptive_field(net, 0, (8, 0)), "position must be a place of Conv2D"),
]


@pytest.mark.parametrize(("draw", "pattern"), REFUSED)
def test_refusals(net, draw, pattern):
    with pytest.raises(ValueError, match=pattern):
        draw(net, images())


def test_a_block_has_the_maps_of_its_output():
    x = images(channels=1)
    block = cnnc.Add([cnnc.Conv2D(2, 3), cnnc.Conv2D(2, 3)])
    net = cnnc.Sequential([block, cnnc.Auxiliary([cnnc.ReLU()])]).build(x.shape[1:])
    _, first, second, _ = plot.activation_maps(net, x[0], block).axes
    np.testing.assert_array_equal([shown(first), shown(second)], np.moveaxis(net(x[:1])[0], -1, 0))
    with pytest.raises(cnnc.LayerError, match='ReLU "1.0": it must take part in inference'):
        plot.activation_maps(net, x[0], "1.0")
