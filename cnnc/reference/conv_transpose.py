"""Transposed convolution and its gradients."""

from __future__ import annotations

import numpy as np

from cnnc.geometry import transposed
from cnnc.reference._arrays import gradient, real

__all__ = ["conv_transpose2d", "conv_transpose2d_backward"]


def conv_transpose2d(x, w, b=None, stride=1, padding=0, output_padding=0, dilation=1, groups=1):
    """Spread every pixel of x over the output by the filters: a correlation run backwards, from output to input.

    `y[n, p * s + i * d - top, q * s + j * d - left, k]` is the sum of all `x[n, p, q, c] * w[i, j, k, c]` that land
    there, plus `b[k]`. It is what correlate2d_backward computes for dx, with x in the place of dy, and enlarges images
    by the stride.

    Dumoulin, Visin: A guide to convolution arithmetic for deep learning, 2016.

    Args:
        x: images (N, H, W, C), real numbers.
        w: filters (KH, KW, K / groups, C), real numbers.
        b: bias (K,), real numbers, or None.
        stride, dilation: pixels of the output, int or (rows, columns).
        padding: pixels cut off around the output, int, (rows, columns) or ((top, bottom), (left, right)).
        output_padding: pixels added to its end, int or (rows, columns), fewer than the stride or the dilation.
        groups: int that divides C and K.

    Returns:
        (N, OH, OW, K) with OH = (H - 1) * s - top - bottom + (KH - 1) * d + 1 + output_padding; float64.

    Raises:
        ValueError: when the shapes do not belong together or a setting breaks its rule.
        TypeError: when an array does not hold real numbers.

    >>> conv_transpose2d([[[[1], [10]]]], [[[[1]], [[2]], [[3]]]], stride=(1, 2)).ravel().tolist()
    [1.0, 2.0, 13.0, 20.0, 30.0]
    """
    x, w = real(x, "x"), real(w, "w")
    b = None if b is None else real(b, "b")
    b_shape = None if b is None else b.shape
    window, y_shape = transposed(x.shape, w.shape, b_shape, stride, padding, output_padding, dilation, groups)
    y = np.zeros(y_shape)
    for tap, landing, start in _landings(window, x.shape, y_shape):
        for channels, filters in _parts(w, groups):
            y[landing][..., filters] += x[start][..., channels] @ w[tap][:, channels].T
    return y if b is None else y + b


def conv_transpose2d_backward(dy, x, w, stride=1, padding=0, output_padding=0, dilation=1, groups=1):
    """Gradients of conv_transpose2d: dx is the correlation of dy with w, dw that of dy with x, db the sum of dy.

    Args:
        dy: gradient of the output, (N, OH, OW, K), real numbers.
        x, w, stride, padding, output_padding, dilation, groups: as given to conv_transpose2d.

    Returns:
        (dx, dw, db), float64 with the shapes of x, w and (K,).

    Raises:
        ValueError, TypeError: as conv_transpose2d, and when dy does not have the output's shape.

    >>> dx, dw, db = conv_transpose2d_backward([[[[1], [1], [1]]]], [[[[2]]]], [[[[1]], [[2]], [[3]]]])
    >>> dx.item(), dw.ravel().tolist(), db.item()
    (6.0, [2.0, 2.0, 2.0], 3.0)
    """
    x, w = real(x, "x"), real(w, "w")
    window, y_shape = transposed(x.shape, w.shape, None, stride, padding, output_padding, dilation, groups)
    dy = gradient(dy, y_shape)
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for tap, landing, start in _landings(window, x.shape, y_shape):
        for channels, filters in _parts(w, groups):
            seen, given = x[start][..., channels], dy[landing][..., filters]
            dx[start][..., channels] += given @ w[tap][:, channels]
            dw[tap][:, channels] += np.tensordot(given, seen, axes=((0, 1, 2), (0, 1, 2)))
    return dx, dw, dy.sum(axis=(0, 1, 2))


def _landings(window, x_shape, y_shape):
    """For each tap: the slices of y on which pixels of x land, and of those pixels."""
    for tap in np.ndindex(window.kernel):
        landing, start = [slice(None)], [slice(None)]
        for axis, number in enumerate(tap):
            stride, (before, _), dilation = (
                values[axis] for values in (window.stride, window.padding, window.dilation)
            )
            at = np.arange(x_shape[axis + 1]) * stride + number * dilation - before
            inside = np.flatnonzero((at >= 0) & (at < y_shape[axis + 1]))
            first, count = (inside[0], len(inside)) if len(inside) else (0, 0)
            start.append(slice(first, first + count))
            begin = max(0, at[first])
            landing.append(slice(begin, begin + (count - 1) * stride + 1 if count else begin, stride))
        yield tap, tuple(landing), tuple(start)


def _parts(w, groups):
    """For each group, the slices (its channels of x, its filters of y)."""
    filters, channels = w.shape[2], w.shape[3] // groups
    for g in range(groups):
        yield slice(g * channels, (g + 1) * channels), slice(g * filters, (g + 1) * filters)
