"""Operations of the C library that no function has for itself: makers of (inputs, results, settings, exact results)."""

import numpy as np

from cnnc.ops import ending
from table.augment import IMAGES
from table.optim import STEPS, step


def random(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).standard_normal(shape).astype(np.float32)


def rescale_u8(n, scale, offset):
    x = np.random.default_rng(n).integers(0, 256, n).astype(np.uint8)
    fields = {"x": x, "scale": np.array(scale), "offset": np.array(offset)}
    exact = x * np.resize(scale, n) + np.resize(offset, n)
    return fields, {"y": random(n) * np.nan}, {}, {"y": exact}


def add(n, accumulate, both=True):
    a, b, y = random(n), random(n, seed=1), random(n, seed=2) if accumulate else np.full(n, np.nan, np.float32)
    exact = a.astype(np.float64) + (b if both else 0) + (y if accumulate else 0)
    return {"a": a, "b": b if both else None}, {"y": y}, {"accumulate": accumulate, **ending()}, {"y": exact}


def lerp(n):
    x, y = random(n), random(n, seed=1)
    return {"x": x}, {"y": y}, {"scale": 1.5, "rate": 0.25}, {"y": y + (x.astype(np.float64) * 1.5 - y) * 0.25}


def concat(n):
    x, y = random(3, n), random(3, n + 7, seed=1)
    exact = y.copy()
    exact[:, 4 : 4 + n] = x
    return {"x": x}, {"y": y}, {"offset": 4}, {"y": exact}


def pad_channels(n):
    x, y = random(3, n), np.full((3, n + 7), np.nan, np.float32)
    return {"x": x}, {"y": y}, {"offset": 4}, {"y": np.pad(x, ((0, 0), (4, 3)))}


def concat_dx(n, accumulate):
    dy, dx = random(3, n + 7), random(3, n, seed=1) if accumulate else np.full((3, n), np.nan, np.float32)
    exact = dy[:, 4 : 4 + n].astype(np.float64) + (dx if accumulate else 0)
    return {"dy": dy}, {"dx": dx}, {"offset": 4, "accumulate": accumulate}, {"dx": exact}


def clip_value(n):
    x = random(n)
    return {}, {"x": x}, {"limit": 0.5}, {"x": np.clip(x, -0.5, 0.5)}


def clip_norm(n, limit):
    x = random(n)
    factor = min(1, limit / (4.0 + 1e-6))
    return {"squares": np.array([16.0])}, {"x": x}, {"limit": limit}, {"x": x * factor}


def sum_squares(n, accumulate):
    x = random(n) / np.float32(np.sqrt(n))  # a sum of about 1
    exact = np.array([(x.astype(np.float64) ** 2).sum() + 2.0 * accumulate])
    return {"x": x}, {"sum": np.array([2.0 if accumulate else np.nan])}, {"accumulate": accumulate}, {"sum": exact}


def lars_rate(n, there=1.0):
    """Six scalars: n is only the seed."""
    param, grad, lr, decay = np.random.default_rng(n).uniform(0.5, 2, 4)
    grad *= there
    numbers = np.array([lr, 0.9, decay, 0, 0, 0, 0, 0])
    exact = numbers.copy()
    exact[0] *= 0.1 * param / (grad + decay * param) if there else 1
    inputs = {"param_squares": np.array([param**2]), "grad_squares": np.array([grad**2])}
    return inputs, {"numbers": numbers}, {"trust": 0.1}, {"numbers": exact}


FRAMES = {"KD": 2, "stride_d": 2, "pad_front": 1, "dilation_d": 3}


def stacked(x, groups):
    """Volumes (N, D, F, C) as stacks of frames (N, OD, F, 2 C), for the settings above."""
    zero = np.zeros_like(x[:, 0])
    stacks = []
    for first in range(-1, x.shape[1], 2):
        seen = [x[:, d] if 0 <= d < x.shape[1] else zero for d in (first, first + 3)]
        parts = [part for group in zip(*(np.split(f, groups, axis=-1) for f in seen), strict=True) for part in group]
        stacks.append(np.concatenate(parts, axis=-1))
    return np.stack(stacks, axis=1)


def stack_frames(pixels, channels, groups):
    x = random(2, 5, pixels, channels)
    exact = stacked(x, groups)
    return {"x": x}, {"y": exact * np.nan}, {**FRAMES, "groups": groups}, {"y": exact}


def stack_frames_dx(pixels, channels, groups, accumulate):
    """A pixel's gradient is the sum of those of its places in the stacks: found by numbering the pixels."""
    shape = (2, 5, pixels, channels)
    places = stacked(np.arange(1.0, np.prod(shape) + 1).reshape(shape), groups)
    dy, dx = random(*places.shape), random(*shape, seed=1) if accumulate else np.full(shape, np.nan, np.float32)
    exact = np.bincount(places.astype(int).ravel(), dy.ravel(), dx.size + 1)[1:].reshape(shape)
    settings = {**FRAMES, "groups": groups, "accumulate": accumulate}
    return {"dy": dy}, {"dx": dx}, settings, {"dx": exact + (dx if accumulate else 0)}


def check_finite(n):
    return {"x": random(n).astype(np.float64)}, {}, {}, {}


def multiply_add(n, times):
    x, y = random(n), np.full(n, np.nan, np.float32)
    exact = x.astype(np.float64)
    for _ in range(times):
        exact = exact * 0.5 - 1.0
    return {"x": x}, {"y": y}, {"times": times, "scale": 0.5, "offset": -1.0}, {"y": exact}


DIRECT = {
    "rescale_u8": [
        lambda n: rescale_u8(n, [0.25], [-1.0]),
        lambda n: rescale_u8(n, [0.25, -0.5, 1.0], [-1.0, 0.5, 2.0]),
        lambda n: rescale_u8(n, np.arange(200) / 128, np.arange(200) / 16),
    ],
    "add": [lambda n, a=a, b=b: add(n, a, b) for a in (0, 1) for b in (False, True)],
    "lerp": [lerp],
    "concat": [concat],
    "pad_channels": [pad_channels],
    "concat_dx": [lambda n, a=a: concat_dx(n, a) for a in (0, 1)],
    "clip_value": [clip_value],
    "clip_norm": [lambda n, limit=limit: clip_norm(n, limit) for limit in (0.5, 100.0)],
    "sum_squares": [lambda n, a=a: sum_squares(n, a) for a in (0, 1)],
    "multiply_add": [lambda n, times=times: multiply_add(n, times) for times in (1, 3)],
    "lars_rate": [lars_rate, lambda n: lars_rate(n, there=0.0)],
    **{name: [lambda n, row=row: step(n, row) for row in rows] for name, rows in STEPS.items()},
    "check_finite": [check_finite],
    **IMAGES,
    "stack_frames": [lambda n: stack_frames(3, n, 1), lambda n: stack_frames(n, 6, 3)],
    "stack_frames_dx": [lambda n, a=a: stack_frames_dx(*((3, n, 1) if a else (n, 6, 3)), a) for a in (0, 1)],
}
