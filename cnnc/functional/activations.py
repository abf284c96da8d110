"""The activations: each a value and, beside it, its derivative times dy.

The C library writes derivatives in terms of the output y, which a network has at hand; here y is computed from x.
"""

import math

import numpy as np

from cnnc.functional._arrays import gradient_like, public, ready, real
from cnnc.ops import op

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


def _value(name, x, alpha=0.0):
    (x,) = ready(real(x, "x"))
    y = np.empty_like(x)
    op(name)(x=x, y=y, alpha=alpha)
    return y


def _derivative(name, dy, x, alpha=0.0):
    dy, x = gradient_like(dy, x)
    y = _value(name, x, alpha)
    op(f"{name}_dx")(dy=dy, y=y, dx=y, alpha=alpha, accumulate=0)  # may run in place
    return y


def _setting(value, name, allowed, rule):
    if not (allowed and math.isfinite(value)):
        raise ValueError(f"{name} must be a finite number, {rule}, received {value!r}")
    return float(value)


@public
def relu(x):
    """Rectified linear unit: `y = max(0, x)`.

    Nair, Hinton: Rectified linear units improve restricted Boltzmann machines, ICML 2010.

    Args:
        x: any shape, real numbers.

    Returns:
        The same shape, float32 or float64; -0.0 becomes 0, NaN stays NaN.

    Raises:
        TypeError: when x does not hold real numbers.
        ValueError: when x is empty.

    >>> relu([-2, 0, 3])
    array([0., 0., 3.], dtype=float32)
    """
    return _value("relu", x)


@public
def relu_backward(dy, x):
    """Gradient of relu: `dx = dy` where x > 0, else 0; at 0 the derivative is taken to be 0.

    Args:
        dy: gradient of the output, real numbers.
        x: as given to relu.

    Returns:
        dx, the same shape, float32 or float64.

    Raises:
        ValueError, TypeError: as relu, and when dy does not have the shape of x.

    >>> relu_backward([1, 1, 1], [-2, 0, 3])
    array([0., 0., 1.], dtype=float32)
    """
    return _derivative("relu", dy, x)


@public
def leaky_relu(x, slope=0.01):
    """Leaky rectified linear unit: `y = x` where x > 0, else `slope * x`.

    Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models, ICML 2013.

    Args:
        x: any shape, real numbers.
        slope: of the negative side, at least 0.

    Returns:
        The same shape, float32 or float64.

    Raises:
        ValueError: when slope is negative or not finite, or x is empty.
        TypeError: when x does not hold real numbers.

    >>> leaky_relu([-2, 0, 3], slope=0.25)
    array([-0.5,  0. ,  3. ], dtype=float32)
    """
    return _value("leaky_relu", x, _setting(slope, "slope", slope >= 0, "at least 0"))


@public
def leaky_relu_backward(dy, x, slope=0.01):
    """Gradient of leaky_relu: `dx = dy` where x > 0, else `slope * dy`; the derivative at 0 is slope.

    Args:
        dy: gradient of the output, real numbers.
        x, slope: as given to leaky_relu.

    Returns:
        dx, the same shape, float32 or float64.

    Raises:
        ValueError, TypeError: as leaky_relu, and when dy does not have the shape of x.

    >>> leaky_relu_backward([1, 1, 1], [-2, 0, 3], slope=0.25)
    array([0.25, 0.25, 1.  ], dtype=float32)
    """
    return _derivative("leaky_relu", dy, x, _setting(slope, "slope", slope >= 0, "at least 0"))


@public
def elu(x, alpha=1.0):
    """Exponential linear unit: `y = x` where x > 0, else `alpha * (exp(x) - 1)`.

    Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning by exponential linear units, ICLR 2016.

    Args:
        x: any shape, real numbers.
        alpha: y falls to -alpha for very negative x; greater than 0.

    Returns:
        The same shape, float32 or float64.

    Raises:
        ValueError: when alpha is not positive and finite, or x is empty.
        TypeError: when x does not hold real numbers.

    >>> elu([-1000, 0, 3], alpha=2)
    array([-2.,  0.,  3.], dtype=float32)
    """
    return _value("elu", x, _setting(alpha, "alpha", alpha > 0, "greater than 0"))


@public
def elu_backward(dy, x, alpha=1.0):
    """Gradient of elu: `dx = dy` where x > 0, else `alpha * exp(x) * dy`; the derivative at 0 is alpha.

    Args:
        dy: gradient of the output, real numbers.
        x, alpha: as given to elu.

    Returns:
        dx, the same shape, float32 or float64.

    Raises:
        ValueError, TypeError: as elu, and when dy does not have the shape of x.

    >>> elu_backward([1, 1, 1], [-1000, 0, 3], alpha=2)
    array([0., 2., 1.], dtype=float32)
    """
    return _derivative("elu", dy, x, _setting(alpha, "alpha", alpha > 0, "greater than 0"))


@public
def sigmoid(x):
    """Logistic function: `y = 1 / (1 + exp(-x))`, computed without overflow for any x.

    Args:
        x: any shape, real numbers.

    Returns:
        The same shape, float32 or float64, from 0 to 1.

    Raises:
        TypeError: when x does not hold real numbers.
        ValueError: when x is empty.

    >>> sigmoid([-10000, 0, 10000])
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return _value("sigmoid", x)


@public
def sigmoid_backward(dy, x):
    """Gradient of sigmoid: `dx = y * (1 - y) * dy` with y = sigmoid(x).

    Args:
        dy: gradient of the output, real numbers.
        x: as given to sigmoid.

    Returns:
        dx, the same shape, float32 or float64.

    Raises:
        ValueError, TypeError: as sigmoid, and when dy does not have the shape of x.

    >>> sigmoid_backward([1, 1], [0, 10000])
    array([0.25, 0.  ], dtype=float32)
    """
    return _derivative("sigmoid", dy, x)


@public
def tanh(x):
    """Hyperbolic tangent: `y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))`.

    Args:
        x: any shape, real numbers.

    Returns:
        The same shape, float32 or float64, from -1 to 1.

    Raises:
        TypeError: when x does not hold real numbers.
        ValueError: when x is empty.

    >>> tanh([-10000, 0, 10000])
    array([-1.,  0.,  1.], dtype=float32)
    """
    return _value("tanh", x)


@public
def tanh_backward(dy, x):
    """Gradient of tanh: `dx = (1 - y**2) * dy` with y = tanh(x).

    Args:
        dy: gradient of the output, real numbers.
        x: as given to tanh.

    Returns:
        dx, the same shape, float32 or float64.

    Raises:
        ValueError, TypeError: as tanh, and when dy does not have the shape of x.

    >>> tanh_backward([1, 1], [0, 10000])
    array([1., 0.], dtype=float32)
    """
    return _derivative("tanh", dy, x)
