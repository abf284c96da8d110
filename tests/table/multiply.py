"""Products."""

from table import FLAT, LANES, PLACES, SHAPES, Spec, number, shape


def random(rng):
    return (shape(rng),) * 2, {}


def random_channels(rng):
    x = (*shape(rng), number(rng, 1, 40))
    return (x, (x[0], x[-1])), {}


def weighed(*x):
    return (x, (x[0], x[-1])), {}


SPECS = [
    Spec(
        "multiply",
        [((s, s), {}) for s in SHAPES],
        random,
        tails={"length": (FLAT, lambda n: (((n,), (n,)), {}))},
        large=[(((100_003,), (100_003,)), {})],
        chain=[("multiply", "a b", "y")],
        takes="a b",
        gradients="da db",
        in_place=[("multiply", "a", "y"), ("multiply", "b", "y")],
        linear=True,
    ),
    Spec(
        "multiply_channels",
        [weighed(2, 3), weighed(1, 4, 2), weighed(2, 3, 2, 3), weighed(1, 1, 1, 5), weighed(3, 2, 1, 2, 2)],
        random_channels,
        tails={
            "channels": (LANES, lambda n: weighed(2, 3, n)),
            "pixels": (PLACES, lambda n: weighed(2, n, 3)),
            "blocks of pixels": ([4095, 4097, 8193, 70_001], lambda n: weighed(1, n, 1)),
        },
        large=[weighed(3, 41, 40, 33), weighed(2, 70_001, 1)],
        chain=[("multiply_channels", "x g", "y"), ("multiply_channels_dg", "dy x", "dg")],
        takes="x g",
        gradients="dx dg",
        in_place=[("multiply_channels", "x", "y")],
        linear=True,
    ),
]
