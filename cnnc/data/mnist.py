"""MNIST: 70,000 handwritten digits, 28x28 pixels."""

import numpy as np

from cnnc.data.idx import read_idx
from cnnc.data.sources import find

FILES = {  # name: SHA-256
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
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
    paths = find("mnist", FILES, MIRRORS, directory, download)
    train, test = (
        _read_pair(paths[f"{part}-images-idx3-ubyte.gz"], paths[f"{part}-labels-idx1-ubyte.gz"], count)
        for part, count in COUNTS.items()
    )
    return train, test


def _read_pair(images_path, labels_path, count):
    """The images and labels of one part, which must be `count` each."""
    images, labels = read_idx(images_path), read_idx(labels_path)
    for path, array, shape in ((images_path, images, (count, SIDE, SIDE)), (labels_path, labels, (count,))):
        if array.dtype != np.uint8 or array.shape != shape:
            raise ValueError(f"{path}: must hold uint8 {shape}, received {array.dtype} {array.shape}")
    if labels.max() >= CLASSES:
        raise ValueError(f"{labels_path}: labels must be 0 to {CLASSES - 1}, received {labels.max()}")
    return images[..., np.newaxis], labels.astype(np.int64)
