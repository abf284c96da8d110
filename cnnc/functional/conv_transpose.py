"""Transposed convolution and its gradients."""

import numpy as np

from cnnc.functional._arrays import gradient, public, ready, real
from cnnc.geometry import transposed
from cnnc.ops import conv_ending, conv_fields, op

__all__ = ["conv_transpose2d", "conv_transpose2d_backward"]


@public
def conv_transpose2d(x, w, b=None, stride=1, padding=0, output_padding=0, dilation=1, groups=1):
    """Spread every pixel of x over the output by the filters: a correlation run backwards, from output to input.

    `y[n, p * s + i * d - top, q * s + j * d - left, k]` is the sum of all `x[n, p, q, c] * w[i, j, k, c]` that land
    there, plus `b[k]`. It is what correlate2d_backward computes for dx, with x in the place of dy, and enlarges images
    by the stride.

    Dumoulin, Visin: A guide to convolution arithmetic for deep learning, 2016.

    Args:
        x: images (N, H, W, C), real numbers.
        w: filters (KH, KW, K / groups, C), real numbers.
        b: bias (K,), real numbers, or None.
        stride, dilation: pixels of the output, int or (rows, columns).
        padding: pixels cut off around the output, int, (rows, columns) or ((top, bottom), (left, right)).
        output_padding: pixels added to its end, int or (rows, columns), fewer than the stride or the dilation.
        groups: int that divides C and K.

    Returns:
        (N, OH, OW, K) with OH = (H - 1) * s - top - bottom + (KH - 1) * d + 1 + output_padding; float32 or float64.

    Raises:
        ValueError: when the shapes do not belong together or a setting breaks its rule.
        TypeError: when an array does not hold real numbers.

    >>> conv_transpose2d([[[[1], [10]]]], [[[[1]], [[2]], [[3]]]], stride=(1, 2)).ravel()
    array([ 1.,  2., 13., 20., 30.], dtype=float32)
    """
    x, w, b = real(x, "x"), real(w, "w"), None if b is None else real(b, "b")
    b_shape = None if b is None else b.shape
    window, y_shape = transposed(x.shape, w.shape, b_shape, stride, padding, output_padding, dilation, groups)
    x, w, b = ready(x, w, b)
    y = np.empty(y_shape, x.dtype)
    op("correlate2d_dx")(dy=x, w=w, dx=y, accumulate=0, **conv_fields(window))
    if b is not None:
        op("bias_add")(x=y, b=b, y=y)
    return y


@public
def conv_transpose2d_backward(dy, x, w, stride=1, padding=0, output_padding=0, dilation=1, groups=1):
    """Gradients of conv_transpose2d: dx is the correlation of dy with w, dw that of dy with x, db the sum of dy.

    Args:
        dy: gradient of the output, (N, OH, OW, K), real numbers.
        x, w, stride, padding, output_padding, dilation, groups: as given to conv_transpose2d.

    Returns:
        (dx, dw, db), float32 or float64, with the shapes of x, w and (K,).

    Raises:
        ValueError, TypeError: as conv_transpose2d, and when dy does not have the output's shape.

    >>> dx, dw, db = conv_transpose2d_backward([[[[1], [1], [1]]]], [[[[2]]]], [[[[1]], [[2]], [[3]]]])
    >>> dx.item(), dw.ravel().tolist(), db.item()
    (6.0, [2.0, 2.0, 2.0], 3.0)
    """
    x, w = real(x, "x"), real(w, "w")
    window, y_shape = transposed(x.shape, w.shape, None, stride, padding, output_padding, dilation, groups)
    dy, x, w = ready(gradient(dy, y_shape), x, w)
    dx, dw, db = np.empty_like(x), np.empty_like(w), np.empty(y_shape[-1:], w.dtype)
    fields = conv_fields(window)
    op("correlate2d")(x=dy, w=w, y=dx, **fields, **conv_ending())
    op("correlate2d_dw")(dy=x, x=dy, dw=dw, db=None, accumulate=0, **fields)
    op("bias_add_db")(dy=dy, db=db, accumulate=0)
    return dx, dw, db
