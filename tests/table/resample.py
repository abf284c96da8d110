"""Padding, enlarging, adaptive pooling."""

import numpy as np

from cnnc import ops, reference
from cnnc.geometry import resampling
from table import LANES, PLACES, Spec, number

MODES = ("zero", "reflect", "replicate", "circular")


def images(rng, least=1):
    return number(rng, 1, 3), *(number(rng, least, 9) for _ in range(2)), number(rng, 1, 40)


def random_pad(rng):
    x = images(rng, least=2)
    padding = [[number(rng, 0, n - 1) for _ in range(2)] for n in x[1:3]]
    return (x,), {"padding": padding, "mode": MODES[number(rng, 0, 3)]}


def random_upsample(rng):
    bilinear = bool(number(rng, 0, 1))
    mode = {"mode": "bilinear", "align_corners": bool(number(rng, 0, 1))} if bilinear else {"mode": "nearest"}
    return (images(rng),), {"scale": [number(rng, 1, 4) for _ in range(2)], **mode}


def random_adaptive(rng):
    return (images(rng),), {"size": [number(rng, 1, 11) for _ in range(2)]}


def fields(matrices):
    return lambda case: ops.resample_fields(*matrices(case.shapes[0][1:3], **case.arguments))


def adaptive_terms(x, size):
    return sum(x.shape[1:3]), reference.adaptive_avg_pool2d(np.abs(x), size)


def adaptive_backward_terms(dy, x, size):
    return sum(dy.shape[1:3]), reference.adaptive_avg_pool2d_backward(np.abs(dy), x, size)


COMMON = {"chain": [("resample2d", "x", "y"), ("resample2d_dx", "dy", "dx")], "linear": True}
SPECS = [
    Spec(
        "pad2d",
        [
            (((2, 3, 4, 2),), {"padding": 1}),
            (((1, 4, 5, 1),), {"padding": (2, 0), "mode": "reflect"}),
            (((1, 3, 5, 3),), {"padding": ((2, 1), (4, 3)), "mode": "reflect"}),
            (((2, 1, 3, 2),), {"padding": ((2, 5), (0, 4)), "mode": "replicate"}),
            (((1, 2, 3, 2),), {"padding": ((2, 0), (3, 1)), "mode": "circular"}),
            (((1, 1, 1, 1),), {"padding": ((0, 3), (0, 0)), "mode": "zero"}),
        ],
        random_pad,
        tails={
            "channels": (LANES, lambda n: (((1, 3, 4, n),), {"padding": ((1, 2), (2, 0)), "mode": "reflect"})),
            "zeros": (LANES, lambda n: (((2, 2, 3, n),), {"padding": ((0, 2), (1, 3))})),
            "columns": (PLACES, lambda n: (((1, 2, n, 3),), {"padding": (1, n), "mode": "circular"})),
            "replicated": (PLACES, lambda n: (((1, 3, 2, 5),), {"padding": n, "mode": "replicate"})),
        },
        large=[(((3, 50, 51, 17),), {"padding": 5, "mode": "reflect"})],
        fields=fields(resampling.padding),
        exact=("forward",),
        **COMMON,
    ),
    Spec(
        "upsample2d",
        [
            (((2, 3, 2, 2),), {"scale": 2}),
            (((1, 2, 3, 1),), {"scale": (3, 1), "mode": "nearest"}),
            (((1, 3, 4, 2),), {"scale": 2, "mode": "bilinear"}),
            (((2, 1, 5, 1),), {"scale": (2, 3), "mode": "bilinear"}),
            (((1, 4, 3, 2),), {"scale": 2, "mode": "bilinear", "align_corners": True}),
            (((1, 1, 1, 3),), {"scale": 4, "mode": "bilinear", "align_corners": True}),
        ],
        random_upsample,
        tails={
            "channels": (LANES, lambda n: (((1, 2, 3, n),), {"scale": 2})),
            "bilinear channels": (LANES, lambda n: (((1, 3, 2, n),), {"scale": (2, 3), "mode": "bilinear"})),
            "columns": (PLACES, lambda n: (((1, 2, n, 3),), {"scale": (1, 2), "mode": "bilinear"})),
        },
        large=[(((2, 30, 31, 17),), {"scale": 2, "mode": "bilinear"}), (((2, 30, 31, 3),), {"scale": 3})],
        fields=fields(resampling.upsampling),
        **COMMON,
    ),
    Spec(
        "adaptive_avg_pool2d",
        [
            (((2, 4, 6, 2),), {"size": 2}),
            (((1, 5, 7, 1),), {"size": (3, 4)}),
            (((1, 5, 4, 3),), {"size": 1}),
            (((2, 3, 2, 2),), {"size": (5, 2)}),
            (((1, 1, 9, 1),), {"size": (1, 4)}),
        ],
        random_adaptive,
        tails={
            "channels": (LANES, lambda n: (((2, 5, 4, n),), {"size": (2, 3)})),
            "columns": (PLACES, lambda n: (((1, 3, n, 3),), {"size": (2, 5)})),
            "windows": (PLACES, lambda n: (((1, 7, 9, 2),), {"size": (n, 4)})),
        },
        large=[(((4, 60, 61, 9),), {"size": 7})],
        fields=fields(resampling.adaptive),
        forward_terms=adaptive_terms,
        backward_terms=adaptive_backward_terms,
        **COMMON,
    ),
]
