"""Augmentation: what each transform makes of images, beside the same in plain NumPy."""

import numpy as np
import pytest

import cnnc
from cnnc.data import (
    Affine,
    CentreCrop,
    Colour,
    CutMix,
    Cutout,
    Flip,
    MixUp,
    PadCrop,
    PCAColour,
    RandomResizedCrop,
    Resize,
    TenCrop,
    mirrored,
)

BYTES = np.random.default_rng(0).integers(0, 256, (32, 12, 10, 3)).astype(np.uint8)
REALS = (BYTES / 255).astype(np.float32)
ALL = [Flip(), PadCrop(3), PadCrop(3, "reflect"), CentreCrop(8), Resize(7), RandomResizedCrop(9), Cutout(4),
       Affine(10, 0.1, (0.9, 1.1), 5), Colour(0.4, 0.4, 0.4), PCAColour(BYTES)]  # fmt: skip


def rng(seed=1):
    return np.random.default_rng(seed)


class Highest:
    """A generator that draws the highest number of a range."""

    def uniform(self, low, high, size):
        return np.full(size, high, float)


@pytest.mark.parametrize("x", [BYTES, REALS, REALS.astype(np.float64)], ids=["uint8", "float32", "float64"])
@pytest.mark.parametrize("transform", ALL, ids=lambda transform: type(transform).__name__)
def test_same_generator_same_images_and_the_type_stays(transform, x):
    before = x.copy()
    y = transform(x, rng())
    np.testing.assert_array_equal(y, transform(x, rng()))
    np.testing.assert_array_equal(x, before)
    assert y.dtype == x.dtype and len(y) == len(x) and y.shape[3] == x.shape[3]
    assert y is not x


@pytest.mark.parametrize("threads", [2, 3, 7])
@pytest.mark.parametrize("transform", ALL, ids=lambda transform: type(transform).__name__)
def test_threads_make_no_difference(transform, threads):
    x = np.tile(REALS, (8, 3, 3, 1))
    expected = transform(x, rng())
    before = cnnc.get_num_threads()
    try:
        cnnc.set_num_threads(threads)
        np.testing.assert_array_equal(transform(x, rng()), expected)
    finally:
        cnnc.set_num_threads(before)


@pytest.mark.parametrize("transform", ALL, ids=lambda transform: type(transform).__name__)
def test_bytes_are_the_rounded_numbers(transform):
    y = transform(BYTES, rng()).astype(float)
    exact = transform(REALS.astype(np.float64), rng()) * 255
    assert np.abs(y - np.clip(exact, 0, 255)).max() <= 0.5 + 1e-3


def test_flip_turns_about_as_many_as_it_says():
    y = Flip(0.3)(np.tile(BYTES, (32, 1, 1, 1)), rng())
    turned = (y == np.tile(BYTES, (32, 1, 1, 1))[:, :, ::-1]).all(axis=(1, 2, 3))
    stayed = (y == np.tile(BYTES, (32, 1, 1, 1))).all(axis=(1, 2, 3))
    assert (turned ^ stayed).all()
    assert abs(turned.mean() - 0.3) < 0.05


@pytest.mark.parametrize(("mode", "settings"), [("constant", {"constant_values": 7}), ("reflect", {})])
def test_pad_crop_is_a_window_of_the_padded_image(mode, settings):
    y = PadCrop(3, mode, fill=7)(BYTES, rng())
    origin = rng().integers(-3, 4, (32, 2)) + 3
    padded = np.pad(BYTES, ((0, 0), (3, 3), (3, 3), (0, 0)), mode, **settings)
    for image, source, (top, left) in zip(y, padded, origin, strict=True):
        np.testing.assert_array_equal(image, source[top : top + 12, left : left + 10])
    assert len({tuple(o) for o in origin}) > 10


def test_resize_keeps_means_and_what_is_flat():
    flat = np.full((2, 12, 10, 3), 93, np.uint8)
    for transform in (Resize(5), Resize((24, 7)), RandomResizedCrop(6)):
        assert (transform(flat, rng()) == 93).all()
    halved = Resize((6, 5))(REALS.astype(np.float64), rng())
    np.testing.assert_allclose(halved.mean(axis=(1, 2)), REALS.mean(axis=(1, 2)), atol=0.02)


