"""Operations that end in an activation, perhaps after a residual: the same as one operation after the other."""

import itertools

import numpy as np
import pytest
from table import LEVELS
from table.activation import ENTRIES
from table.chains import call

from cnnc import _core, functional
from cnnc.geometry import normalisation
from cnnc.ops import ENDINGS, ending, reads

SHAPES = [(2, 5, 2), (3, 7, 3), (37, 8), (4, 6, 6, 5), (2, 3, 70), (9, 33), (5, 40, 40, 6), (6, 400, 40)]
ACTS = [None, *ENTRIES]
FROM_Y = [None, *(name for name in ENTRIES if reads(f"{name}_dx", "y"))]
FROM_X = [None, "relu", "leaky_relu", *(name for name in ENTRIES if reads(f"{name}_dx", "x"))]

every_level = pytest.mark.parametrize(("level", "team"), [*itertools.product(LEVELS, (1, 3))])


@pytest.fixture
def machine(level, team, isa, threads):
    _core.use_isa(level)
    threads(team)


def draw(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).standard_normal(shape).astype(np.float32)


def setting(act):
    return ending(act, ENTRIES[act].setting.shown if act and ENTRIES[act].setting else 0.0)


def activated(act, v):
    """act(v)"""
    return v if act is None else call(act, {"x": v}, {"y": np.empty_like(v)}, setting(act))["y"]


def beginning(act, dy, y, v):
    """dy act'"""
    if act is None:
        return dy
    name = f"{act}_dx"
    given = {"x": v} if reads(name, "x") else {"y": y}
    return call(name, {"dy": dy, **given}, {"dx": np.empty_like(dy)}, {**setting(act), "accumulate": 0})["dx"]


def close(result, exact, sums=1):
    for name, array in exact.items():
        slack = 3e-6 * sums * max(1, np.abs(array).max())
        np.testing.assert_allclose(result[name], array, rtol=0, atol=slack, err_msg=name)


def statistics(x, kind):
    """Inputs and settings of normalise_dx, or of normalise_by for the kind "given"."""
    channels = x.shape[-1]
    vectors = {"gamma": draw(channels, seed=5), "beta": draw(channels, seed=6)}
    if kind == "given":
        return {**vectors, "mean": draw(channels, seed=7), "var": np.abs(draw(channels, seed=8))}, {"eps": 0.01}
    images, groups = normalisation(x.shape, kind, 1)
    settings = {"N": images, "G": groups, "centred": int(kind != "rms"), "eps": 0.01}
    found = {name: np.empty((images, groups), np.float32) for name in ("mean", "low", "var")}
    return {**vectors, **call("normalise", {"x": x}, found, {**settings, **ending()})}, settings


def names(kind):
    return ("normalise_by", "normalise_by_dx") if kind == "given" else ("normalise", "normalise_dx")


def fields_of(name, values):
    return {field: array for field, array in values.items() if field in _core.OPS[name].inputs}


def problems():
    for kind, shape in itertools.product(["batch", "layer", "rms", "group", "instance", "given"], SHAPES):
        if kind not in ("group", "instance") or len(shape) > 2:
            yield kind, shape


@every_level
def test_forward_gives_the_same_bits(machine):
    for (kind, shape), act, added in itertools.product(problems(), ACTS, (False, True)):
        x, residual = draw(*shape), draw(*shape, seed=1) if added else None
        values, settings = statistics(x, kind)
        name, _ = names(kind)
        inputs, y = {"x": x, **fields_of(name, values)}, np.empty_like(x)
        v = call(name, inputs, {"y": y}, {**settings, **ending()})["y"]
        v = v + residual if added else v
        fused = call(name, {**inputs, "residual": residual}, {"y": y}, {**settings, **setting(act)})["y"]
        np.testing.assert_array_equal(fused, activated(act, v), err_msg=f"{kind} {shape} {act} {added}")


