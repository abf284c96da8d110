"""Convolution and cross-correlation."""

from functools import partial

import numpy as np
import winograd

from cnnc import geometry, ops, reference
from table import LANES, PLACES, Spec, number, outputs

LARGE_TILES, SMALL_TILES = {"algorithm": "winograd_6x6"}, {"algorithm": "winograd_4x4"}

CASES = [
    (((2, 4, 5, 2), (3, 3, 2, 3), (3,)), {}),
    (((1, 5, 5, 2), (2, 3, 2, 2), (2,)), {"stride": (2, 1), "padding": ((0, 1), (2, 0))}),
    (((1, 5, 6, 1), (2, 2, 1, 2), (2,)), {"dilation": (3, 2), "padding": 1}),
    (((2, 4, 4, 4), (3, 3, 2, 2), (2,)), {"groups": 2, "padding": "same"}),
    (((1, 5, 4, 3), (3, 2, 1, 3), (3,)), {"groups": 3, "stride": 2}),
    (((1, 4, 4, 2), (3, 3, 1, 6), (6,)), {"groups": 2, "padding": (1, 0), "algorithm": "direct"}),
    (((2, 3, 3, 2), (1, 1, 2, 3), (3,)), {}),
    (((1, 6, 6, 2), (1, 1, 2, 3), (3,)), {"stride": (2, 3)}),
    (((1, 1, 9, 1), (1, 4, 1, 5), (5,)), {"stride": (1, 5), "padding": "valid"}),
    (((1, 3, 3, 2), (3, 3, 2, 1), (1,)), {"padding": 4, "stride": 3}),
    (((2, 5, 6, 2), (3, 3, 2, 3), (3,)), {"padding": 1, **LARGE_TILES}),
    (((1, 4, 7, 3), (5, 5, 3, 2), (2,)), {"padding": ((4, 0), (1, 3)), **LARGE_TILES}),
    (((1, 3, 3, 1), (3, 3, 1, 1), (1,)), LARGE_TILES),
    (((2, 4, 5, 3), (3, 3, 3, 2), (2,)), {"padding": ((0, 3), (4, 1)), **SMALL_TILES}),
]


def row(x, w, **arguments):
    return (x, w, w[-1:]), arguments


