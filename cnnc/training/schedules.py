"""Learning-rate schedules: objects called with (step, steps in all) that return the step's learning rate.

Steps count from 0. Where PyTorch has a schedule of that kind, `schedule(t, steps)` is its rate after t calls of step().
"""

import math

from cnnc.geometry import is_int, is_number

__all__ = [
    "Constant", "Cosine", "Exponential", "OneCycle", "Polynomial", "ReduceOnPlateau", "Schedule", "Step", "Warmup",
]  # fmt: skip


def _check(good, rule, received):
    if not good:
        raise ValueError(f"{rule}: received {received}")


def _rate(lr):
    _check(is_number(lr) and lr > 0, "the learning rate of a schedule must be above 0", repr(lr))
    return float(lr)


class Schedule:
    """Base of all schedules: implement `__call__(step, steps)`. Any callable of that kind is a schedule, too."""

    endless = False  # whether a schedule does not need to know the number of steps

    def __call__(self, step, steps):
        raise TypeError(f"{type(self).__name__} must implement __call__(step, steps)")

    def check(self, measures):
        """Told before training the names of what `fit` will measure; raises ValueError if one is missing."""

    def note(self, logs):
        """Told what `fit` measured, after each epoch."""

    def state(self):
        """What changes from epoch to epoch, as numbers by name."""
        return {}

    def restore(self, state):
        """Puts back what `state` returned."""

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"


class Constant(Schedule):
    """The same rate at all steps, for `Warmup` to rise to.

    Args:
        lr: the learning rate.

    Example:
        >>> import cnnc
        >>> cnnc.Constant(0.1)(7, 10)
        0.1
    """

    endless = True

    def __init__(self, lr):
        self.lr = _rate(lr)

    def __call__(self, step, steps):
        return self.lr


class Step(Schedule):
    """lr(t) = lr * factor^(milestones that t has reached).

    Args:
        lr: the first learning rate.
        milestones: numbers of steps (int), or shares of all steps (float in (0, 1)).
        factor: by what each multiplies the rate.

    Example:
        >>> import cnnc
        >>> schedule = cnnc.Step(1.0, [0.5, 75])
        >>> [schedule(step, 100) for step in (49, 50, 75)] == [1.0, 0.1, 0.1**2]
        True
    """

    def __init__(self, lr, milestones, factor=0.1):
        self.lr, self.milestones, self.factor = _rate(lr), tuple(milestones), float(factor)
        for m in self.milestones:
            good = (is_int(m) and m > 0) or (isinstance(m, float) and 0 < m < 1)
            _check(good, "milestones must be positive ints, or shares of all steps in (0, 1)", repr(m))
        _check(self.factor > 0, "factor must be above 0", factor)
        self.endless = all(is_int(m) for m in self.milestones)

    def __call__(self, step, steps):
        reached = sum(step >= (m if is_int(m) else m * steps) for m in self.milestones)
        return self.lr * self.factor**reached


class Exponential(Schedule):
    """lr(t) = lr * factor^t.

    Args:
        lr: the first learning rate.
        factor: from one step to the next, in (0, 1].

    Example:
        >>> import cnnc
        >>> cnnc.Exponential(1.0, 0.5)(3, 10)
        0.125
    """

    endless = True

    def __init__(self, lr, factor):
        self.lr, self.factor = _rate(lr), float(factor)
        _check(0 < self.factor <= 1, "factor must be in (0, 1]", factor)

    def __call__(self, step, steps):
        return self.lr * self.factor**step


class Polynomial(Schedule):
    """lr(t) = end + (lr - end) * (1 - t / steps)^power.

    Args:
        lr: the first learning rate.
        power: 1 for a straight line, above 0.
        end: the last learning rate.

    Example:
        >>> import cnnc
        >>> cnnc.Polynomial(0.5, power=2)(5, 10)
        0.125
    """

    def __init__(self, lr, power=1.0, end=0.0):
        self.lr, self.power, self.end = _rate(lr), float(power), float(end)
        _check(self.power > 0, "power must be above 0", power)
        _check(0 <= self.end <= self.lr, "end must be from 0 to lr", end)

    def __call__(self, step, steps):
        return self.end + (self.lr - self.end) * (1 - min(1.0, step / steps)) ** self.power


