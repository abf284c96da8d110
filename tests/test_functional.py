"""cnnc.functional: equal to the reference, kind to every array, strict about everything else, complete."""

import inspect

import numpy as np
import pytest
from table import CASES, LEVELS, SPECS, bounds, outputs, random_cases
from table import REFUSED as FAMILIES
from table.augment import FUNCTIONS

from cnnc import _core, functional, reference

PROBLEMS = random_cases(30, seed=0)
ANY_SHAPE = [op for op, spec in SPECS.items() if spec.takes == "x" and (1,) in [case.shapes[0] for case in spec.all()]]
SEVERAL = [op for op, spec in SPECS.items() if len(spec.cases[0][0]) > 1 and not spec.is_loss]
FLOATS = [np.float32, np.float64]


def assert_close(case, name, arrays, dtype):
    """functional.name is reference.name within the bound, in shape and in type, on each instruction set."""
    exact = outputs(getattr(reference, name)(*arrays, **case.arguments))
    slack = bounds(name, arrays, case.arguments, dtype)
    for level in LEVELS if dtype == np.float32 else LEVELS[:1]:  # float64 has the lowest alone
        _core.use_isa(level)
        computed = outputs(getattr(functional, name)(*arrays, **case.arguments))
        assert len(computed) == len(exact)
        for y, expected, bound in zip(computed, exact, slack, strict=True):
            assert y.shape == expected.shape
            assert y.dtype == (np.float64 if case.spec.is_loss and name == case.op else dtype)
            error = np.abs(y - expected)
            worst = (error / np.maximum(bound, 1e-300)).max()
            assert (error <= bound).all(), f"{name} on {level} is off by {worst:.3g} bounds in {case}"


