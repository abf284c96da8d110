"""Padding, enlarging and adaptive pooling of images, and their gradients."""

from __future__ import annotations

import math

import numpy as np

from cnnc.geometry import padding_per_axis, pair, sides
from cnnc.reference._arrays import gradient, real

__all__ = [
    "adaptive_avg_pool2d", "adaptive_avg_pool2d_backward", "pad2d", "pad2d_backward", "upsample2d",
    "upsample2d_backward",
]  # fmt: skip

NUMPY_MODES = {"zero": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad2d(x, padding, mode="zero"):
    """Put pixels around images: zeros, or the image's own.

    `y[n, i, j, c] = x[n, a(i - top), b(j - left), c]`. On n pixels, "reflect" reads the index -1 as 1 and n as n - 2,
    "replicate" as 0 and n - 1, "circular" as n - 1 and 0; "zero" makes zeros there.

    Args:
        x: images (N, H, W, C), real numbers.
        padding: pixels, int, (rows, columns) or ((top, bottom), (left, right)).
        mode: "zero", "reflect" (padding smaller than the side), "replicate" or "circular" (at most the side).

    Returns:
        (N, top + H + bottom, left + W + right, C) float64.

    Raises:
        ValueError: when x is not images, the mode is unknown, or the padding breaks its rule.
        TypeError: when x does not hold real numbers.

    >>> pad2d(np.arange(3).reshape(1, 1, 3, 1), ((0, 0), (2, 1)), "reflect").ravel().tolist()
    [2.0, 1.0, 0.0, 1.0, 2.0, 1.0]
    """
    x = real(x, "x", ndim=4)
    return np.pad(x, _sides(x.shape, padding, mode), mode=NUMPY_MODES[mode])


def pad2d_backward(dy, x, padding, mode="zero"):
    """Gradient of pad2d: a pixel gets the sum of the dy of all its copies.

    Args:
        dy: gradient of the output, real numbers.
        x, padding, mode: as given to pad2d; only the shape of x matters.

    Returns:
        dx, float64 with the shape of x.

    Raises:
        ValueError, TypeError: as pad2d, and when dy does not have the output's shape.

    >>> pad2d_backward(np.ones((1, 1, 6, 1)), np.zeros((1, 1, 3, 1)), ((0, 0), (2, 1)), "reflect").ravel().tolist()
    [1.0, 3.0, 2.0]
    """
    x = real(x, "x", ndim=4)
    numbers = np.arange(1, x.size + 1).reshape(x.shape)
    copied = np.pad(numbers, _sides(x.shape, padding, mode), mode=NUMPY_MODES[mode])  # from which pixel; 0 is none
    dy = gradient(dy, copied.shape)
    return np.bincount(copied.ravel(), dy.ravel(), x.size + 1)[1:].reshape(x.shape)


def upsample2d(x, scale, mode="nearest", align_corners=False):
    """Enlarge images by whole factors.

    "nearest": `y[n, i, j, c] = x[n, floor(i / s), floor(j / s), c]`. "bilinear": output pixel i lies at
    `(i + 1/2) / s - 1/2` on the input, between two pixels (before the first: on it), and is their mean weighted by
    nearness, along rows and columns; with align_corners it lies at `i * (H - 1) / (s * H - 1)`.

    Args:
        x: images (N, H, W, C), real numbers.
        scale: s, output pixels for each input pixel, int or (rows, columns).
        mode: "nearest" or "bilinear".
        align_corners: bilinear only.

    Returns:
        (N, s * H, s * W, C) float64.

    Raises:
        ValueError: when x is not images or an argument is none of these.
        TypeError: when x does not hold real numbers.

    >>> upsample2d(np.array([0, 4]).reshape(1, 1, 2, 1), (1, 2), "bilinear").ravel().tolist()
    [0.0, 1.0, 3.0, 4.0]
    """
    x = real(x, "x", ndim=4)
    return _apply(x, _enlargements(x.shape, scale, mode, align_corners))


def upsample2d_backward(dy, x, scale, mode="nearest", align_corners=False):
    """Gradient of upsample2d: a pixel gets the dy of all output pixels that it is part of, by its weight there.

    Args:
        dy: gradient of the output, real numbers.
        x, scale, mode, align_corners: as given to upsample2d; only the shape of x matters.

    Returns:
        dx, float64 with the shape of x.

    Raises:
        ValueError, TypeError: as upsample2d, and when dy does not have the output's shape.

    >>> upsample2d_backward(np.array([1, 2, 3, 4]).reshape(1, 1, 4, 1), np.zeros((1, 1, 2, 1)), (1, 2)).ravel().tolist()
    [3.0, 7.0]
    """
    x = real(x, "x", ndim=4)
    return _transposed(dy, x, _enlargements(x.shape, scale, mode, align_corners))


def adaptive_avg_pool2d(x, size):
    """The means of windows that cut an image of any size into the same number of parts.

    `y[n, i, j, c]` is the mean of x over rows `floor(i * H / OH)` to `ceil((i + 1) * H / OH)`, the end not included,
    and columns alike. Windows overlap by a pixel where OH does not divide H.

    Args:
        x: images (N, H, W, C), real numbers.
        size: (OH, OW), pixels, int or (rows, columns).

    Returns:
        (N, OH, OW, C) float64.

    Raises:
        ValueError: when x is not images or the size is not positive ints.
        TypeError: when x does not hold real numbers.

    >>> adaptive_avg_pool2d(np.arange(5).reshape(1, 5, 1, 1), (2, 1)).ravel().tolist()
    [1.0, 3.0]
    """
    x = real(x, "x", ndim=4)
    return _apply(x, _means(x.shape, size))


def adaptive_avg_pool2d_backward(dy, x, size):
    """Gradient of adaptive_avg_pool2d: every pixel of a window gets an equal share of its dy.

    Args:
        dy: gradient of the output, (N, OH, OW, C), real numbers.
        x, size: as given to adaptive_avg_pool2d; only the shape of x matters.

    Returns:
        dx, float64 with the shape of x.

    Raises:
        ValueError, TypeError: as adaptive_avg_pool2d, and when dy does not have the output's shape.

    >>> adaptive_avg_pool2d_backward(np.full((1, 2, 1, 1), 3), np.zeros((1, 5, 1, 1)), (2, 1)).ravel().tolist()
    [1.0, 1.0, 2.0, 1.0, 1.0]
    """
    x = real(x, "x", ndim=4)
    return _transposed(dy, x, _means(x.shape, size))


def _sides(shape, padding, mode):
    """What np.pad takes: (before, after) of every axis."""
    if mode not in NUMPY_MODES:
        raise ValueError(f"mode must be one of {', '.join(NUMPY_MODES)}, received {mode!r}")
    around = [sides(axis, "padding must be ints", padding) for axis in padding_per_axis(padding, 2)]
    for n, axis in zip(shape[1:3], around, strict=True):
        if (mode == "reflect" and max(axis) >= n) or (mode == "circular" and max(axis) > n):
            raise ValueError(f"{mode} padding must not reach farther than the side {n}, received {padding!r}")
    return [(0, 0), *around, (0, 0)]


def _apply(x, matrices):
    rows, columns = matrices
    return np.einsum("iu,jv,nuvc->nijc", rows, columns, x, optimize=True)


def _transposed(dy, x, matrices):
    rows, columns = matrices
    dy = gradient(dy, (len(x), len(rows), len(columns), x.shape[3]))
    return np.einsum("iu,jv,nijc->nuvc", rows, columns, dy, optimize=True)


def _enlargements(shape, scale, mode, align_corners):
    """For rows and for columns: the matrix (output pixels, input pixels) of weights."""
    if mode not in ("nearest", "bilinear") or (align_corners and mode == "nearest"):
        raise ValueError(f"mode must be nearest, or bilinear if corners are aligned, received {mode!r}")
    return [_enlargement(n, s, mode, align_corners) for n, s in zip(shape[1:3], pair(scale, "scale"), strict=True)]


def _enlargement(n, scale, mode, align_corners):
    weights = np.zeros((n * scale, n))
    for i in range(n * scale):
        if mode == "nearest":
            weights[i, i // scale] = 1
            continue
        # the place on the input as a fraction, which keeps whole numbers exact
        numerator, denominator = max(2 * i + 1 - scale, 0), 2 * scale
        if align_corners:
            numerator, denominator = i * (n - 1), max(n * scale - 1, 1)
        left, rest = divmod(numerator, denominator)
        share = rest / denominator if left < n - 1 else 0.0
        weights[i, left] = 1 - share
        if share > 0:
            weights[i, left + 1] = share
    return weights


def _means(shape, size):
    """For rows and for columns: the matrix (windows, pixels) of 1 / the window's length where it holds the pixel."""
    matrices = []
    for n, windows in zip(shape[1:3], pair(size, "size"), strict=True):
        matrix = np.zeros((windows, n))
        for i in range(windows):
            first, end = math.floor(i * n / windows), math.ceil((i + 1) * n / windows)
            matrix[i, first:end] = 1 / (end - first)
        matrices.append(matrix)
    return matrices