@every_level
@pytest.mark.parametrize("kind", ["batch", "layer", "rms", "group", "instance", "given"])
def test_backward(machine, kind):
    for shape in (shape for k, shape in problems() if k == kind):
        x, dy, residual = draw(*shape), draw(*shape, seed=1), draw(*shape, seed=2)
        values, settings = statistics(x, kind)
        name, name_dx = names(kind)
        inputs = {"x": x, **fields_of(name_dx, values)}
        vectors = {"dgamma": values["gamma"], "dbeta": values["gamma"]}
        forward = {"x": x, **fields_of(name, values)}
        v = call(name, forward, {"y": np.empty_like(x)}, {**settings, **ending()})["y"]
        every = {f"accumulate{of}": 0 for of in ("", "_dx", "_dresidual")}
        for (acts, added), accumulate in itertools.product(((FROM_Y, True), (FROM_X, False)), (0, 1)):
            for act in acts:
                y = activated(act, v + residual if added else v)
                dt = beginning(act, dy, y, v)
                results = {"dx": np.empty_like(x), **{key: np.empty_like(g) for key, g in vectors.items()}}
                exact = call(name_dx, {**inputs, "dy": dt}, results, {**settings, **ending(), **every})
                if added:
                    exact["dresidual"] = dt
                start = {key: draw(*a.shape, seed=9) * (1 if accumulate else np.nan) for key, a in exact.items()}
                fields = {**settings, **setting(act), **{flag: accumulate for flag in every}}
                after = call(name_dx, {**inputs, "dy": dy, "y": y if added else None}, start, fields)
                close(after, {key: a + start[key] if accumulate else a for key, a in exact.items()}, 4)
                alone = {key: start[key] for key in ("dx", *(("dresidual",) if added else ()))}
                for key, array in alone.items():
                    again = call(name_dx, {**inputs, "dy": dy, "y": y if added else None}, {key: array}, fields)
                    assert again[key].tobytes() == after[key].tobytes(), f"{key} alone"


@pytest.mark.parametrize("kind", ["batch", "layer", "given"])
def test_in_place(kind, isa, threads):
    threads(2)
    name, name_dx = names(kind)
    for shape in SHAPES:
        x, dy, residual = draw(*shape), draw(*shape, seed=1), draw(*shape, seed=2)
        values, settings = statistics(x, kind)
        settings = {**settings, **setting("leaky_relu")}
        forward = {"x": x, **fields_of(name, values)}
        y = call(name, {**forward, "residual": residual}, {"y": np.empty_like(x)}, settings)["y"]
        shared = residual.copy()
        _core.OPS[name](**{**forward, "residual": shared, "y": shared}, **settings)
        np.testing.assert_array_equal(shared, y)
        settings.update({"accumulate": 0, "accumulate_dx": 0, "accumulate_dresidual": 0})
        inputs = {"x": x, "y": y, **fields_of(name_dx, values)}
        apart = call(name_dx, {**inputs, "dy": dy}, {k: np.empty_like(x) for k in ("dx", "dresidual")}, settings)
        for shared, other in (("dx", "dresidual"), ("dresidual", "dx")):
            both = {shared: dy.copy(), other: np.empty_like(x)}
            _core.OPS[name_dx](**{**inputs, **both, "dy": both[shared]}, **settings)
            for key, array in both.items():
                np.testing.assert_array_equal(array, apart[key])


@every_level
def test_add(machine):
    for act, n, both, accumulate in itertools.product(ACTS, (1, 33, 5000), (False, True), (0, 1)):
        a, b, y = (
            draw(n),
            draw(n, seed=1) if both else None,
            draw(n, seed=2) if accumulate else np.full(n, np.float32(np.nan)),
        )
        total = a + b if both else a
        total = total + y if accumulate else total
        after = call("add", {"a": a, "b": b}, {"y": y}, {**setting(act), "accumulate": accumulate})["y"]
        np.testing.assert_array_equal(after, activated(act, total))


def test_numbers_are_those_of_the_c_library():
    x = draw(50)
    assert list(ENDINGS) == ACTS
    for act in ENTRIES:
        alpha = setting(act)["alpha"]
        expected = getattr(functional, act)(x, *([alpha] if ENTRIES[act].setting else []))
        np.testing.assert_array_equal(activated(act, x), expected)
        after = call("add", {"a": x, "b": None}, {"y": x.copy()}, {**setting(act), "accumulate": 0})["y"]
        np.testing.assert_array_equal(after, expected)
