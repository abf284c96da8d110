"""Convolution and pooling of signals (N, L, C) and of volumes (N, D, H, W, C): those of images, on other axes."""

import numpy as np

from cnnc.functional._arrays import gradient, public, ready, real
from cnnc.functional.conv import check_convolution
from cnnc.geometry import pooling
from cnnc.ops import (
    conv_ending,
    conv_fields,
    ending,
    filter_fields,
    filter_shapes,
    frame_fields,
    index_field,
    mean_fields,
    op,
    pool_fields,
    pool_stages,
)  # fmt: skip

__all__ = [
    "avg_pool1d", "avg_pool1d_backward", "avg_pool3d", "avg_pool3d_backward", "correlate1d", "correlate1d_backward",
    "correlate3d", "correlate3d_backward", "max_pool1d", "max_pool1d_backward", "max_pool3d", "max_pool3d_backward",
]  # fmt: skip


# --- convolution -----------------------------------------------------------------------------------------


def _as_images(x, w, window, groups):
    """Images and filters whose correlation with the window on images, returned third, is that of x with w."""
    if x.ndim == 3:
        return x[:, None], w[None], window.part(None, 0)
    n, (frames, *_), (taps, _, joined) = x.shape[0], window.output(*x.shape[1:4]), filter_shapes(w.shape)
    stacks = np.empty((n, frames, *x.shape[2:4], w.shape[0] * x.shape[4]), x.dtype)
    op("stack_frames")(x=x, y=stacks, **frame_fields(window, groups))
    filters = np.empty(joined, w.dtype)
    op("stack_frames")(x=w.reshape(taps), y=_stacked(filters, w.shape), **filter_fields(w.shape))
    return stacks.reshape(n * frames, *stacks.shape[2:]), filters, window.part(1, 2)


def _stacked(filters, w_shape):
    """Filters of stacked frames as stack_frames makes them."""
    return filters.reshape(filter_shapes(w_shape)[1])


def _correlate(x, w, b, settings, rank):
    x, w, b = real(x, "x"), real(w, "w"), None if b is None else real(b, "b")
    window, y_shape = check_convolution(x, w, b, *settings, rank=rank)
    x, w, b = ready(x, w, b)
    images, filters, part = _as_images(x, w, window, settings[3])
    y = np.empty((len(images), *part.output(*images.shape[1:3]), y_shape[-1]), x.dtype)
    op("correlate2d")(x=images, w=filters, b=b, y=y, **conv_fields(part, algorithm=settings[4]), **conv_ending())
    return y.reshape(y_shape)


def _correlate_backward(dy, x, w, settings, rank):
    x, w = real(x, "x"), real(w, "w")
    window, y_shape = check_convolution(x, w, None, *settings, rank=rank)
    dy, x, w = ready(gradient(dy, y_shape), x, w)
    images, filters, part = _as_images(x, w, window, settings[3])
    dimages, dfilters, db = np.empty_like(images), np.empty_like(filters), np.empty(w.shape[-1:], w.dtype)
    dy = dy.reshape(len(images), *part.output(*images.shape[1:3]), y_shape[-1])
    fields = conv_fields(part, algorithm=settings[4])
    op("correlate2d_dx")(dy=dy, w=filters, dx=dimages, accumulate=0, **fields)
    op("correlate2d_dw")(dy=dy, x=images, dw=dfilters, db=db, accumulate=0, **fields)
    if rank == 1:
        return dimages.reshape(x.shape), dfilters.reshape(w.shape), db
    dx, dw = np.empty_like(x), np.empty_like(w)
    stacks = dimages.reshape(y_shape[:2] + dimages.shape[1:])
    op("stack_frames_dx")(dy=stacks, dx=dx, accumulate=0, **frame_fields(window, settings[3]))
    taps, *_ = filter_shapes(w.shape)
    op("stack_frames_dx")(dy=_stacked(dfilters, w.shape), dx=dw.reshape(taps), accumulate=0, **filter_fields(w.shape))
    return dx, dw, db


# --- pooling ---------------------------------------------------------------------------------------------


