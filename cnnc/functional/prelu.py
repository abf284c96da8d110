"""The rectifier with learned slopes, and its gradients."""

import numpy as np

from cnnc.functional._arrays import gradient, public, ready, real
from cnnc.ops import op

__all__ = ["prelu", "prelu_backward"]


def _arguments(x, w):
    x, w = real(x, "x"), real(w, "w", ndim=1)
    if w.shape not in ((1,), x.shape[-1:]):
        raise ValueError(f"w must have one slope or as many as x has channels, received {w.shape} and {x.shape}")
    return x, w


@public
def prelu(x, w):
    """Parametric rectified linear unit: `y[..., c] = x[..., c]` where that is above 0, else `w[c] * x[..., c]`.

    He, Zhang, Ren, Sun: Delving deep into rectifiers, 2015.

    Args:
        x: (..., C), real numbers.
        w: slopes (C,), or (1,) for one that all channels share, real numbers.

    Returns:
        (..., C) float32 or float64.

    Raises:
        ValueError: when w has another length, or x is empty.
        TypeError: when an array does not hold real numbers.

    >>> prelu([[-2, -2], [3, 3]], [0.5, 0.25])
    array([[-1. , -0.5],
           [ 3. ,  3. ]])
    """
    x, w = ready(*_arguments(x, w))
    y = np.empty_like(x)
    op("prelu")(x=np.atleast_1d(x), w=w, y=np.atleast_1d(y))
    return y


@public
def prelu_backward(dy, x, w):
    """Gradients of prelu: `dx = dy` where x > 0, else `w * dy`; `dw` is the sum of `x * dy` where x <= 0.

    Args:
        dy: gradient of the output, (..., C), real numbers.
        x, w: as given to prelu.

    Returns:
        (dx, dw), float32 or float64, with the shapes of x and w.

    Raises:
        ValueError, TypeError: as prelu, and when dy does not have the shape of x.

    >>> dx, dw = prelu_backward([[1, 1], [1, 1]], [[-2, -2], [3, 3]], [0.5, 0.25])
    >>> dx.tolist(), dw.tolist()
    ([[0.5, 0.25], [1.0, 1.0]], [-2.0, -2.0])
    """
    x, w = _arguments(x, w)
    dy, x, w = ready(gradient(dy, x.shape), x, w)
    dx, dw = np.empty_like(x), np.empty_like(w)
    given = {"dy": np.atleast_1d(dy), "x": np.atleast_1d(x)}
    op("prelu_dx")(**given, w=w, dx=np.atleast_1d(dx), accumulate=0)
    op("prelu_dw")(**given, dw=dw, accumulate=0)
    return dx, dw
