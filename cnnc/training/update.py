"""What every optimizer is: settings that are checked, numbers of a step, and the recorded passes over flat buffers."""

import dataclasses

import numpy as np

from cnnc.checks import check_rate
from cnnc.geometry import is_number
from cnnc.settings import settings, shown

__all__ = ["Optimizer"]

NUMBERS = 8  # the most that a row of csrc/optim/optimizers.h may have
SHARES = ("momentum", "beta1", "beta2", "rho")  # settings that lie in [0, 1)


@settings
class Optimizer:
    """Base of all optimizers.

    One of your own names an operation (`op`), the flat arrays that it keeps (`states`, in the order of the operation's
    row; None for one that these settings do without), and computes the numbers that the operation reads in each step.

    Args:
        lr: the learning rate, or a schedule: a callable (step, steps in all) -> learning rate.
        weight_decay: pull of the weights towards zero, 0 or more: an L2 penalty, added to the gradient, unless the
            optimizer says otherwise. It reaches filters and matrices; biases and the scales of normalisations stay.
        decay_vectors: True lets weight decay reach parameters with one axis, too.
        clip_value: the gradient's elements are cut off at +- this before the update.
        clip_norm: the gradient of all parameters together is made no longer than this (Pascanu, Mikolov, Bengio: On
            the difficulty of training recurrent neural networks, 2013).

    Raises:
        ValueError: for a value outside its range.
    """

    lr: float = 0.01
    _: dataclasses.KW_ONLY
    weight_decay: float = 0.0
    decay_vectors: bool = False
    clip_value: float | None = None
    clip_norm: float | None = None

    op = ""
    states = ()
    apart = False  # whether each parameter is updated by itself

    def __post_init__(self):
        for field in dataclasses.fields(self):
            self._check(field.name, field.type, getattr(self, field.name))

    __repr__ = shown

    def _check(self, name, kind, value):
        if name == "lr" and callable(value):
            return
        if kind is bool:
            good, rule = value in (True, False), "be True or False"
        elif name in SHARES:
            good, rule = is_number(value) and 0 <= value < 1, "be in [0, 1)"
        elif name.startswith("clip"):
            good, rule = value is None or (is_number(value) and value > 0), "be above 0, or None"
        else:
            good, rule = is_number(value) and value >= 0, "be 0 or more"
        if not good:
            name, rule = ("the learning rate", f"{rule}, or a schedule") if name == "lr" else (name, rule)
            raise ValueError(f"{name} must {rule}: received {value!r}")

    def lr_at(self, step, steps):
        """The learning rate of a step, of `steps` in all (None if that is not known)."""
        if not callable(self.lr):
            return check_rate(self.lr)
        if steps is None and not getattr(self.lr, "endless", False):
            raise ValueError(f"a schedule needs the number of steps, Trainer(..., steps=): received {self.lr!r}")
        return check_rate(self.lr(step, steps))

    def numbers(self, t, lr, decay):
        """The numbers of step t = 1, 2 ..., in the order of the operation's row, for this rate and weight decay."""
        raise TypeError(f"{type(self).__name__} must implement numbers")

    def record(self, tape, param, grad, numbers, states, decays):
        """Records the update of a run of parameters, which weight decay reaches if `decays`."""
        slots = dict(zip(("s0", "s1", "s2"), states, strict=False))
        tape.update(self.op, param=param, grad=grad, numbers=numbers, **slots)


class Update:
    """What an optimizer does to a network's flat buffers in a step, and what it keeps from one to the next.

    Args:
        optimizer, flat: the optimizer, and the network's parameters.
        passing: parameters whose gradients are not kept: each is updated as soon as its gradient is there.

    Attributes:
        state: name -> flat array, which starts as zeros.
    """

    def __init__(self, optimizer, flat, passing=()):
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"optimizer must be an Optimizer, such as cnnc.SGD(lr=0.05): received {optimizer!r}")
        self.optimizer, self.flat = optimizer, flat
        self.passing = {flat.offsets[path]: p for path, p in flat.named.items() if p in passing}
        self.runs = flat.runs(apart=flat.named.values() if optimizer.apart else passing)
        self.numbers = np.zeros((len(self.runs), NUMBERS))
        self.state = {name: flat.state() for name in optimizer.states if name}

    def _decays(self, matrices):
        return matrices or self.optimizer.decay_vectors

    def prepare(self, step, lr):
        """Computes the numbers of step 0, 1 ..."""
        for row, (_, lr_scale, matrices) in zip(self.numbers, self.runs, strict=True):
            decay = self.optimizer.weight_decay if self._decays(matrices) else 0.0
            values = self.optimizer.numbers(step + 1, lr * lr_scale, decay)
            row[: len(values)] = values

    def record(self, tape):
        """Records clipping and the updates: a pass over each run."""
        optimizer, squares = self.optimizer, None
        if optimizer.clip_norm is not None:
            squares = tape.new((1,), np.float64)
            for part, *_ in self.runs:
                tape.update("sum_squares", x=self._clipped(tape, self.flat.grad[part]), sum=squares)
        for numbers, (run, _, matrices) in zip(self.numbers, self.runs, strict=True):
            parameter, part = self.passing.get(run.start), run
            with tape.update_of(parameter):
                if parameter is not None:
                    part = slice(run.start, run.start + parameter.size)
                    grad = self._clipped(tape, tape.grad(parameter).reshape((parameter.size,)))
                elif squares is not None:
                    grad = self.flat.grad[part]
                    tape.update("clip_norm", x=grad, squares=squares, limit=optimizer.clip_norm)
                else:
                    grad = self._clipped(tape, self.flat.grad[part])
                states = [self.state[name][part] if name else None for name in optimizer.states]
                optimizer.record(tape, self.flat.memory[part], grad, numbers, states, self._decays(matrices))

    def _clipped(self, tape, grad):
        if self.optimizer.clip_value is not None:
            tape.update("clip_value", x=grad, limit=self.optimizer.clip_value)
        return grad
