"""Correlation and convolution against a loop over single pixels, and the identities that their gradients obey."""

import itertools

import numpy as np
import pytest

from cnnc.geometry import Window
from cnnc.reference import convolve2d, convolve2d_backward, correlate2d, correlate2d_backward

# (x shape, w shape, arguments): every argument away from its default at least once, alone and together
CASES = [
    ((2, 5, 6, 3), (3, 3, 3, 4), {}),
    ((1, 4, 4, 1), (4, 4, 1, 1), {}),
    ((3, 1, 1, 5), (1, 1, 5, 2), {}),
    ((2, 7, 8, 2), (3, 2, 2, 3), {"stride": (2, 3)}),
    ((2, 5, 4, 2), (3, 3, 2, 3), {"padding": ((2, 0), (1, 3))}),
    ((1, 9, 8, 2), (3, 2, 2, 3), {"dilation": (2, 3)}),
    ((2, 6, 6, 4), (3, 3, 2, 6), {"groups": 2}),
    ((2, 6, 5, 3), (3, 3, 1, 3), {"groups": 3, "padding": 1}),
    ((1, 6, 5, 3), (2, 2, 1, 6), {"groups": 3, "stride": 2}),
    ((2, 9, 8, 4), (3, 2, 2, 2), {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}),
    ((1, 7, 7, 2), (3, 4, 2, 2), {"padding": "same", "stride": 2}),
    ((1, 2, 2, 1), (1, 1, 1, 1), {"padding": 2, "stride": 3}),
]


def arrays(x_shape, w_shape):
    rng = np.random.default_rng(0)
    return rng.standard_normal(x_shape), rng.standard_normal(w_shape), rng.standard_normal(w_shape[-1])


def one_by_one(x, w, b, stride=1, padding=0, dilation=1, groups=1):
    """The formula of correlate2d, one product at a time."""
    n_images, height, width, channels = x.shape
    kernel_height, kernel_width, group_channels, filters = w.shape
    window = Window.on(height, width, (kernel_height, kernel_width), stride, padding, dilation)
    (top, _), (left, _) = window.padding
    y = np.zeros((n_images, *window.output(height, width), filters))
    for n, p, q, k in np.ndindex(y.shape):
        first_channel = k // (filters // groups) * (channels // groups)
        y[n, p, q, k] = b[k]
        for i, j, c in np.ndindex(kernel_height, kernel_width, group_channels):
            row = p * window.stride[0] + i * window.dilation[0] - top
            column = q * window.stride[1] + j * window.dilation[1] - left
            if 0 <= row < height and 0 <= column < width:
                y[n, p, q, k] += x[n, row, column, first_channel + c] * w[i, j, c, k]
    return y


