"""CIFAR-10 and CIFAR-100: 60,000 photographs of 32x32 pixels, in each of the forms in which they are passed around.

The binary form is records of label bytes and three planes, red, green, blue; the other one is a pickle with the same
planes as rows of an array, which is read without unpickling. Both come as a .tar.gz or as the files in it.
"""

from typing import NamedTuple

import numpy as np

from cnnc.data.packed import EXPANSION, PIECE, unpack
from cnnc.data.sources import Form, find_form

MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)
SIDE = 32
PIXELS = 3 * SIDE * SIDE
RECORDS = 512  # read at once


class Layout(NamedTuple):
    """What the files of one of the data sets hold. The names of pickles are those of the binary files without .bin."""

    counts: dict  # part: {name of a pickle: images in it}, files in the order of their images
    classes: dict  # kind of label: how many there are, in the order of the bytes before each image
    keys: dict  # kind of label: its key in a pickle
    binary_archive: Form
    binary: Form
    python_archive: Form
    python: Form


TEN = Layout(
    counts={"train": {f"data_batch_{n}": 10_000 for n in range(1, 6)}, "test": {"test_batch": 10_000}},
    classes={"fine": 10},
    keys={"fine": "labels"},
    binary_archive=Form({"cifar-10-binary.tar.gz": "md5:c32a1d4ab5d03f1284b67883e8d87530"}),
    binary=Form(
        {
            "data_batch_1.bin": "md5:5dd7e06a14cb22eb9f671a540d1b7c25",
            "data_batch_2.bin": "md5:5ea93a67294ea407fff1d09f752e9692",
            "data_batch_3.bin": "md5:942cd6a4bcdd0dd3c604fbe906cb4421",
            "data_batch_4.bin": "md5:ae636b3ba5c66a11e91e8cb52e771fcb",
            "data_batch_5.bin": "md5:53f37980c15c3d472c316c40844f3f0d",
            "test_batch.bin": "md5:803d5f7f4d78ea53de84dbe85f74fb6d",
        },
        folder="cifar-10-batches-bin",
        packed=(".xz", ".gz"),
    ),
    python_archive=Form({"cifar-10-python.tar.gz": "md5:c58f30108f718f92721af3b95e74349a"}),
    python=Form(
        {
            "data_batch_1": "md5:c99cafc152244af753f735de768cd75f",
            "data_batch_2": "md5:d4bba439e000b95fd0a9bffe97cbabec",
            "data_batch_3": "md5:54ebc095f3ab1f0389bbae665268c751",
            "data_batch_4": "md5:634d18415352ddfa80567beed471001a",
            "data_batch_5": "md5:482c414d41f54cd18b22e5b47cb7c3cb",
            "test_batch": "md5:40351d587109b95175f43aff81a1287e",
        },
        folder="cifar-10-batches-py",
    ),
)
HUNDRED = Layout(
    counts={"train": {"train": 50_000}, "test": {"test": 10_000}},
    classes={"coarse": 20, "fine": 100},
    keys={"coarse": "coarse_labels", "fine": "fine_labels"},
    binary_archive=Form({"cifar-100-binary.tar.gz": "md5:03b5dce01913d631647c71ecec9e9cb8"}),
    binary=Form({"train.bin": None, "test.bin": None}, folder="cifar-100-binary", packed=(".xz", ".gz"), common=True),
    python_archive=Form({"cifar-100-python.tar.gz": "md5:eb9058c3a382ffc7106e4002c42a8d85"}),
    python=Form(
        {"train": "md5:16019d7e3df5f24257cddd939b257f8d", "test": "md5:f0ef6b0ae62326f3e7ffdfab6717acfc"},
        folder="cifar-100-python",
        common=True,
    ),
)


