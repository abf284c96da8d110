"""Dense layers, matrix products, biases."""

from cnnc import ops
from table import LANES, LONG, SHAPES, Spec, number, shape

BATCHES = [*range(1, 29), 31, 32, 33, 47, 63, 64, 65, 97]  # around the most rows of each way to multiply
PRODUCTS = [(1, 1, 1), (2, 3, 4), (5, 1, 2), (1, 6, 1), (4, 5, 3)]


def row(m, k, n, arrays=3):
    return ((m, k), (k, n), (n,))[:arrays], {}


def product(rng):
    return number(rng, 1, 40), number(rng, 1, 300), number(rng, 1, 70)


def biased(*x):
    return (x, x[-1:]), {}


SPECS = [
    Spec(
        "dense",
        [row(*sizes) for sizes in PRODUCTS],
        lambda rng: row(*product(rng), arrays=number(rng, 2, 3)),
        tails={
            "rows": (BATCHES, lambda n: row(n, 7, 35)),
            "long sums": (BATCHES, lambda n: row(n, 400, 203)),
            "outputs": (LANES, lambda n: row(5, 9, n)),
            "outputs of many rows": (LANES, lambda n: row(67, 9, n)),
            "inputs": ([*LANES, *LONG], lambda n: row(13, n, 11)),
            "samples": (LONG, lambda n: row(n, 5, 6)),
        },
        large=[row(65, 401, 121), row(1000, 33, 10), row(1, 3000, 100), row(5, 1030, 515), row(17, 640, 1024)],
        fields=lambda case: {**ops.ending(), "first": 0},
        chain=[("dense", "x w b", "y"), ("dense_dx", "dy w", "dx"), ("dense_dw", "dy x", "dw db")],
        takes="x w b",
        gradients="dx dw db",
        backward_takes=2,
        optional=(2,),
        linear=True,
    ),
    Spec(
        "matmul",
        [row(*sizes, arrays=2) for sizes in PRODUCTS],
        lambda rng: row(*product(rng), arrays=2),
        tails={"sides": (LANES, lambda n: row(n, 3, n, arrays=2))},
        large=[row(100, 100, 100, arrays=2)],
        chain=[("dense", "x w", "y"), ("dense_dx", "dy w", "dx"), ("dense_dw", "dy x", "dw")],
        fields=lambda case: {**ops.ending(), "first": 0},
        takes="x w",
        gradients="dx dw",
        linear=True,
    ),
    Spec(
        "bias_add",
        [biased(*x) for x in SHAPES],
        lambda rng: biased(*shape(rng)),
        tails={
            "channels": (LANES, lambda n: biased(7, n)),
            "rows": ([*LANES, 4095, 4097], lambda n: biased(n, 5)),
        },
        large=[biased(5000, 33)],
        chain=[("bias_add", "x b", "y"), ("bias_add_db", "dy", "db")],
        takes="x b",
        gradients="dx db",
        in_place=[("bias_add", "x", "y")],
    ),
]
