"""Maximum over blocks of channels, and its gradient."""

from __future__ import annotations

import numpy as np

from cnnc import geometry
from cnnc.reference._arrays import gradient, real

__all__ = ["maxout", "maxout_backward"]


def maxout(x, pieces):
    """The largest of several blocks of channels: `y[..., k] = max over j of x[..., j * K + k]`.

    Goodfellow, Warde-Farley, Mirza, Courville, Bengio: Maxout networks, 2013.

    Args:
        x: (..., pieces * K), real numbers: block j is the channels from j * K on; a NaN makes its output NaN.
        pieces: number of blocks, from 1 to 256.

    Returns:
        (..., K) float64.

    Raises:
        ValueError: when pieces is out of range or does not divide the last axis of x.
        TypeError: when x does not hold real numbers.

    >>> maxout([[1, 5, 3, 4]], 2).tolist()
    [[3.0, 5.0]]
    """
    x = real(x, "x")
    *lead, units = geometry.maxout(x.shape, pieces)
    return x.reshape(*lead, pieces, units).max(axis=-2)


def maxout_backward(dy, x, pieces):
    """Gradient of maxout: each dy goes to the first largest of its blocks, the others get none.

    `dx[..., j * K + k] = dy[..., k]` where j is the first block that has the maximum, else 0; a NaN counts as largest.

    Args:
        dy: gradient of the output, (..., K), real numbers.
        x, pieces: as given to maxout.

    Returns:
        dx, float64, with the shape of x.

    Raises:
        ValueError, TypeError: as maxout, and when dy does not have the output's shape.

    >>> maxout_backward([[1, 2]], [[1, 5, 3, 4]], 2).tolist()
    [[0.0, 2.0, 1.0, 0.0]]
    """
    x = real(x, "x")
    *lead, units = y_shape = geometry.maxout(x.shape, pieces)
    dy = gradient(dy, y_shape)
    blocks = x.reshape(*lead, pieces, units)
    wins = np.arange(pieces)[:, None] == blocks.argmax(axis=-2)[..., None, :]
    return np.where(wins, dy[..., None, :], 0.0).reshape(x.shape)
