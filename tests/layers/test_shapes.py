"""Layers that change shapes: what they cost and see, how they share, and what a table of rows does not say."""

from fractions import Fraction

import numpy as np
import pytest
from nets import batch, check_gradients, randomise

import cnnc
from cnnc import functional as F


def described(*layers, shape):
    """(receptive field, stride, multiply-adds) of each row of the summary."""
    rows = cnnc.Sequential(layers).build(shape).summary(print_table=False)
    return [(row["receptive_field"], row["stride"], row["macs"]) for row in rows[:-1]]


# --- receptive fields ------------------------------------------------------------------------------------------


def test_receptive_fields_of_signals_and_volumes(capsys):
    rows = described(cnnc.Conv1D(4, 5), cnnc.MaxPool1D(2), cnnc.Conv1D(2, 3, dilation=2), shape=(40, 3))
    assert rows == [((5,), (1,), 36 * 4 * 15), ((6,), (2,), 0), ((14,), (2,), 14 * 2 * 12)]
    rows = described(cnnc.Conv3D(2, (1, 3, 3)), cnnc.AvgPool3D(2), cnnc.Conv3D(1, 2), shape=(8, 10, 12, 1))
    assert [row[:2] for row in rows] == [((1, 3, 3), (1, 1, 1)), ((2, 4, 4), (2, 2, 2)), ((4, 6, 6), (2, 2, 2))]
    assert rows[0][2] == 8 * 8 * 10 * 2 * 9
    cnnc.Sequential([cnnc.Conv3D(2, (1, 3, 3))]).build((8, 10, 12, 1)).summary()
    assert " 1x3x3 " in capsys.readouterr().out


def test_receptive_fields_of_layers_that_enlarge(capsys):
    rows = described(cnnc.Conv2D(4, 3, stride=2), cnnc.UpSample(2), cnnc.Conv2D(1, 3), shape=(9, 9, 1))
    assert [row[:2] for row in rows] == [((3, 3), (2, 2)), ((3, 3), (1, 1)), ((5, 5), (1, 1))]
    half = Fraction(1, 2)
    rows = described(cnnc.UpSample(2, "bilinear"), cnnc.Conv2D(1, 4), shape=(5, 5, 1))
    assert [row[:2] for row in rows] == [((2, 2), (half, half)), ((4, 4), (half, half))]  # 3.5 touches 4 pixels
    rows = described(cnnc.ConvTranspose2D(1, 5, stride=2), cnnc.AvgPool2D(2), shape=(5, 5, 1))
    assert rows == [((3, 3), (half, half), 5 * 5 * 25), ((4, 4), (1, 1), 0)]
    net = cnnc.Sequential([cnnc.UpSample((2, 1))]).build((5, 5, 1))
    net.summary()
    assert " 1/2x1 " in capsys.readouterr().out


def test_receptive_fields_by_changing_one_pixel():
    """An output sees the pixels that it changes with; the largest number of them in a row is the field."""
    layers = [
        [cnnc.UpSample(2, "bilinear"), cnnc.Conv2D(1, 3)],
        [cnnc.ConvTranspose2D(1, 5, stride=2, padding=1)],
        [cnnc.ConvTranspose2D(1, 3, stride=1, dilation=2), cnnc.Conv2D(1, 2)],
        [cnnc.Conv2D(1, 3, stride=2), cnnc.ConvTranspose2D(1, 4, stride=2), cnnc.Conv2D(1, 3)],
        [cnnc.AdaptiveAvgPool2D((3, 1)), cnnc.Conv2D(1, (2, 1))],
        [cnnc.Pad2D(1, "replicate"), cnnc.Conv2D(1, 3)],
    ]
    for chain in layers:
        net = cnnc.Sequential(chain).build((12, 12, 1))
        for array in net.parameters().values():
            array[...] = 1
        x = np.zeros((1, *net.input_shape), np.float32)
        before, touched = net(x)[0], []
        for row in range(12):
            x[:] = 0
            x[0, row] = 1
            touched.append((net(x)[0] != before).any(axis=(1, 2)))
        seen = max(np.ptp(np.flatnonzero(column)) + 1 for column in np.transpose(touched))
        assert net.summary(print_table=False)[-2]["receptive_field"][0] == seen, chain


