"""Convolution and pooling of signals and volumes, on the operations of images and, of volumes, on stacks of frames."""

import math

import numpy as np

from cnnc import geometry, reference
from table import Spec, number

SIGNALS = [
    (((2, 6, 2), (3, 2, 3), (3,)), {}),
    (((1, 7, 2), (2, 2, 2), (2,)), {"stride": 2, "padding": (1, 0)}),
    (((1, 6, 1), (3, 1, 2), (2,)), {"dilation": 2, "padding": 2}),
    (((2, 5, 4), (3, 2, 2), (2,)), {"groups": 2, "padding": "same"}),
    (((1, 4, 3), (2, 1, 3), (3,)), {"groups": 3}),
]
VOLUMES = [
    (((2, 3, 3, 4, 2), (2, 3, 2, 2, 3), (3,)), {}),
    (((1, 4, 3, 3, 2), (3, 2, 2, 2, 2), (2,)), {"stride": (2, 1, 2), "padding": 1}),
    (((1, 5, 3, 4, 1), (2, 2, 2, 1, 2), (2,)), {"dilation": (3, 1, 2), "padding": ((1, 0), (0, 1), (2, 0))}),
    (((1, 3, 2, 3, 4), (2, 1, 3, 2, 4), (4,)), {"groups": 2, "padding": "same"}),
    (((1, 2, 3, 2, 3), (2, 2, 1, 1, 3), (3,)), {"groups": 3}),
]
ONE_AXIS = [
    (((2, 6, 2),), {"size": 2}),
    (((1, 5, 3),), {"size": 3, "stride": 2}),
    (((1, 7, 2),), {"size": 3, "stride": 2, "padding": (1, 0)}),
    (((1, 6, 1),), {"size": 2, "stride": 4, "ceil": True}),
    (((1, 300, 1),), {"size": 290}),
]
BOXES = [
    (((2, 4, 4, 2, 2),), {"size": 2}),
    (((1, 3, 4, 5, 1),), {"size": 3, "stride": (1, 2, 1), "padding": 1}),
    (((1, 5, 2, 3, 2),), {"size": (3, 1, 2), "stride": 2, "padding": ((1, 0), (0, 0), (0, 1))}),
    (((1, 4, 3, 4, 1),), {"size": 2, "stride": 3, "ceil": True}),
    (((1, 2, 5, 5, 2),), {"size": (2, 3, 3), "padding": "same"}),
]


def convolution(rank):
    def random(rng):
        kernel, dilation, stride = ([number(rng, 1, high) for _ in range(rank)] for high in (3, 2, 3))
        padding = [[number(rng, 0, 2) for _ in range(2)] for _ in range(rank)]
        sides = [
            max(1, (k - 1) * d + 1 - sum(p)) + number(rng, 0, 4)
            for k, d, p in zip(kernel, dilation, padding, strict=True)
        ]
        groups = number(rng, 1, 3)
        channels, filters = groups * number(rng, 1, 9), groups * number(rng, 1, 20)
        shapes = (number(rng, 1, 3), *sides, channels), (*kernel, channels // groups, filters), (filters,)
        padding = padding[0] if rank == 1 else padding
        arguments = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        return shapes[: number(rng, 2, 3)], arguments

    return random


def pooling(rank, mean):
    def random(rng):
        size = [number(rng, 1, 4) for _ in range(rank)]
        padding = [[number(rng, 0, s // 2) for _ in range(2)] for s in size]
        sides = [s + number(rng, 0, 5) for s in size]
        arguments = {"size": size, "stride": [number(rng, 1, 3) for _ in size], "ceil": bool(number(rng, 0, 1))}
        arguments["padding"] = padding[0] if rank == 1 else padding
        if mean:
            arguments["count_include_pad"] = bool(number(rng, 0, 1))
        return ((number(rng, 1, 3), *sides, number(rng, 1, 20)),), arguments

    return random


def terms(name, rank):
    """As many terms as a window has taps, two roundings for the mean of means, and the magnitude."""

    def of(*arrays, size, **arguments):
        arrays = [np.abs(arrays[0]), *arrays[1:]]
        return math.prod(geometry.sizes(size, "size", rank)) + 2, getattr(reference, name)(*arrays, size, **arguments)

    return of


BIASED = {"takes": "x w b", "gradients": "dx dw db", "backward_takes": 2, "optional": (2,), "linear": True}
SPECS = [
    Spec("correlate1d", SIGNALS, convolution(1), **BIASED),
    Spec("correlate3d", VOLUMES, convolution(3), **BIASED),
    *(
        Spec(
            f"{kind}_pool{rank}d",
            cases,
            pooling(rank, kind == "avg"),
            exact=("forward",) if kind == "max" else (),
            forward_terms=terms(f"{kind}_pool{rank}d", rank),
            backward_terms=terms(f"{kind}_pool{rank}d_backward", rank),
            linear=True,
        )
        for kind in ("max", "avg")
        for rank, cases in ((1, ONE_AXIS), (3, BOXES))
    ),
]
