"""Max and average pooling, and their gradients."""

from __future__ import annotations

import numpy as np

from cnnc.geometry import Window, pooling
from cnnc.reference._arrays import gradient, pad, real, taps, unpad

__all__ = ["avg_pool2d", "avg_pool2d_backward", "max_pool2d", "max_pool2d_backward"]


def max_pool2d(x, size, stride=None, padding=0, ceil=False):
    """The largest value of each window, channel by channel.

    `y[n, p, q, c] = max over i, j of x[n, p * stride + i, q * stride + j, c]`; padding never wins, as if it were -inf.

    Args:
        x: images (N, H, W, C), real numbers; one NaN in a window makes its output NaN.
        size: of the window, pixels, int or (rows, columns).
        stride: pixels, int or (rows, columns); None is the size, so that windows tile the image.
        padding: pixels, int, (rows, columns), ((top, bottom), (left, right)), "valid" or "same"; at most half the size.
        ceil: let the last window hang over the end, see output_size.

    Returns:
        (N, OH, OW, C) float64.

    Raises:
        ValueError: when x is not images, an argument breaks its rule, or the window does not fit.
        TypeError: when x does not hold real numbers.

    >>> max_pool2d(np.arange(16).reshape(1, 4, 4, 1), 2)[0, :, :, 0].tolist()
    [[5.0, 7.0], [13.0, 15.0]]
    """
    return maximum(x, size, stride, padding, ceil, rank=2)


def max_pool2d_backward(dy, x, size, stride=None, padding=0, ceil=False):
    """Gradient of max_pool2d: each dy goes to the first largest pixel of its window, rows first, the others get none.

    `dx[pixel] = sum of dy over the windows in which that pixel is the first maximum`; a NaN counts as the largest.

    Args:
        dy: gradient of the output, (N, OH, OW, C), real numbers.
        x, size, stride, padding, ceil: as given to max_pool2d.

    Returns:
        dx, float64 with the shape of x.

    Raises:
        ValueError, TypeError: as max_pool2d, and when dy does not have the output's shape.

    >>> max_pool2d_backward([[[[1]]]], [[[[3], [7]], [[7], [5]]]], 2)[0, :, :, 0].tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    return maximum_backward(dy, x, size, stride, padding, ceil, rank=2)


def avg_pool2d(x, size, stride=None, padding=0, ceil=False, count_include_pad=True):
    """The mean of each window, channel by channel.

    `y[n, p, q, c] = (sum over i, j of x[n, p * stride + i, q * stride + j, c]) / count[p, q]`. The count is that of the
    window's pixels on the padded image or, without `count_include_pad`, on the image itself; what hangs over in ceil
    mode never counts.

    Args:
        x, size, stride, padding, ceil: as for max_pool2d.
        count_include_pad: whether padding counts as pixels of value zero.

    Returns:
        (N, OH, OW, C) float64.

    Raises:
        ValueError, TypeError: as max_pool2d.

    >>> avg_pool2d(np.arange(16).reshape(1, 4, 4, 1), 2)[0, :, :, 0].tolist()
    [[2.5, 4.5], [10.5, 12.5]]
    """
    return mean(x, size, stride, padding, ceil, count_include_pad, rank=2)


def avg_pool2d_backward(dy, x, size, stride=None, padding=0, ceil=False, count_include_pad=True):
    """Gradient of avg_pool2d: every pixel of a window gets an equal share of its dy.

    `dx[pixel] = sum of dy[p, q] / count[p, q] over the windows (p, q) that hold the pixel`.

    Args:
        dy: gradient of the output, (N, OH, OW, C), real numbers.
        x, size, stride, padding, ceil, count_include_pad: as given to avg_pool2d; only the shape of x matters.

    Returns:
        dx, float64 with the shape of x.

    Raises:
        ValueError, TypeError: as avg_pool2d, and when dy does not have the output's shape.

    >>> avg_pool2d_backward([[[[1]]]], [[[[3], [7]], [[7], [5]]]], 2)[0, :, :, 0].tolist()
    [[0.25, 0.25], [0.25, 0.25]]
    """
    return mean_backward(dy, x, size, stride, padding, ceil, count_include_pad, rank=2)


def maximum(x, size, stride, padding, ceil, rank):
    """The maximum of windows along `rank` axes."""
    x = real(x, "x")
    window, _ = pooling(x.shape, size, stride, padding, ceil, rank)
    return _best(x, window)[0]


def maximum_backward(dy, x, size, stride, padding, ceil, rank):
    """The gradient of the maximum of windows along `rank` axes."""
    x = real(x, "x")
    window, y_shape = pooling(x.shape, size, stride, padding, ceil, rank)
    dy = gradient(dy, y_shape)
    _, winner = _best(x, window)
    dpadded = np.zeros_like(pad(x, window, 0.0))
    for number, (_, pixels) in enumerate(taps(window, *x.shape[1:-1])):
        dpadded[pixels] += np.where(winner == number, dy, 0.0)
    return unpad(dpadded, window, *x.shape[1:-1])


def mean(x, size, stride, padding, ceil, count_include_pad, rank):
    """The mean of windows along `rank` axes."""
    x = real(x, "x")
    window, y_shape = pooling(x.shape, size, stride, padding, ceil, rank)
    padded = pad(x, window, 0.0)
    total = np.zeros(y_shape)
    for _, pixels in taps(window, *x.shape[1:-1]):
        total += padded[pixels]
    return total / _counts(window, x.shape[1:-1], count_include_pad)


def mean_backward(dy, x, size, stride, padding, ceil, count_include_pad, rank):
    """The gradient of the mean of windows along `rank` axes."""
    x = real(x, "x")
    window, y_shape = pooling(x.shape, size, stride, padding, ceil, rank)
    share = gradient(dy, y_shape) / _counts(window, x.shape[1:-1], count_include_pad)
    dpadded = np.zeros_like(pad(x, window, 0.0))
    for _, pixels in taps(window, *x.shape[1:-1]):
        dpadded[pixels] += share
    return unpad(dpadded, window, *x.shape[1:-1])


def _best(x, window: Window):
    """The maximum of each window and the number of the tap that holds it, the first in scan order that does."""
    padded = pad(x, window, -np.inf)
    # A window of nothing but -inf has its maximum on the image too, so "inside" is asked apart from the value.
    inside = pad(np.ones(x.shape, dtype=bool), window, False)
    shape = (x.shape[0], *window.output(*x.shape[1:-1]), x.shape[-1])
    best, winner = np.full(shape, -np.inf), np.full(shape, -1)
    for number, (_, pixels) in enumerate(taps(window, *x.shape[1:-1])):
        value = padded[pixels]
        wins = inside[pixels] & ((winner < 0) | (value > best) | (np.isnan(value) & ~np.isnan(best)))
        best, winner = np.where(wins, value, best), np.where(wins, number, winner)
    return best, winner


def _counts(window: Window, lengths, count_include_pad: bool):
    """The divisor of each window, (OH, OW, 1): average pooling's sum over an image of ones where pixels count."""
    counted = pad(np.ones((1, *lengths, 1)), window, 0.0)
    if count_include_pad:
        ends = (slice(0, before + n + after) for (before, after), n in zip(window.padding, lengths, strict=True))
        counted[(slice(None), *ends)] = 1.0
    return sum(counted[pixels] for _, pixels in taps(window, *lengths))[0]
