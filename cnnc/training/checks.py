"""Checks of what users hand to training, before anything is computed."""

from cnnc import geometry


def check_count(value, name):
    """A positive int, or ValueError."""
    if not geometry.is_int(value) or value < 1:
        raise ValueError(f"{name} must be a positive int: received {value!r}")
    return int(value)
