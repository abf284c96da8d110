"""The rectifier with learned slopes, and its gradients."""

from __future__ import annotations

import numpy as np

from cnnc.reference._arrays import gradient, real

__all__ = ["prelu", "prelu_backward"]


def _arguments(x, w):
    x, w = real(x, "x"), real(w, "w", ndim=1)
    if w.shape not in ((1,), x.shape[-1:]):
        raise ValueError(f"w must have one slope or as many as x has channels, received {w.shape} and {x.shape}")
    return x, w


def prelu(x, w):
    """Parametric rectified linear unit: `y[..., c] = x[..., c]` where that is above 0, else `w[c] * x[..., c]`.

    He, Zhang, Ren, Sun: Delving deep into rectifiers, 2015.

    Args:
        x: (..., C), real numbers.
        w: slopes (C,), or (1,) for one that all channels share, real numbers.

    Returns:
        (..., C) float64.

    Raises:
        ValueError: when w has another length, or x is empty.
        TypeError: when an array does not hold real numbers.

    >>> prelu([[-2, -2], [3, 3]], [0.5, 0.25]).tolist()
    [[-1.0, -0.5], [3.0, 3.0]]
    """
    x, w = _arguments(x, w)
    return np.where(x > 0, x, w * x)


def prelu_backward(dy, x, w):
    """Gradients of prelu: `dx = dy` where x > 0, else `w * dy`; `dw` is the sum of `x * dy` where x <= 0.

    Args:
        dy: gradient of the output, (..., C), real numbers.
        x, w: as given to prelu.

    Returns:
        (dx, dw), float64, with the shapes of x and w.

    Raises:
        ValueError, TypeError: as prelu, and when dy does not have the shape of x.

    >>> dx, dw = prelu_backward([[1, 1], [1, 1]], [[-2, -2], [3, 3]], [0.5, 0.25])
    >>> dx.tolist(), dw.tolist()
    ([[0.5, 0.25], [1.0, 1.0]], [-2.0, -2.0])
    """
    x, w = _arguments(x, w)
    dy = gradient(dy, x.shape)
    shares = np.where(x > 0, 0.0, x * dy).reshape(-1, w.size)
    return np.where(x > 0, dy, w * dy), shares.sum(axis=0)
