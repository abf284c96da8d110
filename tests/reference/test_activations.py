"""Activations at the points where they are easily got wrong: zero, far out, infinities, NaN."""

import numpy as np
import pytest

from cnnc import reference

ONE_ARGUMENT = ["relu", "leaky_relu", "elu", "sigmoid", "tanh"]


def value_and_slope(name, x, *parameters):
    x = np.asarray(x)
    return getattr(reference, name)(x, *parameters), getattr(reference, f"{name}_backward")(
        np.ones_like(x, float), x, *parameters
    )


@pytest.mark.parametrize(
    ("name", "parameters", "value", "slope"),
    [
        ("relu", (), 0.0, 0.0),
        ("leaky_relu", (0.1,), 0.0, 0.1),
        ("elu", (1.5,), 0.0, 1.5),
        ("sigmoid", (), 0.5, 0.25),
        ("tanh", (), 0.0, 1.0),
    ],
)
def test_at_zero(name, parameters, value, slope):
    y, dx = value_and_slope(name, [0.0, -0.0], *parameters)
    np.testing.assert_array_equal(y, [value, value])
    np.testing.assert_array_equal(dx, [slope, slope])


def test_relu_has_no_negative_zero():
    assert not np.signbit(reference.relu([-0.0, -1.0])).any()


@pytest.mark.parametrize(
    ("name", "low", "low_slope", "high", "high_slope"),
    [
        ("relu", 0, 0, 1e4, 1),
        ("leaky_relu", -100, 0.01, 1e4, 1),
        ("elu", -1, 0, 1e4, 1),
        ("sigmoid", 0, 0, 1, 0),
        ("tanh", -1, 0, 1, 0),
    ],
)
def test_far_out(name, low, low_slope, high, high_slope):
    y, dx = value_and_slope(name, [-1e4, 1e4])
    np.testing.assert_array_equal(y, [low, high])
    np.testing.assert_array_equal(dx, [low_slope, high_slope])


def test_sigmoid_keeps_its_digits_in_both_tails():
    y, dx = value_and_slope("sigmoid", [-50.0, 50.0])
    np.testing.assert_allclose(y, [np.exp(-50), 1], rtol=1e-15)
    np.testing.assert_allclose(dx, [np.exp(-50), np.exp(-50)], rtol=1e-15)


def test_elu_keeps_its_digits_near_zero():
    np.testing.assert_allclose(reference.elu([-1e-12]), [-1e-12], rtol=1e-11)


@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_nan_stays_nan_and_its_neighbours_do_not_become_it(name):
    y, dx = value_and_slope(name, [np.nan, 1.0, -np.inf, np.inf])
    np.testing.assert_array_equal(np.isnan(y), [True, False, False, False])
    assert np.isfinite(dx[1:]).all()


@pytest.mark.parametrize("name", ONE_ARGUMENT)
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
