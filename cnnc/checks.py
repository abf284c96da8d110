"""Checks of counts, seeds and rates that users hand in, before anything is computed."""

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


def check_rate(lr):
    """The learning rate of a step as a float, or ValueError."""
    if not geometry.is_number(lr) or lr < 0:
        raise ValueError(f"the learning rate of a step must be a number, 0 or more: received {lr!r}")
    return float(lr)
