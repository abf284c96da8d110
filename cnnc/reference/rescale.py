"""Rescaling of pixels to the range that a network likes, and its gradient."""

from __future__ import annotations

from cnnc.geometry import number
from cnnc.reference._arrays import pair_of_gradients, real

__all__ = ["rescale", "rescale_backward"]


def rescale(x, scale=1 / 255, offset=0.0):
    """Scale and shift every value: `y = x * scale + offset`.

    Args:
        x: any shape, real numbers; typically uint8 images, which the defaults bring to 0 ... 1.
        scale, offset: numbers.

    Returns:
        float64 of the same shape.

    Raises:
        TypeError: when x does not hold real numbers.
        ValueError: when x is empty, or scale or offset are not finite numbers.

    >>> import numpy as np
    >>> rescale(np.array([0, 255], dtype=np.uint8), offset=-0.5).tolist()
    [-0.5, 0.5]
    """
    return real(x, "x") * number(scale, "scale") + number(offset, "offset")


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
    dy, _ = pair_of_gradients(dy, x)
    return dy * number(scale, "scale")
