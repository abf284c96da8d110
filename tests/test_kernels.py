"""The C operations called directly: every ragged end, on each instruction set, between guards; the same bits for any
number of threads; and in place where csrc/ops.h says so."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from cases import LEVELS, Case
from chains import ACTIVATIONS, CHAINS, call, expected_of, run_chain, values_of

from cnnc import _core, reference

# --- tails ---------------------------------------------------------------------------------------------------------

LANES = range(1, 65)  # twice two vectors of 16 floats
PLACES = range(1, 29)  # twice the 12 to 14 pixels that registers hold
FLAT = [*range(1, 131), *range(4093, 4100), *range(8190, 8195)]  # twice dropout's 64, and around chunks of 4096
LONG = [127, 128, 129, 255, 257, 511, 513, 1025]  # around the longest part of a sum that is done at once


def conv(x, w, **arguments):
    return Case("correlate2d", (x, w, w[-1:]), arguments)


TAILS = {
    "conv, filters": (LANES, lambda n: conv((1, 3, 4, 2), (3, 3, 2, n), padding=1)),
    "conv, channels": (LANES, lambda n: conv((1, 3, 5, n), (2, 3, n, 5))),
    "conv, columns": (PLACES, lambda n: conv((1, 3, n + 2, 3), (3, 3, 3, 6))),
    "conv, rows and images": (PLACES, lambda n: conv((3, n, 2, 3), (1, 2, 3, 4), padding=((0, 0), (1, 0)))),
    "conv, strided columns": (PLACES, lambda n: conv((2, 4, 2 * n + 1, 3), (3, 3, 3, 7), stride=2, padding=1)),
    "conv, wide filters": (PLACES, lambda n: conv((1, 2, n + 2, 2), (1, n, 2, 3), stride=(1, 2))),
    "conv, dilated": (PLACES, lambda n: conv((1, 6, 2 * n + 3, 2), (2, 3, 2, 3), dilation=(3, 2), padding=2)),
    "conv, depthwise": (LANES, lambda n: conv((1, 4, 5, n), (1, 3, 1, n), groups=n, padding=1)),
    "conv, depthwise with a multiplier": (PLACES, lambda n: conv((1, 4, 5, n), (2, 2, 1, 3 * n), groups=n)),
    "conv, groups": (PLACES, lambda n: conv((2, 3, 4, 2 * n), (2, 2, n, 34), groups=2, stride=(2, 1))),
    "conv, 1x1, pixels": (PLACES, lambda n: conv((1, 1, n, 5), (1, 1, 5, 7))),
    "conv, 1x1, filters": (LANES, lambda n: conv((2, 2, 2, 5), (1, 1, 5, n))),
    "conv, 1x1, strided": (PLACES, lambda n: conv((1, 3, n, 4), (1, 1, 4, 6), stride=2)),
    "conv, flipped": (LANES, lambda n: Case("convolve2d", ((1, 4, 5, 3), (3, 2, 3, n), (n,)), {"padding": (1, 0)})),
    "conv, flipped channels": (LANES, lambda n: Case("convolve2d", ((1, 3, 5, n), (2, 3, n, 5), (5,)))),
    "dense, rows": (PLACES, lambda n: Case("dense", ((n, 7), (7, 35), (35,)))),
    "dense, outputs": (LANES, lambda n: Case("dense", ((5, 9), (9, n), (n,)))),
    "dense, inputs": ([*LANES, *LONG], lambda n: Case("dense", ((13, n), (n, 11), (11,)))),
    "dense, samples": (LONG, lambda n: Case("dense", ((n, 5), (5, 6), (6,)))),
    "matmul": (LANES, lambda n: Case("matmul", ((n, 3), (3, n)))),
    "bias": (LANES, lambda n: Case("bias_add", ((7, n), (n,)))),
    "bias, rows": ([*LANES, 4095, 4097], lambda n: Case("bias_add", ((n, 5), (5,)))),
    **{
        f"{op}, {axis}": (sizes, make)
        for op in ("max_pool2d", "avg_pool2d")
        for axis, sizes, make in [
            ("channels", LANES, lambda n, op=op: Case(op, ((2, 5, 4, n),), {"size": 2})),
            ("overlapping", LANES, lambda n, op=op: Case(op, ((1, 5, 5, n),), {"size": 3, "stride": 2, "padding": 1})),
            ("columns", PLACES, lambda n, op=op: Case(op, ((1, 3, n + 1, 3),), {"size": 2, "stride": 1})),
            ("overhang", PLACES, lambda n, op=op: Case(op, ((1, 4, n + 1, 2),), {"size": 2, "stride": 3, "ceil": 1})),
        ]
    },
    "means of the image alone": (
        PLACES,
        lambda n: Case("avg_pool2d", ((1, n, 5, n),), {"size": 3, "padding": 1, "count_include_pad": False}),
    ),
    "softmax, classes": ([*LANES, 1000], lambda n: Case("softmax", ((3, n),))),
    "softmax, rows": (PLACES, lambda n: Case("softmax", ((n, 10),))),
    "cross-entropy, classes": (LANES, lambda n: Case("cross_entropy", ((3, n), (3,)))),
    "cross-entropy, rows": (PLACES, lambda n: Case("cross_entropy", ((n, 10), (n, 10)))),
    **{op: (FLAT, lambda n, op=op: Case(op, ((n,),))) for op in ("relu", "sigmoid", "tanh", "rescale")},
    "leaky_relu": (FLAT, lambda n: Case("leaky_relu", ((n,),), {"slope": 0.2})),
    "elu": (FLAT, lambda n: Case("elu", ((n,),), {"alpha": 1.5})),
    "dropout": (FLAT, lambda n: Case("dropout", ((n,),), {"rate": 0.3, "seed": n})),
}


def machines(dtype):
    """Every instruction set (float64 has the lowest alone) with 1 and 3 threads."""
    return itertools.product(LEVELS if dtype == np.float32 else LEVELS[:1], (1, 3))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", TAILS)
def test_tails(name, dtype, threads):
    sizes, make = TAILS[name]
    if dtype == np.float64:
        sizes = [n for n in sizes if n <= 28 or n > 64]  # vectors of two
    for case in map(make, sizes):
        arrays, values = values_of(case, dtype)
        expected = expected_of(case, arrays, dtype)
        for level, team in machines(dtype):
            _core.use_isa(level)
            threads(team)
            run_chain(case, dtype, values, expected)


# --- operations that no function has for itself ----------------------------------------------------------------------


def random(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).standard_normal(shape).astype(np.float32)


def rescale_u8(n):
    x = np.random.default_rng(n).integers(0, 256, n).astype(np.uint8)
    return {"x": x}, {"y": random(n) * np.nan}, {"scale": 0.25, "offset": -1.0}, {"y": x * 0.25 - 1.0}


def add(n, accumulate, both=True):
    a, b, y = random(n), random(n, seed=1), random(n, seed=2) if accumulate else np.full(n, np.nan, np.float32)
    exact = a.astype(np.float64) + (b if both else 0) + (y if accumulate else 0)
    return {"a": a, "b": b if both else None}, {"y": y}, {"accumulate": accumulate}, {"y": exact}


def concat(n):
    x, y = random(3, n), random(3, n + 7, seed=1)
    exact = y.copy()
    exact[:, 4 : 4 + n] = x
    return {"x": x}, {"y": y}, {"offset": 4}, {"y": exact}


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
    "concat": [concat],
    "concat_dx": [lambda n, a=a: concat_dx(n, a) for a in (0, 1)],
    "sgd": [lambda n, m=m: sgd(n, *m) for m in ((0.0,), (0.9,), (0.9, True))],
    "check_finite": [check_finite],
}


ROUNDING = 8 * 16 * 2.0**-24  # at most eight roundings of numbers below 16


@pytest.mark.parametrize("name", DIRECT)
def test_tails_of_the_other_operations(name, threads):
    for make, n in itertools.product(DIRECT[name], FLAT):
        inputs, results, settings, exact = make(n)
        for level, team in machines(np.float32):
            _core.use_isa(level)
            threads(team)
            for field, array in call(name, inputs, results, settings).items():
                np.testing.assert_allclose(array, exact[field], rtol=0, atol=ROUNDING)


def test_check_finite_stops_at_any_element():
    for n in (1, 2, 100):
        for at, value in itertools.product(range(n), (np.nan, np.inf, -np.inf)):
            x = np.zeros(n)
            x[at] = value
            assert _core.OPS["check_finite"](x=x) != 0


# --- the same bits for any number of threads --------------------------------------------------------------

LARGE = [
    conv((2, 20, 21, 17), (3, 3, 17, 35), padding=1),
    conv((2, 40, 40, 3), (5, 5, 3, 6), stride=2),
    conv((2, 33, 33, 40), (3, 3, 1, 40), groups=40, padding=1),
    conv((4, 21, 20, 30), (1, 1, 30, 70)),
    conv((16, 14, 14, 6), (5, 5, 6, 16)),
    conv((4, 7, 7, 64), (3, 3, 64, 64), padding=1),
    Case("convolve2d", ((2, 25, 24, 12), (3, 4, 12, 10), (10,)), {"dilation": 2, "padding": 2}),
    Case("dense", ((65, 401), (401, 121), (121,))),
    Case("dense", ((1000, 33), (33, 10), (10,))),
    Case("dense", ((1, 3000), (3000, 100), (100,))),
    Case("matmul", ((100, 100), (100, 100))),
    Case("bias_add", ((5000, 33), (33,))),
    Case("max_pool2d", ((4, 60, 61, 9),), {"size": 3, "stride": 2}),
    Case("avg_pool2d", ((4, 60, 61, 9),), {"size": 2}),
    *(Case(op, ((100_003,),), {"slope": 0.1} if op == "leaky_relu" else {"alpha": 1.0} if op == "elu" else {})
      for op in (*ACTIVATIONS, "rescale", "dropout")),
    Case("softmax", ((3001, 10),)),
    Case("cross_entropy", ((3001, 10), (3001,))),
    Case("cross_entropy", ((501, 100), (501, 100))),
]  # fmt: skip
TEAMS = (1, 2, 3, 7)


@pytest.mark.parametrize("case", LARGE, ids=str)
def test_threads_do_not_change_bits(case, threads):
    arrays, values = values_of(case, np.float32)
    expected = expected_of(case, arrays, np.float32)
    for level in LEVELS:
        _core.use_isa(level)
        bits = []
        for team in TEAMS:
            threads(team)
            bits.append(run_chain(case, np.float32, values, expected, check=team == TEAMS[-1]))
        assert all(b == bits[0] for b in bits), f"bits differ between {TEAMS} threads on {level}"


@pytest.mark.parametrize("name", DIRECT)
def test_threads_do_not_change_bits_of_the_other_operations(name, isa, threads):
    for make in DIRECT[name]:
        inputs, results, settings, exact = make(100_003)
        bits = []
        for team in TEAMS:
            threads(team)
            after = call(name, inputs, results, settings)
            bits.append([array.tobytes() for array in after.values()])
        assert all(b == bits[0] for b in bits)
        for field, array in after.items():
            np.testing.assert_allclose(array, exact[field], rtol=0, atol=ROUNDING)


def test_every_operation_is_called():
    called = {name for chain in CHAINS.values() for name, _, _ in chain}
    assert called | set(DIRECT) == set(_core.OPS)
    assert set(CHAINS) == {case.op for case in LARGE} == {make(1).op for _, make in TAILS.values()}


# --- in place --------------------------------------------------------------------------------------------------------

IN_PLACE = [
    *((op, "x", "y") for op in (*ACTIVATIONS, "softmax", "bias_add", "rescale", "dropout")),
    *((f"{op}_dx", source, "dx") for op in ACTIVATIONS for source in ("dy", "y")),
    ("softmax_dx", "dy", "dx"),
    ("rescale_dx", "dy", "dx"),
    ("cross_entropy", "x", "p"),
    ("cross_entropy_dx", "p", "dx"),
]


@pytest.mark.parametrize(("name", "source", "target"), IN_PLACE, ids=map("-".join, IN_PLACE))
def test_in_place_gives_the_same_bits(name, source, target, isa, threads):
    op = name.removesuffix("_dx")
    settings = {"alpha": 0.5, "scale": 0.3, "offset": 1.0, "stream": 0, "rate": 0.5, "accumulate": 0}
    threads(2)
    for rows, columns in [(1, 1), (3, 5), (2, 17), (7, 64), (70, 1000)]:
        others = {"bias_add": [(columns,)], "cross_entropy": [(rows,)]}.get(op, [])
        case = Case(op, ((rows, columns), *others))
        _, values = values_of(case, np.float32)
        values.update(y=np.tanh(values["x"]), p=reference.softmax(values["x"]).astype(np.float32))
        _, taken, given = next(step for step in CHAINS[op] if step[0] == name)
        inputs = {field: values[field] for field in taken.split() if field in values}
        types = {"real": np.dtype(np.float32), **_core.DTYPES}
        kinds = {field.name: types[field.type] for field in _core.OPS[name].fields if field.type}
        shapes = {"row_loss": (rows,), "loss": (1,), "hits": (1,)}
        results = {f: np.zeros(shapes.get(f, (rows, columns)), kinds[f]) for f in given.split()}
        apart = call(name, inputs, results, settings)
        known = {field.name for field in _core.OPS[name].fields}
        shared = inputs[source].copy()
        arrays = {**inputs, **results, source: shared, target: shared}
        _core.OPS[name](**arrays, **{k: v for k, v in settings.items() if k in known})
        assert shared.tobytes() == apart[target].tobytes()


def test_add_in_place(isa):
    for n in (1, 17, 5000):
        a, b = random(n), random(n, seed=1)
        for shared, other in (("a", "b"), ("b", "a")):
            y = a.copy()
            _core.OPS["add"](**{shared: y, other: b, "y": y}, accumulate=0)
            np.testing.assert_array_equal(y, a + b)


def test_every_operation_that_may_run_in_place_is_tested():
    """The row that all activations share is not in the header under their names."""
    rows = "\n".join(path.read_text() for path in (Path(__file__).parents[1] / "csrc").glob("*/ops.h"))
    marked = re.findall(r"#define CNNC_(\w+)\(.*/\* (?:may run in place|\w+ may be \w+) \*/", rows)
    tested = {name for name, _, _ in IN_PLACE if name.removesuffix("_dx") not in ACTIVATIONS}
    assert {name.lower() for name in marked} == tested | {"add"}
