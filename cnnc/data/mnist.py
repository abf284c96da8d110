"""MNIST and those made like it: 70,000 images of 28x28 grey pixels in 10 classes, as four IDX files."""

import math

import numpy as np

from cnnc.data.idx import read_idx
from cnnc.data.sources import Form, find, find_form

FILES = {
    "train-images-idx3-ubyte.gz": "sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
FASHION_FILES = {
    "train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310",
}
FASHION_MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",  # the checksums tell what came; it has no https
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
COUNTS = {"train": 60_000, "t10k": 10_000}
SIDE = 28
CLASSES = 10


def mnist(directory=None, download=True):
    """Load MNIST, from this machine where it is there and else from the network, checked either way.

    `(x_train, y_train), (x_test, y_test)`: 60,000 digits to learn from and 10,000 to be judged by.

    The four files are looked for in `directory` alone if it is given; else in `$CNNC_DATA` or its folder `mnist`, in
    the user's cache (`cnnc.data.cache_directory() / "mnist"`), and at last on two mirrors, whose copies are kept in the
    cache. Cached and downloaded files must have the published checksums. Files in folders of your own may also be
    uncompressed, or be another data set in MNIST's clothes.

    Args:
        directory: str or os.PathLike, the folder of the four IDX files, .gz or not; None for all places.
        download: bool, whether the network may be used.

    Returns:
        Two pairs of images, uint8 (N, 28, 28, 1) with 0 for paper and 255 for ink, and labels, int64 (N,), 0 to 9.

    Raises:
        FileNotFoundError: when directory is given and a file is missing in it.
        DataUnavailable: when MNIST is nowhere to be had; an OSError whose message lists the places tried.
        ValueError: when a file is malformed or does not hold what MNIST holds.

    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to document recognition.
    Proceedings of the IEEE 86 (1998) 2278-2324. The data are shared under CC BY-SA 3.0, as commonly stated.

    >>> from cnnc.data import mnist
    >>> mnist("an/empty/folder")
    Traceback (most recent call last):
    ...
    FileNotFoundError: an/empty/folder: must hold the mnist files, missing all 4 files
    """
    return _read(find("mnist", FILES, MIRRORS, directory, download))


def fashion_mnist(directory=None, download=True):
    """Load Fashion-MNIST: photographs of clothes in the form of MNIST, meant to be harder, and found as MNIST is.

    `(x_train, y_train), (x_test, y_test)`: 60,000 images to learn from and 10,000 to be judged by. The names of the
    classes are `cnnc.data.FASHION_MNIST_CLASSES`.

    The files are named like those of MNIST. So of `$CNNC_DATA`, only the folder `fashion_mnist` is looked into.

    Args:
        directory: str or os.PathLike, the folder of the four IDX files, .gz or not; None for all places.
        download: bool, whether the network may be used.

    Returns:
        Two pairs of images, uint8 (N, 28, 28, 1) with 0 for the background, and labels, int64 (N,), 0 to 9.

    Raises:
        FileNotFoundError: when directory is given and a file is missing in it.
        DataUnavailable: when Fashion-MNIST is nowhere to be had; an OSError whose message lists the places tried.
        ValueError: when a file is malformed or does not hold what Fashion-MNIST holds.

    H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms.
    arXiv:1708.07747 (2017). The data are under the MIT license.

    >>> from cnnc.data import fashion_mnist
    >>> fashion_mnist("an/empty/folder")
    Traceback (most recent call last):
    ...
    FileNotFoundError: an/empty/folder: must hold the fashion_mnist files, missing all 4 files
    """
    forms = (Form(FASHION_FILES, common=True),)
    return _read(find_form("fashion_mnist", forms, FASHION_MIRRORS, directory, download)[1])


def _read(paths):
    """Both parts from the four files."""
    train, test = (
        _read_pair(paths[f"{part}-images-idx3-ubyte.gz"], paths[f"{part}-labels-idx1-ubyte.gz"], count)
        for part, count in COUNTS.items()
    )
    return train, test


def _read_pair(images_path, labels_path, count):
    """The images and labels of one part, which must be `count` each."""
    shapes = {images_path: (count, SIDE, SIDE), labels_path: (count,)}
    images, labels = (read_idx(path, math.prod(shape)) for path, shape in shapes.items())
    for (path, shape), array in zip(shapes.items(), (images, labels), strict=True):
        if array.dtype != np.uint8 or array.shape != shape:
            raise ValueError(f"{path}: must hold uint8 {shape}, received {array.dtype} {array.shape}")
    if labels.max() >= CLASSES:
        raise ValueError(f"{labels_path}: labels must be 0 to {CLASSES - 1}, received {labels.max()}")
    return images[..., np.newaxis], labels.astype(np.int64)
