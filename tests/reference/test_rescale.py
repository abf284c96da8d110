"""Rescaling of pixels."""

import numpy as np
import pytest

from cnnc.reference import rescale, rescale_backward


def test_bytes_become_zero_to_one():
    y = rescale(np.arange(256, dtype=np.uint8))
    assert y.dtype == np.float64
    np.testing.assert_allclose(y, np.arange(256) / 255, rtol=1e-15)


def test_scale_and_offset():
    np.testing.assert_array_equal(rescale([0, 4], 0.5, -1), [-1, 1])
    np.testing.assert_array_equal(rescale_backward([1, 2], [0, 4], 0.5, -1), [0.5, 1])


def test_one_number_for_each_channel():
    x = np.arange(6).reshape(1, 2, 3)
    expected = [[[-1, 3, 4], [2, 6, 10]]]
    np.testing.assert_array_equal(rescale(x, (1, 1, 2), np.array([-1, 2, 0])), expected)
    np.testing.assert_array_equal(rescale_backward(x, x, (1, 1, 2), 7), x * [1, 1, 2])
    np.testing.assert_array_equal(rescale(3, 2, 1), 7)


def test_refusals():
    for wrong in ((1, 2), [[1, 2, 3]], np.ones((1, 3)), (), (1, 2, np.inf), (1, 2, "3")):
        with pytest.raises(ValueError, match="scale must be a finite number, or one for each of 3 channels, received"):
            rescale(np.zeros((2, 3)), wrong)
    with pytest.raises(TypeError, match="real numbers"):
        rescale([1j])
    with pytest.raises(ValueError, match="dy must have the output's shape"):
        rescale_backward([1], [1, 2])