def cifar10(directory=None, download=True):
    """Load CIFAR-10, from this machine where it is there and else from the network, checked either way.

    `(x_train, y_train), (x_test, y_test)`: 50,000 photographs to learn from and 10,000 to be judged by. The names of
    the classes are `cnnc.data.CIFAR10_CLASSES`.

    Looked for in `directory` alone if it is given; else in `$CNNC_DATA` or its folder `cifar10`, in the user's cache
    (`cnnc.data.cache_directory() / "cifar10"`), and at last at its authors', whose archive is kept in the cache. In
    each place it may be the archive of the binary or of the Python version, or the files in it, also in the folder
    that the archive makes; binary files also as `.bin.gz` or `.bin.xz`. Archives are read in place and pickles without
    unpickling. Files in the cache must have the published checksums; files in folders of your own are taken as they
    are.

    Args:
        directory: str or os.PathLike, the folder to look in; None for all places.
        download: bool, whether the network may be used.

    Returns:
        Two pairs of images, uint8 (N, 32, 32, 3), and labels, int64 (N,), 0 to 9.

    Raises:
        FileNotFoundError: when directory is given and does not hold one form of CIFAR-10.
        DataUnavailable: when CIFAR-10 is nowhere to be had; an OSError whose message lists the places tried.
        ValueError: when a file is malformed or does not hold what CIFAR-10 holds.

    A. Krizhevsky: Learning multiple layers of features from tiny images. Technical report, University of Toronto, 2009.

    >>> from cnnc.data import cifar10
    >>> cifar10("an/empty/folder")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    FileNotFoundError: an/empty/folder: must hold the cifar10 files, missing cifar-10-binary.tar.gz, or all 6 files ...
    """
    return _load("cifar10", TEN, directory, download, "fine")


def cifar100(directory=None, download=True, labels="fine"):
    """Load CIFAR-100, found and checked as CIFAR-10 is; its folder is called `cifar100`.

    `(x_train, y_train), (x_test, y_test)`: 50,000 photographs to learn from and 10,000 to be judged by. The names of
    the classes are `cnnc.data.CIFAR100_CLASSES` and `cnnc.data.CIFAR100_COARSE_CLASSES`.

    Its loose files have names that any data set could have. So they are not looked for in `$CNNC_DATA` itself, but in
    its folders `cifar100`, `cifar-100-binary` and `cifar-100-python`.

    Args:
        directory: str or os.PathLike, the folder to look in; None for all places.
        download: bool, whether the network may be used.
        labels: "fine" for 100 classes, "coarse" for the 20 groups of them.

    Returns:
        Two pairs of images, uint8 (N, 32, 32, 3), and labels, int64 (N,), 0 to 99 or 0 to 19.

    Raises:
        FileNotFoundError: when directory is given and does not hold one form of CIFAR-100.
        DataUnavailable: when CIFAR-100 is nowhere to be had; an OSError whose message lists the places tried.
        ValueError: when a file is malformed or does not hold what CIFAR-100 holds, or labels is none of the two.

    A. Krizhevsky: Learning multiple layers of features from tiny images. Technical report, University of Toronto, 2009.

    >>> from cnnc.data import cifar100
    >>> cifar100(labels="medium")
    Traceback (most recent call last):
    ...
    ValueError: labels must be 'fine' or 'coarse', received 'medium'
    """
    if labels not in ("fine", "coarse"):
        raise ValueError(f"labels must be 'fine' or 'coarse', received {labels!r}")
    return _load("cifar100", HUNDRED, directory, download, labels)


def _load(name, layout, directory, download, kind):
    """Both parts, with one kind of labels."""
    forms = (layout.binary_archive, layout.binary, layout.python_archive, layout.python)
    form, paths = find_form(name, forms, MIRRORS, directory, download)
    binary = form in (layout.binary_archive, layout.binary)
    read, folder, suffix = (
        (_read_records, layout.binary.folder, ".bin") if binary else (_read_pickle, layout.python.folder, "")
    )

    rows, sizes, total = {}, {}, {}
    for part, files in layout.counts.items():
        ends = np.cumsum(list(files.values())).tolist()
        total[part] = ends[-1]
        for (file, count), end in zip(files.items(), ends, strict=True):
            rows[file + suffix] = part, slice(end - count, end)
            least = count * (len(layout.classes) + PIXELS)
            # A pickle also has an image's name, of about 20 letters, and a few bytes of instructions.
            sizes[file + suffix] = (least, least if binary else count * (PIXELS + 100) + (1 << 16))

    images, labels = {}, {}
    for file, stream, size, path in _in_archive(paths, folder, sizes) if len(paths) == 1 else _loose(paths, sizes):
        part, own = rows[file]
        if part not in images:  # no earlier, for now the first file has the right size
            images[part] = np.empty((total[part], SIDE, SIDE, 3), np.uint8)
            labels[part] = np.empty(total[part], np.int64)
        read(stream, size, path, layout, kind, images[part][own], labels[part][own])
        if stream.read(1):  # in a compressed file this also reaches its end, where checksums are compared
            raise ValueError(f"{path}: {file} must end after its {own.stop - own.start} images, received more")
    return tuple((images[part], labels[part]) for part in layout.counts)


