"""Products of arrays, and of images with one factor for each channel, and their gradients."""

from __future__ import annotations

from cnnc.reference._arrays import gradient, real

__all__ = ["multiply", "multiply_backward", "multiply_channels", "multiply_channels_backward"]


def multiply(a, b):
    """The product of every element of a with its own in b: `y = a * b`.

    Args:
        a, b: of one shape, real numbers.

    Returns:
        The same shape, float64.

    Raises:
        ValueError: when the shapes differ or are empty.
        TypeError: when an array does not hold real numbers.

    >>> multiply([1, 2], [3, 4]).tolist()
    [3.0, 8.0]
    """
    a, b = _equals(a, b)
    return a * b


def multiply_backward(dy, a, b):
    """Gradients of multiply: `da = dy * b`, `db = dy * a`.

    Args:
        dy: gradient of the output, real numbers.
        a, b: as given to multiply.

    Returns:
        (da, db), float64.

    Raises:
        ValueError, TypeError: as multiply, and when dy has another shape.

    >>> da, db = multiply_backward([1, 10], [1, 2], [3, 4])
    >>> da.tolist(), db.tolist()
    ([3.0, 40.0], [1.0, 20.0])
    """
    a, b = _equals(a, b)
    dy = gradient(dy, a.shape)
    return dy * b, dy * a


def multiply_channels(x, g):
    """Weigh every channel of every image: `y[n, ..., c] = x[n, ..., c] * g[n, c]`.

    Hu, Shen, Sun: Squeeze-and-excitation networks, CVPR 2018.

    Args:
        x: images (N, H, W, C), or any (N, ..., C), real numbers.
        g: factors (N, C), real numbers.

    Returns:
        The shape of x, float64.

    Raises:
        ValueError: when the shapes do not belong together.
        TypeError: when an array does not hold real numbers.

    >>> multiply_channels([[[1, 2], [3, 4]]], [[10, 1]]).tolist()
    [[[10.0, 2.0], [30.0, 4.0]]]
    """
    x, g = _channels(x, g)
    return x * _over_pixels(g, x)


def multiply_channels_backward(dy, x, g):
    """Gradients of multiply_channels: `dx = dy * g`, `dg[n, c] = sum over pixels of dy * x`.

    Args:
        dy: gradient of the output, real numbers.
        x, g: as given to multiply_channels.

    Returns:
        (dx, dg), float64 with the shapes of x and g.

    Raises:
        ValueError, TypeError: as multiply_channels, and when dy does not have the shape of x.

    >>> dx, dg = multiply_channels_backward([[[1, 1], [1, 1]]], [[[1, 2], [3, 4]]], [[10, 1]])
    >>> dx.tolist(), dg.tolist()
    ([[[10.0, 1.0], [10.0, 1.0]]], [[4.0, 6.0]])
    """
    x, g = _channels(x, g)
    dy = gradient(dy, x.shape)
    return dy * _over_pixels(g, x), (dy * x).sum(axis=tuple(range(1, x.ndim - 1)))


def _equals(a, b):
    a, b = real(a, "a"), real(b, "b")
    if a.shape != b.shape:
        raise ValueError(f"a and b must have one shape, received {a.shape} and {b.shape}")
    return a, b


def _channels(x, g):
    x, g = real(x, "x"), real(g, "g", ndim=2)
    if x.ndim < 2 or g.shape != (x.shape[0], x.shape[-1]):
        raise ValueError(f"g must have a factor (N, C) for each channel of x, {x.shape}, received {g.shape}")
    return x, g


def _over_pixels(g, x):
    return g.reshape(g.shape[0], *(1,) * (x.ndim - 2), g.shape[1])
