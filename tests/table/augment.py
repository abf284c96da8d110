"""Changing images: random problems for the functions, and makers for the C operations as in direct.py.

What is rounded to bytes needs exact numbers before: so the makers' weights are fractions of powers of two.
"""

import numpy as np

from cnnc import reference
from table import number

MAPS = np.array([[[1, 0, -1.25], [0, 1, 0.5]], [[0.5, -0.25, 1], [0.25, -0.5, 3]]])
ONES = {1: [[0.75]], 2: [[1.5, -0.25], [0.5, 1]], 3: [[1, -0.5, 0.25], [0.25, 1.5, 0], [0, 0, -1]]}
PLACES = np.array([[-1, 2], [1, -3]])


def images(*shape, kind="u8"):
    rng = np.random.default_rng(shape)
    x = rng.integers(0, 256, shape)
    return x.astype(np.uint8) if kind == "u8" else x.astype(np.float32) / 32  # below 8, and with few bits


def rounded(y):
    """As bytes: the nearest, halves up."""
    return np.floor(np.asarray(y) + 0.5).clip(0, 255)


def empty(y, kind):
    """What is there before the results."""
    return np.full(y.shape, 111, np.uint8) if kind == "u8" else np.full(y.shape, np.nan, np.float32)


def exact(y, kind):
    """What is to come: exact numbers, or the nearest bytes."""
    return {"y": rounded(y) if kind == "u8" else y}


def windows(n, channels, padding, mirror=(0, 1)):
    x, mirror, fill = images(2, 3, n, channels), np.array(mirror, np.uint8), images(channels)
    y = reference.windows(x, PLACES, (4, n + 2), mirror > 0, fill, padding)
    inputs = {"x": x, "origin": PLACES, "mirror": mirror, "fill": fill}
    return inputs, {"y": empty(y, "u8")}, {"reflect": int(padding == "reflect")}, {"y": y}


def resize(n, channels, kind):
    """Twice as many columns, or a half of them four times: n is the width, and beyond 130 also the number of images."""
    count, width = 1 + n // 130, 1 + n % 130
    x = images(count, 2, width, channels, kind=kind)
    box = np.resize([[0, 0, 2, width], [0, 0.25, 2, width / 2]], (count, 4))
    y = reference.resize_boxes(x, box, (2, 2 * width))
    return {"x": x, "box": box}, {"y": empty(y, kind)}, {}, exact(y, kind)


def warp(n, channels, padding, kind):
    x, fill = images(2, 3, n, channels, kind=kind), images(channels, kind=kind)
    y = reference.warp(x, MAPS, (4, n + 1), fill, padding)
    settings = {"replicate": int(padding == "replicate")}
    return {"x": x, "matrix": MAPS, "fill": fill}, {"y": empty(y, kind)}, settings, exact(y, kind)


def recolour(n, channels, kind):
    x = images(2, n, 1, channels, kind=kind)
    matrix = np.array([ONES[channels], np.eye(channels)], np.float32)
    offset = np.array([np.arange(channels) - 1.25, np.full(channels, 1.5)], np.float32)
    y = reference.recolour(x, matrix, offset)
    return {"x": x, "matrix": matrix, "offset": offset}, {"y": empty(y, kind)}, {}, exact(y, kind)


def means(n, channels, kind):
    x = images(2, n, 1, channels, kind=kind)
    mean = reference.channel_means(x)
    return {"x": x}, {"mean": np.full(mean.shape, np.nan)}, {}, {"mean": mean}


def paste(n, channels):
    x, fill = images(3, 4, n, channels), images(channels)
    partner, box = np.array([2, -1, 0]), np.array([[1, n // 3, 2, 7], [-2, -1, 4, n], [3, n - 1, 5, 5]])
    y = reference.paste(x, partner, box, fill)
    return {"x": x, "partner": partner, "box": box, "fill": fill}, {"y": empty(y, "u8")}, {}, {"y": y}


def blend(n, kind):
    x = images(3, n, 1, 1, kind=kind)
    partner, share = np.array([1, 1, 0]), np.array([0.25, 1, 0.375])
    y = reference.blend(x, partner, share)
    return {"x": x, "partner": partner, "share": share}, {"y": empty(y, kind)}, {}, exact(y, kind)


def both(name, make, *rows):
    """The makers of an operation for reals, and of its twin for bytes."""
    return {op: [lambda n, row=row, kind=kind: make(n, *row, kind) for row in rows]
            for op, kind in ((name, "real"), (f"{name}_u8", "u8"))}  # fmt: skip


IMAGES = {
    "windows": [lambda n, row=row: windows(n, *row)
                for row in ((1, "reflect"), (3, "reflect"), (2, "constant"), (3, "constant"), (12, "constant"))],
    **both("resize_boxes", resize, (1,), (3,), (2,)),
    **both("warp", warp, (1, "constant"), (3, "constant"), (2, "replicate"), (3, "replicate")),
    **both("recolour", recolour, (1,), (3,), (2,)),
    **both("channel_means", means, (1,), (3,), (5,)),
    "paste": [lambda n, c=c: paste(n, c) for c in (1, 3)],
    **both("blend", blend, ()),
}  # fmt: skip


# --- random problems for the functions: x and the arguments -----------------------------------------------------------


def some(rng, most=12):
    """Images of random sizes, of bytes."""
    shape = number(rng, 1, 4), number(rng, 1, most), number(rng, 1, most), number(rng, 1, 5)
    return rng.integers(0, 256, shape).astype(np.uint8)


def some_windows(rng):
    x = some(rng)
    n, *_, channels = x.shape
    settings = {"mirror": rng.random(n) < 0.5, "fill": rng.integers(0, 256, channels)}
    settings["padding"] = ("constant", "reflect")[number(rng, 0, 1)]
    return x, (rng.integers(-30, 30, (n, 2)), (number(rng, 1, 20), number(rng, 1, 20))), settings


def some_resize(rng):
    x = some(rng, 30)
    n, height, width, _ = x.shape
    box = np.column_stack([rng.uniform(-3, height, n), rng.uniform(-3, width, n), *rng.uniform(0.01, 35, (2, n))])
    return x, (box, (number(rng, 1, 20), number(rng, 1, 20))), {}


def some_warp(rng):
    x = some(rng)
    matrix = rng.uniform(-2, 2, (len(x), 2, 3)) * [1, 1, 4]
    settings = {"fill": rng.integers(0, 256, x.shape[3]), "padding": ("constant", "replicate")[number(rng, 0, 1)]}
    return x, (matrix, (number(rng, 1, 20), number(rng, 1, 20))), settings


def some_recolour(rng):
    x = some(rng)
    n, *_, channels = x.shape
    return x, (rng.uniform(-1, 1, (n, channels, channels)), rng.uniform(-100, 200, (n, channels))), {}


def some_means(rng):
    return some(rng), (), {}


def some_paste(rng):
    x = some(rng)
    n, *_, channels = x.shape
    box = np.concatenate([rng.integers(-15, 15, (n, 2)), rng.integers(0, 20, (n, 2))], axis=1)
    return x, (rng.integers(-1, n, n), box), {"fill": rng.integers(0, 256, channels)}


def some_blend(rng):
    x = some(rng)
    return x, (rng.integers(0, len(x), len(x)), rng.random(len(x))), {}


FUNCTIONS = {
    "windows": some_windows,
    "resize_boxes": some_resize,
    "warp": some_warp,
    "recolour": some_recolour,
    "channel_means": some_means,
    "paste": some_paste,
    "blend": some_blend,
}
