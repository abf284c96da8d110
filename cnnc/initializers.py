"""Starting values of weights: functions (shape, rng) -> array, by name.

The last axis of a weight is its outputs (K); the product of the others is what each output sums (fan in). The fan out
of a filter (KH, KW, C, K) is KH * KW * K.
"""

import math

import numpy as np

PIECE = 1 << 18  # numbers that are drawn at a time


def _fans(shape):
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    taps = math.prod(shape[:-2])
    return taps * shape[-2], taps * shape[-1]


def _drawn(shape, draw):
    """Independent numbers in float32; `draw(n)` gives the next n. A piece at a time, for they are drawn in float64."""
    numbers = np.empty(math.prod(shape), np.float32)
    for start in range(0, numbers.size, PIECE):
        piece = numbers[start : start + PIECE]
        piece[...] = draw(piece.size)
    return numbers.reshape(shape)


def _uniform(shape, rng, variance):
    limit = math.sqrt(3 * variance)
    return _drawn(shape, lambda n: rng.uniform(-limit, limit, n))


def _normal(shape, rng, variance):
    return _drawn(shape, lambda n: rng.standard_normal(n) * math.sqrt(variance))


def glorot_uniform(shape, rng):
    """Uniform with variance 2 / (fan in + fan out). (Glorot, Bengio 2010.)

    Example:
        >>> import cnnc, numpy as np
        >>> bool(abs(cnnc.initializers.glorot_uniform((3, 3), np.random.default_rng(0))).max() <= 1)
        True
    """
    return _uniform(shape, rng, 2 / sum(_fans(shape)))


def glorot_normal(shape, rng):
    """Normal with variance 2 / (fan in + fan out). (Glorot, Bengio 2010.)"""
    return _normal(shape, rng, 2 / sum(_fans(shape)))


def he_uniform(shape, rng):
    """Uniform with variance 2 / fan in, for ReLU. (He, Zhang, Ren, Sun 2015.)"""
    return _uniform(shape, rng, 2 / _fans(shape)[0])


def he_normal(shape, rng):
    """Normal with variance 2 / fan in, for ReLU. (He, Zhang, Ren, Sun 2015.)"""
    return _normal(shape, rng, 2 / _fans(shape)[0])


def lecun_uniform(shape, rng):
    """Uniform with variance 1 / fan in. (LeCun, Bottou, Orr, Mueller: Efficient backprop, 1998.)"""
    return _uniform(shape, rng, 1 / _fans(shape)[0])


def lecun_normal(shape, rng):
    """Normal with variance 1 / fan in. (LeCun, Bottou, Orr, Mueller: Efficient backprop, 1998.)"""
    return _normal(shape, rng, 1 / _fans(shape)[0])


def orthogonal(shape, rng):
    """A random matrix (fan in, K) with orthonormal columns, or rows if there are fewer. (Saxe et al. 2014.)

    Example:
        >>> import cnnc, numpy as np
        >>> w = cnnc.initializers.orthogonal((4, 2), np.random.default_rng(0))
        >>> np.round(w.T @ w, 6) + 0
        array([[1., 0.],
               [0., 1.]])
    """
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))
    return (q if rows >= columns else q.T).reshape(shape)


def dirac(shape, rng):
    """Filters that pass on a channel each, as far as there are channels; the rest is drawn as by `lecun_uniform`.

    (Zagoruyko, Komodakis: DiracNets, 2017.)

    Example:
        >>> import cnnc, numpy as np
        >>> w = cnnc.initializers.dirac((3, 3, 2, 2), np.random.default_rng(0))
        >>> w[1, 1], w.sum()
        (array([[1., 0.],
               [0., 1.]], dtype=float32), np.float32(2.0))
    """
    w, passed = lecun_uniform(shape, rng), range(min(shape[-2:]))
    w[..., : len(passed)] = 0
    w[(*(n // 2 for n in shape[:-2]), passed, passed)] = 1
    return w


def zeros(shape, rng):
    """Zeros, for biases."""
    return np.zeros(shape)


def ones(shape, rng):
    """Ones."""
    return np.ones(shape)


BY_NAME = {
    f.__name__: f
    for f in (
        *(glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_uniform, lecun_normal),
        *(orthogonal, dirac, zeros, ones),
    )
}


def get(init):
    """The initialiser of that name, or the function itself. Raises ValueError for an unknown name."""
    if callable(init):
        return init
    if not isinstance(init, str) or init not in BY_NAME:
        raise ValueError(f"the initialiser must be a function or one of {', '.join(BY_NAME)}: received {init!r}")
    return BY_NAME[init]
