"""Local response normalisation: each channel divided by what its neighbours at the same pixel hold."""

import numpy as np

from cnnc.functional._arrays import gradient, public, ready, real
from cnnc.geometry import is_int, is_number
from cnnc.ops import op

__all__ = ["local_response_norm", "local_response_norm_backward"]

LARGEST = 2**16  # window


def _arguments(x, size, alpha, beta, k):
    """x, and the settings of the operation."""
    x = real(x, "x")
    if x.ndim == 0:
        raise ValueError(f"x must have at least one axis, received the shape {x.shape}")
    if not (is_int(size) and 1 <= size <= LARGEST):
        raise ValueError(f"size must be an int from 1 to {LARGEST}, received {size!r}")
    for name, value in (("alpha", alpha), ("beta", beta)):
        if not (is_number(value) and value >= 0):
            raise ValueError(f"{name} must be a finite number of at least 0, received {value!r}")
    if not (is_number(k) and k > 0):
        raise ValueError(f"k must be a finite number above 0, received {k!r}")
    return x, {"window": int(size), "alpha": float(alpha), "power": float(beta), "k": float(k)}


@public
def local_response_norm(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    """Local response normalisation: `y = x * s**-beta` with `s[c] = k + alpha / size * sum of x[j]**2`.

    The sum goes over the channels j from c - size // 2 to c + (size - 1) // 2 that there are, at the same pixel.
    (Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional neural networks, 2012. They do not
    divide alpha by the size; PyTorch and Caffe do, and so do we, so that weights and results compare.)

    Args:
        x: (..., C), real numbers.
        size: of the window, channels, an int from 1 to 65536.
        alpha: at least 0.
        beta: the power, at least 0.
        k: above 0.

    Returns:
        float32 or float64 with the shape of x.

    Raises:
        ValueError: when an argument breaks its rule.
        TypeError: when x does not hold real numbers.

    >>> local_response_norm([[3.0, 0.0, 1.0, 4.0]], size=2, alpha=2, beta=1, k=1).round(6).tolist()
    [[0.3, 0.0, 0.5, 0.222222]]
    """
    x, settings = _arguments(x, size, alpha, beta, k)
    (x,) = ready(x)
    y = np.empty_like(x)
    op("local_response")(x=x, y=y, **settings)
    return y


@public
def local_response_norm_backward(dy, x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    """Gradient of local_response_norm: an x counts in the windows of its neighbours, too.

    `dx[c] = dy[c] * s[c]**-beta - 2 * alpha / size * beta * x[c] * sum of dy[j] * x[j] * s[j]**(-beta - 1)`, the sum
    over all j whose window holds c.

    Args:
        dy: gradient of the output, with the shape of x, real numbers.
        x, size, alpha, beta, k: as given to local_response_norm.

    Returns:
        dx, float32 or float64 with the shape of x.

    Raises:
        ValueError, TypeError: as local_response_norm, and when dy does not have the shape of x.

    >>> local_response_norm_backward([[1.0, 1.0]], [[1, 2]], size=1, alpha=1, beta=1, k=1).round(6).tolist()
    [[0.0, -0.12]]
    """
    x, settings = _arguments(x, size, alpha, beta, k)
    dy, x = ready(gradient(dy, x.shape), x)
    dx = np.empty_like(x)
    op("local_response_dx")(dy=dy, x=x, dx=dx, accumulate=0, **settings)
    return dx