# --- equal to the reference -------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op", SPECS)
def test_random_problems(op, dtype):
    for number, case in enumerate(case for case in PROBLEMS if case.op == op):
        for name, arrays in case.calls(case.arrays(dtype, seed=number)):
            assert_close(case, name, arrays, dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_table(case, dtype):
    for name, arrays in case.calls(case.arrays(dtype)):
        assert_close(case, name, arrays, dtype)


# --- kind to every array ------------------------------------------------------------------------------------


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


def padded(a):
    """The array as a part of a larger one of NaN or the largest number: a stride between all its elements."""
    poison = np.nan if a.dtype.kind == "f" else np.iinfo(a.dtype).max
    larger = np.full([2 * n + 1 for n in a.shape], poison, a.dtype)
    inner = larger[tuple(slice(1, None, 2) for _ in a.shape)]
    inner[...] = a
    return inner


def unaligned(a):
    raw = np.zeros(a.nbytes + 1, np.uint8)[1:]
    view = raw.view(a.dtype).reshape(a.shape)
    view[...] = a
    return view


class Wrapped:
    """Something that is no array but can become one."""

    def __init__(self, a):
        self.a = a

    def __array__(self, dtype=None, copy=None):
        return np.array(self.a, dtype)


LIKES = {
    "read-only": read_only,
    "Fortran order": np.asfortranarray,
    "negative strides": lambda a: np.ascontiguousarray(np.flip(a))[tuple(slice(None, None, -1) for _ in a.shape)],
    "strided": padded,
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "unaligned": unaligned,
    "other byte order": lambda a: a.astype(a.dtype.newbyteorder()),
    "an object with __array__": Wrapped,
    "subclass": lambda a: a.view(np.recarray) if a.dtype.kind == "V" else a.view(type("Mine", (np.ndarray,), {})),
}
TYPES = [np.float16, np.int8, np.uint8, np.int32, np.int64, np.uint64, np.bool_, ">f4", "<i2"]
ONE_OF_EACH = {case.op: case for case in reversed(CASES)}


def small_wholes(case, dtype, seed=0):
    """Arrays of 0 and 1 for the row: any type can hold them. Labels stay classes."""
    rng = np.random.default_rng(seed)
    arrays = case.arrays(dtype)
    return [a if a.dtype.kind in "iu" else rng.integers(0, 2, a.shape).astype(dtype) for a in arrays]


def assert_same(case, name, plain, given, dtype):
    results = (getattr(functional, name)(*arrays, **case.arguments) for arrays in (plain, given))
    for expected, y in zip(*map(outputs, results), strict=True):
        assert y.dtype == (np.float64 if case.spec.is_loss and name == case.op else dtype)
        np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("like", LIKES)
@pytest.mark.parametrize("op", ONE_OF_EACH)
def test_array_likes_give_the_same_bits(op, like, dtype):
    case = ONE_OF_EACH[op]
    for name, arrays in case.calls(case.arrays(dtype)):
        given = [LIKES[like](a) for a in arrays]
        kept = [np.array(g) for g in given]
        assert_same(case, name, arrays, given, dtype)
        for before, after in zip(kept, given, strict=True):
            np.testing.assert_array_equal(before, np.asarray(after))


@pytest.mark.parametrize("kind", TYPES, ids=str)
@pytest.mark.parametrize("op", ONE_OF_EACH)
def test_other_types_become_float32(op, kind):
    case = ONE_OF_EACH[op]
    for name, arrays in case.calls(small_wholes(case, np.float32)):
        plain = [a if a.dtype.kind in "iu" else np.abs(np.rint(a)).clip(0, 1) for a in arrays]
        given = [a if a.dtype.kind in "iu" else a.astype(kind) for a in plain]
        assert_same(case, name, plain, given, np.float32)


@pytest.mark.parametrize("op", ONE_OF_EACH)
def test_lists_are_what_numpy_makes_of_them(op):
    case = ONE_OF_EACH[op]
    for name, arrays in case.calls(case.arrays(np.float64)):
        assert_same(case, name, arrays, [a.tolist() for a in arrays], np.float64)


@pytest.mark.parametrize("op", SEVERAL)
def test_one_float64_makes_all_float64(op):
    case = ONE_OF_EACH[op]
    for name, arrays in case.calls(case.arrays(np.float32)):
        for wide in range(len(arrays)):
            given = [a.astype(np.float64) if i == wide else a for i, a in enumerate(arrays)]
            assert_same(case, name, [a.astype(np.float64) for a in arrays], given, np.float64)


def test_bytes_of_every_value_are_rescaled():
    x = np.arange(256, dtype=np.uint8)
    for given in (x, x[::-1][::-1], read_only(x), x.reshape(16, 16).T):
        y = functional.rescale(given, 1 / 255, -0.5)
        assert y.dtype == np.float32
        np.testing.assert_allclose(y, given / 255 - 0.5, rtol=0, atol=1e-7)


def test_labels_of_every_integer_type_and_layout():
    logits = np.random.default_rng(0).standard_normal((5, 7)).astype(np.float32)
    labels = np.array([3, 0, 6, 6, 1])
    loss, gradient = functional.cross_entropy(logits, labels), functional.cross_entropy_backward(logits, labels)
    layouts = labels.tolist(), np.repeat(labels, 2)[::2], labels[::-1].astype(np.int32)[::-1]
    one_hot = np.eye(7, dtype=np.float32)[labels]
    for given in (*map(labels.astype, ["u1", "i2", "i4", ">i4", "u8"]), *layouts, one_hot, one_hot.astype(bool)):
        assert functional.cross_entropy(logits, given) == pytest.approx(loss, rel=1e-6)
        np.testing.assert_allclose(functional.cross_entropy_backward(logits, given), gradient, rtol=0, atol=1e-6)


def test_results_are_fresh_and_writeable():
    for case in ONE_OF_EACH.values():
        for name, arrays in case.calls(case.arrays()):
            if case.spec.is_loss and name == case.op:
                continue  # a number
            for y in outputs(getattr(functional, name)(*arrays, **case.arguments)):
                assert y.flags.writeable
                assert not any(np.shares_memory(y, a) for a in arrays)


def test_zero_dimensions_are_one_number():
    assert functional.relu(-1.5) == 0
    assert functional.tanh(np.float32(0)).dtype == np.float32
    assert functional.elu_backward(1, 1).shape == ()


# --- special values -------------------------------------------------------------------------------------------

STRANGE = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-42, -1e-42, 88.7, -88.7, 104.0, -104.0, 1e38, -1e38, 9.02, -9.02]


@pytest.mark.parametrize("op", [op for op, spec in SPECS.items() if spec.is_activation])
def test_activations_of_strange_numbers(op, isa):
    """At every place of a vector: whole vectors and what is left over take the same road."""
    spec = SPECS[op]
    arguments = spec.cases[0][1]
    for shift in range(len(STRANGE)):
        x = np.tile(np.roll(STRANGE, shift), 3).astype(np.float32)
        y, exact = getattr(functional, op)(x, **arguments), getattr(reference, op)(x, **arguments)
        np.testing.assert_array_equal(np.isnan(y), np.isnan(exact))
        _, magnitude = spec.forward_terms(x, **arguments) if spec.forward_terms else (0, exact)
        finite = np.isfinite(exact)
        np.testing.assert_array_equal(y[~finite], exact[~finite])
        assert (np.abs(y[finite] - exact[finite]) <= (4e-7 * np.abs(magnitude) + 1e-44)[finite]).all()
        backward = f"{op}_backward"
        dx, exact = (getattr(module, backward)(np.ones_like(x), x, **arguments) for module in (functional, reference))
        finite = np.isfinite(x)
        np.testing.assert_allclose(dx[finite], exact[finite], rtol=0, atol=1e-6)