class Cosine(Schedule):
    """Half a cosine from `start` to `end`, after a linear warm-up.

    lr(t) = end + (start - end) * (1 + cos(pi * t)) / 2 with t from 0 to 1 after the warm-up.
    (Loshchilov, Hutter: SGDR, 2017.)

    Args:
        start: the largest learning rate.
        end: the last learning rate.
        warmup: the share of all steps in which the rate rises linearly to `start`, in [0, 1).

    Example:
        >>> import cnnc
        >>> schedule = cnnc.Cosine(0.1)
        >>> schedule(0, 100), round(schedule(50, 100), 4)
        (0.1, 0.05)
    """

    def __init__(self, start, end=0.0, warmup=0.0):
        good = is_number(start) and is_number(end) and start > 0 and 0 <= end <= start
        _check(good, "learning rates must satisfy start > 0 and 0 <= end <= start", f"{start}, {end}")
        _check(is_number(warmup) and 0 <= warmup < 1, "warmup must be in [0, 1)", repr(warmup))
        self.start, self.end, self.warmup = float(start), float(end), float(warmup)

    def __call__(self, step, steps):
        rising = self.warmup * steps
        if step < rising:
            return self.start * (step + 1) / (rising + 1)
        t = (step - rising) / max(1.0, steps - rising)
        return self.end + (self.start - self.end) * (1 + math.cos(math.pi * min(1.0, t))) / 2


class Warmup(Schedule):
    """A straight rise over the first steps, then another schedule on the steps that are left.

    lr(t) = schedule(0) * (first + (1 - first) * t / warmup) for t < warmup, then schedule(t - warmup) of
    steps - warmup. (Goyal et al.: Accurate, large minibatch SGD, 2017.)

    Args:
        schedule: what follows; a number stays as it is.
        steps: how many steps the rise takes (int), or the share of all steps (float in (0, 1)).
        first: the share of the rate at step 0, in [0, 1].

    Example:
        >>> import cnnc
        >>> schedule = cnnc.Warmup(cnnc.Cosine(1.0), 10)
        >>> schedule(0, 110), schedule(5, 110), schedule(10, 110), round(schedule(60, 110), 4)
        (0.0, 0.5, 1.0, 0.5)
    """

    def __init__(self, schedule, steps, first=0.0):
        self.schedule = schedule if callable(schedule) else Constant(schedule)
        good = (is_int(steps) and steps > 0) or (isinstance(steps, float) and 0 < steps < 1)
        _check(good, "the steps of a warm-up must be a positive int, or a share of all steps in (0, 1)", repr(steps))
        _check(is_number(first) and 0 <= first <= 1, "first must be in [0, 1]", repr(first))
        self.steps, self.first = steps, float(first)
        self.endless = is_int(steps) and getattr(self.schedule, "endless", False)

    def __call__(self, step, steps):
        rising = self.steps if is_int(self.steps) else math.ceil(self.steps * steps)
        left = None if steps is None else max(1, steps - rising)
        if step >= rising:
            return self.schedule(step - rising, left)
        return self.schedule(0, left) * (self.first + (1 - self.first) * step / rising)

    def check(self, measures):
        if isinstance(self.schedule, Schedule):
            self.schedule.check(measures)

    def note(self, logs):
        if isinstance(self.schedule, Schedule):
            self.schedule.note(logs)

    def state(self):
        return self.schedule.state() if isinstance(self.schedule, Schedule) else {}

    def restore(self, state):
        self.schedule.restore(state)