def random(rng):
    kernel, dilation = ([number(rng, 1, high) for _ in range(2)] for high in (5, 3))
    padding = [[number(rng, 0, 3) for _ in range(2)] for _ in range(2)]
    sides = [
        max(1, (k - 1) * d + 1 - sum(p)) + number(rng, 0, 9) for k, d, p in zip(kernel, dilation, padding, strict=True)
    ]
    groups = number(rng, 1, 3)
    channels, filters = groups * number(rng, 1, 20), groups * number(rng, 1, 40)
    shapes = (number(rng, 1, 3), *sides, channels), (*kernel, channels // groups, filters), (filters,)
    stride = number(rng, 1, 3), number(rng, 1, 3)
    arguments = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return shapes[: number(rng, 2, 3)], arguments


def fields(case):
    settings = {name: value for name, value in case.arguments.items() if name != "algorithm"}
    window, _ = geometry.convolution(*case.shapes, **settings)
    algorithm = case.arguments.get("algorithm", "auto")
    return {**ops.conv_fields(window, case.op == "convolve2d", algorithm), **ops.conv_ending()}


def terms(of, *arrays, algorithm="auto", padding=0, **arguments):
    """As many terms as products are summed, and the sums of their magnitudes on the way that the algorithm takes."""
    function, backward, flip = getattr(reference, of), of.endswith("_backward"), of.startswith("convolve2d")
    counts = outputs(function(*(np.ones_like(a) for a in arrays), padding=padding, **arguments))
    sums = outputs(function(*(np.abs(a) for a in arrays), padding=padding, **arguments))
    if not algorithm.startswith("winograd"):
        return counts, tuple(sums)
    dy, x, w = arrays if backward else (sums[0], *arrays[:2])
    size, step = 6 if algorithm == "winograd_6x6" else 4, -1 if flip else 1
    y, dx, dw = winograd.magnitudes(x, w[::step, ::step], dy, padding, size)
    kernel, more = w.shape[0] * w.shape[1], 30  # for the transforms
    if backward:
        return [kernel * w.shape[3] + more, dy[..., 0].size + more, counts[2]], (dx, dw[::step, ::step], sums[2])
    return kernel * w.shape[2] + more, (y + (np.abs(arrays[2]) if len(arrays) > 2 else 0),)


COMMON = {
    "cases": CASES,
    "random": random,
    "takes": "x w b",
    "gradients": "dx dw db",
    "backward_takes": 2,
    "optional": (2,),
    "linear": True,
    "fields": fields,
    "chain": [("correlate2d", "x w b", "y"), ("correlate2d_dx", "dy w", "dx"), ("correlate2d_dw", "dy x", "dw db")],
}
SPECS = [
    Spec(
        "correlate2d",
        **COMMON,
        forward_terms=partial(terms, "correlate2d"),
        backward_terms=partial(terms, "correlate2d_backward"),
        tails={
            "filters": (LANES, lambda n: row((1, 3, 4, 2), (3, 3, 2, n), padding=1)),
            "channels": (LANES, lambda n: row((1, 3, 5, n), (2, 3, n, 5))),
            "columns": (PLACES, lambda n: row((1, 3, n + 2, 3), (3, 3, 3, 6))),
            "rows and images": (PLACES, lambda n: row((3, n, 2, 3), (1, 2, 3, 4), padding=((0, 0), (1, 0)))),
            "strided columns": (PLACES, lambda n: row((2, 4, 2 * n + 1, 3), (3, 3, 3, 7), stride=2, padding=1)),
            "wide filters": (PLACES, lambda n: row((1, 2, n + 2, 2), (1, n, 2, 3), stride=(1, 2))),
            "dilated": (PLACES, lambda n: row((1, 6, 2 * n + 3, 2), (2, 3, 2, 3), dilation=(3, 2), padding=2)),
            "depthwise": (LANES, lambda n: row((1, 4, 5, n), (1, 3, 1, n), groups=n, padding=1)),
            "depthwise with a multiplier": (PLACES, lambda n: row((1, 4, 5, n), (2, 2, 1, 3 * n), groups=n)),
            "groups": (PLACES, lambda n: row((2, 3, 4, 2 * n), (2, 2, n, 34), groups=2, stride=(2, 1))),
            "1x1, pixels": (PLACES, lambda n: row((1, 1, n, 5), (1, 1, 5, 7))),
            "1x1, filters": (LANES, lambda n: row((2, 2, 2, 5), (1, 1, 5, n))),
            "large tiles, filters": (LANES, lambda n: row((1, 3, 5, 2), (3, 3, 2, n), padding=1, **LARGE_TILES)),
            "large tiles, channels": (LANES, lambda n: row((1, 3, 4, n), (3, 3, n, 5), padding=1, **LARGE_TILES)),
            "large tiles, columns": (PLACES, lambda n: row((1, 3, n + 2, 3), (3, 3, 3, 6), **LARGE_TILES)),
            "large tiles, rows": (PLACES, lambda n: row((2, n, 2, 3), (5, 5, 3, 4), padding=4, **LARGE_TILES)),
            "small tiles, filters": (LANES, lambda n: row((1, 3, 5, 2), (3, 3, 2, n), padding=1, **SMALL_TILES)),
            "small tiles, channels": (LANES, lambda n: row((1, 3, 4, n), (3, 3, n, 5), padding=1, **SMALL_TILES)),
            "small tiles, images": (PLACES, lambda n: row((n, 2, 3, 3), (3, 3, 3, 6), padding=2, **SMALL_TILES)),
            "1x1, strided": (PLACES, lambda n: row((1, 3, n, 4), (1, 1, 4, 6), stride=2)),
        },
        large=[
            row((2, 20, 21, 17), (3, 3, 17, 35), padding=1),
            row((2, 40, 40, 3), (5, 5, 3, 6), stride=2),
            row((2, 33, 33, 40), (3, 3, 1, 40), groups=40, padding=1),
            row((4, 21, 20, 30), (1, 1, 30, 70)),
            row((16, 14, 14, 6), (5, 5, 6, 16)),
            row((4, 7, 7, 64), (3, 3, 64, 64), padding=1),
            row((5, 13, 14, 33), (3, 3, 33, 34), padding=1, **LARGE_TILES),
            row((3, 17, 16, 20), (5, 5, 20, 48), padding=((2, 1), (0, 4)), **LARGE_TILES),
            row((3, 14, 15, 130), (3, 3, 130, 150), padding=1, **LARGE_TILES),
            row((2, 13, 9, 150), (3, 3, 150, 170), padding=1, **SMALL_TILES),
        ],
    ),
    Spec(
        "convolve2d",
        **COMMON,
        forward_terms=partial(terms, "convolve2d"),
        backward_terms=partial(terms, "convolve2d_backward"),
        tails={
            "filters": (LANES, lambda n: row((1, 4, 5, 3), (3, 2, 3, n), padding=(1, 0))),
            "channels": (LANES, lambda n: row((1, 3, 5, n), (2, 3, n, 5))),
            "large tiles": (PLACES, lambda n: row((1, 5, 5, n), (5, 5, n, 3), padding=2, **LARGE_TILES)),
            "small tiles": (PLACES, lambda n: row((1, 4, 5, 3), (3, 3, 3, n), padding=1, **SMALL_TILES)),
        },
        large=[row((2, 25, 24, 12), (3, 4, 12, 10), dilation=2, padding=2)],
    ),
]
