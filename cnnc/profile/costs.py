"""What a recorded step has to do: operations of its plain sums, bytes that it must touch, and how it does it."""

import math

import numpy as np

from cnnc import ops
from cnnc.ops import ENDINGS

# Multiplications, additions and the like for each element of the largest array; 1 where nothing is said.
PER_ELEMENT = {
    "tanh": 10, "sigmoid": 12, "elu": 8, "selu": 9, "gelu": 16, "silu": 13, "softplus": 20, "hard_swish": 4,
    "tanh_dx": 4, "sigmoid_dx": 3, "gelu_dx": 26, "silu_dx": 26, "softplus_dx": 10, "hard_swish_dx": 4,
    "normalise": 7, "normalise_dx": 11, "normalise_by": 2, "normalise_by_dx": 6,
    "local_response": 30, "local_response_dx": 50, "softmax": 12, "softmax_dx": 4, "cross_entropy": 15,
    "cross_entropy_dx": 3, "dropout": 12, "sum_squares": 2, "rescale": 2, "rescale_u8": 2, "lerp": 4,
    "sgd": 4, "adam": 12, "adamw": 12,
}  # fmt: skip
PASSES = ("correlate2d", "correlate2d_dx", "correlate2d_dw")


def flops(step, sizes):
    """Multiplications and additions, counted apart, of the plain sums, whatever the algorithm.

    Args:
        step: a recorded operation.
        sizes: its size fields.
    """

    def product(axes):
        return math.prod(sizes[axis] for axis in axes.split())

    if step.op.name in PASSES:
        return 2 * product("N OH OW K KH KW CG")
    if step.op.name in ("dense", "dense_dx", "dense_dw"):
        return 2 * product("M C K")
    if {"KH", "KW", "OH", "OW"} <= sizes.keys():  # pooling
        return product("N OH OW C KH KW")
    return PER_ELEMENT.get(step.op.name, 1) * max(math.prod(buffer.shape) for buffer in step.buffers())


def traffic(step):
    """Bytes of the arrays that a step reads and writes, each once; what a gradient is added to counts twice.

    That is the least for arrays that are in no cache; a step whose arrays are still there may seem to be faster than
    memory.
    """
    if step.op is not None and step.op.name in ("concat", "concat_dx"):  # of the stack, only its part
        return 2 * min(_nbytes(buffer) for buffer in step.buffers())
    return sum(_nbytes(buffer) * (1 + (name in step.again)) for name, buffer in step.named_buffers())


def _nbytes(buffer):
    return math.prod(buffer.shape) * buffer.dtype.itemsize


def operation(step):
    """The operation's name with what is done in the same pass: "correlate2d + relu"."""
    more = ["add"] if step.fields.get("residual") is not None else []
    if step.fields.get("act"):
        more.append(ENDINGS[step.fields["act"]] + ("_dx" if step.part == "backward" else ""))
    return " + ".join([step.op.name, *more])


def algorithm(step, sizes):
    """How a convolution is computed; "" for other operations."""
    packed = step.op is not None and step.op.name == "correlate2d" and step.fields.get("packed") is not None
    return ops.algorithm(step.op.name, sizes, np.float32, packed) if step.op is not None else ""
