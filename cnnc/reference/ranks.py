"""Convolution and pooling of signals (N, L, C) and of volumes (N, D, H, W, C): those of images, on other axes."""

from __future__ import annotations

from cnnc.reference.conv import correlate, correlate_backward
from cnnc.reference.pool import maximum, maximum_backward, mean, mean_backward

__all__ = [
    "avg_pool1d", "avg_pool1d_backward", "avg_pool3d", "avg_pool3d_backward", "correlate1d", "correlate1d_backward",
    "correlate3d", "correlate3d_backward", "max_pool1d", "max_pool1d_backward", "max_pool3d", "max_pool3d_backward",
]  # fmt: skip


def correlate1d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1, algorithm="auto"):
    """Slide filters over signals and sum the products.

    `y[n, p, k] = b[k] + sum over i, c of x[n, p * s + i * d, c] * w[i, c, k]` for stride s and dilation d, with x
    padded by zeros. It is correlate2d on images of one row.

    Args:
        x: signals (N, L, C), real numbers.
        w: filters (KL, C / groups, K), real numbers.
        b: bias (K,), real numbers, or None.
        stride, dilation: pixels, int.
        padding: pixels, int, (before, after), "valid" or "same".
        groups: int that divides C and K.
        algorithm: every algorithm means the same sums; the reference has this one.

    Returns:
        (N, OL, K) float64; see output_size.

    Raises:
        ValueError: when the shapes do not belong together, the kernel does not fit, or a setting breaks its rule.
        TypeError: when an array does not hold real numbers.

    >>> correlate1d([[[1], [2], [4]]], [[[-1]], [[1]]]).ravel().tolist()
    [1.0, 2.0]
    """
    return correlate(x, w, b, stride, padding, dilation, groups, rank=1)


def correlate1d_backward(dy, x, w, stride=1, padding=0, dilation=1, groups=1, algorithm="auto"):
    """Gradients of correlate1d: every product x * w of the forward sum gives `dy * w` to its x and `dy * x` to its w.

    Args:
        dy: gradient of the output, (N, OL, K), real numbers.
        x, w, stride, padding, dilation, groups, algorithm: as given to correlate1d.

    Returns:
        (dx, dw, db), float64 with the shapes of x, w and (K,).

    Raises:
        ValueError, TypeError: as correlate1d, and when dy does not have the output's shape.

    >>> dx, dw, db = correlate1d_backward([[[2]]], [[[3]]], [[[5]]])
    >>> dx.item(), dw.item(), db.item()
    (10.0, 6.0, 2.0)
    """
    return correlate_backward(dy, x, w, stride, padding, dilation, groups, rank=1)


def correlate3d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1, algorithm="auto"):
    """Slide filters over volumes and sum the products.

    `y[n, o, p, q, k] = b[k] + sum over h, i, j, c of x[n, o * s + h * d, p * s + i * d, q * s + j * d, c] * w[h, i, j,
    c, k]` for stride s and dilation d, with x padded by zeros. It is correlate2d on every output frame, whose channels
    are those of the KD frames that it sees.

    Args:
        x: volumes (N, D, H, W, C), real numbers.
        w: filters (KD, KH, KW, C / groups, K), real numbers.
        b: bias (K,), real numbers, or None.
        stride, dilation: pixels, int or (frames, rows, columns).
        padding: pixels, int, an int or (before, after) for each axis, "valid" or "same".
        groups: int that divides C and K.
        algorithm: every algorithm means the same sums; the reference has this one.

    Returns:
        (N, OD, OH, OW, K) float64; see output_size.

    Raises:
        ValueError: when the shapes do not belong together, the kernel does not fit, or a setting breaks its rule.
        TypeError: when an array does not hold real numbers.

    >>> correlate3d([[[[[1]]], [[[2]]], [[[4]]]]], [[[[[-1]]]], [[[[1]]]]]).ravel().tolist()
    [1.0, 2.0]
    """
    return correlate(x, w, b, stride, padding, dilation, groups, rank=3)


