"""Max and average pooling, and their gradients."""

import numpy as np

from cnnc.functional._arrays import gradient, public, ready, real
from cnnc.geometry import pooling
from cnnc.ops import ending, index_field, mean_fields, op, pool_fields

__all__ = ["avg_pool2d", "avg_pool2d_backward", "max_pool2d", "max_pool2d_backward"]


@public
def max_pool2d(x, size, stride=None, padding=0, ceil=False):
    """The largest value of each window, channel by channel.

    `y[n, p, q, c] = max over i, j of x[n, p * stride + i, q * stride + j, c]`; padding never wins, as if it were -inf.

    Args:
        x: images (N, H, W, C), real numbers; one NaN in a window makes its output NaN.
        size: of the window, pixels, int or (rows, columns).
        stride: pixels, int or (rows, columns); None is the size, so that windows tile the image.
        padding: pixels, int, (rows, columns), ((top, bottom), (left, right)), "valid" or "same"; at most half the size.
        ceil: let the last window hang over the end, see output_size.

    Returns:
        (N, OH, OW, C) float32 or float64.

    Raises:
        ValueError: when x is not images, an argument breaks its rule, or the window does not fit.
        TypeError: when x does not hold real numbers.

    >>> max_pool2d(np.arange(16).reshape(1, 4, 4, 1), 2)[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]], dtype=float32)
    """
    x = real(x, "x")
    window, y_shape = pooling(x.shape, size, stride, padding, ceil)
    (x,) = ready(x)
    y = np.empty(y_shape, x.dtype)
    op("max_pool2d")(x=x, y=y, **pool_fields(window))
    return y


@public
def max_pool2d_backward(dy, x, size, stride=None, padding=0, ceil=False):
    """Gradient of max_pool2d: each dy goes to the first largest pixel of its window, rows first, the others get none.

    `dx[pixel] = sum of dy over the windows in which that pixel is the first maximum`; a NaN counts as the largest.

    Args:
        dy: gradient of the output, (N, OH, OW, C), real numbers.
        x, size, stride, padding, ceil: as given to max_pool2d.

    Returns:
        dx, float32 or float64, with the shape of x.

    Raises:
        ValueError, TypeError: as max_pool2d, and when dy does not have the output's shape.

    >>> max_pool2d_backward([[[[1]]]], [[[[3], [7]], [[7], [5]]]], 2)[0, :, :, 0]
    array([[0., 1.],
           [0., 0.]], dtype=float32)
    """
    x = real(x, "x")
    window, y_shape = pooling(x.shape, size, stride, padding, ceil)
    dy, x = ready(gradient(dy, y_shape), x)
    name, dtype = index_field(window)
    fields = {name: np.empty(y_shape, dtype), **pool_fields(window)}
    op("max_pool2d")(x=x, y=np.empty_like(dy), **fields)  # for the index of the winners
    dx = np.empty_like(x)
    op("max_pool2d_dx")(dy=dy, dx=dx, accumulate=0, **fields)
    return dx


@public
def avg_pool2d(x, size, stride=None, padding=0, ceil=False, count_include_pad=True):
    """The mean of each window, channel by channel.

    `y[n, p, q, c] = (sum over i, j of x[n, p * stride + i, q * stride + j, c]) / count[p, q]`. The count is that of the
    window's pixels on the padded image or, without `count_include_pad`, on the image itself; what hangs over in ceil
    mode never counts.

    Args:
        x, size, stride, padding, ceil: as for max_pool2d.
        count_include_pad: whether padding counts as pixels of value zero.

    Returns:
        (N, OH, OW, C) float32 or float64.

    Raises:
        ValueError, TypeError: as max_pool2d.

    >>> avg_pool2d(np.arange(16).reshape(1, 4, 4, 1), 2)[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]], dtype=float32)
    """
    x = real(x, "x")
    window, y_shape = pooling(x.shape, size, stride, padding, ceil)
    (x,) = ready(x)
    y = np.empty(y_shape, x.dtype)
    op("avg_pool2d")(x=x, y=y, **mean_fields(window, count_include_pad))
    return y


@public
def avg_pool2d_backward(dy, x, size, stride=None, padding=0, ceil=False, count_include_pad=True):
    """Gradient of avg_pool2d: every pixel of a window gets an equal share of its dy.

    `dx[pixel] = sum of dy[p, q] / count[p, q] over the windows (p, q) that hold the pixel`.

    Args:
        dy: gradient of the output, (N, OH, OW, C), real numbers.
        x, size, stride, padding, ceil, count_include_pad: as given to avg_pool2d; only the shape and type of x matter.

    Returns:
        dx, float32 or float64, with the shape of x.

    Raises:
        ValueError, TypeError: as avg_pool2d, and when dy does not have the output's shape.

    >>> avg_pool2d_backward([[[[1]]]], [[[[3], [7]], [[7], [5]]]], 2)[0, :, :, 0]
    array([[0.25, 0.25],
           [0.25, 0.25]], dtype=float32)
    """
    x = real(x, "x")
    window, y_shape = pooling(x.shape, size, stride, padding, ceil)
    dy, x = ready(gradient(dy, y_shape), x)
    dx = np.empty_like(x)
    op("avg_pool2d_dx")(dy=dy, dx=dx, accumulate=0, **mean_fields(window, count_include_pad), **ending())
    return dx
