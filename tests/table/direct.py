"""Operations of the C library that no function has for itself: makers of (inputs, results, settings, exact results)."""

import numpy as np

from cnnc import reference


def random(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).standard_normal(shape).astype(np.float32)


def rescale_u8(n):
    x = np.random.default_rng(n).integers(0, 256, n).astype(np.uint8)
    return {"x": x}, {"y": random(n) * np.nan}, {"scale": 0.25, "offset": -1.0}, {"y": x * 0.25 - 1.0}


def add(n, accumulate, both=True):
    a, b, y = random(n), random(n, seed=1), random(n, seed=2) if accumulate else np.full(n, np.nan, np.float32)
    exact = a.astype(np.float64) + (b if both else 0) + (y if accumulate else 0)
    return {"a": a, "b": b if both else None}, {"y": y}, {"accumulate": accumulate}, {"y": exact}


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


def sgd(n, momentum, nesterov=False):
    param, grad, velocity = (random(n, seed=seed) for seed in range(3))
    arguments = {"momentum": momentum, "weight_decay": 0.1, "nesterov": nesterov}
    exact = dict(zip(("param", "velocity"), reference.sgd(param, grad, velocity, lr=0.5, **arguments), strict=True))
    results = {"param": param, "velocity": velocity}
    if not momentum:
        del results["velocity"], exact["velocity"]
    return {"grad": grad, "lr": np.array([0.5])}, results, {**arguments, "nesterov": int(nesterov)}, exact


def check_finite(n):
    return {"x": random(n).astype(np.float64)}, {}, {}, {}


DIRECT = {
    "rescale_u8": [rescale_u8],
    "add": [lambda n, a=a, b=b: add(n, a, b) for a in (0, 1) for b in (False, True)],
    "lerp": [lerp],
    "concat": [concat],
    "pad_channels": [pad_channels],
    "concat_dx": [lambda n, a=a: concat_dx(n, a) for a in (0, 1)],
    "sgd": [lambda n, m=m: sgd(n, *m) for m in ((0.0,), (0.9,), (0.9, True))],
    "check_finite": [check_finite],
}
