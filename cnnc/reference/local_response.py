"""Local response normalisation: each channel divided by what its neighbours at the same pixel hold."""

from __future__ import annotations

import numpy as np

from cnnc.geometry import is_int, is_number
from cnnc.reference._arrays import gradient, real

__all__ = ["local_response_norm", "local_response_norm_backward"]

LARGEST = 2**16  # window


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
        float64 with the shape of x.

    Raises:
        ValueError: when an argument breaks its rule.
        TypeError: when x does not hold real numbers.

    >>> local_response_norm([[3.0, 0.0, 1.0, 4.0]], size=2, alpha=2, beta=1, k=1).round(6).tolist()
    [[0.3, 0.0, 0.5, 0.222222]]
    """
    x = _channels(x)
    return x * _response(x, *_window(size, alpha, beta, k)) ** -beta


def local_response_norm_backward(dy, x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    """Gradient of local_response_norm: an x counts in the windows of its neighbours, too.

    `dx[c] = dy[c] * s[c]**-beta - 2 * alpha / size * beta * x[c] * sum of dy[j] * x[j] * s[j]**(-beta - 1)`, the sum
    over all j whose window holds c.

    Args:
        dy: gradient of the output, with the shape of x, real numbers.
        x, size, alpha, beta, k: as given to local_response_norm.

    Returns:
        dx, float64 with the shape of x.

    Raises:
        ValueError, TypeError: as local_response_norm, and when dy does not have the shape of x.

    >>> local_response_norm_backward([[1.0, 1.0]], [[1, 2]], size=1, alpha=1, beta=1, k=1).round(6).tolist()
    [[0.0, -0.12]]
    """
    x = _channels(x)
    dy = gradient(dy, x.shape)
    size, alpha, k = _window(size, alpha, beta, k)
    s = _response(x, size, alpha, k)
    mirrored = _window_sums(dy * x * s ** (-beta - 1), (size - 1) // 2, size // 2)
    return dy * s**-beta - 2 * alpha / size * beta * x * mirrored


def _channels(x):
    x = real(x, "x")
    if x.ndim == 0:
        raise ValueError(f"x must have at least one axis, received the shape {x.shape}")
    return x


def _window(size, alpha, beta, k):
    if not (is_int(size) and 1 <= size <= LARGEST):
        raise ValueError(f"size must be an int from 1 to {LARGEST}, received {size!r}")
    for name, value in (("alpha", alpha), ("beta", beta)):
        if not (is_number(value) and value >= 0):
            raise ValueError(f"{name} must be a finite number of at least 0, received {value!r}")
    if not (is_number(k) and k > 0):
        raise ValueError(f"k must be a finite number above 0, received {k!r}")
    return size, alpha, k


def _window_sums(values, before, after):
    """For each channel the sum from `before` channels before it to `after` channels after it."""
    channels = values.shape[-1]
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(before, after)])
    return sum(padded[..., j : j + channels] for j in range(before + after + 1))


def _response(x, size, alpha, k):
    return k + alpha / size * _window_sums(x * x, size // 2, (size - 1) // 2)
