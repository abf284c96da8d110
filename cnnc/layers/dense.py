"""Fully connected layers."""

import math

from cnnc import geometry, ops
from cnnc.layers.base import Layer, layer
from cnnc.parameters import Parameter

__all__ = ["Dense", "Flatten", "Reshape"]


def affine(tape, x, weight, bias):
    """Records x weight + bias; returns the output buffer."""
    y = tape.new((x.shape[0], weight.shape[1]))
    tape.forward("dense", x=x, w=weight, b=bias, y=y, **ops.ending())
    tape.backward("dense_dw", dy=tape.grad(y), x=x, dw=tape.grad(weight), db=tape.grad(bias), first=0)
    tape.backward("dense_dx", dy=tape.grad(y), w=weight, dx=tape.grad(x))
    return y


@layer
class Dense(Layer):
    """Every output is connected to every input: y = x w + b.

    Input (N, C), output (N, K); weight (C, K), bias (K,). Images must pass through Flatten first.

    Args:
        units: K, the number of outputs.
        use_bias: whether to add a bias.
        init: the weights' initialiser, see `cnnc.initializers`.

    Raises:
        LayerError: when built on an input that is not vectors (C,).

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.Dense(100)]).build((300 * 300 * 3,)).count_parameters()
        27000100
    """

    units: int
    use_bias: bool = True
    init: str = "glorot_uniform"

    def declare(self, shape):
        self.expect(len(shape) == 1, "the input must be vectors (C,), put Flatten before it", tuple(shape))
        self.expect(geometry.is_int(self.units) and self.units > 0, "units must be a positive int", self.units)
        self.weight = Parameter((shape[0], self.units), self.init)
        if self.use_bias:
            self.bias = Parameter((self.units,), "zeros")
        return (self.units,)

    def record(self, tape, x):
        return affine(tape, x, self.weight, self.bias if self.use_bias else None)

    def macs(self):
        return math.prod(self.weight.shape)


@layer
class Flatten(Layer):
    """Reads images (N, H, W, C) as vectors (N, H*W*C), rows first and channels last. No memory moves.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.Flatten()]).build((5, 5, 16)).output_shape
        (400,)
    """

    def declare(self, shape):
        return (math.prod(shape),)

    def record(self, tape, x):
        return x.reshape((x.shape[0], *self.output_shape))

    def window(self):
        rank = len(self.input_shape) - 1
        return (self.input_shape[:-1], (1,) * rank, (1,) * rank) if rank else None


@layer
class Reshape(Layer):
    """Reads the numbers of each input as an array of another shape, in C order. No memory moves.

    Args:
        shape: of the output without the batch axis, such as (H, W, C); an int for vectors.

    Raises:
        LayerError: when built with what is no shape, or on an input of another size.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.Dense(7 * 7 * 8), cnnc.Reshape((7, 7, 8))]).build((10,)).output_shape
        (7, 7, 8)
    """

    shape: int | tuple

    def declare(self, shape):
        several = isinstance(self.shape, (tuple, list))
        self.expect(several or geometry.is_int(self.shape), "shape must be an int or a tuple of ints", self.shape)
        wanted = tuple(self.shape) if several else (self.shape,)
        same = geometry.checked_size(wanted) == math.prod(shape)
        self.expect(same, f"the shape must hold the {math.prod(shape)} numbers of the input {shape}", wanted)
        return wanted

    def record(self, tape, x):
        return x.reshape((x.shape[0], *self.output_shape))
