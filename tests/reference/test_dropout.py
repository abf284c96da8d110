"""The generator against its published answers, and the mask that dropout makes of it."""

import numpy as np
import pytest

from cnnc.reference import dropout, dropout_backward, philox4x32

# From the known-answer file of the authors' Random123 library: counter, key, result.
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text):
    return np.array([int(word, 16) for word in text.split()], dtype=np.uint32)


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN)
def test_known_answers(counter, key, result):
    block = philox4x32(words(counter), words(key))
    assert block.dtype == np.uint32
    np.testing.assert_array_equal(block, words(result))
    np.testing.assert_array_equal(philox4x32(np.tile(words(counter), (2, 3, 1)), words(key))[1, 2], words(result))


def test_shapes_of_counter_and_key():
    for counter, key in ((3, 2), (4, 1)):
        with pytest.raises(ValueError, match="a counter has 4 words and a key 2, received"):
            philox4x32(np.zeros(counter), np.zeros(key))


def test_each_element_takes_its_word():
    """Element i is kept when word i % 4 of the block numbered i // 4 is at least rate * 2**32."""
    rate, seed, step, stream = 0.3, 0x0123456789ABCDEF, 5, 9
    x = np.arange(1.0, 31).reshape(2, 5, 3)
    y = dropout(x, rate, seed, step, stream).ravel()
    for i in range(30):
        block = philox4x32(np.array([i // 4, 0, step, stream]), np.array([0x89ABCDEF, 0x01234567]))
        kept = int(block[i % 4]) >= int(rate * 2**32)
        assert y[i] == (x.ravel()[i] / 0.7 if kept else 0)


def test_a_longer_array_begins_with_the_mask_of_a_shorter_one():
    whole = dropout(np.ones(103), 0.4, seed=3)
    for size in (1, 4, 5, 100):
        np.testing.assert_array_equal(dropout(np.ones(size), 0.4, seed=3), whole[:size])


def test_layout_in_memory_does_not_matter():
    x = np.random.default_rng(0).standard_normal((6, 5, 4))
    np.testing.assert_array_equal(dropout(np.asfortranarray(x)), dropout(x))


def test_seed_step_and_stream_each_change_the_mask():
    x = np.ones(256)
    masks = [
        dropout(x, 0.5, **arguments)
        for arguments in ({}, {"seed": 1}, {"seed": 2**32}, {"step": 1}, {"stream": 1}, {"stream": 2**32 - 1})
    ]
    assert len({mask.tobytes() for mask in masks}) == len(masks)
    for mask in masks[1:]:
        assert 0.3 < np.mean(mask == masks[0]) < 0.7
    np.testing.assert_array_equal(dropout(x, step=2**32), masks[0])  # the low 32 bits of the step count


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_share_and_mean(rate):
    y = dropout(np.ones(100_000), rate, seed=11)
    sigma = np.sqrt(rate * (1 - rate) / y.size)
    assert abs(np.mean(y == 0) - rate) < 5 * sigma
    np.testing.assert_allclose(np.unique(y), [0, 1 / (1 - rate)])


def test_rate_zero_keeps_everything_and_the_largest_rate_almost_nothing():
    x = np.random.default_rng(0).standard_normal(1000)
    np.testing.assert_array_equal(dropout(x, 0), x)
    assert not dropout(x, np.nextafter(1, 0)).any()


def test_dropped_means_zero_whatever_it_was():
    y = dropout(np.full(64, np.nan), 0.5)
    assert set(np.isnan(y)) == {True, False}
    assert (y[~np.isnan(y)] == 0).all()


def test_gradient_passes_the_same_mask():
    dy, x = np.random.default_rng(0).standard_normal((2, 50))
    arguments = {"rate": 0.3, "seed": 7, "step": 2, "stream": 1}
    mask = dropout(np.ones(50), **arguments)
    assert {bool(kept) for kept in mask} == {True, False}
    np.testing.assert_allclose(dropout_backward(dy, x, **arguments), dy * mask, rtol=1e-14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rate": 1}, "rate must be at least 0 and below 1, received 1"),
        ({"rate": -0.1}, "rate must be at least 0 and below 1, received -0.1"),
        ({"rate": np.nan}, "rate must be at least 0 and below 1"),
        ({"seed": -1}, r"seed must be an int of at least 0 and below 2\*\*64, received -1"),
        ({"seed": 1.5}, "seed must be an int"),
        ({"step": 2**64}, r"step must be an int of at least 0 and below 2\*\*64"),
        ({"stream": 2**32}, r"stream must be an int of at least 0 and below 2\*\*32"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        dropout([1.0], **arguments)
