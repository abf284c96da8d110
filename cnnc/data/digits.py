"""Real handwritten digits that travel with the package: 1,797 of them, for when there is no network."""

import numpy as np

from cnnc.data.idx import read_idx

SOURCE = 8  # pixels a side in the shipped file, values 0 to 16
SCALED = 20
SIDE = 28
TEST_EVERY = 5


def digits():
    """Load the optical digits of UCI, shipped inside the package and brought to MNIST's 28x28 pixels.

    `(x_train, y_train), (x_test, y_test)`: 1,437 digits to learn from and 360 to be judged by, each class cut 4 : 1.
    The 13 writers of the digits are in both parts, so the figure reached says nothing about writers never seen.

    Every digit is scaled from 8x8 to 20x20 by bilinear interpolation, given strokes as sharp and thin as MNIST's, and
    centred in 28x28 with 4 empty pixels on each side. All of it is whole-number arithmetic: the same on every machine.

    Returns:
        Two pairs of images, uint8 (N, 28, 28, 1) with 0 for paper and 255 for ink, and labels, int64 (N,), 0 to 9.

    E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998,
    doi:10.24432/C50P49, CC BY 4.0; its test part, as scikit-learn carries it.

    >>> import numpy as np
    >>> from cnnc.data import digits
    >>> (x_train, y_train), (x_test, y_test) = digits()
    >>> x_train.shape, x_train.dtype, x_test.shape
    ((1437, 28, 28, 1), dtype('uint8'), (360, 28, 28, 1))
    >>> np.bincount(y_test).tolist()
    [36, 36, 36, 36, 37, 36, 36, 36, 35, 36]
    """
    from importlib import resources  # here, for it takes longer than all else of cnnc.data

    files = resources.files("cnnc.data") / "files"
    with (
        resources.as_file(files / "digits-images-idx3-ubyte.gz") as images,
        resources.as_file(files / "digits-labels-idx1-ubyte.gz") as labels,
    ):
        x, y = _to_mnist(read_idx(images)), read_idx(labels).astype(np.int64)
    # Sorted by class, every fifth digit is for the test: each class gives its fifth.
    test = np.zeros(len(y), bool)
    test[np.argsort(y, kind="stable")[::TEST_EVERY]] = True
    return (x[~test], y[~test]), (x[test], y[test])


def _to_mnist(small):
    """Images (N, 8, 8) of 0..16 as images (N, 28, 28, 1) of 0..255."""
    # The middle of large pixel i lies at (i + 1/2) * 8/20 - 1/2 = (4 i - 3) / 10 on the small axis. Both neighbours'
    # weights are thus tenths, and whole numbers when ten times as large. Beyond the edge, the edge pixel stands again.
    pixel, tenths = np.divmod(4 * np.arange(SCALED) - 3, 10)
    weights = np.zeros((SCALED, SOURCE), np.int64)
    for neighbour, weight in ((pixel, 10 - tenths), (pixel + 1, tenths)):
        np.add.at(weights, (np.arange(SCALED), np.clip(neighbour, 0, SOURCE - 1)), weight)
    ink = weights @ small.astype(np.int64) @ weights.T  # 0 to 10 * 10 * 16 = 1600

    # A small pixel counts the ink in a block of 4x4; between two blocks the stroke's edge is where about half of it is
    # covered. Stretching the middle of the range makes an edge of one grey pixel there, as MNIST has. These bounds also
    # give MNIST's share of ink, 13 % of the image.
    sharp = np.clip((ink - 500) * 255 // 800, 0, 255)
    border = (SIDE - SCALED) // 2
    return np.pad(sharp.astype(np.uint8), ((0, 0), (border, border), (border, border)))[..., np.newaxis]