class OneCycle(Schedule):
    """Half a cosine up from `lr / divide` to `lr`, then half a cosine down to `lr / divide / end_divide`.

    (Smith, Topin: Super-convergence, 2019.) The rates are those of PyTorch's OneCycleLR.

    Args:
        lr: the largest learning rate.
        rise: the share of all steps in which the rate rises, in (0, 1).
        divide: the largest over the first rate, at least 1.
        end_divide: the first over the last rate, at least 1.

    Example:
        >>> import cnnc
        >>> schedule = cnnc.OneCycle(0.5)
        >>> round(schedule(0, 100), 6), schedule(28, 100) < schedule(29, 100) == 0.5 > schedule(30, 100)
        (0.02, True)
    """

    def __init__(self, lr, rise=0.3, divide=25.0, end_divide=1e4):
        self.lr, self.rise = _rate(lr), float(rise)
        self.divide, self.end_divide = float(divide), float(end_divide)
        _check(0 < self.rise < 1, "rise must be in (0, 1)", rise)
        _check(self.divide >= 1 and self.end_divide >= 1, "divisors must be at least 1", (divide, end_divide))

    def __call__(self, step, steps):
        first, top = self.lr / self.divide, self.rise * steps - 1
        last = first / self.end_divide
        if step <= top:
            return _half_cosine(first, self.lr, step / top if top else 1.0)
        return _half_cosine(self.lr, last, min(1.0, (step - top) / max(1.0, steps - 1 - top)))


def _half_cosine(start, end, t):
    return end + (start - end) / 2 * (1 + math.cos(math.pi * t))


class ReduceOnPlateau(Schedule):
    """A rate that falls when a measure has not become better for some epochs.

    `fit` tells it after each epoch what it measured; elsewhere call `note(logs)`.

    Args:
        lr: the first learning rate.
        factor: by what the rate is multiplied, in (0, 1).
        patience: how many epochs without progress are borne; the one after lowers the rate.
        monitor: the name of the measure in the history.
        better: "less" or "more", for what is progress.
        threshold: the share of the best value by which progress must exceed it.
        cooldown: epochs after a fall in which nothing is counted.
        end: the rate does not fall below this.

    Example:
        >>> import cnnc
        >>> schedule = cnnc.ReduceOnPlateau(1.0, factor=0.5, patience=1, monitor="loss")
        >>> for loss in (3.0, 2.0, 2.0, 2.0):
        ...     schedule.note({"loss": loss})
        >>> schedule(0, None)
        0.5
    """

    endless = True

    def __init__(self, lr, factor=0.1, patience=10, monitor="val_loss", better="less", threshold=1e-4, cooldown=0,
                 end=0.0):  # fmt: skip
        self.rate = self.lr = _rate(lr)
        _check(is_number(factor) and 0 < factor < 1, "factor must be in (0, 1)", repr(factor))
        for name, value in (("patience", patience), ("cooldown", cooldown)):
            _check(is_int(value) and value >= 0, f"{name} must be an int of 0 or more", repr(value))
        _check(better in ("less", "more"), 'better must be "less" or "more"', repr(better))
        _check(is_number(threshold) and threshold >= 0, "threshold must be 0 or more", repr(threshold))
        _check(is_number(end) and 0 <= end <= lr, "end must be from 0 to lr", repr(end))
        self.factor, self.patience, self.monitor, self.better = float(factor), patience, monitor, better
        self.threshold, self.cooldown, self.end = float(threshold), cooldown, float(end)
        self.best = math.inf if better == "less" else -math.inf
        self.waited = self.resting = 0

    def __call__(self, step, steps):
        return self.rate

    def check(self, measures):
        _check(self.monitor in measures, f"monitor must be one of {', '.join(measures)}", repr(self.monitor))

    def note(self, logs):
        self.check(logs)
        value = logs[self.monitor]
        progress = (value < self.best * (1 - self.threshold) if self.better == "less"
                    else value > self.best * (1 + self.threshold))  # fmt: skip
        self.best, self.waited = (value, 0) if progress else (self.best, self.waited + 1)
        if self.resting:
            self.resting, self.waited = self.resting - 1, 0
        if self.waited > self.patience:
            self.rate = max(self.rate * self.factor, self.end)
            self.resting, self.waited = self.cooldown, 0

    def state(self):
        return {"rate": self.rate, "best": self.best, "waited": self.waited, "resting": self.resting}

    def restore(self, state):
        self.rate, self.best = float(state["rate"]), float(state["best"])
        self.waited, self.resting = int(state["waited"]), int(state["resting"])
