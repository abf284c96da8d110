"""What inference computes from parameters once, for as long as they do not change."""

import numpy as np

from cnnc import _core
from cnnc.steps import Buffer, Storage


class Prepared:
    """Arrays that are computed from parameters, anew only when those have changed."""

    def __init__(self, shapes, dtype, compute):
        sizes = [int(np.prod(shape)) * dtype.itemsize for shape in shapes]
        self.arrays = [_core.aligned(n).view(dtype).reshape(shape) for n, shape in zip(sizes, shapes, strict=True)]
        self._compute, self._stamp = compute, None

    def refresh(self, stamp):
        """Computes the arrays unless they are those of this stamp of the parameters, see `Flat.stamp`."""
        if stamp != self._stamp:
            self._compute(*self.arrays)
            self._stamp = stamp

    def buffers(self):
        """The arrays as buffers of a recording."""
        return [Buffer(array.shape, array.dtype, Storage(array.nbytes, array, stamped=True)) for array in self.arrays]


def fold_into(w_to, b_to, w, b, mean, var, gamma, beta, eps):
    """(x w + b - mean) / sqrt(var + eps) gamma + beta = x w_to + b_to, with outputs on the last axis of w."""
    scale = 1 / np.sqrt(var.astype(np.float64) + eps)
    if gamma is not None:
        scale *= gamma
    np.multiply(w.reshape(w_to.shape), scale, out=w_to, casting="same_kind")
    shift = -mean * scale if b is None else (b - mean.astype(np.float64)) * scale
    b_to[...] = shift if beta is None else shift + beta
