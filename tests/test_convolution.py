"""What convolution's operations do beyond the sums of tests/table/conv.py: filters packed beforehand, activations at
the end, and the plan that says what will be done."""

import numpy as np
import pytest
from table import LEVELS

from cnnc import _core, functional, geometry, ops

# images, filters, arguments: ragged in every way, several units and panels, groups, borders, single pixels
PROBLEMS = [
    ((2, 9, 7, 5), (3, 3, 5, 19), {"padding": 1}),
    ((1, 6, 6, 3), (2, 3, 3, 7), {"stride": 2, "dilation": (1, 2)}),
    ((3, 14, 15, 64), (3, 3, 64, 48), {"padding": ((0, 1), (2, 0))}),
    ((2, 6, 5, 12), (3, 2, 4, 39), {"groups": 3}),
    ((2, 5, 6, 9), (3, 3, 1, 9), {"groups": 9, "padding": 1}),
    ((4, 9, 9, 33), (1, 1, 33, 70), {}),
    ((1, 4, 4, 512), (3, 3, 512, 300), {"padding": 1}),
    ((2, 8, 9, 16), (5, 5, 16, 24), {"padding": 2}),
]


def problem(x_shape, w_shape, arguments, dtype=np.float32, algorithm="auto"):
    """The arrays of the forward pass, its fields, and the window."""
    rng = np.random.default_rng(5)
    window, y_shape = geometry.convolution(x_shape, w_shape, None, **arguments)
    x, w, b = (rng.standard_normal(shape).astype(dtype) for shape in (x_shape, w_shape, w_shape[-1:]))
    return {"x": x, "w": w, "b": b, "y": np.full(y_shape, np.nan, dtype)}, ops.conv_fields(window, 0, algorithm), window


def run(arrays, fields, name=None, alpha=0.0):
    ops.op("correlate2d")(**arrays, **fields, **ops.conv_ending(name, alpha))
    return arrays["y"]


def each_problem_and_algorithm(test):
    """Runs a test with each of them as `row` and `algorithm`."""
    test = pytest.mark.parametrize("row", PROBLEMS, ids=str)(test)
    return pytest.mark.parametrize("algorithm", ops.ALGORITHMS)(test)


@pytest.fixture
def plain(row, algorithm, isa, threads):
    """A convolution without an ending, at each level: its arrays, its fields, a copy of its result."""
    threads(2)
    arrays, fields, _ = problem(*row, algorithm=algorithm)
    return arrays, fields, run(arrays, fields).copy()


@each_problem_and_algorithm
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_packed_filters_give_the_same_bits(row, dtype, algorithm, threads):
    for level in LEVELS if dtype == np.float32 else LEVELS[:1]:
        _core.use_isa(level)
        for team in (1, 3):
            threads(team)
            arrays, fields, window = problem(*row, dtype)
            plan = ops.conv_plan(row[0], row[1], window, algorithm, dtype)
            fields["algorithm"] = ops.ALGORITHMS.index(plan.with_packed)
            expected = run(arrays, fields).copy()
            assert (plan.packed_length == 0) == (row[1][2] == 1)
            if plan.packed_length:
                packed = np.full(plan.packed_length + 2, np.nan, dtype)
                fields.update(ops.conv_sizes(*row[:2], arrays["y"].shape[1:3]))
                ops.op("correlate2d_pack")(w=arrays["w"], packed=packed[1:-1], **fields)
                assert np.isnan(packed[[0, -1]]).all() and not np.isnan(packed[1:-1]).any()
                arrays["y"].fill(np.nan)
                result = run({**arrays, "w": None, "packed": packed[1:-1]}, fields)
                np.testing.assert_array_equal(result, expected)


@each_problem_and_algorithm
def test_an_activation_at_the_end_gives_the_bits_of_its_operation(plain):
    arrays, fields, result = plain
    for name in ops.ENDINGS[1:]:
        expected = np.empty_like(result)
        ops.op(name)(x=result, y=expected, alpha=0.3)
        np.testing.assert_array_equal(run(arrays, fields, name, 0.3), expected, err_msg=name)


