"""Products of arrays, and of images with one factor for each channel, and their gradients."""

import numpy as np

from cnnc.functional._arrays import gradient, public, ready, real
from cnnc.ops import op

__all__ = ["multiply", "multiply_backward", "multiply_channels", "multiply_channels_backward"]


def _equals(a, b):
    a, b = real(a, "a"), real(b, "b")
    if a.shape != b.shape:
        raise ValueError(f"a and b must have one shape, received {a.shape} and {b.shape}")
    return a, b


@public
def multiply(a, b):
    """The product of every element of a with its own in b: `y = a * b`.

    Args:
        a, b: of one shape, real numbers.

    Returns:
        The same shape, float32 or float64.

    Raises:
        ValueError: when the shapes differ or are empty.
        TypeError: when an array does not hold real numbers.

    >>> multiply([1, 2], [3, 4])
    array([3., 8.], dtype=float32)
    """
    a, b = ready(*_equals(a, b))
    y = np.empty_like(a)
    op("multiply")(a=a, b=b, y=y, accumulate=0)
    return y


@public
def multiply_backward(dy, a, b):
    """Gradients of multiply: `da = dy * b`, `db = dy * a`.

    Args:
        dy: gradient of the output, real numbers.
        a, b: as given to multiply.

    Returns:
        (da, db), float32 or float64.

    Raises:
        ValueError, TypeError: as multiply, and when dy has another shape.

    >>> da, db = multiply_backward([1, 10], [1, 2], [3, 4])
    >>> da.tolist(), db.tolist()
    ([3.0, 40.0], [1.0, 20.0])
    """
    a, b = _equals(a, b)
    dy, a, b = ready(gradient(dy, a.shape), a, b)
    return multiply(dy, b), multiply(dy, a)


def _channels(x, g):
    x, g = real(x, "x"), real(g, "g", ndim=2)
    if x.ndim < 2 or g.shape != (x.shape[0], x.shape[-1]):
        raise ValueError(f"g must have a factor (N, C) for each channel of x, {x.shape}, received {g.shape}")
    return x, g


@public
def multiply_channels(x, g):
    """Weigh every channel of every image: `y[n, ..., c] = x[n, ..., c] * g[n, c]`.

    Hu, Shen, Sun: Squeeze-and-excitation networks, CVPR 2018.

    Args:
        x: images (N, H, W, C), or any (N, ..., C), real numbers.
        g: factors (N, C), real numbers.

    Returns:
        The shape of x, float32 or float64.

    Raises:
        ValueError: when the shapes do not belong together.
        TypeError: when an array does not hold real numbers.

    >>> multiply_channels([[[1, 2], [3, 4]]], [[10, 1]])
    array([[[10.,  2.],
            [30.,  4.]]], dtype=float32)
    """
    x, g = ready(*_channels(x, g))
    y = np.empty_like(x)
    op("multiply_channels")(x=x, g=g, y=y, accumulate=0)
    return y


@public
def multiply_channels_backward(dy, x, g):
    """Gradients of multiply_channels: `dx = dy * g`, `dg[n, c] = sum over pixels of dy * x`.

    Args:
        dy: gradient of the output, real numbers.
        x, g: as given to multiply_channels.

    Returns:
        (dx, dg), float32 or float64, with the shapes of x and g.

    Raises:
        ValueError, TypeError: as multiply_channels, and when dy does not have the shape of x.

    >>> dx, dg = multiply_channels_backward([[[1, 1], [1, 1]]], [[[1, 2], [3, 4]]], [[10, 1]])
    >>> dx.tolist(), dg.tolist()
    ([[[10.0, 1.0], [10.0, 1.0]]], [[4.0, 6.0]])
    """
    x, g = _channels(x, g)
    dy, x, g = ready(gradient(dy, x.shape), x, g)
    dg = np.empty_like(g)
    op("multiply_channels_dg")(dy=dy, x=x, dg=dg, accumulate=0)
    return multiply_channels(dy, g), dg