def correlate3d_backward(dy, x, w, stride=1, padding=0, dilation=1, groups=1, algorithm="auto"):
    """Gradients of correlate3d: every product x * w of the forward sum gives `dy * w` to its x and `dy * x` to its w.

    Args:
        dy: gradient of the output, (N, OD, OH, OW, K), real numbers.
        x, w, stride, padding, dilation, groups, algorithm: as given to correlate3d.

    Returns:
        (dx, dw, db), float64 with the shapes of x, w and (K,).

    Raises:
        ValueError, TypeError: as correlate3d, and when dy does not have the output's shape.

    >>> dx, dw, db = correlate3d_backward([[[[[2]]]]], [[[[[3]]]]], [[[[[5]]]]])
    >>> dx.item(), dw.item(), db.item()
    (10.0, 6.0, 2.0)
    """
    return correlate_backward(dy, x, w, stride, padding, dilation, groups, rank=3)


def max_pool1d(x, size, stride=None, padding=0, ceil=False):
    """The largest value of each window of signals, channel by channel: max_pool2d along one axis.

    Args:
        x: signals (N, L, C), real numbers.
        size: of the window, pixels, int.
        stride: pixels, int; None is the size.
        padding: pixels, int, (before, after), "valid" or "same"; at most half the size.
        ceil: let the last window hang over the end, see output_size.

    Returns:
        (N, OL, C) float64.

    Raises:
        ValueError: when x is not signals, an argument breaks its rule, or the window does not fit.
        TypeError: when x does not hold real numbers.

    >>> max_pool1d([[[1], [3], [2], [0]]], 2).ravel().tolist()
    [3.0, 2.0]
    """
    return maximum(x, size, stride, padding, ceil, rank=1)


def max_pool1d_backward(dy, x, size, stride=None, padding=0, ceil=False):
    """Gradient of max_pool1d: each dy goes to the first largest pixel of its window, in reading order.

    Args:
        dy: gradient of the output, (N, OL, C), real numbers.
        x, size, stride, padding, ceil: as given to max_pool1d.

    Returns:
        dx, float64 with the shape of x.

    Raises:
        ValueError, TypeError: as max_pool1d, and when dy does not have the output's shape.

    >>> max_pool1d_backward([[[5], [6]]], [[[1], [3], [2], [2]]], 2).ravel().tolist()
    [0.0, 5.0, 6.0, 0.0]
    """
    return maximum_backward(dy, x, size, stride, padding, ceil, rank=1)


def avg_pool1d(x, size, stride=None, padding=0, ceil=False, count_include_pad=True):
    """The mean of each window of signals, channel by channel: avg_pool2d along one axis.

    Args:
        x: signals (N, L, C), real numbers.
        size: of the window, pixels, int.
        stride: pixels, int; None is the size.
        padding: pixels, int, (before, after), "valid" or "same"; at most half the size.
        ceil: let the last window hang over the end, see output_size.
        count_include_pad: whether padding counts as pixels of value zero.

    Returns:
        (N, OL, C) float64.

    Raises:
        ValueError: when x is not signals, an argument breaks its rule, or the window does not fit.
        TypeError: when x does not hold real numbers.

    >>> avg_pool1d([[[1], [3], [2], [0]]], 2).ravel().tolist()
    [2.0, 1.0]
    """
    return mean(x, size, stride, padding, ceil, count_include_pad, rank=1)


def avg_pool1d_backward(dy, x, size, stride=None, padding=0, ceil=False, count_include_pad=True):
    """Gradient of avg_pool1d: every pixel of a window gets an equal share of its dy.

    Args:
        dy: gradient of the output, (N, OL, C), real numbers.
        x, size, stride, padding, ceil, count_include_pad: as given to avg_pool1d.

    Returns:
        dx, float64 with the shape of x.

    Raises:
        ValueError, TypeError: as avg_pool1d, and when dy does not have the output's shape.

    >>> avg_pool1d_backward([[[4], [6]]], [[[1], [3], [2], [2]]], 2).ravel().tolist()
    [2.0, 2.0, 3.0, 3.0]
    """
    return mean_backward(dy, x, size, stride, padding, ceil, count_include_pad, rank=1)


