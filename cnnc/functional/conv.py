"""Cross-correlation, true convolution, and their gradients."""

import numpy as np

from cnnc.functional._arrays import gradient, public, ready, real
from cnnc.geometry import convolution
from cnnc.ops import check_algorithm, conv_ending, conv_fields, op

__all__ = ["convolve2d", "convolve2d_backward", "correlate2d", "correlate2d_backward"]


def check_convolution(x, w, b, stride, padding, dilation, groups, algorithm, rank=2):
    """The window and the output's shape, after all checks."""
    b_shape = None if b is None else b.shape
    window, y_shape = convolution(x.shape, w.shape, b_shape, stride, padding, dilation, groups, rank)
    check_algorithm(algorithm, window, groups)
    return window, y_shape


def _forward(x, w, b, settings, flip):
    x, w, b = real(x, "x"), real(w, "w"), None if b is None else real(b, "b")
    window, y_shape = check_convolution(x, w, b, *settings)
    x, w, b = ready(x, w, b)
    y = np.empty(y_shape, x.dtype)
    op("correlate2d")(x=x, w=w, b=b, y=y, **conv_fields(window, flip, settings[4]), **conv_ending())
    return y


def _backward(dy, x, w, settings, flip):
    x, w = real(x, "x"), real(w, "w")
    window, y_shape = check_convolution(x, w, None, *settings)
    dy, x, w = ready(gradient(dy, y_shape), x, w)
    dx, dw, db = np.empty_like(x), np.empty_like(w), np.empty(w.shape[-1:], w.dtype)
    fields = conv_fields(window, flip, settings[4])
    op("correlate2d_dx")(dy=dy, w=w, dx=dx, accumulate=0, **fields)
    op("correlate2d_dw")(dy=dy, x=x, dw=dw, db=db, accumulate=0, **fields)
    return dx, dw, db


@public
def correlate2d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1, algorithm="auto"):
    """Slide filters over images and sum the products, which is what a convolutional layer computes.

    `y[n, p, q, k] = b[k] + sum over i, j, c of x[n, p * s + i * d, q * s + j * d, c] * w[i, j, c, k]` for stride s and
    dilation d, with x padded by zeros. In groups, filter k sees the channels of its own group only.

    LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition, Proc. IEEE 1998.

    Args:
        x: images (N, H, W, C), real numbers.
        w: filters (KH, KW, C / groups, K), real numbers.
        b: bias (K,), real numbers, or None.
        stride, dilation: pixels, int or (rows, columns).
        padding: pixels, int, (rows, columns), ((top, bottom), (left, right)), "valid" or "same".
        groups: int that divides C and K; groups = C is a depthwise correlation.
        algorithm: "auto" for the fastest, "direct" for plain summation, "winograd_6x6" or "winograd_4x4" for Winograd's
            on tiles of that size: kernels of 3x3, on the larger tiles also 5x5, stride 1, dilation 1, one group.

    Returns:
        (N, OH, OW, K) float32 or float64; see output_size.

    Raises:
        ValueError: when the shapes do not belong together, the kernel does not fit, or a setting breaks its rule.
        TypeError: when an array does not hold real numbers.

    >>> x = np.arange(9).reshape(1, 3, 3, 1)
    >>> correlate2d(x, [[[[1]], [[0]]], [[[0]], [[-1]]]])[0, :, :, 0]
    array([[-4., -4.],
           [-4., -4.]], dtype=float32)
    """
    return _forward(x, w, b, (stride, padding, dilation, groups, algorithm), flip=False)


@public
def correlate2d_backward(dy, x, w, stride=1, padding=0, dilation=1, groups=1, algorithm="auto"):
    """Gradients of correlate2d: every product x * w of the forward sum gives `dy * w` to its x and `dy * x` to its w.

    Collected over a pixel of x, the first is a true convolution of dy with w; collected over a tap of w, the second is
    a correlation of x with dy; `db[k]` is the sum of dy over images, rows and columns.

    Args:
        dy: gradient of the output, (N, OH, OW, K), real numbers.
        x, w, stride, padding, dilation, groups, algorithm: as given to correlate2d.

    Returns:
        (dx, dw, db), float32 or float64, with the shapes of x, w and (K,).

    Raises:
        ValueError, TypeError: as correlate2d, and when dy does not have the output's shape.

    >>> dx, dw, db = correlate2d_backward([[[[2]]]], [[[[3]]]], [[[[5]]]])
    >>> dx.item(), dw.item(), db.item()
    (10.0, 6.0, 2.0)
    """
    return _backward(dy, x, w, (stride, padding, dilation, groups, algorithm), flip=False)


@public
def convolve2d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1, algorithm="auto"):
    """True convolution: correlate2d with the filters flipped along both spatial axes.

    `convolve2d(x, w) = correlate2d(x, w[::-1, ::-1])`.

    Args:
        x, w, b, stride, padding, dilation, groups, algorithm: as for correlate2d.

    Returns:
        (N, OH, OW, K) float32 or float64.

    Raises:
        ValueError, TypeError: as correlate2d.

    >>> x = np.arange(9).reshape(1, 3, 3, 1)
    >>> convolve2d(x, [[[[1]], [[0]]], [[[0]], [[-1]]]])[0, :, :, 0]
    array([[4., 4.],
           [4., 4.]], dtype=float32)
    """
    return _forward(x, w, b, (stride, padding, dilation, groups, algorithm), flip=True)


@public
def convolve2d_backward(dy, x, w, stride=1, padding=0, dilation=1, groups=1, algorithm="auto"):
    """Gradients of convolve2d: those of correlate2d with flipped filters, dw flipped back.

    `dx, dv, db = correlate2d_backward(dy, x, w[::-1, ::-1])` and `dw = dv[::-1, ::-1]`.

    Args:
        dy: gradient of the output, (N, OH, OW, K), real numbers.
        x, w, stride, padding, dilation, groups, algorithm: as given to convolve2d.

    Returns:
        (dx, dw, db), float32 or float64, with the shapes of x, w and (K,).

    Raises:
        ValueError, TypeError: as correlate2d_backward.

    >>> dx, dw, db = convolve2d_backward([[[[1]]]], [[[[3], [4]]]], [[[[5]], [[6]]]])
    >>> dx.ravel().tolist(), dw.ravel().tolist()
    ([6.0, 5.0], [4.0, 3.0])
    """
    return _backward(dy, x, w, (stride, padding, dilation, groups, algorithm), flip=True)
