"""Cross-correlation, true convolution, and their gradients."""

from __future__ import annotations

import numpy as np

from cnnc.geometry import convolution
from cnnc.reference._arrays import gradient, pad, real, taps, unpad

__all__ = ["convolve2d", "convolve2d_backward", "correlate2d", "correlate2d_backward"]


def correlate2d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1, algorithm="auto"):
    """Slide filters over images and sum the products, which is what a convolutional layer computes.

    `y[n, p, q, k] = b[k] + sum over i, j, c of x[n, p * s + i * d, q * s + j * d, c] * w[i, j, c, k]` for stride s and
    dilation d, with x padded by zeros. In groups, filter k sees the channels of its own group only.

    Args:
        x: images (N, H, W, C), real numbers.
        w: filters (KH, KW, C / groups, K), real numbers.
        b: bias (K,), real numbers, or None.
        stride, dilation: pixels, int or (rows, columns).
        padding: pixels, int, (rows, columns), ((top, bottom), (left, right)), "valid" or "same".
        groups: int that divides C and K; groups = C is a depthwise correlation.
        algorithm: every algorithm means the same sums; the reference has this one.

    Returns:
        (N, OH, OW, K) float64; see output_size.

    Raises:
        ValueError: when the shapes do not belong together or the kernel does not fit.
        TypeError: when an array does not hold real numbers.

    >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> correlate2d(x, [[[[1]], [[0]]], [[[0]], [[-1]]]])[0, :, :, 0].tolist()
    [[-4.0, -4.0], [-4.0, -4.0]]
    """
    return correlate(x, w, b, stride, padding, dilation, groups, rank=2)


def correlate2d_backward(dy, x, w, stride=1, padding=0, dilation=1, groups=1, algorithm="auto"):
    """Gradients of correlate2d: every product x * w of the forward sum gives `dy * w` to its x and `dy * x` to its w.

    Collected over a pixel of x, the first is a true convolution of dy with w; collected over a tap of w, the second is
    a correlation of x with dy; `db[k]` is the sum of dy over images, rows and columns.

    Args:
        dy: gradient of the output, (N, OH, OW, K), real numbers.
        x, w, stride, padding, dilation, groups, algorithm: as given to correlate2d.

    Returns:
        (dx, dw, db), float64 with the shapes of x, w and (K,).

    Raises:
        ValueError: when the shapes do not belong together or the kernel does not fit.
        TypeError: when an array does not hold real numbers.

    >>> dx, dw, db = correlate2d_backward([[[[2]]]], [[[[3]]]], [[[[5]]]])
    >>> dx.item(), dw.item(), db.item()
    (10.0, 6.0, 2.0)
    """
    return correlate_backward(dy, x, w, stride, padding, dilation, groups, rank=2)


def convolve2d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1, algorithm="auto"):
    """True convolution: correlate2d with the filters flipped along both spatial axes.

    `convolve2d(x, w) = correlate2d(x, w[::-1, ::-1])`.

    Args:
        x, w, b, stride, padding, dilation, groups, algorithm: as for correlate2d.

    Returns:
        (N, OH, OW, K) float64.

    Raises:
        ValueError, TypeError: as correlate2d.

    >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> convolve2d(x, [[[[1]], [[0]]], [[[0]], [[-1]]]])[0, :, :, 0].tolist()
    [[4.0, 4.0], [4.0, 4.0]]
    """
    return correlate2d(x, _flip(w), b, stride, padding, dilation, groups, algorithm)


def convolve2d_backward(dy, x, w, stride=1, padding=0, dilation=1, groups=1, algorithm="auto"):
    """Gradients of convolve2d: those of correlate2d with flipped filters, dw flipped back.

    `dx, dv, db = correlate2d_backward(dy, x, w[::-1, ::-1])` and `dw = dv[::-1, ::-1]`.

    Args:
        dy: gradient of the output, (N, OH, OW, K), real numbers.
        x, w, stride, padding, dilation, groups, algorithm: as given to convolve2d.

    Returns:
        (dx, dw, db), float64 with the shapes of x, w and (K,).

    Raises:
        ValueError, TypeError: as correlate2d_backward.

    >>> dx, dw, db = convolve2d_backward([[[[1]]]], [[[[3], [4]]]], [[[[5]], [[6]]]])
    >>> dx.ravel().tolist(), dw.ravel().tolist()
    ([6.0, 5.0], [4.0, 3.0])
    """
    dx, dw, db = correlate2d_backward(dy, x, _flip(w), stride, padding, dilation, groups, algorithm)
    return dx, _flip(dw), db


def _flip(w):
    w = real(w, "w", ndim=4)
    return np.ascontiguousarray(w[::-1, ::-1])


def correlate(x, w, b, stride, padding, dilation, groups, rank):
    """The correlation along `rank` axes."""
    x, w = real(x, "x"), real(w, "w")
    b = None if b is None else real(b, "b")
    b_shape = None if b is None else b.shape
    window, y_shape = convolution(x.shape, w.shape, b_shape, stride, padding, dilation, groups, rank)
    padded = pad(x, window, 0.0)
    y = np.zeros(y_shape)
    for channels, filters in _parts(w, groups):
        for tap, pixels in taps(window, *x.shape[1:-1]):
            y[..., filters] += padded[pixels][..., channels] @ w[tap][:, filters]
    return y if b is None else y + b


def correlate_backward(dy, x, w, stride, padding, dilation, groups, rank):
    """(dx, dw, db) of the correlation along `rank` axes."""
    x, w = real(x, "x"), real(w, "w")
    window, y_shape = convolution(x.shape, w.shape, None, stride, padding, dilation, groups, rank)
    dy = gradient(dy, y_shape)
    padded = pad(x, window, 0.0)
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    places = tuple(range(rank + 1))  # all axes but the channels
    for channels, filters in _parts(w, groups):
        for tap, pixels in taps(window, *x.shape[1:-1]):
            seen, dout = padded[pixels][..., channels], dy[..., filters]
            dpadded[pixels][..., channels] += dout @ w[tap][:, filters].T
            dw[tap][:, filters] = np.tensordot(seen, dout, axes=(places, places))
    return unpad(dpadded, window, *x.shape[1:-1]), dw, dy.sum(axis=places)


def _parts(w, groups):
    """For each group, the slices (its channels of x, its filters of w)."""
    channels, filters = w.shape[-2], w.shape[-1] // groups
    for g in range(groups):
        yield slice(g * channels, (g + 1) * channels), slice(g * filters, (g + 1) * filters)
