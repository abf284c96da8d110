"""A split gives every position to one side, and each class in proportion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnc.data import stratified_split


@settings(max_examples=200, deadline=None)
@given(
    labels=st.lists(st.integers(-3, 5), min_size=2, max_size=80), share=st.floats(0.01, 0.99), seed=st.integers(0, 9)
)
def test_each_position_once_and_classes_in_proportion(labels, share, seed):
    total = round(len(labels) * share)
    if not 0 < total < len(labels):
        return
    rest, part = stratified_split(labels, share, seed)
    assert sorted([*rest, *part]) == list(range(len(labels)))
    assert len(part) == total
    assert (rest.dtype, part.dtype) == (np.int64, np.int64)
    for index in (rest, part):
        assert (np.diff(index) > 0).all()
    for name in set(labels):
        assert abs(np.sum(np.array(labels)[part] == name) - labels.count(name) * share) < 1 + 1e-9


def test_the_same_seed_gives_the_same_cut():
    labels = np.arange(1000) % 10
    first, again, other = (stratified_split(labels, 0.1, seed)[1] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert np.bincount(labels[first]).tolist() == [10] * 10


def test_every_image_is_as_likely():
    """Over many seeds each of 20 images of two classes is chosen about as often."""
    chosen = np.zeros(20)
    for seed in range(600):
        chosen[stratified_split(np.arange(20) % 2, 0.3, seed)[1]] += 1
    assert np.abs(chosen - 180).max() < 60


@pytest.mark.parametrize(
    ("labels", "share"),
    [([0, 1], 0.0), ([0, 1], 1.0), ([0, 1], float("nan")), ([0.5, 1], 0.5), ([[0, 1]], 0.5), ([], 0.5), ([0], 0.5)],
)
def test_what_cannot_be_split_is_refused(labels, share):
    with pytest.raises(ValueError, match="received"):
        stratified_split(labels, share)
