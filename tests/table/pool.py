"""Max and average pooling."""

import numpy as np

from cnnc import geometry, ops, reference
from table import LANES, PLACES, Spec, number

CASES = [
    (((2, 4, 6, 2),), {"size": 2}),
    (((1, 5, 5, 2),), {"size": 3, "stride": 2}),
    (((1, 5, 4, 2),), {"size": (2, 3), "stride": 1, "padding": (1, 0)}),
    (((2, 6, 5, 1),), {"size": 3, "stride": 2, "padding": ((1, 0), (0, 1)), "ceil": True}),
    (((1, 4, 4, 3),), {"size": 2, "stride": 3, "ceil": True}),
    (((1, 7, 6, 2),), {"size": 3, "stride": 2, "padding": "same"}),
    (((1, 20, 18, 1),), {"size": (18, 17), "stride": 2}),  # more taps than a byte can number
]


def random(rng):
    size = [number(rng, 1, 5) for _ in range(2)]
    padding = [[number(rng, 0, s // 2) for _ in range(2)] for s in size]
    sides = [s + number(rng, 0, 9) for s in size]
    arguments = {"size": size, "stride": [number(rng, 1, 4) for _ in range(2)], "padding": padding}
    return ((number(rng, 1, 3), *sides, number(rng, 1, 40)),), {**arguments, "ceil": bool(number(rng, 0, 1))}


def random_mean(rng):
    shapes, arguments = random(rng)
    return shapes, {**arguments, "count_include_pad": bool(number(rng, 0, 1))}


def taps(size):
    rows, columns = geometry.pair(size, "size")
    return rows * columns


def max_fields(case):
    return ops.pool_fields(geometry.pooling(*case.shapes, **case.arguments)[0])


def mean_fields(case):
    given = dict(case.arguments)
    counted = given.pop("count_include_pad", True)
    return {**ops.mean_fields(geometry.pooling(*case.shapes, **given)[0], counted), **ops.ending()}


def max_backward_terms(dy, x, size, **arguments):
    return taps(size), reference.max_pool2d_backward(np.abs(dy), x, size, **arguments)


def mean_terms(x, size, **arguments):
    return taps(size), reference.avg_pool2d(np.abs(x), size, **arguments)


def mean_backward_terms(dy, x, size, **arguments):
    return taps(size), reference.avg_pool2d_backward(np.abs(dy), x, size, **arguments)


TAILS = {
    "channels": (LANES, lambda n: (((2, 5, 4, n),), {"size": 2})),
    "overlapping": (LANES, lambda n: (((1, 5, 5, n),), {"size": 3, "stride": 2, "padding": 1})),
    "columns": (PLACES, lambda n: (((1, 3, n + 1, 3),), {"size": 2, "stride": 1})),
    "overhang": (PLACES, lambda n: (((1, 4, n + 1, 2),), {"size": 2, "stride": 3, "ceil": 1})),
}
# more channels than are summed together, with vectors and lanes left over: all over an image, and with padding
MANY = [(((2, 3, 3, 150),), {"size": 3}), (((1, 4, 3, 283),), {"size": 2, "stride": 1, "padding": 1})]
ALONE = {"size": 3, "padding": 1, "count_include_pad": False}  # means of the image alone
SPECS = [
    Spec(
        "max_pool2d",
        CASES,
        random,
        tails=TAILS,
        large=[(((4, 60, 61, 9),), {"size": 3, "stride": 2})],
        chain=[
            ("max_pool2d", "x", "y index8"),
            ("max_pool2d_dx", "dy index8", "dx"),
            ("max_pool2d", "x", "y index32"),
            ("max_pool2d_dx", "dy index32", "dx"),
            ("max_pool2d", "x", "y"),
        ],
        fields=max_fields,
        exact=("forward",),
        backward_terms=max_backward_terms,
        linear=True,
    ),
    Spec(
        "avg_pool2d",
        [*CASES, (((1, 5, 5, 2),), {**ALONE, "stride": 2}), *MANY],
        random_mean,
        tails={**TAILS, "of the image alone": (PLACES, lambda n: (((1, n, 5, n),), ALONE))},
        large=[(((4, 60, 61, 9),), {"size": 2})],
        chain=[("avg_pool2d", "x", "y"), ("avg_pool2d_dx", "dy", "dx")],
        fields=mean_fields,
        forward_terms=mean_terms,
        backward_terms=mean_backward_terms,
        linear=True,
    ),
]
