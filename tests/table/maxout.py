"""The maximum over blocks of channels."""

import numpy as np

from cnnc import reference
from table import LANES, PLACES, Spec, number, shape


def row(*x, pieces=2):
    return (x,), {"pieces": pieces}


def random(rng):
    pieces = number(rng, 1, 6)
    return row(*shape(rng), pieces * number(rng, 1, 40), pieces=pieces)


SPECS = [
    Spec(
        "maxout",
        [row(2), row(3, 1, pieces=1), row(2, 6, pieces=3), row(3, 1, 4), row(2, 2, 2, 5, pieces=5)],
        random,
        tails={
            "units": (LANES, lambda n: row(3, 3 * n, pieces=3)),
            "pieces": ([*PLACES, 255, 256], lambda n: row(2, 5 * n, pieces=n)),
            "rows": (PLACES, lambda n: row(n, 10)),
        },
        large=[row(5000, 66, pieces=3), row(100_003, 2)],
        chain=[("maxout", "x", "y index8"), ("maxout_dx", "dy index8", "dx"), ("maxout", "x", "y")],
        backward_terms=lambda dy, x, pieces: (1, reference.maxout_backward(np.abs(dy), x, pieces)),
        exact=("forward",),
        linear=True,
    )
]
