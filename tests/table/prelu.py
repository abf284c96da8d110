"""The rectifier with learned slopes."""

import numpy as np

from table import FLAT, LANES, PLACES, Spec, number, shape


def row(*x, slopes=None):
    return (x, (slopes or x[-1],)), {}


def random(rng):
    x = shape(rng)
    return row(*x, slopes=[None, 1][number(rng, 0, 1)])


def steepest(w):
    return np.maximum(1, np.abs(w))


SPECS = [
    Spec(
        "prelu",
        [row(1), row(5), row(2, 3, slopes=1), row(3, 1, 2), row(2, 2, 2, 2), row(2, 5, 3, slopes=1)],
        random,
        tails={
            "channels": (LANES, lambda n: row(3, n)),
            "rows": ([*PLACES, 819, 820, 1639], lambda n: row(n, 5)),
            "length, one slope": (FLAT, lambda n: row(n, slopes=1)),
        },
        large=[row(5000, 33), row(100_003, 2), row(5000, 33, slopes=1)],
        chain=[("prelu", "x w", "y"), ("prelu_dx", "dy x w", "dx"), ("prelu_dw", "dy x", "dw")],
        takes="x w",
        gradients="dx dw",
        in_place=[("prelu", "x", "y"), ("prelu_dx", "dy", "dx")],
        forward_terms=lambda x, w: (2, np.abs(x) * steepest(w)),
        backward_terms=lambda dy, x, w: (
            [2, x.size // w.size + 1],
            (np.abs(dy) * steepest(w), np.abs(x * dy, dtype=np.float64).reshape(-1, w.size).sum(axis=0)),
        ),
    )
]
