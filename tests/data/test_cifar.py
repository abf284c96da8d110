"""CIFAR-10 and CIFAR-100 in every form they come in; the real ones where CNNC_DATA has them."""

import gzip
import hashlib
import importlib
import lzma
import os
import pickle
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from samples import good

from cnnc.data import CIFAR10_CLASSES, DataUnavailable, cifar, cifar10, cifar100

DELTA = [{"id": lzma.FILTER_DELTA, "dist": 32}, {"id": lzma.FILTER_LZMA2, "preset": 6}]
REAL = Path(os.environ.get("CNNC_DATA", "nowhere"), "cifar10")
SETS = {"cifar10": good.TEN, "cifar100": good.HUNDRED}


def load(name, *args, **kwargs):
    return getattr(importlib.import_module("cnnc.data"), name)(*args, **kwargs)


def archived(layout, binary, **options):
    folder = (layout.binary if binary else layout.python).folder
    return good.archive(good.cifar_files(layout, binary), folder, **options)


def one_archive(layout, binary):
    form = layout.binary_archive if binary else layout.python_archive
    (name,) = form.files
    return {name: archived(layout, binary)}


def binary(layout, pack=bytes, suffix="", folder=""):
    return {f"{folder}{name}{suffix}": pack(data) for name, data in good.cifar_files(layout, True).items()}


FORMS = {  # name: from a layout, the files
    "binary": binary,
    "binary, gzip": lambda layout: binary(layout, gzip.compress, ".gz"),
    "binary, xz": lambda layout: binary(layout, lzma.compress, ".xz"),
    "binary, xz with delta": lambda layout: binary(layout, lambda data: lzma.compress(data, filters=DELTA), ".xz"),
    "binary, in its folder": lambda layout: binary(layout, folder=f"{layout.binary.folder}/"),
    "binary archive": lambda layout: one_archive(layout, True),
    "python": lambda layout: good.cifar_files(layout, False),
    "python, in its folder": lambda layout: {
        f"{layout.python.folder}/{name}": data for name, data in good.cifar_files(layout, False).items()
    },
    "python archive": lambda layout: one_archive(layout, False),
}


