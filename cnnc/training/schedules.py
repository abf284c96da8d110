"""Learning-rate schedules: objects called with (step, steps in all) that return the step's learning rate."""

import math


class Cosine:
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
        if not (start > 0 and 0 <= end <= start):
            raise ValueError(f"learning rates must satisfy start > 0 and 0 <= end <= start: received {start}, {end}")
        if not 0 <= warmup < 1:
            raise ValueError(f"warmup must be in [0, 1): received {warmup}")
        self.start, self.end, self.warmup = float(start), float(end), float(warmup)

    def __call__(self, step, steps):
        rising = self.warmup * steps
        if step < rising:
            return self.start * (step + 1) / (rising + 1)
        t = (step - rising) / max(1.0, steps - rising)
        return self.end + (self.start - self.end) * (1 + math.cos(math.pi * min(1.0, t))) / 2
