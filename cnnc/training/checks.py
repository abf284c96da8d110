"""Checks of what users hand to training, before anything is computed."""

from cnnc import geometry
from cnnc import labels as labels_module


def check_count(value, name):
    """A positive int, or ValueError."""
    if not geometry.is_int(value) or value < 1:
        raise ValueError(f"{name} must be a positive int: received {value!r}")
    return int(value)


def check_labels(labels, n, output_shape):
    """Labels of `n` images that fit a network of this output shape; see `cnnc.labels.check_labels`."""
    if len(output_shape) != 1:
        raise ValueError(f"the network must end in one vector of logits an image: received the shape {output_shape}")
    return labels_module.check_labels(labels, n, output_shape[0])
