"""Activations at the points where they are easily got wrong: zero, far out, infinities, NaN."""

import numpy as np
import pytest
from table.activation import ROWS

from cnnc import reference

every_activation = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def value_and_slope(name, x, **arguments):
    x = np.asarray(x)
    backward = getattr(reference, f"{name}_backward")
    return getattr(reference, name)(x, **arguments), backward(np.ones_like(x, float), x, **arguments)


@every_activation
def test_where_it_is_known_exactly(row):
    for x, (value, slope) in row.at.items():
        y, dx = value_and_slope(row.name, [x, -x if x == 0 else x], **row.arguments)
        np.testing.assert_allclose(y, [value, value], rtol=1e-15, atol=0)
        np.testing.assert_allclose(dx, [slope, slope], rtol=1e-15, atol=0)
    assert {0, -1e4, 1e4} <= row.at.keys()


def test_relu_has_no_negative_zero():
    assert not np.signbit(reference.relu([-0.0, -1.0])).any()


def test_sigmoid_keeps_its_digits_in_both_tails():
    y, dx = value_and_slope("sigmoid", [-50.0, 50.0])
    np.testing.assert_allclose(y, [np.exp(-50), 1], rtol=1e-15)
    np.testing.assert_allclose(dx, [np.exp(-50), np.exp(-50)], rtol=1e-15)


def test_elu_keeps_its_digits_near_zero():
    np.testing.assert_allclose(reference.elu([-1e-12]), [-1e-12], rtol=1e-11)


@every_activation
def test_nan_stays_nan_and_its_neighbours_do_not_become_it(row):
    y, dx = value_and_slope(row.name, [np.nan, 1.0, -np.inf, np.inf], **row.arguments)
    assert np.isnan(y[0])
    assert np.isfinite([y[1], dx[1]]).all()
    np.testing.assert_allclose(y[2:], row.ends, rtol=1e-15)
    assert np.isfinite(dx[2:]).all() or np.isnan(row.ends).any()  # x * 0 is NaN where x is infinite


@pytest.mark.parametrize("name", [row.name for row in ROWS])
def test_shape_type_and_input_are_kept(name):
    x = np.linspace(-3, 3, 24, dtype=np.float32).reshape(2, 3, 4)
    kept = x.copy()
    y, dx = value_and_slope(name, x)
    assert y.shape == dx.shape == x.shape
    assert y.dtype == dx.dtype == np.float64
    np.testing.assert_array_equal(x, kept)
    assert getattr(reference, name)(1).shape == ()
    with pytest.raises(ValueError, match=r"dy must have the output's shape \(2, 3, 4\), received \(3, 4\)"):
        getattr(reference, f"{name}_backward")(x[0], x)
    with pytest.raises(TypeError, match="x must hold real numbers"):
        getattr(reference, name)(["1"])


@pytest.mark.parametrize("wrong", [-0.1, np.nan, np.inf])
def test_parameters_out_of_range(wrong):
    for call in (
        lambda: reference.leaky_relu([1], wrong),
        lambda: reference.leaky_relu_backward([1], [1], slope=wrong),
        lambda: reference.elu([1], wrong),
        lambda: reference.elu_backward([1], [1], alpha=wrong),
    ):
        with pytest.raises(ValueError, match=r"(slope|alpha) must be a finite number, .*received"):
            call()
    with pytest.raises(ValueError, match="alpha must be a finite number, greater than 0, received 0"):
        reference.elu([1], 0)
    assert reference.leaky_relu([-1.0, 1.0], 0).tolist() == [0.0, 1.0]
