"""Rescaling and dropout."""

import numpy as np

from table import FLAT, SHAPES, Spec, number, shape

DROP = {"rate": 0.4, "seed": 3, "step": 1, "stream": 2}
SCALE = {"scale": 0.3, "offset": -1.0}


def drop_fields(case):
    return {"rate": 0.5, "stream": 0, **case.arguments}


def scale_fields(case):
    return {"scale": 1 / 255, "offset": 0.0, **case.arguments}


SPECS = [
    Spec(
        "rescale",
        [((s,), SCALE) for s in SHAPES],
        lambda rng: ((shape(rng),), {"scale": rng.uniform(-2, 2), "offset": rng.uniform(-2, 2)}),
        tails={"length": (FLAT, lambda n: (((n,),), {}))},
        large=[(((100_003,),), {})],
        chain=[("rescale", "x", "y"), ("rescale_dx", "dy", "dx")],
        fields=scale_fields,
        in_place=[("rescale", "x", "y"), ("rescale_dx", "dy", "dx")],
        forward_terms=lambda x, scale=1 / 255, offset=0.0: (2, np.abs(x * float(scale)) + abs(offset)),
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
