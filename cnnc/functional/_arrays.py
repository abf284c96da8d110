"""What the functions share: reading arguments as arrays, bringing them to one type, errors that name the function."""

import functools

import numpy as np

from cnnc.geometry import checked_size


def public(function):
    """Decorator: a TypeError or ValueError that leaves the function starts with its name."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except (TypeError, ValueError) as error:
            error.args = (f"{function.__name__}: {error}",)
            raise

    return call


def real(values, name, ndim=None):
    """The values as an array of real numbers of any type, not copied: what it is made of is checked first.

    Raises:
        TypeError: when it does not hold real numbers.
        ValueError: when it is empty, of another rank, or too large.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "buif":
        raise TypeError(f"{name} must hold real numbers, received dtype {array.dtype}")
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimensions, received the shape {array.shape}")
    checked_size(array.shape)
    return array


def gradient(dy, shape):
    """dy as an array, which must have the shape of the output that it is the gradient of."""
    dy = real(dy, "dy")
    if dy.shape != tuple(shape):
        raise ValueError(f"dy must have the output's shape {tuple(shape)}, received {dy.shape}")
    return dy


def gradient_like(dy, x):
    """(dy, x) of a function whose output has the shape of its input, in one type."""
    x = real(x, "x")
    return ready(gradient(dy, x.shape), x)


def ready(*arrays):
    """The arrays as the C library takes them: all float64 if one of them is, else float32; contiguous. None stays.

    What is so already is not copied.
    """
    wide = any(a is not None and a.dtype.kind == "f" and a.dtype.itemsize > 4 for a in arrays)
    dtype = np.float64 if wide else np.float32
    return tuple(None if a is None else np.require(a, dtype, ["C", "A"]) for a in arrays)
