"""Means and deviations agree with NumPy's on the whole array, for any cut into parts."""

import tracemalloc

import numpy as np
import pytest

import cnnc
from cnnc.data import ImageFolder, mean_std, open_array, statistics, whitening


@pytest.mark.parametrize("chunk", [1, 100, 1 << 19])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int16, bool])
def test_as_numpy_of_the_whole(monkeypatch, chunk, dtype):
    monkeypatch.setattr(statistics, "CHUNK", chunk)
    x = np.random.default_rng(0).integers(0, 256, (23, 5, 4, 3)).astype(dtype)
    mean, std = mean_std(x)
    assert (mean.dtype, std.dtype, mean.shape, std.shape) == (np.float64, np.float64, (3,), (3,))
    np.testing.assert_allclose(mean, x.mean(axis=(0, 1, 2), dtype=np.float64), rtol=1e-13)
    np.testing.assert_allclose(std, x.astype(np.float64).std(axis=(0, 1, 2)), rtol=1e-13)


def test_digits_of_a_large_mean_are_kept(monkeypatch):
    monkeypatch.setattr(statistics, "CHUNK", 64)
    x = 1e8 + np.random.default_rng(0).random((100, 8, 8, 1))
    np.testing.assert_allclose(mean_std(x)[1], x.std(), rtol=1e-7)


def test_a_mapped_array_streams(tmp_path):
    np.save(tmp_path / "x.npy", np.tile(np.array([0, 200], np.uint8), 1 << 23).reshape(16, 1024, 1024, 1))
    tracemalloc.start()
    mean, std = mean_std(open_array(tmp_path / "x.npy"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (mean.tolist(), std.tolist()) == ([100], [100])
    assert peak < 24 << 20, "an image and a few copies in float64, not all of them"


def test_a_folder_of_images(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="images need Pillow: pip install cnnc[images]")
    for i, colour in enumerate([(0, 10, 20), (200, 10, 40)]):
        (tmp_path / str(i)).mkdir()
        image.new("RGB", (30, 20), colour).save(tmp_path / str(i) / "a.png")
    for crop in ("centre", "random"):
        mean, std = mean_std(ImageFolder(tmp_path, size=16, crop=crop))
        np.testing.assert_allclose(mean, [100, 10, 30], rtol=1e-13)
        np.testing.assert_allclose(std, [100, 0, 10], rtol=1e-13)


@pytest.mark.parametrize("x", [np.zeros((3, 4)), np.zeros((0, 2, 2, 3)), np.zeros((1, 1, 1, 1), complex)])
def test_what_is_not_images_is_refused(x):
    with pytest.raises(ValueError, match="received"):
        mean_std(x)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_whitened_patches_are_uncorrelated_and_of_equal_variance(size):
    rng = np.random.default_rng(0)
    x = np.cumsum(rng.standard_normal((50, 9, 9, 3)), axis=1) @ rng.standard_normal((3, 3))  # neighbours are alike
    filters = whitening(x, size, eps=1e-9)
    y = cnnc.functional.correlate2d(x.astype(np.float32), filters).reshape(-1, filters.shape[-1]).astype(float)
    half = y.shape[1] // 2
    np.testing.assert_allclose(y.T[:half] @ y[:, :half] / len(y), np.eye(half), atol=1e-3)
    np.testing.assert_allclose(y[:, half:], -y[:, :half], atol=1e-6)


def test_lists_are_arrays_too():
    mean, std = mean_std([[[[1.0], [3.0]]]])
    assert mean == 2 and std == 1


@pytest.mark.parametrize(
    "wrong",
    [{"x": np.zeros((3, 4))}, {"x": np.zeros((0, 9, 9, 1))}, {"size": 10}, {"size": 0}, {"size": 2.0}, {"eps": 0}],
)
def test_whitening_refuses(wrong):
    with pytest.raises(ValueError, match="received"):
        whitening(**{"x": np.zeros((2, 9, 9, 1)), **wrong})