def _run(kind, x, window, count_include_pad):
    """The output of a pooling's stages, and for each what its gradient needs: (input shape, fields)."""
    left = []
    for part, x_shape, y_shape in pool_stages(window, x.shape):
        y = np.empty(y_shape, x.dtype)
        if kind == "max":
            name, dtype = index_field(part)
            fields = {name: np.empty(y_shape, dtype), **pool_fields(part)}
        else:
            fields = mean_fields(part, count_include_pad)
        op(f"{kind}_pool2d")(x=x.reshape(x_shape), y=y, **fields)
        left.append((x_shape, y_shape, fields))
        x = y
    return x, left


def _pool(kind, x, settings, rank, count_include_pad=True):
    x = real(x, "x")
    window, y_shape = pooling(x.shape, *settings, rank=rank)
    (x,) = ready(x)
    return _run(kind, x, window, count_include_pad)[0].reshape(y_shape)


def _pool_backward(kind, dy, x, settings, rank, count_include_pad=True):
    x = real(x, "x")
    window, y_shape = pooling(x.shape, *settings, rank=rank)
    d, x = ready(gradient(dy, y_shape), x)
    _, left = _run(kind, x, window, count_include_pad)
    end = ending() if kind == "avg" else {}
    for x_shape, y_shape, fields in reversed(left):
        dx = np.empty(x_shape, x.dtype)
        op(f"{kind}_pool2d_dx")(dy=d.reshape(y_shape), dx=dx, accumulate=0, **fields, **end)
        d = dx
    return d.reshape(x.shape)


@public
def correlate1d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1, algorithm="auto"):
    """Slide filters over signals and sum the products.

    `y[n, p, k] = b[k] + sum over i, c of x[n, p * s + i * d, c] * w[i, c, k]` for stride s and dilation d, with x
    padded by zeros. It is correlate2d on images of one row.

    Args:
        x: signals (N, L, C), real numbers.
        w: filters (KL, C / groups, K), real numbers.
        b: bias (K,), real numbers, or None.
        stride, dilation: pixels, int.
        padding: pixels, int, (before, after), "valid" or "same".
        groups: int that divides C and K.
        algorithm: as for correlate2d.

    Returns:
        (N, OL, K) float32 or float64; see output_size.

    Raises:
        ValueError: when the shapes do not belong together, the kernel does not fit, or a setting breaks its rule.
        TypeError: when an array does not hold real numbers.

    >>> correlate1d([[[1], [2], [4]]], [[[-1]], [[1]]]).ravel()
    array([1., 2.], dtype=float32)
    """
    return _correlate(x, w, b, (stride, padding, dilation, groups, algorithm), 1)


@public
def correlate1d_backward(dy, x, w, stride=1, padding=0, dilation=1, groups=1, algorithm="auto"):
    """Gradients of correlate1d: every product x * w of the forward sum gives `dy * w` to its x and `dy * x` to its w.

    Args:
        dy: gradient of the output, (N, OL, K), real numbers.
        x, w, stride, padding, dilation, groups, algorithm: as given to correlate1d.

    Returns:
        (dx, dw, db), float32 or float64, with the shapes of x, w and (K,).

    Raises:
        ValueError, TypeError: as correlate1d, and when dy does not have the output's shape.

    >>> dx, dw, db = correlate1d_backward([[[2]]], [[[3]]], [[[5]]])
    >>> dx.item(), dw.item(), db.item()
    (10.0, 6.0, 2.0)
    """
    return _correlate_backward(dy, x, w, (stride, padding, dilation, groups, algorithm), 1)


@public
def correlate3d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1, algorithm="auto"):
    """Slide filters over volumes and sum the products.

    `y[n, o, p, q, k] = b[k] + sum over h, i, j, c of x[n, o * s + h * d, p * s + i * d, q * s + j * d, c] * w[h, i, j,
    c, k]` for stride s and dilation d, with x padded by zeros. It is correlate2d on every output frame, whose channels
    are those of the KD frames that it sees.

    Args:
        x: volumes (N, D, H, W, C), real numbers.
        w: filters (KD, KH, KW, C / groups, K), real numbers.
        b: bias (K,), real numbers, or None.
        stride, dilation: pixels, int or (frames, rows, columns).
        padding: pixels, int, an int or (before, after) for each axis, "valid" or "same".
        groups: int that divides C and K.
        algorithm: as for correlate2d.

    Returns:
        (N, OD, OH, OW, K) float32 or float64; see output_size.

    Raises:
        ValueError: when the shapes do not belong together, the kernel does not fit, or a setting breaks its rule.
        TypeError: when an array does not hold real numbers.

    >>> correlate3d([[[[[1]]], [[[2]]], [[[4]]]]], [[[[[-1]]]], [[[[1]]]]]).ravel()
    array([1., 2.], dtype=float32)
    """
    return _correlate(x, w, b, (stride, padding, dilation, groups, algorithm), 3)


