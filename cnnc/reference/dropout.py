"""Dropout with a mask from a counter-based generator, so that it depends on nothing but its arguments."""

from __future__ import annotations

import numpy as np

from cnnc.geometry import is_int, is_number
from cnnc.reference._arrays import pair_of_gradients, real

__all__ = ["dropout", "dropout_backward", "philox4x32"]


def philox4x32(counter, key):
    """Philox4x32-10: four random 32-bit words for each counter, a keyed bijection of counters.

    Each round multiplies words 0 and 2 by constants; the high halves, mixed with the other words and the key, and the
    low halves become the new words; the key moves on by a constant after every round.

    Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, SC 2011.

    Args:
        counter: (..., 4) uint32.
        key: (2,) uint32.

    Returns:
        (..., 4) uint32.

    Raises:
        ValueError: when the last axes are not 4 and 2 words long.

    >>> [f"{word:08x}" for word in philox4x32(np.zeros(4, np.uint32), np.zeros(2, np.uint32))]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    counter, key = np.asarray(counter, dtype=np.uint32), np.asarray(key, dtype=np.uint32)
    if counter.shape[-1:] != (4,) or key.shape != (2,):
        raise ValueError(f"a counter has 4 words and a key 2, received the shapes {counter.shape} and {key.shape}")
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    c0, c1, c2, c3 = np.moveaxis(counter.astype(np.uint64), -1, 0)  # 32-bit words in 64 bits: products are exact
    k0, k1 = (int(word) for word in key)
    for _ in range(10):
        product0, product2 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c2 = (product2 >> shift) ^ c1 ^ np.uint64(k0), (product0 >> shift) ^ c3 ^ np.uint64(k1)
        c1, c3 = product2 & low, product0 & low
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=-1).astype(np.uint32)


def dropout(x, rate=0.5, seed=0, step=0, stream=0):
    """Inverted dropout: `y = x / (1 - rate)` where an element is kept, else 0.

    Element i in C order takes word i % 4 of the Philox block with counter (low i // 4, high i // 4, step, stream) and
    key (low seed, high seed), and is kept when that word is at least `floor(rate * 2**32)`.

    Srivastava and others: Dropout: a simple way to prevent neural networks from overfitting, JMLR 2014.

    Args:
        x: any shape, real numbers.
        rate: probability of dropping an element, at least 0 and below 1.
        seed: int, 64 bits.
        step: int, 64 bits, of which the low 32 count: the number of the training step.
        stream: int, 32 bits: tells the dropouts of one network apart.

    Returns:
        float64 of the same shape; its expectation is x.

    Raises:
        ValueError: when rate, seed, step or stream is out of range, or x is empty.
        TypeError: when x does not hold real numbers.

    >>> dropout(np.ones(6), rate=0.5, seed=3).tolist()
    [2.0, 0.0, 2.0, 2.0, 0.0, 2.0]
    """
    rate = _rate(rate)
    x = real(x, "x")
    return np.where(_kept(x.shape, rate, seed, step, stream), x / (1.0 - rate), 0.0)


def dropout_backward(dy, x, rate=0.5, seed=0, step=0, stream=0):
    """Gradient of dropout: `dx = dy / (1 - rate)` where the element was kept, else 0.

    Args:
        dy: gradient of the output, real numbers.
        x, rate, seed, step, stream: as given to dropout; only the shape of x matters.

    Returns:
        float64 of the same shape.

    Raises:
        ValueError, TypeError: as dropout, and when dy does not have the shape of x.

    >>> dropout_backward([1, 2, 3, 4, 5, 6], np.ones(6), rate=0.5, seed=3).tolist()
    [2.0, 0.0, 6.0, 8.0, 0.0, 12.0]
    """
    dy, _ = pair_of_gradients(dy, x)
    return dropout(dy, rate, seed, step, stream)


def _rate(rate) -> float:
    if not (is_number(rate) and 0 <= rate < 1):
        raise ValueError(f"dropout's rate must be at least 0 and below 1, received {rate!r}")
    return float(rate)


def _kept(shape, rate: float, seed, step, stream):
    """The mask: True where an element of an array of this shape is kept."""
    for value, name, bits in ((seed, "seed", 64), (step, "step", 64), (stream, "stream", 32)):
        if not is_int(value) or not 0 <= value < 2**bits:
            raise ValueError(f"dropout's {name} must be an int of at least 0 and below 2**{bits}, received {value!r}")
    size = int(np.prod(shape))
    block = np.arange(-(-size // 4), dtype=np.uint64)
    low = 0xFFFFFFFF
    counter = np.empty((block.size, 4), dtype=np.uint32)
    counter[:, 0] = block & np.uint64(low)
    counter[:, 1] = block >> np.uint64(32)
    counter[:, 2] = int(step) & low
    counter[:, 3] = int(stream)
    words = philox4x32(counter, [int(seed) & low, int(seed) >> 32]).ravel()[:size]
    return (words >= np.uint32(int(rate * 2**32))).reshape(shape)
