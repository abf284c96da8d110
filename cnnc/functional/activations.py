"""The activations: each a value and, beside it, its derivative times dy, made of the entries of cnnc.activations.

The C library writes a derivative in terms of the output y where that is possible; then y is computed from x here.
"""

import numpy as np

from cnnc.activations import functions
from cnnc.functional._arrays import gradient_like, public, ready, real
from cnnc.ops import op, reads


def _value(activation, x, alpha=0.0):
    (x,) = ready(real(x, "x"))
    y = np.empty_like(x)
    op(activation.name)(x=x, y=y, alpha=alpha)
    return y


def _gradient(activation, dy, x, alpha=0.0):
    dy, x = gradient_like(dy, x)
    name = f"{activation.name}_dx"
    given = {"x": x} if reads(name, "x") else {"y": _value(activation, x, alpha)}
    dx = np.empty_like(x)
    op(name)(dy=dy, **given, dx=dx, alpha=alpha, accumulate=0)
    return dx


_MADE = functions(__name__, "The same shape, float32 or float64; NaN stays NaN.", _value, _gradient)
_FUNCTIONS = {name: public(function) for name, function in _MADE.items()}
globals().update(_FUNCTIONS)
__all__ = list(_FUNCTIONS)
