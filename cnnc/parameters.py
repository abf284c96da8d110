"""Parameters, and the flat buffers that a network keeps them in."""

import numpy as np

from cnnc import _core, initializers
from cnnc.geometry import checked_size

LINE = 16  # elements; each parameter starts on a cache line


class Parameter:
    """An array that training changes. A layer declares one by assigning it to an attribute.

    Args:
        shape: its axes.
        init: the name of an initialiser, or a function (shape, rng) -> array, see `cnnc.initializers`.

    `data` and `grad` are views into the network's flat buffers once the network is built. In a layer written in NumPy,
    `backward` adds to `grad`.
    """

    def __init__(self, shape, init):
        self.shape = tuple(int(n) for n in shape)
        self.size = checked_size(self.shape)
        self.init = initializers.get(init)
        self.data = None
        self.grad = None

    def __repr__(self):
        return f"Parameter{self.shape}"


class Flat:
    """All parameters of a network in one contiguous array, all their gradients in another.

    `named` maps each parameter's path to the parameter. Gaps between parameters hold zeros and stay zero.
    """

    def __init__(self, named, dtype):
        self.dtype = np.dtype(dtype)
        self.named = named
        self.offsets = {}
        self.length = 0
        for path, parameter in named.items():
            self.offsets[path] = self.length
            self.length += -(-parameter.size // LINE) * LINE
        self.data = self._zeros()
        self._grad = None
        for path, parameter in named.items():
            parameter.data = self.view(self.data, path)
            parameter.grad = None

    def _zeros(self):
        return _core.aligned(self.length * self.dtype.itemsize, zeros=True).view(self.dtype)

    def view(self, flat, path):
        """The part of a flat array that belongs to the parameter at `path`, in its shape."""
        start = self.offsets[path]
        parameter = self.named[path]
        return flat[start : start + parameter.size].reshape(parameter.shape)

    @property
    def grad(self):
        """The flat gradients, allocated when training first asks for them."""
        if self._grad is None:
            self._grad = self._zeros()
            for path, parameter in self.named.items():
                parameter.grad = self.view(self._grad, path)
        return self._grad

    def state(self):
        """A fresh flat array of zeros of the same layout, for an optimizer's state."""
        return self._zeros()

    def initialise(self, seed):
        """Fills the parameters with their starting values: one counter-based stream for each, keyed by the seed."""
        for number, parameter in enumerate(self.named.values()):
            rng = np.random.Generator(np.random.Philox(key=[seed, number]))
            parameter.data[...] = parameter.init(parameter.shape, rng)
