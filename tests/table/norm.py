"""Normalisation: by mean and variance, and by neighbouring channels."""

import numpy as np

from cnnc import geometry, reference
from cnnc.ops import ending
from table import FLAT, LANES, PLACES, Spec, number

# What is summed at once before double takes over: 4096 numbers in vectors of at least four.
MOST = 1100


def row(*x, arrays=3, eps=0.01, **arguments):
    return (x, x[-1:], x[-1:])[:arrays], {"eps": eps, **arguments}


# --- by mean and variance -------------------------------------------------------------------------------------


class Terms:
    """Settings and errors of one kind of normalisation.

    Deviations are summed, so mean and deviation are off by (terms summed) eps sigma, and z by that much of 1 + |z|.
    """

    def __init__(self, kind):
        self.kind = kind

    def fields(self, case):
        images, groups = geometry.normalisation(case.shapes[0], self.kind, case.arguments.get("groups", 1))
        return {"N": images, "G": groups, "centred": int(self.kind != "rms"), "eps": case.arguments["eps"],
                **ending()}  # fmt: skip

    def cut(self, x, groups):
        """x in double, as (images, pixels, groups, channels of a group)."""
        images, groups = geometry.normalisation(x.shape, self.kind, groups)
        return np.asarray(x, np.float64).reshape(images, -1, groups, x.shape[-1] // groups)

    def statistics(self, x, groups):
        cut = self.cut(x, groups)
        mean = cut.mean(axis=(1, 3), keepdims=True) * (self.kind != "rms")
        return cut, mean, np.square(cut - mean).mean(axis=(1, 3), keepdims=True)

    def forward(self, x, gamma=None, beta=None, eps=0, groups=1):
        cut, mean, var = self.statistics(x, groups)
        z = (1 + np.abs(cut - mean) / np.sqrt(var + eps)).reshape(x.shape)
        size = cut[0, :, 0].size
        return min(size, MOST) + 16, z * np.abs(1 if gamma is None else gamma) + np.abs(0 if beta is None else beta)

    def backward(self, dy, x, gamma=None, eps=0, groups=1):
        cut, mean, var = self.statistics(x, groups)
        rstd = 1 / np.sqrt(var + eps)
        z = 1 + np.abs(cut - mean) * rstd
        dy = np.abs(np.asarray(dy, np.float64))
        g = (dy * np.abs(1 if gamma is None else gamma)).reshape(z.shape)
        means = [a.mean(axis=(1, 3), keepdims=True) for a in (g, g * z)]
        dx = rstd * (g + means[0] + z * means[1])
        axes = tuple(range(x.ndim - 1))
        gradients = dx.reshape(x.shape), (dy * z.reshape(x.shape)).sum(axes), dy.sum(axes)
        terms = min(z[0, :, 0].size, MOST) + 20
        terms = [terms, min(x.size // x.shape[-1], MOST) + terms, min(x.size // x.shape[-1], MOST)]
        return terms[: 2 if self.kind == "rms" else 3], gradients[: 2 if self.kind == "rms" else 3]

    def more(self, case, arrays, dtype, expected):
        """The statistics that the operation leaves; low is what is lost when the mean is rounded."""
        groups, eps = case.arguments.get("groups", 1), np.finfo(dtype).eps
        cut, mean, var = self.statistics(arrays[0], groups)
        terms = min(cut[0, :, 0].size, MOST) + 16
        mean, var = (a.reshape(a.shape[0], a.shape[2]) for a in (mean, var))
        slack = terms * eps * np.sqrt(var) + 1e-30
        rounding = eps * np.abs(mean)
        return {
            "mean": (mean, rounding + slack),
            "low": (np.zeros_like(mean), rounding + slack),
            "var": (var, 2 * terms * eps * var + np.square(rounding) + 1e-30),
        }


def spec(op, kind, cases, random, tails, large):
    terms = Terms(kind)
    rms = kind == "rms"
    takes, gradients = ("x gamma", "dx dgamma") if rms else ("x gamma beta", "dx dgamma dbeta")
    return Spec(
        op,
        cases,
        random,
        tails=tails,
        large=large,
        chain=[
            ("normalise", takes, "y mean low var"),
            ("normalise_dx", "dy x gamma mean low var", gradients),
            ("normalise", takes, "y"),
        ],
        takes=takes,
        gradients=gradients,
        backward_takes=2,
        optional=(1,) if rms else (1, 2),
        fields=terms.fields,
        in_place=[("normalise", "x", "y"), ("normalise_dx", "dy", "dx")],
        forward_terms=terms.forward,
        backward_terms=terms.backward,
        more=terms.more,
    )


def draw_shape(rng, least):
    """(N, ..., C) with at least so many values in (N, all others)."""
    shape = [number(rng, 1, 6), *(number(rng, 1, 9) for _ in range(number(rng, 0, 2))), number(rng, 1, 40)]
    return [max(n, m) for n, m in zip(shape, [least[0]] + [1] * (len(shape) - 2) + [least[1]], strict=True)]


def random_batch(rng):
    return row(*draw_shape(rng, (2, 1)), arrays=number(rng, 1, 3), eps=rng.uniform(1e-5, 1))


def random_layer(rng):
    return row(*draw_shape(rng, (1, 2)), arrays=number(rng, 1, 3), eps=rng.uniform(1e-5, 1))


def random_rms(rng):
    return row(*draw_shape(rng, (1, 1)), arrays=number(rng, 1, 2), eps=rng.uniform(1e-5, 1))


def random_group(rng):
    groups, *shape, channels = number(rng, 1, 5), *draw_shape(rng, (1, 2))
    return row(*shape, groups * channels, arrays=number(rng, 1, 3), groups=groups)


def random_instance(rng):
    shape = draw_shape(rng, (1, 1))
    return row(shape[0], 2 + number(rng, 0, 9), *shape[1:], arrays=number(rng, 1, 3))


BATCH = [(2, 1), (7, 5), (2, 3, 4, 2), (3, 2, 6), (2, 2, 2, 2, 3)]
LAYER = [(2,), (3, 5), (2, 3, 2, 4), (1, 7), (2, 2, 9)]
RMS = [(2, 2), (3, 5), (2, 3, 2, 4), (1, 7), (2, 2, 9)]
GROUP = [((2, 4), 2), ((1, 3, 6), 3), ((2, 3, 2, 4), 2), ((2, 2, 2, 6), 1), ((3, 4, 4), 4)]
INSTANCE = [(2, 2, 1), (1, 5, 3), (2, 3, 2, 4), (3, 2, 2, 2), (1, 3, 7)]

BY_VARIANCE = [
    spec(
        "batch_norm",
        "batch",
        [row(*x) for x in BATCH],
        random_batch,
        {
            "channels": (LANES, lambda n: row(3, 3, n)),
            "pixels of 1 channel": (FLAT, lambda n: row(n + 1, 1)),
            "pixels of 3 channels": (LANES, lambda n: row(2 * n, 3)),
            "pixels of 70 channels": (PLACES, lambda n: row(2, n, 70)),
        },
        [row(40, 33, 21, 5), row(4, 900, 40), row(3, 40, 40, 130), row(300_000, 1)],
    ),
    spec(
        "layer_norm",
        "layer",
        [row(*x) for x in LAYER],
        random_layer,
        {"channels": (FLAT, lambda n: row(3, n + 1)), "positions": (PLACES, lambda n: row(n, 2, 5))},
        [row(3001, 33), row(5, 9001)],
    ),
    spec(
        "rms_norm",
        "rms",
        [row(*x, arrays=2) for x in RMS],
        random_rms,
        {"channels": (FLAT, lambda n: row(3, n, arrays=2)), "positions": (PLACES, lambda n: row(n, 2, 5, arrays=2))},
        [row(3001, 33, arrays=2)],
    ),
    spec(
        "group_norm",
        "group",
        [row(*x, groups=groups) for x, groups in GROUP],
        random_group,
        {
            "channels": (LANES, lambda n: row(2, 3, 2 * n, groups=2)),
            "channels of one pixel": (LANES, lambda n: row(3, 3 * (n + 1), groups=3)),
            "pixels": (PLACES, lambda n: row(2, n, 6, groups=2)),
        },
        [row(20, 12, 12, 30, groups=5), row(2, 60, 60, 24, groups=3), row(999, 36, groups=4)],
    ),
    spec(
        "instance_norm",
        "instance",
        [row(*x) for x in INSTANCE],
        random_instance,
        {
            "channels": (LANES, lambda n: row(2, 3, n)),
            "pixels": (PLACES, lambda n: row(2, n + 1, 5)),
        },
        [row(40, 6, 6, 17), row(3, 50, 50, 9)],
    ),
]


# --- by statistics that are given ------------------------------------------------------------------------------


def given(*x, arrays=5, eps=0.01):
    return (x, *[x[-1:]] * 4)[:arrays], {"eps": eps}


def positive_variance(case, arrays, rng):
    return [*arrays[:2], np.abs(arrays[2]), *arrays[3:]]


def given_terms(x, mean, var, gamma=None, beta=None, eps=0):
    z = (np.abs(x) + np.abs(mean)) / np.sqrt(np.float64(var) + eps)
    return 4, z * np.abs(1 if gamma is None else gamma) + np.abs(0 if beta is None else beta)


def given_backward_terms(dy, x, mean, var, gamma=None, eps=0):
    rstd = 1 / np.sqrt(np.float64(var) + eps)
    z, axes = (np.abs(x) + np.abs(mean)) * rstd, tuple(range(x.ndim - 1))
    dy, terms = np.abs(dy), min(x.size // x.shape[-1], MOST)
    dx = dy * rstd * np.abs(1 if gamma is None else gamma)
    return [4, terms + 8, terms], (dx, (dy * z).sum(axes), dy.sum(axes))


BY_GIVEN = Spec(
    "batch_norm_inference",
    [given(*x) for x in [(1, 1), (7, 5), (2, 3, 4, 2), (3,), (2, 2, 2, 2, 3)]],
    lambda rng: given(*draw_shape(rng, (1, 1)), arrays=number(rng, 3, 5), eps=rng.uniform(1e-5, 1)),
    tails={
        "channels": (LANES, lambda n: given(3, 3, n)),
        "pixels of 1 channel": (FLAT, lambda n: given(n, 1)),
        "pixels of 3 channels": (LANES, lambda n: given(2 * n, 3)),
    },
    large=[given(40, 33, 21, 5), given(4, 900, 40)],
    chain=[
        ("normalise_by", "x mean var gamma beta", "y"),
        ("normalise_by_dx", "dy x mean var gamma", "dx dgamma dbeta"),
        ("normalise_by_dx", "dy mean var gamma", "dx"),
        ("normalise_by_dx", "dy mean var", "dbeta"),
    ],
    takes="x mean var gamma beta",
    gradients="dx dgamma dbeta",
    backward_takes=4,
    optional=(3, 4),
    in_place=[("normalise_by", "x", "y"), ("normalise_by_dx", "dy", "dx")],
    forward_terms=given_terms,
    backward_terms=given_backward_terms,
    draw=positive_variance,
    fields=lambda case: {**case.arguments, **ending()},
)


# --- by neighbouring channels -----------------------------------------------------------------------------------

WINDOWS = [
    (((2, 3, 3, 7),), {}),
    (((1, 1),), {"size": 3, "alpha": 1.0, "beta": 1.0, "k": 0.5}),
    (((2, 5),), {"size": 4, "alpha": 2.0, "beta": 0.5, "k": 1.0}),
    (((3, 2, 6),), {"size": 1, "alpha": 0.5, "beta": 0.3, "k": 1.5}),
    (((9,),), {"size": 30, "alpha": 9.0, "beta": 0.75, "k": 1.0}),
]


def random_window(rng):
    arguments = {"size": number(rng, 1, 9), "alpha": rng.uniform(0, 5), "k": rng.uniform(0.5, 3)}
    beta = float(rng.choice([0.5, 0.75, 1.0, rng.uniform(0, 2)]))
    return ((number(rng, 1, 9), number(rng, 1, 40)),), {**arguments, "beta": beta}


def window_fields(case):
    given = {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 2.0, **case.arguments}
    return {"window": given["size"], "alpha": given["alpha"], "power": given["beta"], "k": given["k"]}


def window_terms(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    """s has as many terms as the window, and its power a few more, as csrc/core/simd_math.h says."""
    return (size + 8) * (1 + beta) + 8, reference.local_response_norm(np.abs(x), size, alpha, beta, k)


def window_backward_terms(dy, x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    """The gradient is the difference of a direct share and one through the windows: their sum."""
    window = (size, alpha, beta, k)
    direct = np.abs(dy) * (reference.local_response_norm(x, *window) / x)
    difference = reference.local_response_norm_backward(np.abs(dy), np.abs(x), *window)
    return (size + 8) * (2 + beta) + 12, 2 * direct - difference


BY_NEIGHBOURS = Spec(
    "local_response_norm",
    WINDOWS,
    random_window,
    tails={
        "channels": (LANES, lambda n: (((3, n),), {"alpha": 1.0})),
        "channels, even window": (LANES, lambda n: (((2, n),), {"size": 4, "alpha": 1.0, "beta": 0.6})),
        "pixels": (PLACES, lambda n: (((n, 3),), {"alpha": 1.0, "beta": 0.5})),
    },
    large=[(((5, 40, 40, 33),), {"alpha": 1.0})],
    chain=[("local_response", "x", "y"), ("local_response_dx", "dy x", "dx")],
    fields=window_fields,
    in_place=[("local_response", "x", "y"), ("local_response_dx", "dy", "dx")],
    forward_terms=window_terms,
    backward_terms=window_backward_terms,
)

SPECS = [*BY_VARIANCE, BY_GIVEN, BY_NEIGHBOURS]

IMAGES = np.ones((2, 5, 5, 4))
BY_OWN = {"batch_norm": {}, "layer_norm": {}, "rms_norm": {}, "group_norm": {"groups": 2}, "instance_norm": {}}
ALL = {**BY_OWN, "local_response_norm": {}}
REFUSED = [
    *((op, (1.0,), arguments, r"at least one axis, received the shape \(\)") for op, arguments in ALL.items()),
    *((op, (IMAGES,), {**arguments, "eps": wrong}, f"eps must be a finite number above 0, received {wrong}")
      for op, arguments in BY_OWN.items() for wrong in (0, -1, np.nan, np.inf)),
    *((op, (IMAGES, np.ones(3)), arguments, r"gamma must have one number for each of 4 channels, .*received.* \(3,\)")
      for op, arguments in BY_OWN.items()),
    *((f"{op}_backward", (IMAGES[:1], IMAGES), arguments, r"output's shape \(2, 5, 5, 4\), received \(1, 5, 5, 4\)")
      for op, arguments in ALL.items()),
    ("batch_norm", (IMAGES, None, np.ones((4, 1))), {}, r"beta must have one number .*received the shape \(4, 1\)"),
    ("batch_norm", (IMAGES[:1, 0, 0],), {}, r"a mean must be that of more than one value, received .*\(1, 4\)"),
    ("layer_norm", (np.ones((5, 1)),), {}, r"a mean must be that of more than one value, received .*\(5, 1\)"),
    ("instance_norm", (np.ones((5, 4)),), {}, r"a mean must be that of more than one value, received .*\(5, 4\)"),
    ("instance_norm", (np.ones(4),), {}, r"at least two axes \(N, \.\.\., C\), received the shape \(4,\)"),
    *(("group_norm", (IMAGES,), {"groups": wrong}, f"groups must be an int that divides 4 channels, received {wrong}")
      for wrong in (3, 0, -2, 8, 2.0, True)),
    ("batch_norm_inference", (IMAGES, np.ones(4), -np.ones(4)), {}, r"var must be at least 0, received -1\.0"),
    ("batch_norm_inference", (IMAGES, np.ones(3), np.ones(4)), {}, r"mean must have one number .*received .*\(3,\)"),
    *(("local_response_norm", (IMAGES,), {"size": wrong}, f"size must be an int from 1 to 65536, received {wrong}")
      for wrong in (0, -1, 2**17, 2.5, True)),
    *(("local_response_norm", (IMAGES,), {name: wrong}, f"{name} must be a finite number of at least 0, received")
      for name in ("alpha", "beta") for wrong in (-1, np.nan, np.inf)),
    *(("local_response_norm", (IMAGES,), {"k": wrong}, f"k must be a finite number above 0, received {wrong}")
      for wrong in (0, -1, np.nan, np.inf)),
]  # fmt: skip
