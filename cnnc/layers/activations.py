"""Activation functions: each is a row of csrc/activation with a name, and at most one setting."""

import math

from cnnc.layers.base import Layer, layer

__all__ = ["ELU", "LeakyReLU", "ReLU", "Sigmoid", "Softmax", "Tanh"]


class Activation(Layer):
    """An element-wise function `op` of the C library, computed in place where that is safe."""

    op = ""
    alpha = 0.0  # the function's setting

    def declare(self, shape):
        return shape

    def record(self, tape, x):
        y = tape.like(x)
        tape.forward(self.op, x=x, y=y, alpha=float(self.alpha))
        tape.backward(f"{self.op}_dx", dy=tape.grad(y), y=y, dx=tape.grad(x), alpha=float(self.alpha))
        return y


@layer
class ReLU(Activation):
    """y = max(0, x); dx = dy where y > 0, else 0. (Nair, Hinton: Rectified linear units, 2010.)

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.ReLU()])([[-2.0, 3.0]])
        array([[0., 3.]], dtype=float32)
    """

    op = "relu"


@layer
class LeakyReLU(Activation):
    """y = x where x > 0, else slope * x; dx = dy or slope * dy. (Maas, Hannun, Ng: Rectifier nonlinearities, 2013.)

    Args:
        slope: the factor of negative values, 0 or more.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.LeakyReLU(0.5)])([[-2.0, 3.0]])
        array([[-1.,  3.]], dtype=float32)
    """

    slope: float = 0.01
    op = "leaky_relu"
    alpha = property(lambda self: self.slope)

    def declare(self, shape):
        self.expect(0 <= self.slope < math.inf, "slope must be 0 or more", self.slope)
        return shape


@layer
class ELU(Activation):
    """y = x where x > 0, else alpha * (exp(x) - 1); dx = dy or dy * (y + alpha).

    (Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning by exponential linear units, 2016.)

    Args:
        scale: alpha, the depth of the negative side, more than 0.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.ELU()])([[-100.0, 3.0]])
        array([[-1.,  3.]], dtype=float32)
    """

    scale: float = 1.0
    op = "elu"
    alpha = property(lambda self: self.scale)

    def declare(self, shape):
        self.expect(0 < self.scale < math.inf, "scale must be more than 0", self.scale)
        return shape


@layer
class Sigmoid(Activation):
    """y = 1 / (1 + exp(-x)); dx = dy * y * (1 - y).

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.Sigmoid()])([[0.0]])
        array([[0.5]], dtype=float32)
    """

    op = "sigmoid"


@layer
class Tanh(Activation):
    """y = (exp(x) - exp(-x)) / (exp(x) + exp(-x)); dx = dy * (1 - y * y).

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.Tanh()])([[0.0, 100.0]])
        array([[0., 1.]], dtype=float32)
    """

    op = "tanh"


@layer
class Softmax(Layer):
    """y[k] = exp(x[k]) / sum over j of exp(x[j]), over the last axis; stable for large x.

    Networks end in logits: the loss "cross_entropy" contains the softmax. Use this layer where probabilities themselves
    are the output.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.Softmax()])([[1e4, 1e4]])
        array([[0.5, 0.5]], dtype=float32)
    """

    def declare(self, shape):
        return shape

    def record(self, tape, x):
        y = tape.like(x)
        tape.forward("softmax", x=x, y=y)
        tape.backward("softmax_dx", dy=tape.grad(y), y=y, dx=tape.grad(x))
        return y