@public
def correlate3d_backward(dy, x, w, stride=1, padding=0, dilation=1, groups=1, algorithm="auto"):
    """Gradients of correlate3d: every product x * w of the forward sum gives `dy * w` to its x and `dy * x` to its w.

    Args:
        dy: gradient of the output, (N, OD, OH, OW, K), real numbers.
        x, w, stride, padding, dilation, groups, algorithm: as given to correlate3d.

    Returns:
        (dx, dw, db), float32 or float64, with the shapes of x, w and (K,).

    Raises:
        ValueError, TypeError: as correlate3d, and when dy does not have the output's shape.

    >>> dx, dw, db = correlate3d_backward([[[[[2]]]]], [[[[[3]]]]], [[[[[5]]]]])
    >>> dx.item(), dw.item(), db.item()
    (10.0, 6.0, 2.0)
    """
    return _correlate_backward(dy, x, w, (stride, padding, dilation, groups, algorithm), 3)


@public
def max_pool1d(x, size, stride=None, padding=0, ceil=False):
    """The largest value of each window of signals, channel by channel: max_pool2d along one axis.

    Args:
        x: signals (N, L, C), real numbers.
        size: of the window, pixels, int.
        stride: pixels, int; None is the size.
        padding: pixels, int, (before, after), "valid" or "same"; at most half the size.
        ceil: let the last window hang over the end, see output_size.

    Returns:
        (N, OL, C) float32 or float64.

    Raises:
        ValueError: when x is not signals, an argument breaks its rule, or the window does not fit.
        TypeError: when x does not hold real numbers.

    >>> max_pool1d([[[1], [3], [2], [0]]], 2).ravel()
    array([3., 2.], dtype=float32)
    """
    return _pool("max", x, (size, stride, padding, ceil), 1)


@public
def max_pool1d_backward(dy, x, size, stride=None, padding=0, ceil=False):
    """Gradient of max_pool1d: each dy goes to the first largest pixel of its window, in reading order.

    Args:
        dy: gradient of the output, (N, OL, C), real numbers.
        x, size, stride, padding, ceil: as given to max_pool1d.

    Returns:
        dx, float32 or float64, with the shape of x.

    Raises:
        ValueError, TypeError: as max_pool1d, and when dy does not have the output's shape.

    >>> max_pool1d_backward([[[5], [6]]], [[[1], [3], [2], [2]]], 2).ravel()
    array([0., 5., 6., 0.], dtype=float32)
    """
    return _pool_backward("max", dy, x, (size, stride, padding, ceil), 1)


@public
def avg_pool1d(x, size, stride=None, padding=0, ceil=False, count_include_pad=True):
    """The mean of each window of signals, channel by channel: avg_pool2d along one axis.

    Args:
        x: signals (N, L, C), real numbers.
        size: of the window, pixels, int.
        stride: pixels, int; None is the size.
        padding: pixels, int, (before, after), "valid" or "same"; at most half the size.
        ceil: let the last window hang over the end, see output_size.
        count_include_pad: whether padding counts as pixels of value zero.

    Returns:
        (N, OL, C) float32 or float64.

    Raises:
        ValueError: when x is not signals, an argument breaks its rule, or the window does not fit.
        TypeError: when x does not hold real numbers.

    >>> avg_pool1d([[[1], [3], [2], [0]]], 2).ravel()
    array([2., 1.], dtype=float32)
    """
    return _pool("avg", x, (size, stride, padding, ceil), 1, count_include_pad)


