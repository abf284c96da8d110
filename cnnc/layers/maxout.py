"""Maxout: a nonlinearity that learns its shape, as the largest of several linear pieces."""

import math

import numpy as np

from cnnc import geometry
from cnnc.layers.base import Layer, layer
from cnnc.layers.dense import affine
from cnnc.parameters import Parameter

__all__ = ["Maxout", "MaxoutDense"]


def largest_piece(tape, x, pieces):
    """Records the maximum over the pieces of x; returns the output buffer."""
    y = tape.new(geometry.maxout(x.shape, pieces))
    index = {"index8": tape.new(y.shape, np.uint8)} if tape.differentiable and x.needs_grad else {}
    tape.forward("maxout", x=x, y=y, **index)
    tape.backward("maxout_dx", dy=tape.grad(y), dx=tape.grad(x), **index)
    return y


@layer
class Maxout(Layer):
    """The largest of several blocks of channels: y[..., k] = max over j of x[..., j*K + k].

    The channels are `pieces` blocks of K: Concat before it makes it the maximum of branches. The gradient goes to the
    first largest. (Goodfellow, Warde-Farley, Mirza, Courville, Bengio: Maxout networks, 2013.)

    Args:
        pieces: number of blocks, from 1 to 256; divides the number of channels.

    Raises:
        LayerError: when built on channels that cannot be divided so.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.Maxout(2)])([[1.0, 5.0, 3.0, 4.0]])
        array([[3., 5.]], dtype=float32)
    """

    pieces: int

    def declare(self, shape):
        return geometry.maxout(shape, self.pieces)

    def record(self, tape, x):
        return largest_piece(tape, x, self.pieces)


@layer
class MaxoutDense(Layer):
    """A dense layer whose units are the largest of several linear functions: y[k] = max over j of (x w_j + b_j)[k].

    Input (N, C), output (N, K); weight (C, pieces*K), bias (pieces*K,), piece by piece: column j*K + k belongs to piece
    j of unit k. (Goodfellow, Warde-Farley, Mirza, Courville, Bengio: Maxout networks, 2013.)

    Args:
        units: K, the number of outputs.
        pieces: linear functions for each output, from 1 to 256.
        use_bias: whether to add a bias to each.
        init: the weights' initialiser, see `cnnc.initializers`.

    Raises:
        LayerError: when built on an input that is not vectors (C,).

    Example:
        >>> import cnnc
        >>> net = cnnc.Sequential([cnnc.MaxoutDense(10, pieces=5)]).build((784,))
        >>> net.output_shape, net.count_parameters()
        ((10,), 39250)
    """

    units: int
    pieces: int = 2
    use_bias: bool = True
    init: str = "glorot_uniform"

    def declare(self, shape):
        self.expect(len(shape) == 1, "the input must be vectors (C,), put Flatten before it", tuple(shape))
        for name in ("units", "pieces"):
            value = getattr(self, name)
            self.expect(geometry.is_int(value) and value > 0, f"{name} must be a positive int", value)
        self.weight = Parameter((shape[0], self.pieces * self.units), self.init)
        if self.use_bias:
            self.bias = Parameter(self.weight.shape[1:], "zeros")
        return geometry.maxout(self.weight.shape[1:], self.pieces)

    def record(self, tape, x):
        return largest_piece(tape, affine(tape, x, self.weight, self.bias if self.use_bias else None), self.pieces)

    def macs(self):
        return math.prod(self.weight.shape)
