"""Pooling against a loop over single windows; the edge cases of padding, NaN and ties; the gradients' identities."""

import itertools

import numpy as np
import pytest

from cnnc.geometry import Window
from cnnc.reference import avg_pool2d, avg_pool2d_backward, max_pool2d, max_pool2d_backward

CASES = [
    {"size": 2},
    {"size": (3, 2), "stride": 1},
    {"size": 3, "stride": 2},
    {"size": 3, "stride": 2, "ceil": True},
    {"size": 3, "stride": 2, "padding": 1},
    {"size": (2, 3), "stride": (1, 2), "padding": ((1, 0), (0, 1)), "ceil": True},
    {"size": 4, "stride": 3, "padding": 2, "ceil": True},
    {"size": 2, "stride": 4, "ceil": True},
    {"size": 3, "stride": 2, "padding": "same"},
    {"size": 1, "stride": 2},
]


def one_by_one(x, reduce, size, stride=None, padding=0, ceil=False):
    """`reduce(values, pixels of the window on the padded image)` of each window's values on the image."""
    n_images, height, width, channels = x.shape
    window = Window.pooling((height, width), size, stride, padding, ceil)
    (top, bottom), (left, right) = window.padding
    y = np.empty((n_images, *window.output(height, width), channels))
    for n, p, q, c in np.ndindex(y.shape):
        row, column = p * window.stride[0] - top, q * window.stride[1] - left
        end_row, end_column = row + window.kernel[0], column + window.kernel[1]
        values = x[n, max(row, 0) : min(end_row, height), max(column, 0) : min(end_column, width), c]
        padded = (min(end_row, height + bottom) - row) * (min(end_column, width + right) - column)
        y[n, p, q, c] = reduce(values, padded)
    return y


def images():
    return np.random.default_rng(0).standard_normal((2, 7, 6, 3))


@pytest.mark.parametrize("arguments", CASES)
def test_pooling_is_its_formula(arguments):
    x = images()
    np.testing.assert_array_equal(max_pool2d(x, **arguments), one_by_one(x, lambda v, _: v.max(), **arguments))
    for counted, mean in ((True, lambda v, padded: v.sum() / padded), (False, lambda v, _: v.mean())):
        y = avg_pool2d(x, **arguments, count_include_pad=counted)
        np.testing.assert_allclose(y, one_by_one(x, mean, **arguments), rtol=0, atol=1e-14)


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("arguments", CASES)
def test_average_gradient_is_adjoint(arguments, counted):
    x = images()
    y = avg_pool2d(x, **arguments, count_include_pad=counted)
    dy = np.random.default_rng(1).standard_normal(y.shape)
    dx = avg_pool2d_backward(dy, x, **arguments, count_include_pad=counted)
    np.testing.assert_allclose(np.vdot(x, dx), np.vdot(y, dy), rtol=1e-12)


@pytest.mark.parametrize("arguments", CASES)
def test_max_gradient_is_adjoint(arguments):
    """With the winners fixed, the maximum is linear in x: it picks pixels."""
    x = images()
    y = max_pool2d(x, **arguments)
    dy = np.random.default_rng(1).standard_normal(y.shape)
    dx = max_pool2d_backward(dy, x, **arguments)
    np.testing.assert_allclose(np.vdot(x, dx), np.vdot(y, dy), rtol=1e-12)