def test_receptive_fields_end_where_places_do():
    rows = described(cnnc.Conv2D(2, 3), cnnc.GlobalAvgPool(), cnnc.Dense(8), cnnc.Reshape((2, 2, 2)), cnnc.Conv2D(1, 2),
                     shape=(6, 6, 1))  # fmt: skip
    assert [row[:2] for row in rows] == [((3, 3), (1, 1)), ((6, 6), None), (None, None), (None, None), (None, None)]
    squeeze = [cnnc.GlobalAvgPool(), cnnc.Dense(2), cnnc.Sigmoid()]
    rows = described(cnnc.Multiply([cnnc.Conv2D(2, 1, stride=2), squeeze]), cnnc.Conv2D(1, 1), shape=(6, 5, 2))
    assert rows[-1][:2] == ((6, 5), (2, 2))  # through the squeeze, every pixel sees the image


# --- parameters ------------------------------------------------------------------------------------------------


def test_names_and_shapes_of_parameters():
    def shapes(layer, shape):
        return {path: a.shape for path, a in cnnc.Sequential([layer]).build(shape).parameters().items()}

    assert shapes(cnnc.Conv1D(6, 3, groups=2), (9, 4)) == {"0.weight": (3, 2, 6), "0.bias": (6,)}
    assert shapes(cnnc.Conv3D(6, 3), (4, 4, 4, 2)) == {"0.weight": (3, 3, 3, 2, 6), "0.bias": (6,)}
    assert shapes(cnnc.ConvTranspose2D(6, 3, groups=2), (4, 4, 4)) == {"0.weight": (3, 3, 3, 4), "0.bias": (6,)}
    assert shapes(cnnc.DepthwiseConv2D(3, 2), (4, 4, 4)) == {"0.weight": (3, 3, 1, 8), "0.bias": (8,)}
    assert shapes(cnnc.SeparableConv2D(5, 3), (4, 4, 4)) == {
        "0.0.weight": (3, 3, 1, 4), "0.1.weight": (1, 1, 4, 5), "0.1.bias": (5,)
    }  # fmt: skip


@pytest.mark.parametrize(("layer", "shape"), [
    (lambda: cnnc.Conv1D(2, 3, padding=1), (4, 2)),
    (lambda: cnnc.Conv3D(2, 3, padding=1), (2, 3, 2, 2)),
    (lambda: cnnc.ConvTranspose2D(2, 3, padding=1), (3, 2, 2)),
    (lambda: cnnc.DepthwiseConv2D(3, padding=1), (3, 2, 2)),
    (lambda: cnnc.SeparableConv2D(2, 3, padding=1), (3, 2, 2)),
])  # fmt: skip
def test_gradients_of_shared_layers_add_up(layer, shape):
    shared = layer()
    check_gradients([shared, cnnc.Tanh(), cnnc.Add([shared, cnnc.Identity(), [cnnc.Sigmoid(), shared]])], shape)


@pytest.mark.parametrize(("layer", "shape"), [
    (lambda: cnnc.Conv1D(2, 3), (5, 2)),
    (lambda: cnnc.Conv3D(2, 2), (2, 3, 2, 2)),
    (lambda: cnnc.ConvTranspose2D(2, 3), (3, 2, 2)),
    (lambda: cnnc.SeparableConv2D(2, 2), (3, 2, 2)),
])  # fmt: skip
def test_frozen_they_pass_gradients_on_and_stay(layer, shape):
    frozen = layer()
    frozen.trainable = False
    net = cnnc.Sequential([cnnc.Dense(4), cnnc.Reshape(shape), frozen, cnnc.Flatten(), cnnc.Dense(2)])
    net.layers[0].units = int(np.prod(shape))
    randomise(net.build((3,)))
    before = {path: array.copy() for path, array in net.parameters().items()}
    cnnc.Trainer(net, cnnc.SGD(lr=0.1)).step(batch((3,)), [0, 1, 0])
    changed = {path.split(".")[0] for path, array in net.parameters().items() if (array != before[path]).any()}
    assert changed == {"0", "4"}


# --- products --------------------------------------------------------------------------------------------------


def test_products_of_an_input_with_itself():
    x = batch((4, 3, 2))
    same = cnnc.Sequential([cnnc.Multiply([cnnc.Identity(), cnnc.Identity()])]).build((4, 3, 2))
    np.testing.assert_array_equal(same(x), x * x)
    check_gradients([cnnc.Multiply([cnnc.Identity()] * 3)], (3,))
    check_gradients([cnnc.Tanh(), cnnc.Multiply([cnnc.Identity(), cnnc.GlobalMaxPool(), cnnc.Sigmoid()])], (2, 3, 2))
    check_gradients([cnnc.Multiply([cnnc.Flatten(), [cnnc.Flatten(), cnnc.Tanh()]])], (1, 1, 4))
    check_gradients([cnnc.Multiply([cnnc.Identity(), cnnc.Flatten()])], (1, 1, 4))


