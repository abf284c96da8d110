"""Dropout with a mask from a counter-based generator, so that it depends on nothing but its arguments."""

import numpy as np

from cnnc.functional._arrays import gradient_like, public, ready, real
from cnnc.geometry import is_int, is_number
from cnnc.ops import op

__all__ = ["dropout", "dropout_backward"]


def _check(rate, seed, step, stream):
    if not (is_number(rate) and 0 <= rate < 1):
        raise ValueError(f"the rate must be at least 0 and below 1, received {rate!r}")
    for value, name, bits in ((seed, "seed", 64), (step, "step", 64), (stream, "stream", 32)):
        if not is_int(value) or not 0 <= value < 2**bits:
            raise ValueError(f"{name} must be an int of at least 0 and below 2**{bits}, received {value!r}")
    return {"rng": np.array([seed, step], np.uint64), "rate": float(rate), "stream": int(stream)}


def _drop(x, settings):
    y = np.empty_like(x)
    op("dropout")(x=x, y=y, accumulate=0, **settings)
    return y


@public
def dropout(x, rate=0.5, seed=0, step=0, stream=0):
    """Inverted dropout: `y = x / (1 - rate)` where an element is kept, else 0.

    Element i in C order takes word i % 4 of the Philox4x32-10 block with counter (low i // 4, high i // 4, step,
    stream) and key (low seed, high seed), and is kept when that word is at least `floor(rate * 2**32)`.

    Srivastava and others: Dropout: a simple way to prevent neural networks from overfitting, JMLR 2014.
    Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, SC 2011.

    Args:
        x: any shape, real numbers.
        rate: probability of dropping an element, at least 0 and below 1.
        seed: int, 64 bits.
        step: int, 64 bits, of which the low 32 count: the number of the training step.
        stream: int, 32 bits: tells the dropouts of one network apart.

    Returns:
        The same shape, float32 or float64; its expectation is x.

    Raises:
        ValueError: when rate, seed, step or stream is out of range, or x is empty.
        TypeError: when x does not hold real numbers.

    >>> dropout(np.ones(6), rate=0.5, seed=3)
    array([2., 0., 2., 2., 0., 2.])
    """
    settings = _check(rate, seed, step, stream)
    return _drop(*ready(real(x, "x")), settings)


@public
def dropout_backward(dy, x, rate=0.5, seed=0, step=0, stream=0):
    """Gradient of dropout: `dx = dy / (1 - rate)` where the element was kept, else 0.

    Args:
        dy: gradient of the output, real numbers.
        x, rate, seed, step, stream: as given to dropout; only the shape and type of x matter.

    Returns:
        dx, the same shape, float32 or float64.

    Raises:
        ValueError, TypeError: as dropout, and when dy does not have the shape of x.

    >>> dropout_backward([1, 2, 3, 4, 5, 6], np.ones(6), rate=0.5, seed=3)
    array([ 2.,  0.,  6.,  8.,  0., 12.])
    """
    settings = _check(rate, seed, step, stream)
    dy, _ = gradient_like(dy, x)
    return _drop(dy, settings)
