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


def test_refusals():
    with pytest.raises(TypeError, match="real numbers"):
        rescale([1j])
    with pytest.raises(ValueError, match="dy must have the output's shape"):
        rescale_backward([1], [1, 2])