def test_a_whole_random_resized_crop_is_a_resize():
    whole = RandomResizedCrop((6, 5), area=(1, 1), aspect=(10 / 12, 10 / 12))(REALS, rng())
    np.testing.assert_allclose(whole, Resize((6, 5))(REALS, rng()), atol=1e-6)


def test_affine_turns_and_shifts():
    square = REALS[:, :9, :9].astype(np.float64)
    np.testing.assert_array_equal(Affine()(square, rng()), square)
    turned = Affine(degrees=90)(square, Highest())
    assert any(np.allclose(turned, np.rot90(square, k, (1, 2)), atol=1e-9) for k in (1, 3))
    moved = Affine(shift=1 / 3)(square, Highest())
    np.testing.assert_allclose(moved[:, 3:, 3:], square[:, :6, :6], atol=1e-9)
    assert (np.abs(moved[:, :3]) < 1e-9).all()


def test_colour_follows_its_formula():
    x = REALS.astype(np.float64)
    y = Colour(0.2, 0.3, 0.4)(x, Highest())
    g = x @ [0.299, 0.587, 0.114]
    saturated = 1.4 * x - 0.4 * g[..., None]
    expected = 1.2 * (1.3 * saturated - 0.3 * g.mean(axis=(1, 2))[:, None, None, None])
    np.testing.assert_allclose(y, expected, atol=1e-12)
    grey = x[..., :1]
    np.testing.assert_allclose(Colour(brightness=0.2)(grey, Highest()), 1.2 * grey, atol=1e-12)


def test_pca_colour_moves_along_the_principal_colours():
    direction = np.array([0.6, 0.0, 0.8])
    x = 0.5 + rng().normal(0, 0.1, (4, 20, 20, 1)) * direction
    moved = PCAColour(x, std=1.0)(x, rng()) - x
    offsets = moved[:, 0, 0]
    np.testing.assert_allclose(moved, np.broadcast_to(offsets[:, None, None], moved.shape), atol=1e-12)
    np.testing.assert_allclose(np.abs(offsets @ direction), np.linalg.norm(offsets, axis=1), atol=1e-9)
    amounts = rng().normal(0, 1, (4, 3))[:, 2] * x.reshape(-1, 3).var(axis=0).sum()
    np.testing.assert_allclose(np.abs(offsets @ direction), np.abs(amounts), rtol=1e-6)


def test_cutout_covers_a_square():
    y = Cutout((4, 6), fill=9)(BYTES, rng())
    for image, source in zip(y, BYTES, strict=True):
        rows, columns = np.nonzero((image != source).any(axis=2))
        assert np.ptp(rows) < 4 and np.ptp(columns) < 6
        assert (image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] == 9).all()


def test_mixup_blends_images_as_it_blends_labels():
    x, labels = REALS.astype(np.float64), np.eye(32)
    y, mixed = MixUp(0.7)(x, labels, rng())
    np.testing.assert_allclose(y, np.tensordot(mixed, x, axes=1), atol=1e-12)
    assert mixed.min() >= 0 and np.allclose(mixed.sum(axis=1), 1)


def test_cutmix_labels_are_shares_of_the_area():
    x, labels = np.broadcast_to(np.arange(32)[:, None, None, None], (32, 12, 10, 3)).astype(np.uint8), np.eye(32)
    y, mixed = CutMix()(x, labels, rng())
    shares = np.stack([np.bincount(image[:, :, 0].ravel(), minlength=32) for image in y]) / 120
    np.testing.assert_allclose(mixed, shares, atol=1e-12)
    assert 0.2 < mixed.diagonal().mean() < 0.8


@pytest.mark.parametrize("transform", [MixUp(0.4), CutMix()])
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool, np.float32, ">f4"])
def test_rows_of_any_numbers_are_mixed(transform, dtype):
    rows = np.eye(32)
    expected = transform(BYTES, rows, rng())[1]
    assert ((expected > 0) & (expected < 1)).any()
    np.testing.assert_allclose(transform(BYTES, rows.astype(dtype), rng())[1], expected, rtol=1e-6, atol=1e-7)
    targets = np.broadcast_to(rows[:, :, None], (32, 32, 32))  # as many columns as images
    np.testing.assert_array_equal(transform(BYTES, targets, rng())[1][:, :, 3], expected)


