"""Matrix product, fully connected layer and bias, and their gradients."""

from __future__ import annotations

import numpy as np

from cnnc.reference._arrays import gradient, real

__all__ = ["bias_add", "bias_add_backward", "dense", "dense_backward", "matmul", "matmul_backward"]


def matmul(a, b):
    """Matrix product `y[m, n] = sum over k of a[m, k] * b[k, n]`.

    Args:
        a: (M, K), real numbers.
        b: (K, N), real numbers.

    Returns:
        (M, N) float64.

    Raises:
        ValueError: when the shapes do not belong together.
        TypeError: when an array does not hold real numbers.

    >>> matmul([[1, 2]], [[3], [4]]).tolist()
    [[11.0]]
    """
    a, b = _factors(a, b, "a", "b")
    return a @ b


def matmul_backward(dy, a, b):
    """Gradients of matmul: `da = dy @ b.T` and `db = a.T @ dy`.

    Args:
        dy: gradient of the product, (M, N), real numbers.
        a, b: as given to matmul.

    Returns:
        (da, db), float64 with the shapes of a and b.

    Raises:
        ValueError, TypeError: as matmul, and when dy does not have the product's shape.

    >>> da, db = matmul_backward([[1]], [[1, 2]], [[3], [4]])
    >>> da.tolist(), db.tolist()
    ([[3.0, 4.0]], [[1.0], [2.0]])
    """
    a, b = _factors(a, b, "a", "b")
    dy = gradient(dy, (a.shape[0], b.shape[1]))
    return dy @ b.T, a.T @ dy


def dense(x, w, b=None):
    """Fully connected layer: `y = x @ w + b`.

    Args:
        x: (N, in), real numbers, one sample a row.
        w: weights (in, out), real numbers.
        b: bias (out,), real numbers, or None.

    Returns:
        (N, out) float64.

    Raises:
        ValueError: when the shapes do not belong together.
        TypeError: when an array does not hold real numbers.

    >>> dense([[1, 2]], [[3], [4]], [0.5]).tolist()
    [[11.5]]
    """
    x, w = _factors(x, w, "x", "w")
    return x @ w if b is None else bias_add(x @ w, b)


def dense_backward(dy, x, w):
    """Gradients of dense: `dx = dy @ w.T`, `dw = x.T @ dy`, and `db` the sum of dy over samples.

    Args:
        dy: gradient of the output, (N, out), real numbers.
        x, w: as given to dense.

    Returns:
        (dx, dw, db), float64 with the shapes of x, w and (out,).

    Raises:
        ValueError, TypeError: as dense, and when dy does not have the output's shape.

    >>> dx, dw, db = dense_backward([[1]], [[1, 2]], [[3], [4]])
    >>> dx.tolist(), dw.tolist(), db.tolist()
    ([[3.0, 4.0]], [[1.0], [2.0]], [1.0])
    """
    x, w = _factors(x, w, "x", "w")
    dx, dw = matmul_backward(dy, x, w)
    return dx, dw, real(dy, "dy").sum(axis=0)


def bias_add(x, b):
    """Add one number to each channel: `y[..., k] = x[..., k] + b[k]`.

    Args:
        x: (..., K), real numbers.
        b: (K,), real numbers.

    Returns:
        (..., K) float64.

    Raises:
        ValueError: when b does not have the length of the last axis of x.
        TypeError: when an array does not hold real numbers.

    >>> bias_add([[1, 2], [3, 4]], [10, 20]).tolist()
    [[11.0, 22.0], [13.0, 24.0]]
    """
    x, b = real(x, "x"), real(b, "b", ndim=1)
    _check_bias(x, b)
    return x + b


def bias_add_backward(dy, x, b):
    """Gradients of bias_add: `dx = dy`, and `db` the sum of dy over all axes but the last.

    Args:
        dy: gradient of the output, (..., K), real numbers.
        x, b: as given to bias_add; only their shapes matter.

    Returns:
        (dx, db), float64 with the shapes of x and b.

    Raises:
        ValueError, TypeError: as bias_add, and when dy does not have the shape of x.

    >>> dx, db = bias_add_backward([[1, 2], [3, 4]], [[0, 0], [0, 0]], [0, 0])
    >>> dx.tolist(), db.tolist()
    ([[1.0, 2.0], [3.0, 4.0]], [4.0, 6.0])
    """
    x, b = real(x, "x"), real(b, "b", ndim=1)
    _check_bias(x, b)
    dy = gradient(dy, x.shape)
    return dy.copy(), dy.reshape(-1, b.size).sum(axis=0)


def _factors(a, b, a_name: str, b_name: str) -> tuple[np.ndarray, np.ndarray]:
    a, b = real(a, a_name, ndim=2), real(b, b_name, ndim=2)
    if a.shape[1] != b.shape[0]:
        raise ValueError(f"{a_name} must have as many columns as {b_name} has rows, received {a.shape} and {b.shape}")
    return a, b


def _check_bias(x, b):
    if x.shape[-1:] != b.shape:
        raise ValueError(f"the bias must have the length of the last axis of x, received {x.shape} and {b.shape}")