def test_softmax_and_loss_of_extreme_logits(isa):
    x = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [0, -np.inf, -np.inf]], np.float32)
    np.testing.assert_allclose(functional.softmax(x), [[1, 0, 0], [1 / 3] * 3, [1, 0, 0]], rtol=2e-7)
    assert functional.cross_entropy(x, [1, 1, 0]) == pytest.approx((2e4 + np.log(3)) / 3, rel=1e-7)
    gradient = [[1, -1, 0], [1 / 3, -2 / 3, 1 / 3], [0, 0, 0]]
    np.testing.assert_allclose(functional.cross_entropy_backward(x, [1, 1, 0]) * 3, gradient, rtol=4e-7, atol=1e-7)
    assert functional.cross_entropy([[0, -np.inf]], [1]) == np.inf


def test_maxout_and_prelu_of_strange_numbers(isa):
    for shift in range(len(STRANGE)):
        x = np.tile(np.roll(STRANGE, shift), (3, 4)).astype(np.float32)
        dy = np.arange(1, x.size + 1, dtype=np.float32).reshape(x.shape)
        for pieces in (2, 3, 5):
            np.testing.assert_array_equal(functional.maxout(x, pieces), reference.maxout(x, pieces))
            given = dy[:, : x.shape[1] // pieces], x, pieces
            np.testing.assert_array_equal(functional.maxout_backward(*given), reference.maxout_backward(*given))
        for w in (np.full(1, 0.25, np.float32), np.linspace(-1, 1, x.shape[1], dtype=np.float32)):
            np.testing.assert_allclose(functional.prelu(x, w), reference.prelu(x, w), rtol=1e-7, atol=1e-44)
            dx, dw = functional.prelu_backward(dy, x, w)
            exact_dx, exact_dw = reference.prelu_backward(dy, x, w)
            np.testing.assert_allclose(dx, exact_dx, rtol=1e-7, atol=0)
            np.testing.assert_array_equal(np.isnan(dw), np.isnan(exact_dw))


def test_max_pooling_of_nan_and_infinity(isa):
    rng = np.random.default_rng(0)
    for channels in (1, 5, 40):
        x = rng.standard_normal((2, 7, 9, channels)).astype(np.float32)
        x[rng.random(x.shape) < 0.2] = np.nan
        x[rng.random(x.shape) < 0.3] = -np.inf
        for arguments in ({"size": 3, "stride": 2, "padding": 1}, {"size": 2, "stride": 1}):
            y, exact = (m.max_pool2d(x, **arguments) for m in (functional, reference))
            np.testing.assert_array_equal(y, exact)
            dy = rng.standard_normal(y.shape).astype(np.float32)
            dx, exact = (m.max_pool2d_backward(dy, x, **arguments) for m in (functional, reference))
            np.testing.assert_allclose(dx, exact, rtol=0, atol=1e-5)


# --- strict about everything else -------------------------------------------------------------------------------

IMAGES, FILTERS = np.ones((2, 5, 5, 4)), np.ones((3, 3, 4, 6))
HUGE = np.broadcast_to(np.float32(1), (2**20, 2**20, 2**7, 4))  # a view of one number
LONG = np.broadcast_to(np.float32(1), (2**30, 1))
LOGITS = np.zeros((3, 5))
REFUSED = [
    ("correlate2d", (IMAGES[0], FILTERS), {}, r"images must have the shape \(N, H, W, C\), received \(5, 5, 4\)"),
    ("correlate2d", (IMAGES, FILTERS[0]), {}, r"filters must have the shape .*received \(3, 4, 6\)"),
    ("correlate2d", (IMAGES[..., :3], FILTERS), {}, "must have 3 channels each, received 4"),
    ("correlate2d", (IMAGES, FILTERS, np.ones(5)), {}, r"must have the shape \(6,\), received \(5,\)"),
    ("correlate2d", (IMAGES[:, :2], FILTERS), {}, r"kernel 3x3 does not fit its 2x5 input \(padding 0\)"),
    ("correlate2d", (IMAGES, FILTERS), {"groups": 4}, "groups must divide channels 4 and filters 6, received 4"),
    ("correlate2d", (IMAGES, FILTERS), {"stride": 0}, "stride must be .*received 0"),
    ("correlate2d", (IMAGES, FILTERS), {"dilation": 1.5}, r"dilation must be .*received 1\.5"),
    ("correlate2d", (IMAGES, FILTERS), {"padding": -1}, "padding must be .*received -1"),
    ("correlate2d", (IMAGES, FILTERS), {"algorithm": "fast"}, "must be one of auto, direct, .* received 'fast'"),
    ("correlate2d", (IMAGES, FILTERS), {"algorithm": "winograd_6x6", "stride": 2},
     r"winograd_6x6 must have a kernel of 3x3 or 5x5, stride 1, .*received kernel 3x3, stride 2x2"),
    ("correlate2d", (IMAGES, np.ones((5, 5, 4, 6))), {"algorithm": "winograd_4x4"}, "4x4 must .*received kernel 5x5"),
    ("convolve2d", (IMAGES, FILTERS[:, :, :2]), {"algorithm": "winograd_4x4", "groups": 2}, "one group, .* groups 2"),
    ("correlate2d", (IMAGES[:0], FILTERS), {}, r"at least 1, received \(0, 5, 5, 4\)"),
    ("correlate2d", (IMAGES[:, :, :, :0], FILTERS), {}, r"at least 1, received \(2, 5, 5, 0\)"),
    ("correlate2d", (IMAGES, FILTERS[..., :0]), {}, r"at least 1, received \(3, 3, 4, 0\)"),
    ("correlate2d", (HUGE, FILTERS), {}, r"smaller than 2\*\*48 bytes.*received"),
    ("correlate2d", (IMAGES, FILTERS), {"padding": 2**30}, r"smaller than 2\*\*48 bytes.*received"),
    ("convolve2d", (IMAGES, FILTERS[:, :, :3]), {}, "must have 4 channels each, received 3"),
    ("convolve2d", (IMAGES, np.ones((6, 3, 4, 6))), {}, "kernel 6x3 does not fit its 5x5 input"),
    ("correlate2d_backward", (IMAGES, IMAGES, FILTERS), {}, r"output's shape \(2, 3, 3, 6\), received \(2, 5, 5, 4\)"),
    ("convolve2d_backward", (IMAGES[:1], IMAGES, FILTERS), {}, r"output's shape .*received \(1, 5, 5, 4\)"),
    ("convolve2d_backward", (IMAGES, IMAGES, FILTERS), {"algorithm": None}, "received None"),
    ("max_pool2d", (IMAGES[0], 2), {}, r"images must have the shape .*received \(5, 5, 4\)"),
    ("max_pool2d", (IMAGES, 6), {}, "kernel 6x6 does not fit its 5x5 input"),
    ("max_pool2d", (IMAGES, 2), {"padding": 2}, "at most half the size 2x2, received 2"),
    ("max_pool2d", (IMAGES[:, :0], 2), {}, r"received \(2, 0, 5, 4\)"),
    ("max_pool2d", (HUGE, 2), {}, r"smaller than 2\*\*48 bytes.*received"),
    ("max_pool2d_backward", (IMAGES, IMAGES, 2), {}, r"output's shape \(2, 2, 2, 4\), received \(2, 5, 5, 4\)"),
    ("avg_pool2d", (IMAGES, (2, 0)), {}, r"size must be .*received \(2, 0\)"),
    ("avg_pool2d", (IMAGES, True), {}, "size must be .*received True"),
    ("avg_pool2d_backward", (IMAGES, IMAGES, 2), {}, r"output's shape \(2, 2, 2, 4\), received \(2, 5, 5, 4\)"),
    ("matmul", (np.ones((2, 3)), np.ones((2, 3))), {}, r"columns as b has rows, received \(2, 3\) and \(2, 3\)"),
    ("matmul", (np.ones(3), np.ones((3, 3))), {}, r"a must have 2 dimensions, received the shape \(3,\)"),
    ("matmul", (np.ones((0, 3)), np.ones((3, 3))), {}, r"at least 1, received \(0, 3\)"),
    ("matmul", (LONG, LONG.T), {}, r"smaller than 2\*\*48 bytes.*received \(1073741824, 1073741824\)"),
    ("dense", (LONG, LONG.T), {}, r"smaller than 2\*\*48 bytes.*received \(1073741824, 1073741824\)"),
    ("relu", (HUGE,), {}, r"smaller than 2\*\*48 bytes.*received"),
    ("matmul_backward", (np.ones((2, 2)), np.ones((2, 3)), np.ones((3, 4))), {}, r"\(2, 4\), received \(2, 2\)"),
    ("dense", (np.ones((2, 3)), np.ones((4, 3))), {}, r"as w has rows, received \(2, 3\) and \(4, 3\)"),
    ("dense", (np.ones((2, 3)), np.ones((3, 4)), np.ones(3)), {}, r"last axis of w, received \(3,\) and \(3, 4\)"),
    ("dense_backward", (np.ones((3, 4)), np.ones((2, 3)), np.ones((3, 4))), {}, r"\(2, 4\), received \(3, 4\)"),
    ("bias_add", (np.ones((2, 3)), np.ones(2)), {}, r"last axis of x, received \(2,\) and \(2, 3\)"),
    ("bias_add", (1.0, np.ones(1)), {}, r"last axis of x, received \(1,\) and \(\)"),
    ("bias_add_backward", (np.ones(3), np.ones((2, 3)), np.ones(3)), {}, r"\(2, 3\), received \(3,\)"),
    *((op, (np.ones(0),), {}, r"at least 1, received \(0,\)") for op in ANY_SHAPE),
    *((f"{op}_backward", (np.ones(2), np.ones(3)), {}, r"\(3,\), received \(2,\)") for op in ANY_SHAPE),
    ("leaky_relu", (1,), {"slope": -0.1}, r"slope must be a finite number, at least 0, received -0\.1"),
    ("leaky_relu_backward", (1, 1), {"slope": np.nan}, "slope must be .*received nan"),
    ("elu", (1,), {"alpha": 0}, "alpha must be a finite number, greater than 0, received 0"),
    ("elu_backward", (1, 1), {"alpha": np.inf}, "alpha must be .*received inf"),
    ("prelu", (np.ones((2, 3)), np.ones(2)), {}, r"as many as x has channels, received \(2,\) and \(2, 3\)"),
    ("prelu", (np.ones(3), 0.25), {}, r"w must have 1 dimensions, received the shape \(\)"),
    ("prelu_backward", (np.ones(3), np.ones((2, 3)), [1]), {}, r"\(2, 3\), received \(3,\)"),
    ("maxout", (np.ones((2, 3)), 2), {}, r"divides the last axis, received 2 and the shape \(2, 3\)"),
    ("maxout", (1.0, 1), {}, r"received 1 and the shape \(\)"),
    ("maxout_backward", (np.ones((2, 3)), np.ones((2, 4)), 2), {}, r"\(2, 2\), received \(2, 3\)"),
    ("softmax", (1.0,), {}, r"at least one axis, received the shape \(\)"),
    ("dropout", (np.ones(3),), {"rate": 1}, "rate must be at least 0 and below 1, received 1"),
    ("dropout", (np.ones(3),), {"rate": np.nan}, "rate must be .*received nan"),
    ("dropout", (np.ones(3),), {"seed": -1}, r"seed must be an int of at least 0 and below 2\*\*64, received -1"),
    ("dropout", (np.ones(3),), {"step": 2**64}, r"step must be .*below 2\*\*64, received 18446744073709551616"),
    ("dropout_backward", (np.ones(3), np.ones(3)), {"stream": 2**32}, r"stream must be .*received 4294967296"),
    ("cross_entropy", (LOGITS[0], [0]), {}, r"logits must have 2 dimensions, received the shape \(5,\)"),
    ("cross_entropy", (LOGITS[:0], []), {}, r"at least 1, received \(0, 5\)"),
    ("cross_entropy", (LOGITS, [0, 1, 5]), {}, r"labels must be in \[0, 5\): received 5 at position 2"),
    ("cross_entropy", (LOGITS, [0, -1, 9]), {}, r"labels must be in \[0, 5\): received -1 at position 1"),
    ("cross_entropy", (LOGITS, np.array([0, 2**63, 1], np.uint64)), {}, "received 9223372036854775808 at position 1"),
    ("cross_entropy", (LOGITS, [0, 1]), {}, "one label for each of the 3 images: received 2"),
    ("cross_entropy", (LOGITS, np.ones((3, 4))), {}, r"\(N,\) or \(N, 5\): received \(3, 4\)"),
    ("cross_entropy", (LOGITS, -np.eye(5)[:3]), {}, "finite and not negative: received .* at 0"),
    ("cross_entropy", (LOGITS, np.full((3, 5), np.nan)), {}, "finite and not negative: received .* at 0"),
    ("cross_entropy_backward", (LOGITS, [0, 1, 5]), {}, r"labels must be in \[0, 5\): received 5 at position 2"),
    ("cross_entropy", (LOGITS, [0, 1, 2]), {"label_smoothing": 1.0}, "at least 0 and below 1, received 1.0"),
    ("cross_entropy", (LOGITS, [0, 1, 2]), {"class_weights": [1, 2]}, "class_weights must hold one weight for each"),
    ("cross_entropy", (LOGITS, [0, 1, 2]), {"sample_weights": [1, -1, 0]}, "finite and not negative: received -1 at 1"),
    ("hinge", (LOGITS, np.eye(5)[:3]), {}, r"integer classes \(N,\), received the shape \(3, 5\)"),
    ("hinge_backward", (LOGITS, [0, 1, 2]), {"margin": 0}, "margin must be a finite number, .* received 0"),
    ("huber", (LOGITS, LOGITS), {"delta": np.inf}, "delta must be a finite number, greater than 0, received inf"),
    *((f"{name}{end}", (LOGITS, LOGITS[0]), {}, r"one shape \(N, ...\), received \(3, 5\) and \(5,\)")
      for name in ("mse", "mae", "huber", "binary_cross_entropy") for end in ("", "_backward")),
    ("mse", (LOGITS, LOGITS * np.nan), {}, "target must be finite, received nan"),
    ("binary_cross_entropy", (LOGITS, LOGITS - 1), {}, "target must be from 0 to 1, received -1.0"),
    ("mae", (LOGITS, LOGITS), {"sample_weights": [1, 1]}, r"one weight for each of the 3: received the shape \(2,\)"),
    ("sgd", (np.ones(2), np.ones(3)), {}, r"must have one shape, received \(2,\), \(3,\) and \(2,\)"),
    ("sgd", (np.ones(2), np.ones(2), np.ones((2, 1))), {}, r"received \(2,\), \(2,\) and \(2, 1\)"),
    ("sgd", (np.ones(0), np.ones(0)), {}, r"at least 1, received \(0,\)"),
    *(("sgd", (1, 1), {name: wrong}, f"{name} must be a finite number of at least 0, received {wrong}")
      for name in ("lr", "momentum", "weight_decay") for wrong in (-1, np.nan, np.inf)),
    ("output_size", (4, 5), {}, r"kernel 5 does not fit its input 4 \(padding 0\)"),
    *FAMILIES,
]  # fmt: skip


@pytest.mark.parametrize(("name", "arrays", "arguments", "message"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refusals(name, arrays, arguments, message):
    with pytest.raises(ValueError, match=message) as error:
        getattr(functional, name)(*arrays, **arguments)
    if name != "output_size":
        assert str(error.value).startswith(f"{name}: ")


@pytest.mark.parametrize("wrong", [1j, "1", None, b"1", np.datetime64("2020-01-01"), [print]], ids=repr)
@pytest.mark.parametrize("op", ONE_OF_EACH)
def test_what_is_not_real_numbers_is_refused(op, wrong):
    case = ONE_OF_EACH[op]
    for name, arrays in case.calls(case.arrays()):
        for place, array in enumerate(arrays):
            if wrong is None and name == op and place in case.spec.optional:
                continue
            given = list(arrays)
            given[place] = np.full(array.shape, wrong, None if not isinstance(wrong, list) else object)
            with pytest.raises(TypeError, match=rf"^{name}: .*received dtype"):
                getattr(functional, name)(*given, **case.arguments)


def test_ragged_lists_are_refused():
    with pytest.raises(ValueError, match=r"^relu: "):
        functional.relu([[1, 2], [3]])


# --- complete ------------------------------------------------------------------------------------------------------


def test_names_and_signatures_are_those_of_the_reference():
    assert set(functional.__all__) == set(reference.__all__) - {"philox4x32"}
    for name in functional.__all__:
        assert inspect.signature(getattr(functional, name)) == inspect.signature(getattr(reference, name)), name


def test_every_name_has_a_row_and_an_example():
    forward = {name.removesuffix("_backward") for name in functional.__all__} - {"output_size"}
    assert forward == set(SPECS) | set(FUNCTIONS)  # those of images have tests/test_augment.py
    for name in functional.__all__:
        assert ">>> " in inspect.getdoc(getattr(functional, name)), name
    assert len(PROBLEMS) >= 300