@pytest.mark.parametrize("labels", [np.zeros(32, int), np.eye(5), ["a"] * 32])
@pytest.mark.parametrize("transform", [MixUp(0.4), CutMix()])
def test_labels_that_are_no_rows_are_not_mixed(transform, labels):
    with pytest.raises(ValueError, match="labels to mix must be 32 rows of numbers: received"):
        transform(BYTES, labels, rng())


def test_views():
    views = TenCrop((8, 6))(BYTES)
    corners = [BYTES[:, :8, :6], BYTES[:, :8, 4:], BYTES[:, 4:, :6], BYTES[:, 4:, 4:], BYTES[:, 2:10, 2:8]]
    for crop, view, turned in zip(corners, views[::2], views[1::2], strict=True):
        np.testing.assert_array_equal(view, crop)
        np.testing.assert_array_equal(turned, crop[:, :, ::-1])
    net = cnnc.Sequential([cnnc.Flatten(), cnnc.Dense(3)]).build((8, 6, 3), seed=0)
    expected = np.mean([net(view) for view in views], axis=0)
    np.testing.assert_allclose(net.predict(BYTES, batch_size=7, views=TenCrop((8, 6))), expected, rtol=1e-5, atol=1e-6)
    assert set(net.evaluate(BYTES, np.zeros(32, int), views=TenCrop((8, 6)))) == {"loss", "accuracy"}
    np.testing.assert_array_equal(mirrored(BYTES)[1], BYTES[:, :, ::-1])
    with pytest.raises(ValueError, match="the input must have the shape"):
        net.predict(BYTES, views=TenCrop(8))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Flip(2), "p must be a number from 0 to 1: received 2"),
        (lambda: PadCrop(0), "padding must be a positive int: received 0"),
        (lambda: PadCrop(1, "wrap"), "mode must be .*: received 'wrap'"),
        (lambda: CentreCrop(-1), "size must be a positive int or two of them: received -1"),
        (lambda: Resize((1, 2, 3)), "size must be a positive int or two of them: received"),
        (lambda: RandomResizedCrop(4, area=(0, 1)), "area must rise, above 0 and up to 1: received"),
        (lambda: RandomResizedCrop(4, aspect=3), "aspect must be two numbers: received 3"),
        (lambda: Affine(degrees=-1), "degrees must be a number from 0 to 180: received -1"),
        (lambda: Affine(scale=(2, 1)), "scale must rise"),
        (lambda: Colour(brightness=2), "brightness must be a number from 0 to 1: received 2"),
        (lambda: PCAColour([1]), r"images must be an array \(N, H, W, C\): received"),
        (lambda: PCAColour(BYTES.astype(float)), "images must be bytes, or scaled .* from -16 to 16: received float64"),
        (lambda: PCAColour(BYTES.astype(int)), "images must be bytes, or scaled"),
        (lambda: Cutout(0), "size must be"),
        (lambda: MixUp(0), "alpha must be a number"),
        (lambda: CutMix(float("nan")), "alpha must be a number"),
        (lambda: CentreCrop(13)(BYTES), r"a crop of \(13, 13\) must fit the images: received 12x10 pixels"),
    ],
)
def test_refusals(make, text):
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize("transform", ALL, ids=lambda transform: type(transform).__name__)
@pytest.mark.parametrize("shape", [(32, 12), (32, 12, 10)])
def test_images_without_channels_are_refused(transform, shape):
    with pytest.raises(ValueError, match=rf"\({', '.join(map(str, shape))}\)"):
        transform(np.zeros(shape), rng())


def test_principal_colours_of_any_images():
    """Of one that is larger than a part, and in double precision whatever the images are."""
    large = np.random.default_rng(0).integers(0, 256, (1, 1200, 1200, 3), np.uint8)
    values, vectors = np.linalg.eigh(np.cov(large.reshape(-1, 3).T / 255, bias=True))
    np.testing.assert_allclose(np.abs(PCAColour(large).colours), np.abs(vectors * values), atol=1e-9)
    bright = 0.9 + 0.03 * np.random.default_rng(0).standard_normal((400, 32, 32, 3))
    for dtype in (np.float32, np.float16):
        lengths = np.linalg.norm(PCAColour(bright.astype(dtype)).colours, axis=0)
        np.testing.assert_allclose(lengths, 0.0009, rtol=0.02)