@each_problem_and_algorithm
def test_a_residual_is_added_before_the_activation(plain):
    arrays, fields, result = plain
    residual = np.random.default_rng(8).standard_normal(result.shape).astype(np.float32)
    for name in (None, "relu", "tanh"):
        expected = np.empty_like(result)
        ops.op("add")(a=result, b=residual, y=expected, accumulate=0, **ops.ending(name))
        arrays["y"].fill(np.nan)
        np.testing.assert_array_equal(run({**arrays, "residual": residual}, fields, name), expected, err_msg=str(name))


@each_problem_and_algorithm
def test_the_result_may_be_some_channels_of_an_image(plain):
    arrays, fields, _ = plain
    expected = run(arrays, fields, "relu").copy()
    wide = np.full((*expected.shape[:-1], expected.shape[-1] + 7), 5, np.float32)
    ops.op("correlate2d")(**{**arrays, "y": wide}, **fields, **{**ops.conv_ending("relu"), "first": 3})
    np.testing.assert_array_equal(wide[..., 3:-4], expected)
    assert (wide[..., :3] == 5).all() and (wide[..., -4:] == 5).all()


def test_the_endings_are_the_activations():
    assert set(ops.ENDINGS[1:]) == {name for name in _core.OPS if f"{name}_dx" in _core.OPS} & set(ops.ENDINGS)
    assert ops.ENDINGS[:2] == (None, "relu") and len(ops.ENDINGS) > 10


@pytest.mark.parametrize("algorithm", ops.ALGORITHMS[1:])
@pytest.mark.parametrize(
    ("x_shape", "w_shape", "padding"),
    [((2, 9, 7, 5), (3, 3, 5, 19), 1), ((1, 5, 3, 150), (3, 3, 150, 160), 4), ((3, 6, 6, 17), (3, 3, 17, 3), 0)],
    ids=str,
)
def test_gradients_are_adjoint(x_shape, w_shape, padding, algorithm):
    """<correlate(x, w), dy> = <x, dx> = <w, dw>, for all three are the same sum of x * w * dy."""
    arrays, _, _ = problem(x_shape, w_shape, {"padding": padding}, np.float64)
    x, w = arrays["x"], arrays["w"]
    dy = np.random.default_rng(6).standard_normal(arrays["y"].shape)
    y = functional.correlate2d(x, w, padding=padding, algorithm=algorithm)
    dx, dw, _ = functional.correlate2d_backward(dy, x, w, padding=padding, algorithm=algorithm)
    whole, size = np.vdot(y, dy), np.linalg.norm(y) * np.linalg.norm(dy)
    for part in (np.vdot(x, dx), np.vdot(w, dw)):
        assert abs(part - whole) < 1e-13 * size


@pytest.mark.parametrize(
    ("name", "n", "side", "channels", "filters", "taps", "expected"),
    [
        ("the first layer of VGG", 4, 224, 3, 64, 3, "direct"),
        ("the first layer of LeNet", 64, 28, 1, 6, 5, "direct"),
        ("ResNet-20", 128, 32, 16, 16, 3, "winograd_6x6"),
        ("ResNet-18", 8, 56, 64, 64, 3, "winograd_6x6"),
        ("VGG", 4, 14, 512, 512, 3, "winograd_6x6"),
        ("GoogLeNet", 16, 28, 32, 96, 5, "winograd_6x6"),
    ],
)
def test_choices(name, n, side, channels, filters, taps, expected):
    x_shape, w_shape = (n, side, side, channels), (taps, taps, channels, filters)
    window, _ = geometry.convolution(x_shape, w_shape, padding="same")
    assert set(ops.conv_plan(x_shape, w_shape, window)[:4]) == {expected}, name


@pytest.mark.parametrize("row", PROBLEMS, ids=str)
def test_plans_name_algorithms_and_seconds(row):
    x_shape, w_shape, arguments = row
    window, _ = geometry.convolution(x_shape, w_shape, None, **arguments)
    for algorithm in ops.ALGORITHMS:
        plan = ops.conv_plan(x_shape, w_shape, window, algorithm)
        chosen = {plan.forward, plan.data, plan.weights, plan.with_packed}
        assert chosen <= ({algorithm, "direct"} if algorithm != "auto" else set(ops.ALGORITHMS[1:]))
        assert all(0 < seconds < 1 for seconds in plan.seconds)
