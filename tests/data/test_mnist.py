"""MNIST from files that are right and from files that are not; the real ones where CNNC_DATA has them."""

import hashlib
import importlib
import os
from pathlib import Path

import numpy as np
import pytest

from cnnc.data import FASHION_MNIST_CLASSES, DataUnavailable, fashion_mnist, mnist, write_idx

module = importlib.import_module("cnnc.data.mnist")  # the package's attribute of this name is the function
REAL = os.environ.get("CNNC_DATA")
PUBLISHED_MD5 = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A folder of four files like MNIST's, of 20 and 10 digits, and the numbers in them."""
    monkeypatch.setattr(module, "COUNTS", {"train": 20, "t10k": 10})
    monkeypatch.delenv("CNNC_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    random = np.random.default_rng(0)
    arrays = {}
    for part, count in module.COUNTS.items():
        arrays[f"{part}-images-idx3-ubyte.gz"] = random.integers(0, 256, (count, 28, 28), np.uint8)
        arrays[f"{part}-labels-idx1-ubyte.gz"] = np.arange(count, dtype=np.uint8) % 10
    for name, array in arrays.items():
        write_idx(tmp_path / name, array)
    return tmp_path, arrays


def test_images_and_labels(small):
    folder, arrays = small
    for (images, labels), part in zip(mnist(folder), ("train", "t10k"), strict=True):
        assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
        np.testing.assert_array_equal(images[..., 0], arrays[f"{part}-images-idx3-ubyte.gz"])
        np.testing.assert_array_equal(labels, arrays[f"{part}-labels-idx1-ubyte.gz"])


def test_files_may_be_uncompressed(small):
    folder, arrays = small
    packed = mnist(folder)
    for name, array in arrays.items():
        (folder / name).unlink()
        write_idx(folder / name.removesuffix(".gz"), array)
    for (x, y), (expected_x, expected_y) in zip(mnist(folder), packed, strict=True):
        np.testing.assert_array_equal(x, expected_x)
        np.testing.assert_array_equal(y, expected_y)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("train-images-idx3-ubyte.gz", np.zeros((19, 28, 28), np.uint8), r"received uint8 \(19, 28, 28\)"),
        ("train-images-idx3-ubyte.gz", np.zeros((20, 28, 27), np.uint8), r"received uint8 \(20, 28, 27\)"),
        ("train-images-idx3-ubyte.gz", np.zeros((20, 784), np.uint8), r"received uint8 \(20, 784\)"),
        ("t10k-images-idx3-ubyte.gz", np.zeros((10, 28, 28), np.float32), r"received float32 \(10, 28, 28\)"),
        ("train-labels-idx1-ubyte.gz", np.zeros(21, np.uint8), r"may take 20 bytes, received uint8 \(21,\)"),
        ("t10k-labels-idx1-ubyte.gz", np.zeros(9, np.uint8), r"must hold uint8 \(10,\), received uint8 \(9,\)"),
        ("t10k-labels-idx1-ubyte.gz", np.zeros((10, 1), np.uint8), r"received uint8 \(10, 1\)"),
        ("t10k-labels-idx1-ubyte.gz", np.zeros(10, np.int32), r"received int32 \(10,\)"),
        ("t10k-labels-idx1-ubyte.gz", np.full(10, 10, np.uint8), "labels must be 0 to 9, received 10"),
    ],
)
def test_contents_that_are_not_mnist_are_refused(small, name, array, message):
    folder, _ = small
    write_idx(folder / name, array)
    with pytest.raises(ValueError, match=message) as caught:
        mnist(folder)
    assert str(caught.value).startswith(f"{folder / name}: ")


def test_missing_files_are_listed(small):
    folder, _ = small
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"missing t10k-labels-idx1-ubyte\.gz$"):
        mnist(folder)


def test_fashion_mnist_is_read_as_mnist_is(small, monkeypatch):
    folder, _ = small
    expected = mnist(folder)
    (folder / "shared" / "fashion_mnist").mkdir(parents=True)
    monkeypatch.setenv("CNNC_DATA", str(folder / "shared"))
    for path in folder.glob("*.gz"):
        (folder / "shared" / "fashion_mnist" / path.name).write_bytes(path.read_bytes())
    for loaded in (fashion_mnist(folder), fashion_mnist()):
        for (x, y), (expected_x, expected_y) in zip(loaded, expected, strict=True):
            np.testing.assert_array_equal(x, expected_x)
            np.testing.assert_array_equal(y, expected_y)
    assert len(FASHION_MNIST_CLASSES) == module.CLASSES


def test_digits_are_not_taken_for_fashion(small, monkeypatch):
    folder, _ = small
    monkeypatch.setenv("CNNC_DATA", str(folder))
    mnist(download=False)
    with pytest.raises(DataUnavailable, match=r"fashion_mnist \(\$CNNC_DATA\): missing all 4 files"):
        fashion_mnist(download=False)


def test_fashion_mnist_has_its_own_checksums(small, monkeypatch):
    folder, arrays = small
    cache = folder / "cache" / "cnnc" / "fashion_mnist"
    cache.mkdir(parents=True)
    for name in arrays:
        (folder / name).rename(cache / name)
    with pytest.raises(DataUnavailable, match=r"fashion_mnist \(cache\): missing or damaged all 4 files"):
        fashion_mnist(download=False)
    sums = {name: f"md5:{hashlib.md5((cache / name).read_bytes()).hexdigest()}" for name in arrays}
    monkeypatch.setattr(module, "FASHION_FILES", sums)
    assert len(fashion_mnist(download=False)[0][0]) == module.COUNTS["train"]


def test_files_in_the_cache_must_be_the_published_ones(small):
    folder, arrays = small
    cache = folder / "cache" / "cnnc" / "mnist"
    cache.mkdir(parents=True)
    for name in arrays:
        (folder / name).rename(cache / name)
    with pytest.raises(DataUnavailable, match=r"mnist \(cache\): missing or damaged all 4 files"):
        mnist(download=False)


@pytest.mark.skipif(not REAL, reason="set CNNC_DATA to a folder with MNIST, or above it, to test the real files")
def test_the_real_files():
    (x_train, y_train), (x_test, y_test) = mnist(download=False)
    assert (x_train.shape, x_test.shape) == ((60_000, 28, 28, 1), (10_000, 28, 28, 1))
    assert y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert round(x_train.mean() / 255, 4) == 0.1307
    for name, sha256 in module.FILES.items():
        for path in (Path(REAL, name), Path(REAL, "mnist", name)):
            if path.is_file():
                assert hashlib.md5(path.read_bytes()).hexdigest() == PUBLISHED_MD5[name]
                assert f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" == sha256
