"""Stochastic gradient descent, followed by hand."""

import numpy as np
import pytest

from cnnc.reference import sgd


def test_plain_step():
    param, velocity = sgd([1.0, 2.0], [10.0, -10.0], lr=0.1)
    np.testing.assert_allclose(param, [0, 3])
    np.testing.assert_array_equal(velocity, [10, -10])


def test_momentum_adds_up():
    param, velocity = np.zeros(1), None
    seen = []
    for _ in range(3):
        param, velocity = sgd(param, [1.0], velocity, lr=1, momentum=0.5)
        seen.append((velocity.item(), param.item()))
    assert seen == [(1, -1), (1.5, -2.5), (1.75, -4.25)]


def test_nesterov_looks_ahead():
    param, velocity = sgd([0.0], [1.0], [2.0], lr=1, momentum=0.5, nesterov=True)
    assert (velocity.item(), param.item()) == (2, -2)  # v = 0.5 * 2 + 1, the step is 1 + 0.5 * v
    np.testing.assert_array_equal(sgd([0.0], [1.0], nesterov=True)[0], sgd([0.0], [1.0])[0])


def test_weight_decay_is_a_gradient_towards_zero():
    decayed, plain = sgd([4.0], [1.0], weight_decay=0.25), sgd([4.0], [2.0])
    assert decayed == plain


def test_momentum_finds_the_bottom_of_a_valley():
    curvature = np.array([1.0, 50.0])
    for nesterov in (False, True):
        param, velocity = np.ones(2), None
        for _ in range(300):
            param, velocity = sgd(param, curvature * param, velocity, lr=0.01, momentum=0.9, nesterov=nesterov)
        np.testing.assert_allclose(param, 0, atol=1e-5)


def test_arguments_stay_as_they_were():
    arrays = [np.ones(3) for _ in range(3)]
    results = sgd(*arrays, lr=0.5, momentum=0.9, weight_decay=0.1)
    for array in arrays:
        np.testing.assert_array_equal(array, 1)
        assert not any(np.shares_memory(array, result) for result in results)


def test_refusals():
    for name in ("lr", "momentum", "weight_decay"):
        for wrong in (-1, np.nan, np.inf):
            with pytest.raises(ValueError, match=f"{name} must be a finite number of at least 0, received {wrong}"):
                sgd([1.0], [1.0], **{name: wrong})
    with pytest.raises(ValueError, match=r"must have one shape, received \(1,\), \(2,\) and \(1,\)"):
        sgd([1.0], [1.0, 2.0])
