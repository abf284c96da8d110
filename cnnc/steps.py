"""What a tape writes down: steps, and symbolic buffers with a place in memory and a life still to be found."""

import math

import numpy as np

from cnnc.geometry import checked_size


class Storage:
    """Memory of one or more buffers: a fixed array, or a place in the arena with a life [first, last] in steps.

    An array is `stamped` if `Flat.stamp` tells when it has changed: a parameter, or what is prepared from some.
    """

    __slots__ = ("alias", "array", "first", "last", "nbytes", "offset", "stamped")

    def __init__(self, nbytes, array=None, stamped=False):
        self.nbytes = nbytes
        self.array = array
        self.stamped = stamped
        self.alias = None  # the storage whose memory this one shares
        self.first = self.last = self.offset = None

    def root(self):
        """The storage that really has the memory."""
        return self if self.alias is None else self.alias.root()

    def use(self, step):
        """Notes that step number `step` reads or writes this memory."""
        self.first = step if self.first is None else min(self.first, step)
        self.last = step if self.last is None else max(self.last, step)


class Buffer:
    """A symbolic array, `start` bytes into its memory."""

    __slots__ = ("dtype", "needs_grad", "shape", "start", "storage")

    def __init__(self, shape, dtype, storage=None, needs_grad=False, start=0):
        self.shape = tuple(int(n) for n in shape)
        self.dtype = np.dtype(dtype)
        self.storage = storage or Storage(checked_size(self.shape, self.dtype.itemsize) * self.dtype.itemsize)
        self.needs_grad = needs_grad
        self.start = start

    @property
    def nbytes(self):
        return math.prod(self.shape) * self.dtype.itemsize

    def reshape(self, shape):
        """The same memory seen in another shape of equal size."""
        return Buffer(shape, self.dtype, self.storage, self.needs_grad, self.start)

    def part(self, first, end):
        """Elements first .. end of the first axis, such as some images of a batch."""
        row = self.nbytes // self.shape[0]
        shape = (end - first, *self.shape[1:])
        return Buffer(shape, self.dtype, self.storage, self.needs_grad, self.start + first * row)

    def __repr__(self):
        return f"Buffer{self.shape}"


class Step:
    """One recorded call: of an operation, or of a Python function (`op` is then None).

    `layer` is the layer that recorded it, None for losses, updates and what is done to the input; `part` tells whether
    it is "forward", "backward" or "update".
    """

    __slots__ = ("again", "fields", "function", "layer", "op", "part", "slot", "writes")

    def __init__(self, operation, function, fields, writes):
        self.op, self.function, self.fields = operation, function, fields
        self.writes = [name for name in writes if fields.get(name) is not None]
        self.layer = self.part = None
        self.again = frozenset()  # the names of gradients that an earlier step has written: this one adds

    def like(self, **fields):
        """A step as this one, but for some fields."""
        twin = Step(self.op, self.function, {**self.fields, **fields}, self.op.outputs)
        twin.layer, twin.part = self.layer, self.part
        return twin

    def named_buffers(self):
        """(field, buffer) of those fields that are buffers."""
        return [(name, value) for name, value in self.fields.items() if isinstance(value, Buffer)]

    def buffers(self):
        return [buffer for _, buffer in self.named_buffers()]

    def outputs(self):
        """The buffers this step writes."""
        return [self.fields[name] for name in self.writes]
