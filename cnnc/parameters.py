"""Parameters, and the flat buffers that a network keeps them in."""

import weakref

import numpy as np

from cnnc import _core, initializers
from cnnc.geometry import checked_size

LINE = 16  # elements; each parameter starts on a cache line


class Parameter:
    """An array that training changes. A layer declares one by assigning it to an attribute.

    Args:
        shape: its axes.
        init: the name of an initialiser, or a function (shape, rng) -> array, see `cnnc.initializers`.
        learned: False for state that follows the data, such as running statistics: it is saved with the network but
            has no gradient, and a layer writes it by `tape.update`.

    `data` and `grad` are views into the network's flat buffers once the network has memory. In a layer written in
    NumPy, `backward` adds to `grad`.
    """

    def __init__(self, shape, init, learned=True):
        self.shape = tuple(int(n) for n in shape)
        self.size = checked_size(self.shape)
        self.init = initializers.get(init)
        self.learned = bool(learned)
        self.trainable = self.learned  # False while its layer is frozen
        self.lr_scale = 1.0  # its layer's factor of the learning rate
        self.place = None  # (the flat buffers it lies in, its path there)
        self.grad = None

    @property
    def data(self):
        """Its values, a view that may be written to; None before the network has memory."""
        return self.place and self.place[0].view(self.place[0].all, self.place[1])

    @property
    def fixed(self):
        """The same values for recorded programs, see `Flat.memory`."""
        return self.place[0].view(self.place[0].memory, self.place[1])

    @property
    def room(self):
        """The elements it takes in a flat array."""
        return -(-self.size // LINE) * LINE

    @property
    def decays(self):
        """Whether weight decay reaches it: filters and matrices, not biases, scales and other vectors."""
        return len(self.shape) > 1

    def __repr__(self):
        return f"Parameter{self.shape}"


class Lease:
    """What hands an array out: views of it live no longer than their lease, and it no longer than they do."""

    def __init__(self, array):
        self.__array_interface__ = array.__array_interface__
        self.array = array


class Flat:
    """All parameters of a network in one contiguous array, all their gradients in another.

    `named` maps each parameter's path to the parameter. They lie in the order in which an optimizer wants to pass over
    them: those that decay, then other learned ones, then state. Gaps between parameters hold zeros and stay zero.

    What inference derives from parameters (packed filters, folded normalisations) holds until they change, which
    `stamp` tells. So views are handed out on a lease: while one is alive somewhere, parameters may change any time.

    Attributes:
        memory: the parameters for recorded programs and other code of our own: whoever writes to it calls `written`.
    """

    def __init__(self, named, dtype):
        self.dtype = np.dtype(dtype)
        self.named = named
        self.offsets = {}
        end = 0
        for path, parameter in sorted(named.items(), key=lambda item: (not item[1].learned, not item[1].decays)):
            self.offsets[path] = end
            end += parameter.room
        self.length = sum(parameter.room for parameter in self.learned().values())
        self.memory = self._zeros(end)
        self._grad = None
        self._version, self._lease = 0, None
        for path, parameter in named.items():
            parameter.place = self, path
            parameter.grad = None

    def _zeros(self, length):
        return _core.aligned(length * self.dtype.itemsize, zeros=True).view(self.dtype)

    @property
    def all(self):
        """All parameters, a view that may be written to and kept."""
        lease = self._lease and self._lease()
        if lease is None:
            lease = Lease(self.memory)
            self._lease = weakref.ref(lease)
        return np.asarray(lease)

    def written(self):
        """Notes that parameters changed."""
        self._version += 1

    def stamp(self):
        """A number that is the same as before only if no parameter can have changed in between."""
        if self._lease is not None:
            self._version += 1
            if self._lease() is None:
                self._lease = None
        return self._version

    @property
    def data(self):
        """The learned parameters."""
        return self.all[: self.length]

    def learned(self):
        """Path -> parameter, without state."""
        return {path: parameter for path, parameter in self.named.items() if parameter.learned}

    def view(self, flat, path):
        """The part of a flat array that belongs to the parameter at `path`, in its shape."""
        start = self.offsets[path]
        parameter = self.named[path]
        return flat[start : start + parameter.size].reshape(parameter.shape)

    @property
    def grad(self):
        """The flat gradients, allocated when training first asks for them."""
        if self._grad is None:
            self._grad = self.state()
            for path, parameter in self.learned().items():
                parameter.grad = self.view(self._grad, path)
        return self._grad

    def state(self):
        """A fresh flat array of zeros of the layout of the learned parameters, for an optimizer's state."""
        return self._zeros(self.length)

    def runs(self, apart=()):
        """(slice, lr_scale, decays) of each contiguous run of trainable parameters with equal settings.

        Parameters in `apart` are a run each.
        """
        runs, open_run = [], False
        for path in sorted(self.learned(), key=self.offsets.get):
            parameter, start = self.named[path], self.offsets[path]
            end = start + parameter.room
            settings = parameter.lr_scale, parameter.decays
            if not parameter.trainable:
                continue
            joins = open_run and parameter not in apart
            if joins and runs[-1][0].stop == start and runs[-1][1:] == settings:
                runs[-1] = slice(runs[-1][0].start, end), *settings
            else:
                runs.append((slice(start, end), *settings))
            open_run = parameter not in apart
        return runs

    def initialise(self, seed):
        """Fills the parameters with their starting values: one counter-based stream for each, keyed by the seed."""
        for number, parameter in enumerate(self.named.values()):
            rng = np.random.Generator(np.random.Philox(key=[seed, number]))
            parameter.data[...] = parameter.init(parameter.shape, rng)
