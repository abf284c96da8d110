"""The shipped digits: the same bits everywhere, cut fairly, and shaped like MNIST."""

import hashlib
import importlib

import numpy as np
import pytest

from cnnc.data import digits

module = importlib.import_module("cnnc.data.digits")  # the package's attribute of this name is the function


def test_shapes_types_and_classes():
    (x_train, y_train), (x_test, y_test) = digits()
    assert (x_train.shape, x_test.shape) == ((1437, 28, 28, 1), (360, 28, 28, 1))
    assert {x_train.dtype, x_test.dtype} == {np.dtype(np.uint8)}
    assert {y_train.dtype, y_test.dtype} == {np.dtype(np.int64)}
    train, test = np.bincount(y_train, minlength=10), np.bincount(y_test, minlength=10)
    assert (train + test).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.abs(test - (train + test) / 5).max() < 1, "each class gives a fifth to the test"


def test_the_same_bits_everywhere():
    digest = hashlib.sha256()
    for images, labels in digits():
        digest.update(images.tobytes() + labels.astype("<i8").tobytes())
    assert digest.hexdigest() == "90ebf4e17d9a6a896bfd92b81286bca328065ad7e24cc7e3ad27c59d89288f53"


def test_no_digit_is_in_both_parts():
    (x_train, _), (x_test, _) = digits()
    assert not {image.tobytes() for image in x_train} & {image.tobytes() for image in x_test}


def test_they_look_like_mnist():
    images = np.concatenate([x for x, _ in digits()])
    inside = images[:, 4:24, 4:24]
    assert images.sum(dtype=np.int64) == inside.sum(dtype=np.int64), "4 pixels on each side are empty"
    assert (images.min(), images.max()) == (0, 255)
    assert 0.12 < images.mean() / 255 < 0.15, "MNIST has 0.1307"
    assert (inside.max(axis=(1, 2)) > 200).all(), "every digit has ink"


def test_scaling_is_bilinear():
    """Against interpolation point by point, in floating point."""
    random = np.random.default_rng(0)
    small = random.integers(0, 17, (3, 8, 8))
    where = np.clip((np.arange(20) + 0.5) * 8 / 20 - 0.5, 0, 7)
    points = np.arange(8)
    rows = np.stack([[np.interp(where, points, row) for row in image] for image in small])  # (3, 8, 20)
    both = np.stack([[np.interp(where, points, column) for column in image.T] for image in rows])  # (3, 20, 20)
    expected = np.clip((both.transpose(0, 2, 1) / 16 - 5 / 16) * 255 * 2, 0, 255)
    result = module._to_mnist(small)
    np.testing.assert_allclose(result[:, 4:24, 4:24, 0], expected, atol=1)


@pytest.mark.parametrize(("ink", "expected"), [(0, 0), (5, 0), (9, 127), (13, 255), (16, 255)])
def test_even_ink_stays_even(ink, expected):
    image = module._to_mnist(np.full((1, 8, 8), ink, np.uint8))
    assert (image[0, 4:24, 4:24, 0] == expected).all()