def test_random_problems_keep_the_sum_of_gradients():
    """Every dy arrives once: wholly for the maximum, and for the mean if padding does not count."""
    rng = np.random.default_rng(2)
    for _ in range(100):
        size = rng.integers(1, 5, 2)
        padding = [[int(rng.integers(0, s // 2 + 1)) for _ in range(2)] for s in size]
        x = rng.standard_normal((1, *(size + rng.integers(0, 5, 2)), 2))
        arguments = {
            "size": size.tolist(),
            "stride": rng.integers(1, 5, 2).tolist(),
            "padding": padding,
            "ceil": bool(rng.integers(2)),
        }
        dy = rng.standard_normal(max_pool2d(x, **arguments).shape)
        for dx in (
            max_pool2d_backward(dy, x, **arguments),
            avg_pool2d_backward(dy, x, **arguments, count_include_pad=False),
        ):
            np.testing.assert_allclose(dx.sum(), dy.sum(), rtol=0, atol=1e-10)


def test_first_maximum_in_scan_order_gets_the_gradient():
    x = np.zeros((1, 4, 4, 1))
    dx = max_pool2d_backward(np.ones((1, 2, 2, 1)), x, 2)[0, :, :, 0]
    np.testing.assert_array_equal(dx, [[1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]])
    dx = max_pool2d_backward(np.ones((1, 3, 3, 1)), x, 2, stride=1)[0, :, :, 0]
    np.testing.assert_array_equal(dx, [[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]])


def test_padding_never_wins_not_even_against_minus_infinity():
    for value in (-1e300, -np.inf):
        x = np.full((1, 3, 3, 1), value)
        y = max_pool2d(x, 3, stride=2, padding=1)
        np.testing.assert_array_equal(y, np.full((1, 2, 2, 1), value))
        dx = max_pool2d_backward(np.ones_like(y), x, 3, stride=2, padding=1)[0, :, :, 0]
        np.testing.assert_array_equal(dx, [[1, 1, 0], [1, 1, 0], [0, 0, 0]])


def test_nan_wins_its_windows_and_takes_their_gradient():
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    x[0, 0, 0, 0] = x[0, 1, 1, 0] = np.nan
    np.testing.assert_array_equal(max_pool2d(x, 2)[0, :, :, 0], [[np.nan, 7], [13, 15]])
    dx = max_pool2d_backward(np.ones((1, 2, 2, 1)), x, 2)[0, :, :, 0]
    np.testing.assert_array_equal(dx, [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 1, 0, 1]])


def test_divisors_at_the_corners():
    ones = np.ones((1, 4, 4, 1))
    arguments = {"size": 3, "stride": 2, "padding": 1, "ceil": True}
    # The last window starts on the last row: 1 pixel, 2 with the padding, and a third that hangs over and never counts.
    counted = np.array([2, 3, 1]) / np.array([3, 3, 2])
    np.testing.assert_allclose(avg_pool2d(ones, **arguments)[0, :, :, 0], np.outer(counted, counted))
    np.testing.assert_array_equal(avg_pool2d(ones, **arguments, count_include_pad=False), np.ones((1, 3, 3, 1)))


def test_pooling_without_overlap_is_a_reshape():
    x = images()[:, :6]
    blocks = x.reshape(2, 3, 2, 3, 2, 3)
    np.testing.assert_array_equal(max_pool2d(x, 2), blocks.max(axis=(2, 4)))
    np.testing.assert_allclose(avg_pool2d(x, 2), blocks.mean(axis=(2, 4)), rtol=1e-13)


def test_refusals():
    x = images()
    for pool, backward in ((max_pool2d, max_pool2d_backward), (avg_pool2d, avg_pool2d_backward)):
        with pytest.raises(ValueError, match="images must have the shape"):
            pool(x[0], 2)
        with pytest.raises(ValueError, match="kernel 8x8 does not fit its 7x6 input"):
            pool(x, 8)
        with pytest.raises(ValueError, match="at most half the size"):
            pool(x, 2, padding=2)
        with pytest.raises(ValueError, match=r"dy must have the output's shape \(2, 3, 3, 3\)"):
            backward(x, x, 2)
        with pytest.raises(TypeError, match="real numbers"):
            pool(x.astype(complex), 2)


def test_every_pixel_type_gives_the_same():
    x = np.random.default_rng(3).integers(0, 128, (1, 5, 5, 2))
    for kind, pool in itertools.product((np.uint8, np.int16, np.float32), (max_pool2d, avg_pool2d)):
        y = pool(x.astype(kind), 3, 2)
        assert y.dtype == np.float64
        np.testing.assert_array_equal(y, pool(x, 3, 2))
