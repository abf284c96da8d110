"""Matrix product, fully connected layer and bias, and their gradients."""

import numpy as np

from cnnc.functional._arrays import gradient, public, ready, real
from cnnc.geometry import checked_size
from cnnc.ops import ending, op

__all__ = ["bias_add", "bias_add_backward", "dense", "dense_backward", "matmul", "matmul_backward"]


def _factors(a, b, a_name, b_name):
    a, b = real(a, a_name, ndim=2), real(b, b_name, ndim=2)
    if a.shape[1] != b.shape[0]:
        raise ValueError(f"{a_name} must have as many columns as {b_name} has rows, received {a.shape} and {b.shape}")
    checked_size((a.shape[0], b.shape[1]))
    return a, b


def _bias(x, b, x_name):
    b = real(b, "b", ndim=1)
    if x.shape[-1:] != b.shape:
        raise ValueError(f"b must have the length of the last axis of {x_name}, received {b.shape} and {x.shape}")
    return b


def _product(x, w, b):
    x, w, b = ready(x, w, b)
    y = np.empty((x.shape[0], w.shape[1]), x.dtype)
    op("dense")(x=x, w=w, b=b, y=y, **ending())
    return y


def _gradients(dy, x, w, bias):
    dy, x, w = ready(gradient(dy, (x.shape[0], w.shape[1])), x, w)
    dx, dw, db = np.empty_like(x), np.empty_like(w), np.empty(w.shape[1], w.dtype) if bias else None
    op("dense_dx")(dy=dy, w=w, dx=dx, accumulate=0)
    op("dense_dw")(dy=dy, x=x, dw=dw, db=db, first=0, accumulate=0)
    return dx, dw, db


@public
def matmul(a, b):
    """Matrix product `y[m, n] = sum over k of a[m, k] * b[k, n]`.

    Args:
        a: (M, K), real numbers.
        b: (K, N), real numbers.

    Returns:
        (M, N) float32 or float64.

    Raises:
        ValueError: when the shapes do not belong together.
        TypeError: when an array does not hold real numbers.

    >>> matmul([[1, 2]], [[3], [4]])
    array([[11.]], dtype=float32)
    """
    return _product(*_factors(a, b, "a", "b"), None)


@public
def matmul_backward(dy, a, b):
    """Gradients of matmul: `da = dy @ b.T` and `db = a.T @ dy`.

    Args:
        dy: gradient of the product, (M, N), real numbers.
        a, b: as given to matmul.

    Returns:
        (da, db), float32 or float64, with the shapes of a and b.

    Raises:
        ValueError, TypeError: as matmul, and when dy does not have the product's shape.

    >>> da, db = matmul_backward([[1]], [[1, 2]], [[3], [4]])
    >>> da.tolist(), db.tolist()
    ([[3.0, 4.0]], [[1.0], [2.0]])
    """
    return _gradients(dy, *_factors(a, b, "a", "b"), bias=False)[:2]


@public
def dense(x, w, b=None):
    """Fully connected layer: `y = x @ w + b`.

    Args:
        x: (N, in), real numbers, one sample a row.
        w: weights (in, out), real numbers.
        b: bias (out,), real numbers, or None.

    Returns:
        (N, out) float32 or float64.

    Raises:
        ValueError: when the shapes do not belong together.
        TypeError: when an array does not hold real numbers.

    >>> dense([[1, 2]], [[3], [4]], [0.5])
    array([[11.5]])
    """
    x, w = _factors(x, w, "x", "w")
    return _product(x, w, None if b is None else _bias(w, b, "w"))


@public
def dense_backward(dy, x, w):
    """Gradients of dense: `dx = dy @ w.T`, `dw = x.T @ dy`, and `db` the sum of dy over samples.

    Args:
        dy: gradient of the output, (N, out), real numbers.
        x, w: as given to dense.

    Returns:
        (dx, dw, db), float32 or float64, with the shapes of x, w and (out,).

    Raises:
        ValueError, TypeError: as dense, and when dy does not have the output's shape.

    >>> dx, dw, db = dense_backward([[1]], [[1, 2]], [[3], [4]])
    >>> dx.tolist(), dw.tolist(), db.tolist()
    ([[3.0, 4.0]], [[1.0], [2.0]], [1.0])
    """
    return _gradients(dy, *_factors(x, w, "x", "w"), bias=True)


@public
def bias_add(x, b):
    """Add one number to each channel: `y[..., k] = x[..., k] + b[k]`.

    Args:
        x: (..., K), real numbers.
        b: (K,), real numbers.

    Returns:
        (..., K) float32 or float64.

    Raises:
        ValueError: when b does not have the length of the last axis of x.
        TypeError: when an array does not hold real numbers.

    >>> bias_add([[1, 2], [3, 4]], [10, 20])
    array([[11., 22.],
           [13., 24.]], dtype=float32)
    """
    x = real(x, "x")
    x, b = ready(x, _bias(x, b, "x"))
    y = np.empty_like(x)
    op("bias_add")(x=x, b=b, y=y)
    return y


@public
def bias_add_backward(dy, x, b):
    """Gradients of bias_add: `dx = dy`, and `db` the sum of dy over all axes but the last.

    Args:
        dy: gradient of the output, (..., K), real numbers.
        x, b: as given to bias_add; only their shapes and types matter.

    Returns:
        (dx, db), float32 or float64, with the shapes of x and b.

    Raises:
        ValueError, TypeError: as bias_add, and when dy does not have the shape of x.

    >>> dx, db = bias_add_backward([[1, 2], [3, 4]], [[0, 0], [0, 0]], [0, 0])
    >>> dx.tolist(), db.tolist()
    ([[1.0, 2.0], [3.0, 4.0]], [4.0, 6.0])
    """
    x = real(x, "x")
    dy, x, b = ready(gradient(dy, x.shape), x, _bias(x, b, "x"))
    db = np.empty_like(b)
    op("bias_add_db")(dy=dy, db=db, accumulate=0)
    return dy.copy(), db