def test_squeeze_and_excitation_of_signals_and_volumes():
    for shape in ((5, 3), (2, 2, 3, 3)):
        squeeze = [cnnc.GlobalAvgPool(), cnnc.Dense(2), cnnc.ReLU(), cnnc.Dense(3), cnnc.Sigmoid()]
        check_gradients([cnnc.Multiply([squeeze, cnnc.Identity()])], shape)


# --- dropout of channels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(6, 40), (4, 5, 40), (2, 3, 2, 40)])
def test_spatial_dropout_drops_whole_channels(shape):
    net = cnnc.Sequential([cnnc.SpatialDropout(0.25), cnnc.Flatten(), cnnc.Dense(2)]).build(shape, seed=3)
    for array in net.parameters().values():
        array[...] = 0
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.0))
    x = np.ones((64, *shape), np.float32)
    trainer.step(x, np.zeros(64, int))
    # with zero weights dy is the same in all images: the gradient of the weights adds up what was kept of each pixel
    kept = trainer.gradients()["2.weight"][:, 0].reshape(shape) / -0.5
    assert np.ptp(kept, axis=tuple(range(len(shape) - 1))).max() < 1e-6  # all pixels of a channel alike
    expected = [np.mean(F.dropout(np.ones((64, 40)), 0.25, seed=3, step=step, stream=1), axis=0) for step in (0, 1)]
    assert any(np.allclose(kept.reshape(-1, 40)[0], mean, atol=1e-5) for mean in expected)


# --- signals and volumes ---------------------------------------------------------------------------------------


def test_a_causal_convolution_sees_only_what_came_before():
    net = randomise(cnnc.Sequential([cnnc.Conv1D(3, 3, dilation=2, padding=(4, 0))]).build((20, 2)))
    x = batch((20, 2))
    changed = x.copy()
    changed[:, 11:] = 7
    assert net(x)[:, :11].tobytes() == net(changed)[:, :11].tobytes()
    assert (net(x)[:, 11:] != net(changed)[:, 11:]).any()


def test_a_volume_of_one_frame_is_an_image():
    x = batch((6, 5, 3))
    for volume, image in [
        (cnnc.Conv3D(4, (1, 3, 2)), cnnc.Conv2D(4, (3, 2))),
        (cnnc.MaxPool3D((1, 2, 3)), cnnc.MaxPool2D((2, 3))),
        (cnnc.AvgPool3D((1, 2, 3)), cnnc.AvgPool2D((2, 3))),
    ]:
        ours, theirs = cnnc.Sequential([volume]).build((1, 6, 5, 3)), cnnc.Sequential([image]).build((6, 5, 3))
        for a, b in zip(ours.parameters().values(), theirs.parameters().values(), strict=True):
            a[...] = b.reshape(a.shape)
        np.testing.assert_array_equal(ours(x[:, None])[:, 0], theirs(x))


def test_of_equal_maxima_the_first_in_reading_order_gets_the_gradient():
    x = np.zeros((1, 2, 2, 2, 1))
    dx = F.max_pool3d_backward(np.ones((1, 1, 1, 1, 1)), x, 2)
    assert dx.ravel().tolist() == [1, 0, 0, 0, 0, 0, 0, 0]
    x[0, 0, 1, 1] = x[0, 1, 0, 0] = np.nan
    dx = F.max_pool3d_backward(np.ones((1, 1, 1, 1, 1)), x, 2)
    assert dx.ravel().tolist() == [0, 0, 0, 1, 0, 0, 0, 0]


# --- a whole network -------------------------------------------------------------------------------------------


def test_an_autoencoder_learns_and_is_saved(tmp_path):
    """Down by a stride, up by a transposed convolution and by enlarging, on small images."""
    net = cnnc.Sequential([
        cnnc.Pad2D(1), cnnc.Conv2D(4, 3, stride=2), cnnc.ReLU(), cnnc.SpatialDropout(0.1),
        cnnc.ConvTranspose2D(3, 4, stride=2, padding=1), cnnc.UpSample(2, "bilinear"), cnnc.AdaptiveAvgPool2D(3),
        cnnc.SeparableConv2D(4, 3), cnnc.GlobalAvgPool(), cnnc.Dense(2),
    ]).build((8, 8, 1), seed=1)  # fmt: skip
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=64)
    x = rng.standard_normal((64, 8, 8, 1)) + 2 * labels[:, None, None, None]
    history = net.fit(x, labels, epochs=15, batch_size=16, optimizer=cnnc.SGD(lr=0.05, momentum=0.9), progress=False)
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    net.save(tmp_path / "net.safetensors")
    assert cnnc.load(tmp_path / "net.safetensors")(x).tobytes() == net(x).tobytes()
