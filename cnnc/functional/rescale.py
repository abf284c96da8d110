"""Rescaling of pixels to the range that a network likes, and its gradient."""

import numpy as np

from cnnc.functional._arrays import gradient_like, public, ready, real
from cnnc.ops import op, rescale_fields

__all__ = ["rescale", "rescale_backward"]


@public
def rescale(x, scale=1 / 255, offset=0.0):
    """Scale and shift every value: `y = x * scale + offset`, alike or by channel.

    Args:
        x: any shape, real numbers; typically uint8 images, which the defaults bring to 0 ... 1.
        scale, offset: numbers, or C of them, one for each channel: each place of x's last axis.

    Returns:
        The same shape, float32 or float64.

    Raises:
        TypeError: when x does not hold real numbers.
        ValueError: when x is empty, or scale or offset are neither a finite number nor one for each channel.

    >>> rescale(np.array([0, 255], dtype=np.uint8))
    array([0., 1.], dtype=float32)
    >>> rescale(np.array([[0, 4], [2, 8]]), scale=(1, 0.5), offset=(-1, 0))
    array([[-1.,  2.],
           [ 1.,  4.]], dtype=float32)
    """
    x = real(x, "x")
    fields = rescale_fields(x.shape, scale, offset)
    name, x = ("rescale_u8", np.require(x, None, ["C", "A"])) if x.dtype == np.uint8 else ("rescale", *ready(x))
    y = np.empty(x.shape, np.float64 if x.dtype == np.float64 else np.float32)
    op(name)(x=x, y=y, **fields)
    return y


@public
def rescale_backward(dy, x, scale=1 / 255, offset=0.0):
    """Gradient of rescale: `dx = dy * scale`.

    Args:
        dy: gradient of the output, real numbers.
        x, scale, offset: as given to rescale; only the shape and type of x matter.

    Returns:
        dx, the same shape, float32 or float64.

    Raises:
        ValueError, TypeError: as rescale, and when dy does not have the shape of x.

    >>> rescale_backward([1, 2], [0, 255], scale=0.5)
    array([0.5, 1. ], dtype=float32)
    """
    dy, _ = gradient_like(dy, x)
    dx = np.empty_like(dy)
    op("rescale_dx")(dy=dy, dx=dx, scale=rescale_fields(dy.shape, scale, offset)["scale"], accumulate=0)
    return dx