@pytest.mark.parametrize(("x_shape", "w_shape", "arguments"), CASES)
def test_correlation_is_its_formula(x_shape, w_shape, arguments):
    x, w, b = arrays(x_shape, w_shape)
    expected = one_by_one(x, w, b, **arguments)
    np.testing.assert_allclose(correlate2d(x, w, b, **arguments), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(correlate2d(x, w, **arguments), expected - b, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("x_shape", "w_shape", "arguments"), CASES)
def test_convolution_flips_the_filter(x_shape, w_shape, arguments):
    x, w, b = arrays(x_shape, w_shape)
    y = convolve2d(x, w, b, **arguments)
    np.testing.assert_array_equal(y, correlate2d(x, w[::-1, ::-1], b, **arguments))
    dx, dw, db = convolve2d_backward(y, x, w, **arguments)
    dx_flipped, dw_flipped, db_flipped = correlate2d_backward(y, x, w[::-1, ::-1], **arguments)
    np.testing.assert_array_equal(dx, dx_flipped)
    np.testing.assert_array_equal(dw, dw_flipped[::-1, ::-1])
    np.testing.assert_array_equal(db, db_flipped)


@pytest.mark.parametrize(
    ("forward", "backward"), [(correlate2d, correlate2d_backward), (convolve2d, convolve2d_backward)]
)
@pytest.mark.parametrize(("x_shape", "w_shape", "arguments"), CASES)
def test_gradients_are_adjoint(forward, backward, x_shape, w_shape, arguments):
    """The output is linear in x, in w and in b apart, so <A x, dy> = <x, A' dy> for each."""
    x, w, b = arrays(x_shape, w_shape)
    y = forward(x, w, **arguments)
    dy = np.random.default_rng(1).standard_normal(y.shape)
    dx, dw, db = backward(dy, x, w, **arguments)
    along = np.vdot(y, dy)
    np.testing.assert_allclose([np.vdot(x, dx), np.vdot(w, dw)], along, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(np.vdot(b, db), np.vdot(np.broadcast_to(b, y.shape), dy), rtol=1e-10, atol=1e-12)


def test_adjoint_on_random_problems():
    rng = np.random.default_rng(2)
    for _ in range(100):
        groups = int(rng.integers(1, 4))
        kernel, stride, dilation = rng.integers(1, 4, 2), rng.integers(1, 4, 2).tolist(), rng.integers(1, 3, 2).tolist()
        height, width = (kernel - 1) * dilation + rng.integers(1, 5, 2)
        padding = rng.integers(0, 3, (2, 2)).tolist()
        x = rng.standard_normal((rng.integers(1, 3), height, width, groups * rng.integers(1, 3)))
        w = rng.standard_normal((*kernel, x.shape[3] // groups, groups * rng.integers(1, 3)))
        y = correlate2d(x, w, None, stride, padding, dilation, groups)
        dy = rng.standard_normal(y.shape)
        dx, dw, _ = correlate2d_backward(dy, x, w, stride, padding, dilation, groups)
        np.testing.assert_allclose([np.vdot(x, dx), np.vdot(w, dw)], np.vdot(y, dy), rtol=1e-9, atol=1e-9)


def test_gradient_of_data_is_a_true_convolution_and_that_of_weights_a_correlation():
    x, w, _ = arrays((2, 6, 7, 3), (3, 2, 3, 4))
    dy = correlate2d(x, w)
    dx, dw, _ = correlate2d_backward(dy, x, w)
    full = ((2, 2), (1, 1))
    np.testing.assert_allclose(dx, convolve2d(dy, w.transpose(0, 1, 3, 2), padding=full), rtol=1e-12)
    # Channels take the place of images, images that of channels, and dy that of the filters.
    swapped = correlate2d(x.transpose(3, 1, 2, 0), dy.transpose(1, 2, 0, 3))
    np.testing.assert_allclose(dw, swapped.transpose(1, 2, 0, 3), rtol=1e-12)


def test_groups_are_small_convolutions_side_by_side():
    x, w, b = arrays((2, 6, 6, 4), (3, 3, 2, 6))
    parts = [correlate2d(x[..., 2 * g : 2 * g + 2], w[..., 3 * g : 3 * g + 3], b[3 * g : 3 * g + 3]) for g in range(2)]
    np.testing.assert_array_equal(correlate2d(x, w, b, groups=2), np.concatenate(parts, axis=3))


def test_any_layout_and_number_type_gives_the_same_and_stays_unchanged():
    x, w, b = (np.round(8 * array) for array in arrays((2, 6, 6, 2), (3, 3, 2, 2)))
    expected = correlate2d(x, w, b)
    for kind in (np.float32, np.float64, np.int8, np.longdouble):
        for order in "CF":
            odd = np.asarray(x[::-1, :, ::-1].astype(kind), order=order)[::-1, :, ::-1]
            odd.flags.writeable = False
            y = correlate2d(odd, w.tolist(), b.astype(kind))
            assert y.dtype == np.float64
            np.testing.assert_array_equal(y, expected)


def test_results_are_new_contiguous_float64_arrays():
    x, w, _ = (array.astype(np.float32) for array in arrays((1, 4, 4, 2), (1, 1, 2, 2)))
    for backward in (correlate2d_backward, convolve2d_backward):
        for result in backward(np.ones((1, 6, 6, 2)), x, w, padding=1):
            assert result.dtype == np.float64
            assert result.flags.c_contiguous
            assert not any(np.shares_memory(result, array) for array in (x, w))


def test_refusals():
    x, w, b = arrays((2, 5, 5, 3), (3, 3, 3, 4))
    for wrong, error, message in [
        ((x[0], w), ValueError, r"images must have the shape \(N, H, W, C\), received \(5, 5, 3\)"),
        ((x, w[0]), ValueError, "filters must have the shape"),
        ((x, w[:, :, :2]), ValueError, "must have 3 channels each, received 2"),
        ((x, w, b[:3]), ValueError, r"must have the shape \(4,\), received \(3,\)"),
        ((x[:0], w), ValueError, r"at least 1, received \(0, 5, 5, 3\)"),
        ((x[:, :2], w), ValueError, "kernel 3x3 does not fit its 2x5 input"),
        ((x + 1j, w), TypeError, "x must hold real numbers, received dtype complex128"),
        ((x, w.astype(str)), TypeError, "w must hold real numbers, received dtype <U"),
    ]:
        with pytest.raises(error, match=message):
            correlate2d(*wrong)
    with pytest.raises(ValueError, match=r"dy must have the output's shape \(2, 3, 3, 4\), received \(2, 5, 5, 4\)"):
        correlate2d_backward(np.ones((2, 5, 5, 4)), x, w)


def test_padding_forms_agree():
    x, w, b = arrays((1, 5, 6, 2), (3, 3, 2, 2))
    for forms in ((1, (1, 1), ((1, 1), (1, 1)), "same"), (0, "valid", (0, 0))):
        for first, second in itertools.pairwise(forms):
            np.testing.assert_array_equal(correlate2d(x, w, b, padding=first), correlate2d(x, w, b, padding=second))