@public
def avg_pool1d_backward(dy, x, size, stride=None, padding=0, ceil=False, count_include_pad=True):
    """Gradient of avg_pool1d: every pixel of a window gets an equal share of its dy.

    Args:
        dy: gradient of the output, (N, OL, C), real numbers.
        x, size, stride, padding, ceil, count_include_pad: as given to avg_pool1d.

    Returns:
        dx, float32 or float64, with the shape of x.

    Raises:
        ValueError, TypeError: as avg_pool1d, and when dy does not have the output's shape.

    >>> avg_pool1d_backward([[[4], [6]]], [[[1], [3], [2], [2]]], 2).ravel()
    array([2., 2., 3., 3.], dtype=float32)
    """
    return _pool_backward("avg", dy, x, (size, stride, padding, ceil), 1, count_include_pad)


@public
def max_pool3d(x, size, stride=None, padding=0, ceil=False):
    """The largest value of each window of volumes, channel by channel: max_pool2d with boxes as windows.

    Args:
        x: volumes (N, D, H, W, C), real numbers.
        size: of the window, pixels, int or (frames, rows, columns).
        stride: pixels, int or (frames, rows, columns); None is the size.
        padding: pixels, int, an int or (before, after) for each axis, "valid" or "same"; at most half the size.
        ceil: let the last window hang over the end, see output_size.

    Returns:
        (N, OD, OH, OW, C) float32 or float64.

    Raises:
        ValueError: when x is not volumes, an argument breaks its rule, or the window does not fit.
        TypeError: when x does not hold real numbers.

    >>> max_pool3d(np.arange(8).reshape(1, 2, 2, 2, 1), 2).ravel()
    array([7.], dtype=float32)
    """
    return _pool("max", x, (size, stride, padding, ceil), 3)


@public
def max_pool3d_backward(dy, x, size, stride=None, padding=0, ceil=False):
    """Gradient of max_pool3d: each dy goes to the first largest pixel of its window, in reading order.

    Args:
        dy: gradient of the output, (N, OD, OH, OW, C), real numbers.
        x, size, stride, padding, ceil: as given to max_pool3d.

    Returns:
        dx, float32 or float64, with the shape of x.

    Raises:
        ValueError, TypeError: as max_pool3d, and when dy does not have the output's shape.

    >>> max_pool3d_backward([[[[[5]]]]], np.zeros((1, 2, 2, 1, 1), np.float32), (2, 2, 1)).ravel()
    array([5., 0., 0., 0.], dtype=float32)
    """
    return _pool_backward("max", dy, x, (size, stride, padding, ceil), 3)


@public
def avg_pool3d(x, size, stride=None, padding=0, ceil=False, count_include_pad=True):
    """The mean of each window of volumes, channel by channel: avg_pool2d with boxes as windows.

    Args:
        x: volumes (N, D, H, W, C), real numbers.
        size: of the window, pixels, int or (frames, rows, columns).
        stride: pixels, int or (frames, rows, columns); None is the size.
        padding: pixels, int, an int or (before, after) for each axis, "valid" or "same"; at most half the size.
        ceil: let the last window hang over the end, see output_size.
        count_include_pad: whether padding counts as pixels of value zero.

    Returns:
        (N, OD, OH, OW, C) float32 or float64.

    Raises:
        ValueError: when x is not volumes, an argument breaks its rule, or the window does not fit.
        TypeError: when x does not hold real numbers.

    >>> avg_pool3d(np.arange(8).reshape(1, 2, 2, 2, 1), 2).ravel()
    array([3.5], dtype=float32)
    """
    return _pool("avg", x, (size, stride, padding, ceil), 3, count_include_pad)


@public
def avg_pool3d_backward(dy, x, size, stride=None, padding=0, ceil=False, count_include_pad=True):
    """Gradient of avg_pool3d: every pixel of a window gets an equal share of its dy.

    Args:
        dy: gradient of the output, (N, OD, OH, OW, C), real numbers.
        x, size, stride, padding, ceil, count_include_pad: as given to avg_pool3d.

    Returns:
        dx, float32 or float64, with the shape of x.

    Raises:
        ValueError, TypeError: as avg_pool3d, and when dy does not have the output's shape.

    >>> avg_pool3d_backward([[[[[8]]]]], np.zeros((1, 2, 2, 1, 1), np.float32), (2, 2, 1)).ravel()
    array([2., 2., 2., 2.], dtype=float32)
    """
    return _pool_backward("avg", dy, x, (size, stride, padding, ceil), 3, count_include_pad)
