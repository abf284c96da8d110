"""The numbers of the lecture, for every module that has the ops' names."""

import math

import numpy as np
import pytest

import cnnc.functional
import cnnc.reference
from cnnc.geometry import Window, checked_size

MODULES = [cnnc.reference, cnnc.functional]

IMAGE = [
    [1, 3, 0, 1, 4, 3, 2],
    [2, 1, 1, 2, 5, 0, 1],
    [5, 3, 2, 2, 5, 3, 2],
    [4, 5, 6, 1, 0, 2, 3],
    [2, 1, 3, 4, 1, 5, 1],
    [2, 0, 3, 2, 6, 5, 8],
    [4, 6, 2, 1, 2, 3, 2],
]
FILTER = [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]
CORRELATION = [
    [-6, -5, -5, -3, -1],
    [-15, -13, 2, 9, -1],
    [6, -2, -1, 4, 1],
    [15, 10, -5, -16, -17],
    [-11, 0, 6, 3, 2],
]

pytestmark = pytest.mark.parametrize("ops", MODULES, ids=lambda module: module.__name__)


def image(rows):
    """Rows of numbers as one image of one channel."""
    return np.asarray(rows, dtype=np.float64)[None, :, :, None]


def plane(images):
    """The only channel of the only image."""
    assert images.shape[0] == images.shape[3] == 1
    return images[0, :, :, 0]


def close(actual, expected):
    """Small whole numbers and their quarters: exact in float32, but a fast algorithm may round on its way to them."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-4)


def test_cross_correlation(ops):
    w = np.asarray(FILTER, dtype=np.float64)[:, :, None, None]
    close(plane(ops.correlate2d(image(IMAGE), w)), CORRELATION)


def test_true_convolution_is_the_exact_negative(ops):
    """This filter turned upside down is its own negative."""
    w = np.asarray(FILTER, dtype=np.float64)[:, :, None, None]
    close(plane(ops.convolve2d(image(IMAGE), w)), np.negative(CORRELATION))


def test_pooling(ops):
    x = image([[4, 1, 5, 2, 2, 6], [1, 2, 9, 0, 2, 4], [2, 2, 6, 4, 0, 2], [3, 1, 0, 3, 3, 1]])
    close(plane(ops.max_pool2d(x, 2)), [[4, 9, 6], [3, 6, 3]])
    close(plane(ops.avg_pool2d(x, 2)), [[2, 4, 3.5], [2, 3.25, 1.5]])


def test_a_dense_layer_on_a_large_image_has_very_many_parameters(ops):
    close(checked_size((300 * 300 * 3, 100)) + 100, 27_000_100)
    assert ops.dense(np.ones((1, 27)), np.ones((27, 100)), np.ones(100)).shape == (1, 100)


def test_a_convolution_has_few(ops):
    w, b = np.ones((5, 5, 3, 100)), np.ones(100)
    assert w.size + b.size == 7_600
    assert ops.correlate2d(np.ones((1, 8, 8, 3)), w, b).shape == (1, 4, 4, 100)


def test_layer_with_ten_filters_and_padding(ops):
    w, b = np.ones((5, 5, 3, 10)), np.ones(10)
    assert w.size + b.size == 760
    assert ops.correlate2d(np.ones((1, 32, 32, 3)), w, b, stride=1, padding=2).shape == (1, 32, 32, 10)


def test_strided_convolution(ops):
    x, w = np.ones((1, 63, 63, 16)), np.ones((7, 7, 16, 32))
    assert ops.output_size(63, 7, stride=2) == 29
    assert ops.correlate2d(x, w, stride=2).shape == (1, 29, 29, 32)


def test_padding_that_keeps_the_size(ops):
    assert Window.on(63, 63, 7, padding="same").padding == ((3, 3), (3, 3))
    assert [p for p in range(8) if ops.output_size(63, 7, padding=p) == 63] == [3]


def test_pooling_halves_the_sides_and_keeps_the_depth(ops):
    assert ops.max_pool2d(np.ones((1, 32, 32, 16)), size=2, stride=2).shape == (1, 16, 16, 16)


def test_padded_volume(ops):
    """A filter of one pixel that passes every channel on shows the padded input as it is."""
    assert ops.output_size(15, 1, padding=2) == 19
    y = ops.correlate2d(np.ones((1, 15, 15, 8)), np.eye(8)[None, None], padding=2)
    assert y.shape == (1, 19, 19, 8)
    close(y.sum(), 15 * 15 * 8)


def test_exercise_network(ops):
    rng = np.random.default_rng(0)
    sizes = []

    def parameters(*shape):
        w, b = 0.1 * rng.standard_normal(shape), rng.standard_normal(shape[-1])
        sizes.append(w.size + b.size)
        return w, b

    x = rng.standard_normal((2, 32, 32, 3))
    x = ops.correlate2d(x, *parameters(5, 5, 3, 8))
    assert x.shape == (2, 28, 28, 8)
    x = ops.max_pool2d(x, 2, stride=2)
    assert x.shape == (2, 14, 14, 8)
    x = ops.correlate2d(x, *parameters(5, 5, 8, 16))
    assert x.shape == (2, 10, 10, 16)
    x = ops.max_pool2d(x, 2, stride=2)
    assert x.shape == (2, 5, 5, 16)
    x = x.reshape(2, math.prod(x.shape[1:]))
    for units in (120, 84, 10):
        x = ops.dense(x, *parameters(x.shape[1], units))
    probabilities = ops.softmax(x)
    assert probabilities.shape == (2, 10)
    close(probabilities.sum(axis=1), 1)
    assert sizes == [608, 3_216, 48_120, 10_164, 850]
