"""Rescaling and dropout."""

import numpy as np

from cnnc.ops import rescale_fields
from table import FLAT, LANES, SHAPES, Spec, number, shape

DROP = {"rate": 0.4, "seed": 3, "step": 1, "stream": 2}
SCALE = {"scale": 0.3, "offset": -1.0}
TRIPLES = {"scale": (0.3, -2.0, 1.5), "offset": (-1.0, 0.25, 0.0)}


def drop_fields(case):
    return {"rate": 0.5, "stream": 0, **case.arguments}


def scale_fields(case):
    return rescale_fields(case.shapes[0], **{"scale": 1 / 255, "offset": 0.0, **case.arguments})


def some_scales(rng):
    """Numbers, or one for each channel of one or of both."""
    s = shape(rng)
    return (s,), {name: rng.uniform(-2, 2, s[-1] if rng.random() < 0.5 else None) for name in ("scale", "offset")}


def channels(n):
    return ((2, 3, n),), {"scale": np.linspace(-1, 2, n), "offset": np.linspace(1, -2, n)}


SPECS = [
    Spec(
        "rescale",
        [
            *(((s,), SCALE) for s in [*SHAPES[1:], SHAPES[0]]),
            (((2, 3, 3),), TRIPLES),
            (((4, 3),), {**SCALE, "scale": [1.0, 2.0, -3.0]}),
            (((3,),), {"scale": 2, "offset": np.arange(3)}),
        ],
        some_scales,
        tails={
            "length": (FLAT, lambda n: (((n,),), {})),
            "pixels": (FLAT, lambda n: (((n, 3),), TRIPLES)),
            "channels": ((*LANES, *range(190, 195), 500), channels),
        },
        large=[(((100_003,),), {}), (((40_001, 3),), TRIPLES)],
        chain=[("rescale", "x", "y"), ("rescale_dx", "dy", "dx")],
        fields=scale_fields,
        in_place=[("rescale", "x", "y"), ("rescale_dx", "dy", "dx")],
        forward_terms=lambda x, scale=1 / 255, offset=0.0: (2, np.abs(x * np.array(scale)) + np.abs(offset)),
    ),
    Spec(
        "dropout",
        [((s,), DROP) for s in SHAPES],
        lambda rng: ((shape(rng),), {"rate": rng.uniform(0, 0.95), "seed": number(rng, 0, 2**40)}),
        tails={"length": (FLAT, lambda n: (((n,),), {"rate": 0.3, "seed": n}))},
        large=[(((100_003,),), {})],
        chain=[("dropout", "x rng", "y")],
        fields=drop_fields,
        in_place=[("dropout", "x", "y")],
        linear=True,
    ),
]
