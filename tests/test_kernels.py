"""The C operations called directly: every ragged end, on each instruction set, between guards; the same bits for any
number of threads; and in place where csrc/ops.h says so."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from table import FLAT, LEVELS, SPECS, Case
from table.chains import call, expected_of, run_chain, values_of
from table.direct import DIRECT, random

from cnnc import _core, functional

# --- tails ---------------------------------------------------------------------------------------------------------

TAILS = [(op, axis) for op, spec in SPECS.items() for axis in spec.tails]


def machines(dtype):
    """Every instruction set (float64 has the lowest alone) with 1 and 3 threads."""
    return itertools.product(LEVELS if dtype == np.float32 else LEVELS[:1], (1, 3))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("op", "axis"), TAILS)
def test_tails(op, axis, dtype, threads):
    sizes, make = SPECS[op].tails[axis]
    if dtype == np.float64:
        sizes = [n for n in sizes if n <= 28 or n > 64]  # vectors of two
    for case in (Case(op, *make(n)) for n in sizes):
        arrays, values = values_of(case, dtype)
        expected = expected_of(case, arrays, dtype)
        for level, team in machines(dtype):
            _core.use_isa(level)
            threads(team)
            run_chain(case, dtype, values, expected)


# --- operations that no function has for itself ----------------------------------------------------------------------


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

LARGE = [Case(op, *row) for op, spec in SPECS.items() for row in spec.large]
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
    called = {name for spec in SPECS.values() for name, _, _ in spec.chain}
    elsewhere = {"correlate2d_pack", "correlate2d_plan"}  # tests/test_convolution.py
    assert called | set(DIRECT) | elsewhere == set(_core.OPS)
    assert all(spec.tails and spec.large for spec in SPECS.values() if spec.chain)


# --- in place --------------------------------------------------------------------------------------------------------

IN_PLACE = [(op, *pair) for op, spec in SPECS.items() for pair in spec.in_place]


@pytest.mark.parametrize(("op", "name", "source", "target"), IN_PLACE, ids=map("-".join, IN_PLACE))
def test_in_place_gives_the_same_bits(op, name, source, target, isa, threads):
    threads(2)
    spec = SPECS[op]
    types = {"real": np.dtype(np.float32), **_core.DTYPES}
    kinds = {field.name: types[field.type] for field in _core.OPS[name].fields if field.type}
    _, taken, given = next(step for step in spec.chain if step[0] == name)
    known = {field.name for field in _core.OPS[name].fields}
    for case in [*spec.all(), *(Case(op, *row) for row in spec.large)]:
        settings = {**spec.fields(case), **dict.fromkeys(_core.OPS[name].flags, 0)}
        arrays, values = values_of(case, np.float32)
        expected = expected_of(case, arrays, np.float32)
        values.update((f, exact.astype(kinds.get(f, np.float32))) for f, (exact, _) in expected.items())
        inputs = {field: values[field] for field in taken.split() if field in values}
        results = {f: np.zeros(expected[f][0].shape or (1,), kinds[f]) for f in given.split()}
        apart = call(name, inputs, results, settings)
        shared = inputs[source].copy()
        fields = {**inputs, **results, source: shared, target: shared}
        _core.OPS[name](**fields, **{k: v for k, v in settings.items() if k in known})
        assert shared.tobytes() == apart[target].tobytes()


def test_add_in_place(isa):
    for n in (1, 17, 5000):
        a, b = random(n), random(n, seed=1)
        for shared, other in (("a", "b"), ("b", "a")):
            y = a.copy()
            _core.OPS["add"](**{shared: y, other: b, "y": y}, accumulate=0, act=0, alpha=0.0)
            np.testing.assert_array_equal(y, a + b)


def test_every_operation_that_may_run_in_place_is_tested():
    """The row that all activations share is not in the header under their names."""
    rows = "\n".join(path.read_text() for path in (Path(__file__).parents[1] / "csrc").glob("*/ops.h"))
    marked = re.findall(r"#define CNNC_(\w+)\(.*/\* (?:may run in place|\w+ may be \w+) \*/", rows)
    tested = {name for op, name, _, _ in IN_PLACE if not SPECS[op].is_activation}
    assert {name.lower() for name in marked} == tested | {"add"}


@pytest.mark.parametrize(
    ("inputs", "outputs"), [(1, 1), (3, 7), (5, 8), (5, 9), (400, 120), (84, 10), (700, 65), (33, 129)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_row_of_a_dense_layer_has_the_bits_that_it_has_in_a_batch(inputs, outputs, dtype, isa):
    rng = np.random.default_rng(inputs)
    x, w, b = (rng.standard_normal(shape).astype(dtype) for shape in [(5, inputs), (inputs, outputs), (outputs,)])
    y = functional.dense(x, w, b)
    for row in range(5):
        np.testing.assert_array_equal(functional.dense(x[row : row + 1], w, b)[0], y[row])
