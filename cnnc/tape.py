"""Record once, replay in C: symbolic buffers, the tape that layers write on, and the plan that it becomes.

A layer's `record` runs once per input shape and mode. It asks the tape for buffers and tells it which operations run
forward and which backward, all symbolically. When recording ends, `Tape.plan` knows every use of every buffer, so it
lays all of them out in one arena: buffers share memory when their lives do not overlap, element-wise operations run in
place, and the peak memory is known before anything has run. `Plan.program` fills in addresses.
"""

import bisect
import contextlib
import functools

import numpy as np

from cnnc import _core
from cnnc.fusion import fuse
from cnnc.ops import get_num_threads, op
from cnnc.parameters import Parameter
from cnnc.parts import parts_of
from cnnc.steps import Buffer, Step, Storage
from cnnc.strips import strips_of

ALIGN = 64  # bytes


def _round_up(nbytes):
    return -(-nbytes // ALIGN) * ALIGN


class Tape:
    """What a layer's `record(tape, x)` writes on.

    Args:
        dtype: the element type of activations, float32 (float64 for gradient checks).
        training: whether layers behave as in training.
        rng: uint64 array {seed, step} that random layers draw from.
        add: whether gradients of parameters are added to what they hold from the beginning, as in the later parts of
            a batch.
        shelf: dict in which recordings of one network share what is prepared from parameters for inference.
        passing: parameters whose gradients are not kept but have a place in the arena until they are used.
        differentiable: whether there are backward steps, as there always are in training. In inference they lead to
            gradients of what layers compute, not of parameters.

    Attributes:
        heads: (logits buffer, weight) of each auxiliary head, whose losses are added to the loss with that weight.
    """

    def __init__(self, dtype=np.float32, training=False, rng=None, add=False, shelf=None, passing=(),
                 differentiable=False):  # fmt: skip
        self.dtype = np.dtype(dtype)
        self.training = training
        self.differentiable = training or differentiable
        self.rng = rng
        self.heads = []
        self._shelf = {} if shelf is None else shelf
        self._passing = {parameter: Buffer(parameter.shape, dtype) for parameter in passing}
        self._soon = {parameter: [] for parameter in passing}  # what updates them
        self._updated = None
        self._kept_grads = set() if add else None  # storages of gradients that hold something already
        self.layer = None  # whose steps are being recorded
        self.trace = []  # (layer, output buffer) of each layer, in order; containers come after what is inside
        self._forward, self._backward, self._update = [], [], []
        self._fixed, self._grads = {}, {}
        self._likes = []
        self._inputs, self._kept = [], []

    # --- buffers

    def new(self, shape, dtype=None):
        """A buffer in the arena."""
        return Buffer(shape, dtype or self.dtype)

    def like(self, x):
        """A buffer for an element-wise function of `x`: it may share x's memory, and x's gradient its gradient's."""
        y = Buffer(x.shape, self.dtype)
        self._likes.append((x, y))
        return y

    def input(self, shape, dtype):
        """A buffer that the caller fills before each run."""
        buffer = self.new(shape, dtype)
        self._inputs.append(buffer)
        return buffer

    def upstream(self, y):
        """The gradient of a buffer, filled by the caller before each run: the backward pass starts there."""
        self._inputs.append(self.grad(y))
        return self._inputs[-1]

    def keep(self, buffer):
        """Keeps a buffer's contents until the end of the run, for the caller to read. Returns it."""
        self._kept.append(buffer)
        return buffer

    def fixed(self, array, needs_grad=False, stamped=False):
        """A buffer over an existing array, such as a parameter or an optimizer's state."""
        if not array.flags.c_contiguous:
            raise ValueError(f"an array on a tape must be C-contiguous: received strides {array.strides}")
        key = (array.ctypes.data, array.shape)
        if key not in self._fixed:
            self._fixed[key] = Buffer(array.shape, array.dtype, Storage(array.nbytes, array, stamped), needs_grad)
        return self._fixed[key]

    def grad(self, x):
        """The gradient buffer of a buffer or parameter; None where no gradient is needed, as in a frozen layer."""
        if x is None or not self.differentiable:
            return None
        if isinstance(x, Parameter):
            return self._parameter_grad(x) if self.training and x.trainable else None
        if not x.needs_grad:
            return None
        storage = self._grads.setdefault(x.storage, Storage(x.storage.nbytes))
        return Buffer(x.shape, x.dtype, storage)

    def _parameter_grad(self, parameter):
        if parameter in self._passing:
            return self._passing[parameter]
        grad = self.fixed(parameter.grad)
        if self._kept_grads is not None:
            self._kept_grads.add(grad.storage)
        return grad

    # --- steps

    def forward(self, name, **fields):
        """Records the operation `name`. Its outputs need a gradient if one of its inputs does."""
        step = self._record(self._forward, name, None, fields)
        if any(b.needs_grad for b in step.buffers()):
            for y in step.outputs():
                y.needs_grad = True

    def backward(self, name, **fields):
        """Records an operation of the backward pass, which runs in the reverse order of recording.

        It is dropped where there is no backward pass, and where none of its outputs needs a gradient (is None). The
        first operation that writes a gradient overwrites it, later ones accumulate: the tape sets that field.
        """
        if self.differentiable and any(fields.get(out) is not None for out in op(name).outputs):
            self._record(self._backward, name, None, fields)

    def update(self, name, **fields):
        """Records an operation that runs after the whole backward pass."""
        self._record(self._soon.get(self._updated, self._update), name, None, fields)

    @contextlib.contextmanager
    def update_of(self, parameter):
        """Inside, `update` is about this parameter: if its gradient is not kept, what is recorded runs as soon as the
        backward pass has done with it.
        """
        self._updated = parameter
        yield
        self._updated = None

    def call(self, function, x, y, needs_grad):
        """Records a Python step `function(x, y)`, with arrays, that fills `y` from `x`."""
        self._record(self._forward, None, function, {"x": x, "y": y}, writes=["y"])
        y.needs_grad = x.needs_grad or needs_grad

    def call_backward(self, function, dy, gradients):
        """Records a Python step of the backward pass: `function(again, dy=array, **gradients)`.

        `gradients` maps names to gradient buffers (or None); `again` holds the names of those to add to, not overwrite.
        """
        if self.differentiable:
            self._record(self._backward, None, function, {"dy": dy, **gradients}, writes=list(gradients))

    def buffer(self, value):
        """The buffer of a parameter or an array; anything else as it is."""
        if isinstance(value, Parameter):
            return self.fixed(value.fixed, needs_grad=value.trainable, stamped=True)
        return self.fixed(value) if isinstance(value, np.ndarray) else value

    def _record(self, where, name, function, fields, writes=()):
        fields = {key: self.buffer(value) for key, value in fields.items()}
        operation = op(name) if name else None
        step = Step(operation, function, fields, operation.outputs if operation else writes)
        step.layer = self.layer
        step.part = "forward" if where is self._forward else "backward" if where is self._backward else "update"
        where.append(step)
        return step

    # --- the end of recording

    def plan(self, team):
        """Ends the recording: orders and fuses the steps, finds each buffer's life, shares memory. Returns a `Plan`."""
        steps = [*self._with_early_updates([*self._forward, *reversed(self._backward)]), *self._update]
        fusion = fuse(steps, [*self._inputs, *self._kept], self.differentiable, self._shelf)
        cut = {**parts_of(fusion.steps, team), **(strips_of(fusion.steps) if self._passing else {})}
        steps = [each for step in fusion.steps for each in cut.get(step, (step,))]
        self._set_again(steps, self._kept_grads or ())
        for number, step in enumerate(steps):
            for buffer in step.buffers():
                buffer.storage.use(number)
        for buffer in self._inputs:
            buffer.storage.use(-1)
        for buffer in self._kept:
            buffer.storage.use(len(steps))
        self._share(fusion.storage)
        for source, target in fusion.pairs:
            self._merge(source.storage, target.storage)
        return Plan(steps, [*self._inputs, *self._kept], team, fusion.prepared)

    def _with_early_updates(self, steps):
        """The steps, with what updates parameters whose gradients are not kept after the last that needs those."""
        last = {}
        for number, step in enumerate(steps):
            last.update((buffer.storage, number) for buffer in step.buffers())
        after = [[] for _ in steps]
        for parameter, updates in self._soon.items():
            uses = [last.get(b.storage, -1) for b in (self._passing[parameter], self.buffer(parameter))]
            after[max(uses)].extend(updates)
        return [each for step, updates in zip(steps, after, strict=True) for each in (step, *updates)]

    @staticmethod
    def _set_again(steps, kept):
        written = set(kept)
        for step in steps:
            step.again = frozenset(name for name in step.writes if step.fields[name].storage in written)
            for outputs in step.op.flags.values() if step.op else ():
                if len({name in step.again for name in outputs if name in step.writes}) > 1:
                    raise RuntimeError(f"{step.op} writes some gradients for the first time and adds to others")
            written.update(b.storage for b in step.outputs())

    def _share(self, now):
        """Merges the memory of element-wise pairs where the input's last use is the output's first.

        `now(storage)` is the storage that fusing put in the place of one.
        """
        for x, y in self._likes:
            self._merge(now(x.storage), now(y.storage))
        for x, y in reversed(self._likes):
            dx, dy = self.grad(x), self.grad(y)
            if dx is not None and dy is not None:
                self._merge(now(dy.storage), now(dx.storage))

    @staticmethod
    def _merge(source, target):
        a, b = source.root(), target.root()
        arena = a.array is None and b.array is None
        if arena and a is not b and a.nbytes == b.nbytes and a.last is not None and a.last == b.first:
            b.alias = a
            a.last = b.last


class Plan:
    """Ordered steps with every buffer placed. `arena` is the bytes they need: `activations` plus `scratch`.

    `boundary` lists the buffers that the caller fills before a run or reads after it, `prepared` what must be refreshed
    before.
    """

    def __init__(self, steps, boundary, team, prepared=()):
        self.steps = steps
        self.team = team
        self.prepared = prepared
        self.calls = [step if step.op is None else self._pack(step) for step in steps]
        self.scratch = max((c.scratch(team) for c in self.calls if not isinstance(c, Step)), default=0)
        self.activations = self._place([b for step in steps for b in step.buffers()] + boundary)
        self.scratch_offset = _round_up(self.activations)
        self.arena = self.scratch_offset + self.scratch

    @staticmethod
    def _pack(step):
        fields = dict(step.fields)
        for flag, outputs in step.op.flags.items():
            fields[flag] = int(any(name in step.again for name in outputs))
        return step.op.pack(fields)

    @staticmethod
    def _place(buffers):
        """Gives each storage the lowest offset free during its life, largest first. Returns the arena's size."""
        roots = (buffer.storage.root() for buffer in buffers)
        storages = dict.fromkeys(root for root in roots if root.array is None)
        placed = []  # by offset
        for storage in sorted(storages, key=lambda s: (-s.nbytes, s.first)):
            offset = 0
            for other in placed:
                if other.last < storage.first or storage.last < other.first:
                    continue
                if offset + storage.nbytes <= other.offset:
                    break
                offset = max(offset, _round_up(other.offset + other.nbytes))
            storage.offset = offset
            bisect.insort(placed, storage, key=lambda s: s.offset)
        return max((s.offset + s.nbytes for s in placed), default=0)

    def array(self, buffer, arena):
        """The NumPy view of a buffer in an arena."""
        storage = buffer.storage.root()
        if storage.array is not None:
            memory, first = storage.array.reshape(-1).view(np.uint8), buffer.start
        else:
            memory, first = arena, storage.offset + buffer.start
        return memory[first : first + buffer.nbytes].view(buffer.dtype).reshape(buffer.shape)

    def program(self, arena):
        """The program that replays this plan in `arena`, an aligned uint8 array of at least `self.arena` bytes."""

        def address(buffer):
            return self.array(buffer, arena).ctypes.data

        calls = [self._bound(call, arena) for call in self.calls]
        return _core.Program(calls, address, arena[self.scratch_offset :], self.team)

    def _bound(self, call, arena):
        if not isinstance(call, Step):
            return call
        arrays = {k: None if v is None else self.array(v, arena) for k, v in call.fields.items()}
        if "dy" in arrays:
            arrays["again"] = call.again
        return functools.partial(call.function, **arrays)


class Run:
    """A program with the arrays that its caller fills and reads, by name."""

    def __init__(self, plan, named, memory):
        self.program = plan.program(memory)
        self._prepared, self._stamp = plan.prepared, None
        self.arrays = {name: plan.array(buffer, memory) for name, buffer in named.items()}

    def __getitem__(self, name):
        return self.arrays[name]

    def refresh(self, stamp):
        """Brings what is prepared from parameters up to date, whose `Flat.stamp` is given."""
        for prepared in self._prepared:
            prepared.refresh(stamp)
        self._stamp = stamp

    def fill(self, name, array):
        """Copies an array into one of the program's."""
        _core.fill(self.arrays[name], array)

    def takes(self, x):
        """Whether x, unchecked, is an array just as the program reads, and settings are those it was recorded for."""
        return _core.alike(self.arrays["x"], x) and self.program.current()

    def answer(self, x, stamp):
        """The program's array y for an x and parameters of that stamp, good until another program runs."""
        if stamp != self._stamp:
            self.refresh(stamp)
        _core.fill(self.arrays["x"], x)
        self.program.run()
        return self.arrays["y"]


class Arena:
    """One block of memory shared by all programs of a network, which are recorded on first use and kept by key."""

    LIMIT = 64  # programs kept; more shapes than this are a stream of odd batch sizes

    def __init__(self):
        self.memory = _core.aligned(0)
        self.shelf = {}  # what inference has prepared from parameters
        self._recorded, self._runs = {}, {}
        self.last = None  # the run of the last inference

    def run(self, key, record):
        """The `Run` for `key`. `record(team)` returns (plan, {name: buffer}) and is called once for each key."""
        team = get_num_threads()
        key = (*key, team, _core.isa_level())
        run = self._runs.get(key)
        if run is None:
            run = self._runs[key] = self._bind(key, record, team)
        return run

    def _bind(self, key, record, team):
        if key not in self._recorded:
            if len(self._recorded) >= self.LIMIT:
                self._recorded.clear()
                self._runs.clear()
                self.shelf.clear()
                self.last = None
            self._recorded[key] = record(team)
        plan, named = self._recorded[key]
        if plan.arena > self.memory.size:
            self._runs.clear()
            self.last = None
            self.memory = _core.aligned(plan.arena)
        return Run(plan, named, self.memory)

    def forget(self, owner):
        """Drops the programs whose key starts with `owner`."""
        for kept in (self._recorded, self._runs):
            for key in [key for key in kept if key[0] is owner]:
                del kept[key]