def fill(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


@pytest.fixture(autouse=True)
def small(tmp_path, monkeypatch):
    """Layouts of a few images, no CNNC_DATA, an empty cache."""
    monkeypatch.setattr(cifar, "TEN", good.TEN)
    monkeypatch.setattr(cifar, "HUNDRED", good.HUNDRED)
    monkeypatch.delenv("CNNC_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def check(loaded, layout, kind="fine"):
    """The images and labels are those of good.cifar_batches, in order."""
    batches = good.cifar_batches(layout)
    for (images, labels), files in zip(loaded, layout.counts.values(), strict=True):
        assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
        planes = np.concatenate([batches[name][0] for name in files])
        np.testing.assert_array_equal(images.transpose(0, 3, 1, 2).reshape(len(planes), -1), planes)
        np.testing.assert_array_equal(labels, np.concatenate([batches[name][1][kind] for name in files]))
        assert images.flags.c_contiguous
        assert images.flags.writeable


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", SETS)
def test_every_form(name, form, tmp_path, monkeypatch):
    fill(tmp_path / "own", FORMS[form](SETS[name]))
    check(load(name, tmp_path / "own"), SETS[name])
    fill(tmp_path / "all" / name, FORMS[form](SETS[name]))
    monkeypatch.setenv("CNNC_DATA", str(tmp_path / "all"))
    check(load(name), SETS[name])


def test_coarse_labels(tmp_path):
    for form in ("binary", "python"):
        fill(tmp_path / form, FORMS[form](good.HUNDRED))
        check(cifar100(tmp_path / form, labels="coarse"), good.HUNDRED, "coarse")


@pytest.mark.parametrize("protocol", [3, 4])
def test_pickles_of_python_3(tmp_path, protocol):
    for name, (planes, labels) in good.cifar_batches(good.TEN).items():
        batch = {"data": planes, "labels": labels["fine"], "filenames": ["a.png"] * len(planes)}
        fill(tmp_path, {name: pickle.dumps(batch, protocol)})
    check(cifar10(tmp_path), good.TEN)


@pytest.mark.parametrize("options", [{"form": tarfile.PAX_FORMAT}, {"mode": "w:xz"}, {"mode": "w"}, {"others": False}])
def test_archives_of_other_programs(tmp_path, options):
    fill(tmp_path, {"cifar-10-binary.tar.gz": archived(good.TEN, True, **options)})
    check(cifar10(tmp_path), good.TEN)


def test_an_archive_may_be_uncompressed(tmp_path):
    fill(tmp_path, {"cifar-10-binary.tar": archived(good.TEN, True, mode="w")})
    check(cifar10(tmp_path), good.TEN)


def test_common_names_in_cnnc_data_itself_are_not_taken_for_cifar_100(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNC_DATA", str(tmp_path))
    fill(tmp_path, {"train": b"", "test": b"", "train.bin": b"", "test.bin": b""})
    with pytest.raises(DataUnavailable, match=r"tried .*\(\$CNNC_DATA\): missing cifar-100-binary.tar.gz, or all 2"):
        cifar100(download=False)
    fill(tmp_path, FORMS["python, in its folder"](good.HUNDRED))
    check(cifar100(download=False), good.HUNDRED)


def md5s(files):
    return {name: f"md5:{hashlib.md5(data).hexdigest()}" for name, data in files.items()}


@pytest.mark.parametrize("pack", [None, gzip, lzma], ids=["plain", "gzip", "xz"])
def test_batches_in_the_cache_must_be_the_published_ones(tmp_path, monkeypatch, pack):
    files = good.cifar_files(good.TEN, True)
    suffix = {None: "", gzip: ".gz", lzma: ".xz"}[pack]
    cached = {name + suffix: pack.compress(data) if pack else data for name, data in files.items()}
    fill(tmp_path / "cache" / "cnnc" / "cifar10", cached)
    with pytest.raises(
        DataUnavailable, match=r"\(cache\): missing or damaged cifar-10-binary\.tar\.gz, or all 6 files"
    ):
        cifar10(download=False)
    monkeypatch.setattr(cifar, "TEN", good.TEN._replace(binary=good.TEN.binary._replace(files=md5s(files))))
    check(cifar10(download=False), good.TEN)
    if pack:
        (tmp_path / "cache" / "cnnc" / "cifar10" / f"test_batch.bin{suffix}").write_bytes(b"\x1f\x8bdamaged")
        with pytest.raises(DataUnavailable, match=r"missing or damaged .*, or test_batch\.bin, or"):
            cifar10(download=False)


def test_files_without_checksum_are_not_taken_from_the_cache(tmp_path):
    fill(tmp_path / "cache" / "cnnc" / "cifar100", FORMS["binary"](good.HUNDRED))
    with pytest.raises(DataUnavailable, match=r"\(cache\): missing or damaged .* all 2 files of cifar-100-binary"):
        cifar100(download=False)


def test_the_archive_is_downloaded_into_the_cache(tmp_path, monkeypatch):
    pooch = pytest.importorskip("pooch", reason="downloading needs pooch: pip install cnnc[data]")
    files = one_archive(good.TEN, True)
    form = good.TEN.binary_archive._replace(files=md5s(files))
    monkeypatch.setattr(cifar, "TEN", good.TEN._replace(binary_archive=form))
    asked = []

    class Downloader:
        def __init__(self, **kwargs):
            pass

        def __call__(self, url, output_file, pooch, check_only=False):
            if not check_only:
                asked.append(url)
                Path(output_file).write_bytes(files["cifar-10-binary.tar.gz"])
            return True

    monkeypatch.setattr(pooch, "HTTPDownloader", Downloader)
    check(cifar10(), good.TEN)
    check(cifar10(), good.TEN)
    assert asked == ["https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"]
    assert [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()] == ["cifar-10-binary.tar.gz"]


def test_labels_must_be_fine_or_coarse():
    with pytest.raises(ValueError, match="received 1"):
        cifar100(labels=1)


@pytest.mark.skipif(not REAL.is_dir(), reason="set CNNC_DATA to a folder above cifar10 to test the real files")
def test_the_real_files(monkeypatch):
    monkeypatch.undo()
    tracemalloc.start()
    (x_train, y_train), (x_test, y_test) = cifar10(REAL)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (x_train.shape, x_test.shape) == ((50_000, 32, 32, 3), (10_000, 32, 32, 3))
    assert np.bincount(y_train).tolist() == [5000] * 10
    assert [CIFAR10_CLASSES[label] for label in y_train[:5]] == ["frog", "truck", "truck", "deer", "automobile"]
    assert np.round(x_train.mean(axis=(0, 1, 2)) / 255, 4).tolist() == [0.4914, 0.4822, 0.4465]
    assert peak - x_train.nbytes - x_test.nbytes < 16 << 20, "nothing but the arrays takes memory worth the name"
    binary = good.records(x_test.transpose(0, 3, 1, 2).reshape(-1, 3072), {"fine": y_test})
    assert f"md5:{hashlib.md5(binary).hexdigest()}" == cifar.TEN.binary.files["test_batch.bin"]
