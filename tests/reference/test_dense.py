"""Matrix products and bias: formulas, adjoints, refusals."""

import numpy as np
import pytest

from cnnc.reference import (
    bias_add,
    bias_add_backward,
    correlate2d,
    correlate2d_backward,
    dense,
    dense_backward,
    matmul,
    matmul_backward,
)


def arrays(*shapes):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in shapes]


@pytest.mark.parametrize(("m", "k", "n"), [(1, 1, 1), (2, 3, 4), (5, 1, 3), (1, 7, 2), (17, 9, 33)])
def test_product_is_its_formula_and_its_gradients_are_adjoint(m, k, n):
    a, b, bias, dy = arrays((m, k), (k, n), (n,), (m, n))
    y = (a[:, :, None] * b[None]).sum(axis=1)
    np.testing.assert_allclose(matmul(a, b), y, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(dense(a, b, bias), y + bias, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(dense(a, b), matmul(a, b))
    da, db = matmul_backward(dy, a, b)
    np.testing.assert_allclose([np.vdot(a, da), np.vdot(b, db)], np.vdot(y, dy), rtol=1e-12, atol=1e-12)
    dx, dw, dbias = dense_backward(dy, a, b)
    np.testing.assert_array_equal(dx, da)
    np.testing.assert_array_equal(dw, db)
    np.testing.assert_allclose(np.vdot(bias, dbias), np.vdot(np.broadcast_to(bias, y.shape), dy), rtol=1e-12)


def test_dense_is_a_convolution_of_single_pixels():
    x, w, b, dy = arrays((4, 5), (5, 3), (3,), (4, 3))
    np.testing.assert_allclose(dense(x, w, b), correlate2d(x[:, None, None], w[None, None], b)[:, 0, 0], rtol=1e-13)
    for flat, image in zip(
        dense_backward(dy, x, w), correlate2d_backward(dy[:, None, None], x[:, None, None], w[None, None]), strict=True
    ):
        np.testing.assert_allclose(flat, image.reshape(flat.shape), rtol=1e-13)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 4, 5, 3)])
def test_bias(shape):
    x, b, dy = arrays(shape, (3,), shape)
    y = bias_add(x, b)
    for k in range(3):
        np.testing.assert_array_equal(y[..., k], x[..., k] + b[k])
    dx, db = bias_add_backward(dy, x, b)
    np.testing.assert_array_equal(dx, dy)
    assert not np.shares_memory(dx, dy)
    np.testing.assert_allclose(db, [dy[..., k].sum() for k in range(3)], rtol=1e-12)


def test_refusals():
    a, b = arrays((2, 3), (4, 5))
    with pytest.raises(ValueError, match=r"a must have as many columns as b has rows, received \(2, 3\) and \(4, 5\)"):
        matmul(a, b)
    with pytest.raises(ValueError, match=r"x must have 2 dimensions, received the shape \(3,\)"):
        dense(a[0], b)
    with pytest.raises(ValueError, match=r"received \(2, 4\) and \(5,\)"):
        dense(a, b[:3, :4], np.ones(5))
    with pytest.raises(ValueError, match=r"received \(\) and \(1,\)"):
        bias_add(1.0, [1.0])
    with pytest.raises(ValueError, match=r"at least 1, received \(0, 3\)"):
        dense(a[:0], b[:3])
    with pytest.raises(ValueError, match="dy must have the output's shape"):
        dense_backward(a, a, b[:3])
    with pytest.raises(TypeError, match="received dtype object"):
        matmul(np.array([[None]]), a)
