"""Every backward function against finite differences of its forward one, each gradient apart, and as an adjoint."""

from collections import Counter

import numpy as np
import pytest
from table import CASES, LEVELS, SPECS, bounds, numerical_gradient, outputs, random_cases

from cnnc import _core, functional, reference

EPS, RTOL, ATOL = 1e-6, 1e-3, 1e-5


def differentiable():
    for case in CASES:
        for position, name in enumerate(case.spec.gradients.split()):
            yield pytest.param(case, position, id=f"{case.op}-{name}-{case.shapes}-{case.arguments}")


@pytest.mark.parametrize("module", [functional, reference], ids=["functional", "reference"])
@pytest.mark.parametrize(("case", "position"), list(differentiable()))
def test_backward_is_the_derivative(case, position, module):
    arrays = case.arrays(np.float64)
    dy = case.gradient(arrays)

    def objective():
        y = case.forward(module, arrays)
        return y if dy is None else np.vdot(y, dy)

    backward = getattr(module, f"{case.op}_backward")
    dx = outputs(backward(*case.backward_arguments(arrays), **case.arguments))[position]
    assert dx.dtype == np.float64
    name = case.spec.gradients.split()[position]
    x = arrays[case.spec.takes.split().index(name[1:])]
    np.testing.assert_allclose(dx, numerical_gradient(objective, x, EPS), rtol=RTOL, atol=ATOL)


def test_every_operation_is_differentiated_on_five_shapes():
    shapes = Counter(op for op, _ in {(case.op, case.shapes) for case in CASES})
    backward = {name.removesuffix("_backward") for name in functional.__all__ if name.endswith("_backward")}
    assert backward == {op for op, spec in SPECS.items() if spec.gradients}
    assert min(shapes.values()) >= 5


# What is linear in each array has an adjoint: <A x, dy> = <x, A' dy> = <x, dx>.
LINEAR = [op for op, spec in SPECS.items() if spec.linear]


def inner(a, b):
    return np.vdot(a.astype(np.float64), b.astype(np.float64))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("op", LINEAR)
def test_backward_is_the_adjoint(op, dtype):
    """In one number everything is compared, so larger problems than the table's are cheap."""
    for number, case in enumerate(case for case in random_cases(20, seed=1) if case.op == op):
        arrays = case.arrays(dtype, seed=number)[:2]  # without the bias
        dy, *_ = given = case.backward_arguments(arrays)
        slack_y = inner(np.abs(dy), *bounds(op, arrays, case.arguments, dtype))
        slack = bounds(f"{op}_backward", given, case.arguments, dtype)
        for level in LEVELS if dtype == np.float32 else LEVELS[:1]:
            _core.use_isa(level)
            y = case.forward(functional, arrays)
            gradients = outputs(getattr(functional, f"{op}_backward")(*given, **case.arguments))
            for x, dx, slack_x in zip(arrays, gradients, slack, strict=False):
                assert abs(inner(y, dy) - inner(x, dx)) <= slack_y + inner(np.abs(x), slack_x), (level, case)


@pytest.mark.parametrize("op", ["correlate2d", "convolve2d", "dense"])
def test_bias_gradient_is_the_sum_of_dy(op, isa):
    for number, case in enumerate(case for case in random_cases(20, seed=2) if case.op == op):
        given = case.backward_arguments(case.arrays(np.float32, seed=number))
        dy = given[0].reshape(-1, given[0].shape[-1])
        db = getattr(functional, f"{op}_backward")(*given, **case.arguments)[2]
        bound = (len(dy) + 1) * np.finfo(np.float32).eps * np.abs(dy).sum(axis=0, dtype=np.float64)
        assert (np.abs(db - dy.sum(axis=0, dtype=np.float64)) <= bound).all(), case
