"""The activations: each a value and, beside it, its derivative times dy.

All work element by element on arrays of any shape and return float64. NaN stays NaN.
"""

from __future__ import annotations

import math

import numpy as np

from cnnc.reference._arrays import pair_of_gradients, real

__all__ = [
    "elu",
    "elu_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "relu",
    "relu_backward",
    "sigmoid",
    "sigmoid_backward",
    "tanh",
    "tanh_backward",
]


def relu(x):
    """Rectified linear unit: `y = max(0, x)`.

    Args:
        x: any shape, real numbers.

    Returns:
        float64 of the same shape; -0.0 becomes 0.

    Raises:
        TypeError: when x does not hold real numbers.
        ValueError: when x is empty.

    >>> relu([-2, 0, 3]).tolist()
    [0.0, 0.0, 3.0]
    """
    x = real(x, "x")
    return np.where(x <= 0, 0.0, x)


def relu_backward(dy, x):
    """Gradient of relu: `dx = dy` where x > 0, else 0; at 0 the derivative is taken to be 0.

    Args:
        dy: gradient of the output, real numbers.
        x: as given to relu.

    Returns:
        float64 of the same shape.

    Raises:
        ValueError, TypeError: as relu, and when dy does not have the shape of x.

    >>> relu_backward([1, 1, 1], [-2, 0, 3]).tolist()
    [0.0, 0.0, 1.0]
    """
    dy, x = pair_of_gradients(dy, x)
    return np.where(x <= 0, 0.0, dy)  # asked this way round, a gradient passes where x is NaN


def leaky_relu(x, slope=0.01):
    """Leaky rectified linear unit: `y = x` where x > 0, else `slope * x`.

    Args:
        x: any shape, real numbers.
        slope: of the negative side, at least 0.

    Returns:
        float64 of the same shape.

    Raises:
        ValueError: when slope is negative or not finite, or x is empty.
        TypeError: when x does not hold real numbers.

    >>> leaky_relu([-2, 0, 3], slope=0.25).tolist()
    [-0.5, 0.0, 3.0]
    """
    slope = _parameter(slope, "slope", slope >= 0, "at least 0")
    x = real(x, "x")
    return np.where(x > 0, x, slope * np.minimum(x, 0.0))


def leaky_relu_backward(dy, x, slope=0.01):
    """Gradient of leaky_relu: `dx = dy` where x > 0, else `slope * dy`; the derivative at 0 is slope.

    Args:
        dy: gradient of the output, real numbers.
        x, slope: as given to leaky_relu.

    Returns:
        float64 of the same shape.

    Raises:
        ValueError, TypeError: as leaky_relu, and when dy does not have the shape of x.

    >>> leaky_relu_backward([1, 1, 1], [-2, 0, 3], slope=0.25).tolist()
    [0.25, 0.25, 1.0]
    """
    slope = _parameter(slope, "slope", slope >= 0, "at least 0")
    dy, x = pair_of_gradients(dy, x)
    return np.where(x > 0, dy, slope * dy)


def elu(x, alpha=1.0):
    """Exponential linear unit: `y = x` where x > 0, else `alpha * (exp(x) - 1)`.

    Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning by exponential linear units, ICLR 2016.

    Args:
        x: any shape, real numbers.
        alpha: y falls to -alpha for very negative x; greater than 0.

    Returns:
        float64 of the same shape.

    Raises:
        ValueError: when alpha is not positive and finite, or x is empty.
        TypeError: when x does not hold real numbers.

    >>> elu([-1000, 0, 3], alpha=2).tolist()
    [-2.0, 0.0, 3.0]
    """
    alpha = _parameter(alpha, "alpha", alpha > 0, "greater than 0")
    x = real(x, "x")
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def elu_backward(dy, x, alpha=1.0):
    """Gradient of elu: `dx = dy` where x > 0, else `alpha * exp(x) * dy`; the derivative at 0 is alpha.

    Args:
        dy: gradient of the output, real numbers.
        x, alpha: as given to elu.

    Returns:
        float64 of the same shape.

    Raises:
        ValueError, TypeError: as elu, and when dy does not have the shape of x.

    >>> elu_backward([1, 1, 1], [-1000, 0, 3], alpha=2).tolist()
    [0.0, 2.0, 1.0]
    """
    alpha = _parameter(alpha, "alpha", alpha > 0, "greater than 0")
    dy, x = pair_of_gradients(dy, x)
    return np.where(x > 0, dy, alpha * np.exp(np.minimum(x, 0.0)) * dy)


def sigmoid(x):
    """Logistic function: `y = 1 / (1 + exp(-x))`, computed without overflow for any x.

    Args:
        x: any shape, real numbers.

    Returns:
        float64 of the same shape, from 0 to 1.

    Raises:
        TypeError: when x does not hold real numbers.
        ValueError: when x is empty.

    >>> sigmoid([-10000, 0, 10000]).tolist()
    [0.0, 0.5, 1.0]
    """
    x = real(x, "x")
    small = np.exp(-np.abs(x))  # at most 1, whatever the sign of x
    return np.where(x > 0, 1.0, small) / (1.0 + small)


def sigmoid_backward(dy, x):
    """Gradient of sigmoid: `dx = sigmoid(x) * sigmoid(-x) * dy`, where `sigmoid(-x) = 1 - sigmoid(x)`.

    Args:
        dy: gradient of the output, real numbers.
        x: as given to sigmoid.

    Returns:
        float64 of the same shape.

    Raises:
        ValueError, TypeError: as sigmoid, and when dy does not have the shape of x.

    >>> sigmoid_backward([1, 1], [0, 10000]).tolist()
    [0.25, 0.0]
    """
    dy, x = pair_of_gradients(dy, x)
    return sigmoid(x) * sigmoid(-x) * dy


def tanh(x):
    """Hyperbolic tangent: `y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))`.

    Args:
        x: any shape, real numbers.

    Returns:
        float64 of the same shape, from -1 to 1.

    Raises:
        TypeError: when x does not hold real numbers.
        ValueError: when x is empty.

    >>> tanh([-10000, 0, 10000]).tolist()
    [-1.0, 0.0, 1.0]
    """
    return np.tanh(real(x, "x"))


def tanh_backward(dy, x):
    """Gradient of tanh: `dx = (1 - tanh(x)**2) * dy`.

    Args:
        dy: gradient of the output, real numbers.
        x: as given to tanh.

    Returns:
        float64 of the same shape.

    Raises:
        ValueError, TypeError: as tanh, and when dy does not have the shape of x.

    >>> tanh_backward([1, 1], [0, 10000]).tolist()
    [1.0, 0.0]
    """
    dy, x = pair_of_gradients(dy, x)
    return (1.0 - np.tanh(x) ** 2) * dy


def _parameter(value, name: str, allowed: bool, rule: str) -> float:
    if not (allowed and math.isfinite(value)):
        raise ValueError(f"{name} must be a finite number, {rule}, received {value!r}")
    return float(value)