def _in_archive(paths, folder, sizes):
    """The wanted files of an archive as streams: name, stream, bytes, path for messages."""
    from cnnc.data.archives import members  # here, for few programs read archives

    (path,) = paths.values()
    for name, stream, size in members(path, {f"{folder}/{file}": bounds for file, bounds in sizes.items()}):
        yield name.removeprefix(f"{folder}/"), stream, size, path


def _loose(paths, sizes):
    """Files as streams, like those of an archive; of a compressed one the most bytes that may be in it."""
    for file, path in paths.items():
        least, most = sizes[file]
        with unpack(path) as stream:
            kind, stored = stream.raw.kind, stream.raw.stored
            if kind is None and not least <= stored <= most:
                raise ValueError(f"{path}: must have {least} to {most} bytes, received {stored}")
            if stored * EXPANSION[kind] < least:
                raise ValueError(f"{path}: must hold {least} bytes, more than {kind} can in those received: {stored}")
            yield file, stream, stored if kind is None else most, path


def _read_records(stream, size, path, layout, kind, images, labels):
    """One file of the binary form into its images (n, 32, 32, 3) and labels (n,)."""
    lead = len(layout.classes)
    for first in range(0, len(images), RECORDS):
        part = slice(first, first + RECORDS)
        records = np.empty((len(labels[part]), lead + PIXELS), np.uint8)
        left = memoryview(records.reshape(-1))
        while left:
            count = stream.readinto(left[:PIECE])
            if not count:
                raise ValueError(f"{path}: must hold {len(images)} images, received an end after {first} or more")
            left = left[count:]
        for column, classes in enumerate(layout.classes.values()):
            _check_labels(records[:, column], classes, path)
        labels[part] = records[:, list(layout.classes).index(kind)]
        images[part] = _channels_last(records[:, lead:])


def _read_pickle(stream, size, path, layout, kind, images, labels):
    """One file of the Python form into its images (n, 32, 32, 3) and labels (n,)."""
    from cnnc.data.pickled import read_pickled  # here, for few programs read pickles

    count = len(images)
    batch = read_pickled(stream, size, path, instructions=16 * count + 1000)
    pixels = batch.get("data")
    if not isinstance(pixels, np.ndarray) or pixels.shape != (count, PIXELS):
        raise ValueError(f"{path}: data must be uint8 ({count}, {PIXELS}), received {_described(pixels)}")
    for which, key in layout.keys.items():
        values = batch.get(key)
        if not isinstance(values, list) or len(values) != count or not all(type(value) is int for value in values):
            raise ValueError(f"{path}: {key} must be a list of {count} whole numbers, received {_described(values)}")
        _check_labels(values, layout.classes[which], path)
    labels[:] = batch[layout.keys[kind]]
    images[:] = _channels_last(pixels)


def _check_labels(values, classes, path):
    """Labels must be those of the classes."""
    least, largest = int(min(values)), int(max(values))
    if least < 0 or largest >= classes:
        raise ValueError(f"{path}: labels must be 0 to {classes - 1}, received {least if least < 0 else largest}")


def _channels_last(planes):
    """Rows of three planes, (n, 3072), as images (n, 32, 32, 3)."""
    return planes.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)


def _described(value):
    """What a value is, in a few words whatever it is."""
    if isinstance(value, np.ndarray):
        return f"an array {value.shape}"
    return f"a {type(value).__name__} of {len(value)}" if hasattr(value, "__len__") else f"a {type(value).__name__}"
