"""The functions that change images: equal to the reference, kind to every array, and strict about everything else."""

import numpy as np
import pytest
from table.augment import FUNCTIONS, rounded

from cnnc import functional, reference

KINDS = [np.uint8, np.float32, np.float64]
HALF = {"blend": 0.51}  # bytes are off by a half at most, where nothing else is said


def problems(name, count=40):
    rng = np.random.default_rng(0)
    return [FUNCTIONS[name](rng) for _ in range(count)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_random_problems(name, kind, isa, threads):
    threads(2)
    for pixels, arguments, settings in problems(name):
        x = pixels.astype(kind)
        exact = getattr(reference, name)(x, *arguments, **settings)
        y = getattr(functional, name)(x, *arguments, **settings)
        assert y.shape == exact.shape
        assert y.dtype == (np.float64 if name == "channel_means" else kind)
        if kind == np.uint8 and name != "channel_means":
            np.testing.assert_allclose(y, exact.clip(0, 255), rtol=0, atol=HALF.get(name, 0.5) + 1e-3)
        else:  # sums of few products of numbers up to 255
            np.testing.assert_allclose(y, exact, rtol=0, atol=1e-9 if kind == np.float64 else 4e-3)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_layout_and_type_of_images(name, isa):
    for x, arguments, settings in problems(name, 3):
        y = getattr(functional, name)(x, *arguments, **settings)
        read_only = x.copy()
        read_only.flags.writeable = False
        for given in (read_only, np.asfortranarray(x), x[::-1][::-1], np.repeat(x, 2, axis=2)[:, :, ::2]):
            np.testing.assert_array_equal(getattr(functional, name)(given, *arguments, **settings), y)
        numbers = getattr(functional, name)(x.astype(np.float32), *arguments, **settings)
        for given in (x.astype(np.int64), x.astype(">f4"), x.tolist()):
            same = getattr(functional, name)(given, *arguments, **settings)
            assert same.dtype == numbers.dtype
            np.testing.assert_array_equal(same, numbers)
        assert y.flags.writeable
        assert not np.shares_memory(x, y)


def test_one_set_of_numbers_serves_all_images():
    x = problems("windows", 1)[0][0]
    n = len(x)
    np.testing.assert_array_equal(
        functional.windows(x, (1, 2), 3, True, 7),
        functional.windows(x, [(1, 2)] * n, (3, 3), [True] * n, [7] * x.shape[3]),
    )
    np.testing.assert_array_equal(
        functional.resize_boxes(x, (0, 0, 3, 3), 2), functional.resize_boxes(x, [(0, 0, 3, 3)] * n, 2)
    )
    np.testing.assert_array_equal(functional.blend(x, 0, 0.3), functional.blend(x, [0] * n, [0.3] * n))


# --- what the operations are for --------------------------------------------------------------------------------


def test_windows_flip_shift_and_crop():
    x = np.random.default_rng(0).integers(0, 256, (3, 7, 9, 3)).astype(np.uint8)
    for given in (x, x.astype(np.float32), x.astype(np.float64)[..., :1]):
        np.testing.assert_array_equal(functional.windows(given, 0, (7, 9), mirror=True), given[:, :, ::-1])
        some = functional.windows(given, 0, (7, 9), [True, False, True])
        np.testing.assert_array_equal(some, np.stack([given[0, :, ::-1], given[1], given[2, :, ::-1]]))
        np.testing.assert_array_equal(functional.windows(given, (2, 3), (4, 5)), given[:, 2:6, 3:8])
        around = [(0, 0), (20, 20), (20, 20), (0, 0)]
        np.testing.assert_array_equal(functional.windows(given, -20, (47, 49)), np.pad(given, around))
        reflected = functional.windows(given, -20, (47, 49), padding="reflect")
        np.testing.assert_array_equal(reflected, np.pad(given, around, mode="reflect"))
        far = functional.windows(given, (2**31 - 1, -(2**31) + 1), 3, padding="reflect")
        np.testing.assert_array_equal(far, reference.windows(given, (2**31 - 1, -(2**31) + 1), 3, padding="reflect"))
        assert (functional.windows(given, (100, -(2**31) + 1), 3, fill=5) == 5).all()


def test_boxes_are_resized_as_pillow_does():
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    smooth = np.add.outer(np.arange(40), np.arange(60))[..., None] * 2 + np.array([0, 20, 40])
    for x in (rng.integers(0, 256, (40, 60, 3)), smooth):
        picture = image.fromarray(x.astype(np.uint8))
        for _ in range(60):
            height, width = rng.uniform(0.5, 40), rng.uniform(0.5, 60)
            top, left = rng.uniform(0, 40 - height), rng.uniform(0, 60 - width)
            rows, columns = rng.integers(1, 70, 2)
            box = left, top, left + width, top + height
            theirs = np.asarray(picture.resize((columns, rows), image.Resampling.BILINEAR, box=box))
            ours = functional.resize_boxes(x.astype(np.uint8)[None], (top, left, height, width), (rows, columns))[0]
            assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_resizing_to_the_same_size_changes_nothing():
    x = np.random.default_rng(0).integers(0, 256, (2, 9, 8, 3)).astype(np.uint8)
    np.testing.assert_array_equal(functional.resize_boxes(x, (0, 0, 9, 8), (9, 8)), x)
    np.testing.assert_array_equal(functional.resize_boxes(x, (2, 3, 4, 5), (4, 5)), x[:, 2:6, 3:8])
    far = functional.resize_boxes(x, (-1e9, 1e9, 1, 1e9), 2)
    np.testing.assert_array_equal(far, np.broadcast_to(x[:, :1, -1:], (2, 2, 2, 3)))


def test_warps_turn_and_shift():
    x = np.random.default_rng(0).integers(0, 256, (2, 6, 6, 3)).astype(np.uint8)
    np.testing.assert_array_equal(functional.warp(x, [[1, 0, 0], [0, 1, 0]]), x)
    np.testing.assert_array_equal(functional.warp(x, [[0, -1, 5], [1, 0, 0]]), np.rot90(x, axes=(2, 1)))
    shifted = functional.warp(x, [[1, 0, 2], [0, 1, -1]], fill=9)
    np.testing.assert_array_equal(shifted, functional.windows(x, (2, -1), 6, fill=9))
    for padding, value in (("constant", 9), ("replicate", x[0, 0, 5, 1])):
        far = functional.warp(x, [[1e9, 0, -1e9], [0, 1e9, 1e9]], 1, fill=9, padding=padding)
        assert far[0, 0, 0, 1] == value


def test_a_share_of_one_is_the_image_itself():
    x = np.arange(256, dtype=np.uint8).reshape(2, 8, 16, 1)
    np.testing.assert_array_equal(functional.blend(x, [1, 0], 1), x)
    np.testing.assert_array_equal(functional.blend(x, [1, 0], 0), x[::-1])
    np.testing.assert_array_equal(functional.blend(x, [0, 1], np.pi / 10), x)


def test_blended_bytes_of_every_kind():
    a, b = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    x = np.stack([a, b])[..., None]
    for share in np.random.default_rng(0).random(20):
        y, exact = (module.blend(x, [1, 0], share) for module in (functional, reference))
        assert np.abs(y - exact).max() <= 0.51
        assert (y != rounded(exact)).mean() < 0.01


def test_sums_of_many_bytes_are_exact():
    x = np.full((1, 3000, 2999, 1), 255, np.uint8)
    assert functional.channel_means(x)[0, 0] == 255
    x[0, 5, 5] = 0
    assert functional.channel_means(x)[0, 0] == 255 - 255 / (3000 * 2999)


# --- strict about everything else -----------------------------------------------------------------------------

X = np.zeros((2, 5, 6, 3), np.uint8)
EYE = np.eye(3)
MAP = [[1, 0, 0], [0, 1, 0]]
REFUSED = [
    ("windows", (X[0], 0, 3), {}, ValueError, r"x must have 4 dimensions, received the shape \(5, 6, 3\)"),
    ("windows", (X[:0], 0, 3), {}, ValueError, r"at least 1, received \(0, 5, 6, 3\)"),
    ("windows", (X * 1j, 0, 3), {}, TypeError, "x must hold real numbers, received dtype complex128"),
    ("windows", (X, 0.5, 3), {}, TypeError, "origin must hold ints, received dtype float64"),
    ("windows", (X, [(1, 2, 3)], 3), {}, ValueError, r"origin must have the shape \(2, 2\) .*, received \(1, 3\)"),
    ("windows", (X, 2**31, 3), {}, ValueError, "origin must be from -2147483647 to 2147483647, received 2147483648"),
    ("windows", (X, np.uint64(2**63), 3), {}, ValueError, "origin must be .* received 9223372036854775808"),
    ("windows", (X, 0, (3, 0)), {}, ValueError, r"size must be .* at least 1 .*received \(3, 0\)"),
    ("windows", (X, 0, 2**30), {}, ValueError, r"smaller than 2\*\*48 bytes.*received"),
    ("windows", (X, 0, 3, [1, 0]), {}, TypeError, "mirror must hold bools, received dtype int64"),
    ("windows", (X, 0, 3, [True] * 3), {}, ValueError, r"mirror must have the shape \(2,\) .*received \(3,\)"),
    ("windows", (X, 0, 3), {"fill": 256}, ValueError, "whole numbers from 0 to 255, received .*256"),
    ("windows", (X, 0, 3), {"fill": 0.5}, ValueError, "whole numbers from 0 to 255, received .*0.5"),
    ("windows", (X, 0, 3), {"fill": "red"}, TypeError, "fill must hold real numbers, received dtype <U3"),
    ("windows", (X, 0, 3), {"padding": "replicate"}, ValueError, "constant or reflect, received 'replicate'"),
    ("resize_boxes", (X, (0, 0, 3), 3), {}, ValueError, r"box must have the shape \(2, 4\) .*received \(3,\)"),
    ("resize_boxes", (X, (0, 0, 3, 0), 3), {}, ValueError, "a width greater than 0, received 0"),
    ("resize_boxes", (X, (0, np.nan, 3, 1), 3), {}, ValueError, "box must be finite .*received nan"),
    ("resize_boxes", (X, (0, 2e9, 3, 1), 3), {}, ValueError, r"at most 1e9 either way, received 2000000000\.0"),
    ("resize_boxes", (X, (0, 0, 3, 3), -1), {}, ValueError, "size must be .*received -1"),
    ("warp", (X, EYE), {}, ValueError, r"matrix must have the shape \(2, 2, 3\) .*received \(3, 3\)"),
    ("warp", (X, [[1, 0, 0], [0, np.inf, 0]]), {}, ValueError, "matrix must be finite .*received inf"),
    ("warp", (X, MAP), {"padding": "reflect"}, ValueError, "constant or replicate, received 'reflect'"),
    ("warp", (X, MAP), {"fill": [1, 2]}, ValueError, r"fill must have the shape \(3,\) .*received \(2,\)"),
    ("recolour", (X, np.eye(2)), {}, ValueError, r"matrix must have the shape \(2, 3, 3\) .*received \(2, 2\)"),
    ("recolour", (X, EYE, np.inf), {}, ValueError, "offset must be finite .*received inf"),
    ("recolour", (X, EYE * 1e8), {}, ValueError, r"below 1e9 of bytes, received 2\.55e\+10"),
    ("channel_means", (X[0],), {}, ValueError, "x must have 4 dimensions"),
    ("paste", (X, 2, (0, 0, 1, 1)), {}, ValueError, "partner must be from -1 to 1, received 2"),
    ("paste", (X, -2, (0, 0, 1, 1)), {}, ValueError, "partner must be from -1 to 1, received -2"),
    ("paste", (X, 0, (0, 0, -1, 1)), {}, ValueError, "a width of at least 0, received -1"),
    ("paste", (X, 0, (0, 0, 1.5, 1)), {}, TypeError, "box must hold ints, received dtype float64"),
    ("blend", (X, -1, 0.5), {}, ValueError, "partner must be from 0 to 1, received -1"),
    ("blend", (X, 0, 1.5), {}, ValueError, r"share must be from 0 to 1, received 1\.5"),
    ("blend", (X, 0, [0.5] * 3), {}, ValueError, r"share must have the shape \(2,\) .*received \(3,\)"),
]


@pytest.mark.parametrize(
    ("name", "arguments", "settings", "error", "message"), REFUSED, ids=[row[0] for row in REFUSED]
)
def test_refusals(name, arguments, settings, error, message):
    with pytest.raises(error, match=rf"^{name}: .*{message}"):
        getattr(functional, name)(*arguments, **settings)
