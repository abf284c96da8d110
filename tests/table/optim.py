"""Optimizers."""

import numpy as np

from cnnc import reference
from table import SHAPES, Spec, number, shape


def terms(param, grad, velocity=None, **arguments):
    velocity = None if velocity is None else np.abs(velocity)
    moved, velocity = reference.sgd(np.abs(param), np.abs(grad), velocity, **arguments)
    return 4, (2 * np.abs(param) - moved, velocity)


def random(rng):
    momentum = float(rng.choice([0.0, 0.9]))
    arguments = {"lr": rng.uniform(0, 1), "momentum": momentum, "weight_decay": rng.uniform(0, 1)}
    return (shape(rng),) * number(rng, 2, 3), {**arguments, "nesterov": bool(number(rng, 0, 1))}


SPECS = [
    Spec(
        "sgd",
        [
            *(((s, s), {"lr": 0.1, "weight_decay": 0.3}) for s in SHAPES),
            *(((s,) * 3, {"momentum": 0.9}) for s in SHAPES),
            *(((s,) * 3, {"momentum": 0.8, "nesterov": True, "weight_decay": 0.1}) for s in SHAPES),
        ],
        random,
        takes="param grad velocity",
        gradients="",
        optional=(2,),
        forward_terms=terms,
    ),
]
