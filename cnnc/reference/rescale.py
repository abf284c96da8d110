"""Rescaling of pixels to the range that a network likes, and its gradient."""

from __future__ import annotations

import numpy as np

from cnnc.geometry import numbers_for
from cnnc.reference._arrays import pair_of_gradients, real

__all__ = ["rescale", "rescale_backward"]


def _factor(x, value, name):
    """A number, or the numbers of x's channels, in a shape that multiplies x."""
    numbers = np.array(numbers_for(x.shape[-1] if x.ndim else 1, value, name))
    return numbers if x.ndim else numbers[0]


def rescale(x, scale=1 / 255, offset=0.0):
    """Scale and shift every value: `y = x * scale + offset`, alike or by channel.

    Args:
        x: any shape, real numbers; typically uint8 images, which the defaults bring to 0 ... 1.
        scale, offset: numbers, or C of them, one for each place of x's last axis.

    Returns:
        float64 of the same shape.

    Raises:
        TypeError: when x does not hold real numbers.
        ValueError: when x is empty, or scale or offset are neither a finite number nor one for each channel.

    >>> rescale(np.array([0, 255], dtype=np.uint8), offset=-0.5).tolist()
    [-0.5, 0.5]
    """
    x = real(x, "x")
    return x * _factor(x, scale, "scale") + _factor(x, offset, "offset")


def rescale_backward(dy, x, scale=1 / 255, offset=0.0):
    """Gradient of rescale: `dx = dy * scale`.

    Args:
        dy: gradient of the output, real numbers.
        x, scale, offset: as given to rescale.

    Returns:
        float64 of the same shape.

    Raises:
        ValueError, TypeError: as rescale, and when dy does not have the shape of x.

    >>> rescale_backward([1, 2], [0, 255], scale=0.5).tolist()
    [0.5, 1.0]
    """
    dy, x = pair_of_gradients(dy, x)
    return dy * _factor(x, scale, "scale")
