"""Maximum over blocks of channels, and its gradient."""

import numpy as np

from cnnc import geometry
from cnnc.functional._arrays import gradient, public, ready, real
from cnnc.ops import op

__all__ = ["maxout", "maxout_backward"]


@public
def maxout(x, pieces):
    """The largest of several blocks of channels: `y[..., k] = max over j of x[..., j * K + k]`.

    Goodfellow, Warde-Farley, Mirza, Courville, Bengio: Maxout networks, 2013.

    Args:
        x: (..., pieces * K), real numbers: block j is the channels from j * K on; a NaN makes its output NaN.
        pieces: number of blocks, from 1 to 256.

    Returns:
        (..., K) float32 or float64.

    Raises:
        ValueError: when pieces is out of range or does not divide the last axis of x.
        TypeError: when x does not hold real numbers.

    >>> maxout([[1, 5, 3, 4]], 2)
    array([[3., 5.]], dtype=float32)
    """
    x = real(x, "x")
    y_shape = geometry.maxout(x.shape, pieces)
    (x,) = ready(x)
    y = np.empty(y_shape, x.dtype)
    op("maxout")(x=x, y=y)
    return y


@public
def maxout_backward(dy, x, pieces):
    """Gradient of maxout: each dy goes to the first largest of its blocks, the others get none.

    `dx[..., j * K + k] = dy[..., k]` where j is the first block that has the maximum, else 0; a NaN counts as largest.

    Args:
        dy: gradient of the output, (..., K), real numbers.
        x, pieces: as given to maxout.

    Returns:
        dx, float32 or float64, with the shape of x.

    Raises:
        ValueError, TypeError: as maxout, and when dy does not have the output's shape.

    >>> maxout_backward([[1, 2]], [[1, 5, 3, 4]], 2)
    array([[0., 2., 1., 0.]], dtype=float32)
    """
    x = real(x, "x")
    y_shape = geometry.maxout(x.shape, pieces)
    dy, x = ready(gradient(dy, y_shape), x)
    dx, index = np.empty_like(x), np.empty(y_shape, np.uint8)
    op("maxout")(x=x, y=np.empty_like(dy), index8=index)  # for the index of the winners
    op("maxout_dx")(dy=dy, index8=index, dx=dx, accumulate=0)
    return dx
