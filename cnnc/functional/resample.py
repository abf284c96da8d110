"""Padding, enlarging and adaptive pooling of images, and their gradients."""

import numpy as np

from cnnc.functional._arrays import gradient, public, ready, real
from cnnc.geometry import resampling
from cnnc.ops import op, resample_fields

__all__ = [
    "adaptive_avg_pool2d", "adaptive_avg_pool2d_backward", "pad2d", "pad2d_backward", "upsample2d",
    "upsample2d_backward",
]  # fmt: skip


def _images(x):
    return real(x, "x", ndim=4)


def _output(x, matrices):
    rows, columns = matrices
    return x.shape[0], len(rows.end), len(columns.end), x.shape[3]


def _resample(x, matrices):
    (x,) = ready(x)
    y = np.empty(_output(x, matrices), x.dtype)
    op("resample2d")(x=x, y=y, **resample_fields(*matrices))
    return y


def _resample_backward(dy, x, matrices):
    dy, x = ready(gradient(dy, _output(x, matrices)), x)
    dx = np.empty_like(x)
    op("resample2d_dx")(dy=dy, dx=dx, accumulate=0, **resample_fields(*matrices))
    return dx


@public
def pad2d(x, padding, mode="zero"):
    """Put pixels around images: zeros, or the image's own.

    `y[n, i, j, c] = x[n, a(i - top), b(j - left), c]`. On n pixels, "reflect" reads the index -1 as 1 and n as n - 2,
    "replicate" as 0 and n - 1, "circular" as n - 1 and 0; "zero" makes zeros there.

    Args:
        x: images (N, H, W, C), real numbers.
        padding: pixels, int, (rows, columns) or ((top, bottom), (left, right)).
        mode: "zero", "reflect" (padding smaller than the side), "replicate" or "circular" (at most the side).

    Returns:
        (N, top + H + bottom, left + W + right, C) float32 or float64.

    Raises:
        ValueError: when x is not images, the mode is unknown, or the padding breaks its rule.
        TypeError: when x does not hold real numbers.

    >>> pad2d(np.arange(3).reshape(1, 1, 3, 1), ((0, 0), (2, 1)), "reflect").ravel()
    array([2., 1., 0., 1., 2., 1.], dtype=float32)
    """
    x = _images(x)
    return _resample(x, resampling.padding(x.shape[1:3], padding, mode))


@public
def pad2d_backward(dy, x, padding, mode="zero"):
    """Gradient of pad2d: a pixel gets the sum of the dy of all its copies.

    Args:
        dy: gradient of the output, real numbers.
        x, padding, mode: as given to pad2d; only the shape and type of x matter.

    Returns:
        dx, float32 or float64, with the shape of x.

    Raises:
        ValueError, TypeError: as pad2d, and when dy does not have the output's shape.

    >>> pad2d_backward(np.ones((1, 1, 6, 1)), np.zeros((1, 1, 3, 1)), ((0, 0), (2, 1)), "reflect").ravel()
    array([1., 3., 2.])
    """
    x = _images(x)
    return _resample_backward(dy, x, resampling.padding(x.shape[1:3], padding, mode))


@public
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
        (N, s * H, s * W, C) float32 or float64.

    Raises:
        ValueError: when x is not images or an argument is none of these.
        TypeError: when x does not hold real numbers.

    >>> upsample2d(np.array([0, 4]).reshape(1, 1, 2, 1), (1, 2), "bilinear").ravel()
    array([0., 1., 3., 4.], dtype=float32)
    """
    x = _images(x)
    return _resample(x, resampling.upsampling(x.shape[1:3], scale, mode, align_corners))


@public
def upsample2d_backward(dy, x, scale, mode="nearest", align_corners=False):
    """Gradient of upsample2d: a pixel gets the dy of all output pixels that it is part of, by its weight there.

    Args:
        dy: gradient of the output, real numbers.
        x, scale, mode, align_corners: as given to upsample2d; only the shape and type of x matter.

    Returns:
        dx, float32 or float64, with the shape of x.

    Raises:
        ValueError, TypeError: as upsample2d, and when dy does not have the output's shape.

    >>> upsample2d_backward(np.array([1, 2, 3, 4]).reshape(1, 1, 4, 1), np.zeros((1, 1, 2, 1)), (1, 2)).ravel()
    array([3., 7.])
    """
    x = _images(x)
    return _resample_backward(dy, x, resampling.upsampling(x.shape[1:3], scale, mode, align_corners))


@public
def adaptive_avg_pool2d(x, size):
    """The means of windows that cut an image of any size into the same number of parts.

    `y[n, i, j, c]` is the mean of x over rows `floor(i * H / OH)` to `ceil((i + 1) * H / OH)`, the end not included,
    and columns alike. Windows overlap by a pixel where OH does not divide H.

    Args:
        x: images (N, H, W, C), real numbers.
        size: (OH, OW), pixels, int or (rows, columns).

    Returns:
        (N, OH, OW, C) float32 or float64.

    Raises:
        ValueError: when x is not images or the size is not positive ints.
        TypeError: when x does not hold real numbers.

    >>> adaptive_avg_pool2d(np.arange(5).reshape(1, 5, 1, 1), (2, 1)).ravel()
    array([1., 3.], dtype=float32)
    """
    x = _images(x)
    return _resample(x, resampling.adaptive(x.shape[1:3], size))


@public
def adaptive_avg_pool2d_backward(dy, x, size):
    """Gradient of adaptive_avg_pool2d: every pixel of a window gets an equal share of its dy.

    Args:
        dy: gradient of the output, (N, OH, OW, C), real numbers.
        x, size: as given to adaptive_avg_pool2d; only the shape and type of x matter.

    Returns:
        dx, float32 or float64, with the shape of x.

    Raises:
        ValueError, TypeError: as adaptive_avg_pool2d, and when dy does not have the output's shape.

    >>> adaptive_avg_pool2d_backward(np.full((1, 2, 1, 1), 3), np.zeros((1, 5, 1, 1)), (2, 1)).ravel()
    array([1., 1., 2., 1., 1.])
    """
    x = _images(x)
    return _resample_backward(dy, x, resampling.adaptive(x.shape[1:3], size))
