"""Checks of counts, seeds, intervals and rates that users hand in, before anything is computed."""

from cnnc import geometry


def check_count(value, name):
    """A positive int, or ValueError."""
    if not geometry.is_int(value) or value < 1:
        raise ValueError(f"{name} must be a positive int: received {value!r}")
    return int(value)


def check_seed(seed):
    """An int that a counter-based stream can be keyed by, or ValueError."""
    if not geometry.is_int(seed) or not 0 <= seed < 2**64:
        raise ValueError(f"seed must be an int from 0 to 2**64 - 1: received {seed!r}")
    return int(seed)


def check_interval(values, name, low, high):
    """(a, b) as floats with low < a <= b <= high, or ValueError."""
    if not isinstance(values, (tuple, list)) or len(values) != 2 or not all(map(geometry.is_number, values)):
        raise ValueError(f"{name} must be two numbers: received {values!r}")
    if not low < values[0] <= values[1] <= high:
        raise ValueError(f"{name} must rise, above {low:g} and up to {high:g}: received {values!r}")
    return tuple(map(float, values))


def check_rate(lr):
    """The learning rate of a step as a float, or ValueError."""
    if not geometry.is_number(lr) or lr < 0:
        raise ValueError(f"the learning rate of a step must be a number, 0 or more: received {lr!r}")
    return float(lr)
