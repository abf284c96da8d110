"""The activations: each a value and, beside it, its derivative times dy, made of the entries of cnnc.activations.

All work element by element on arrays of any shape and return float64. NaN stays NaN.
"""

import numpy as np

from cnnc.activations import functions
from cnnc.reference._arrays import pair_of_gradients, real


def _value(activation, x, *setting):
    with np.errstate(invalid="ignore", over="ignore"):  # -inf * 0 is NaN, squares may be inf
        return np.asarray(activation.value(real(x, "x"), *setting))


def _gradient(activation, dy, x, *setting):
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(activation.gradient(*pair_of_gradients(dy, x), *setting))


_FUNCTIONS = functions(__name__, "float64 of the same shape; NaN stays NaN.", _value, _gradient)
globals().update(_FUNCTIONS)
__all__ = list(_FUNCTIONS)