def max_pool3d(x, size, stride=None, padding=0, ceil=False):
    """The largest value of each window of volumes, channel by channel: max_pool2d with boxes as windows.

    Args:
        x: volumes (N, D, H, W, C), real numbers.
        size: of the window, pixels, int or (frames, rows, columns).
        stride: pixels, int or (frames, rows, columns); None is the size.
        padding: pixels, int, an int or (before, after) for each axis, "valid" or "same"; at most half the size.
        ceil: let the last window hang over the end, see output_size.

    Returns:
        (N, OD, OH, OW, C) float64.

    Raises:
        ValueError: when x is not volumes, an argument breaks its rule, or the window does not fit.
        TypeError: when x does not hold real numbers.

    >>> max_pool3d([[[[[0], [1]], [[2], [3]]], [[[4], [5]], [[6], [7]]]]], 2).ravel().tolist()
    [7.0]
    """
    return maximum(x, size, stride, padding, ceil, rank=3)


def max_pool3d_backward(dy, x, size, stride=None, padding=0, ceil=False):
    """Gradient of max_pool3d: each dy goes to the first largest pixel of its window, in reading order.

    Args:
        dy: gradient of the output, (N, OD, OH, OW, C), real numbers.
        x, size, stride, padding, ceil: as given to max_pool3d.

    Returns:
        dx, float64 with the shape of x.

    Raises:
        ValueError, TypeError: as max_pool3d, and when dy does not have the output's shape.

    >>> max_pool3d_backward([[[[[5]]]]], [[[[[0]], [[0]]], [[[0]], [[0]]]]], (2, 2, 1)).ravel().tolist()
    [5.0, 0.0, 0.0, 0.0]
    """
    return maximum_backward(dy, x, size, stride, padding, ceil, rank=3)


def avg_pool3d(x, size, stride=None, padding=0, ceil=False, count_include_pad=True):
    """The mean of each window of volumes, channel by channel: avg_pool2d with boxes as windows.

    Args:
        x: volumes (N, D, H, W, C), real numbers.
        size: of the window, pixels, int or (frames, rows, columns).
        stride: pixels, int or (frames, rows, columns); None is the size.
        padding: pixels, int, an int or (before, after) for each axis, "valid" or "same"; at most half the size.
        ceil: let the last window hang over the end, see output_size.
        count_include_pad: whether padding counts as pixels of value zero.

    Returns:
        (N, OD, OH, OW, C) float64.

    Raises:
        ValueError: when x is not volumes, an argument breaks its rule, or the window does not fit.
        TypeError: when x does not hold real numbers.

    >>> avg_pool3d([[[[[0], [1]], [[2], [3]]], [[[4], [5]], [[6], [7]]]]], 2).ravel().tolist()
    [3.5]
    """
    return mean(x, size, stride, padding, ceil, count_include_pad, rank=3)


def avg_pool3d_backward(dy, x, size, stride=None, padding=0, ceil=False, count_include_pad=True):
    """Gradient of avg_pool3d: every pixel of a window gets an equal share of its dy.

    Args:
        dy: gradient of the output, (N, OD, OH, OW, C), real numbers.
        x, size, stride, padding, ceil, count_include_pad: as given to avg_pool3d.

    Returns:
        dx, float64 with the shape of x.

    Raises:
        ValueError, TypeError: as avg_pool3d, and when dy does not have the output's shape.

    >>> avg_pool3d_backward([[[[[8]]]]], [[[[[0]], [[0]]], [[[0]], [[0]]]]], (2, 2, 1)).ravel().tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    return mean_backward(dy, x, size, stride, padding, ceil, count_include_pad, rank=3)
