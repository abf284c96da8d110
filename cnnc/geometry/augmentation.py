"""What each image of a batch is changed by: read from anything, repeated for every image, and checked.

Whatever is read here has its values for one image, or for each of N images: `values` are broadcast to the shape that
the operation takes.
"""

from __future__ import annotations

import numpy as np

from cnnc.geometry.windows import LIMIT, checked_size, pair

LARGEST = 1e9  # of the numbers of boxes, maps and colours: results stay numbers, and places whole numbers of 64 bits


def numbers(values, name: str, shape: tuple) -> np.ndarray:
    """The values as float64 of this shape.

    Raises:
        TypeError: when they are not real numbers.
        ValueError: when they have another shape, are not finite, or are beyond 1e9.
    """
    array = _shaped(values, name, shape, "buif", "real numbers").astype(np.float64, order="C")
    wrong = ~(np.abs(array) <= LARGEST)
    if wrong.any():
        raise ValueError(f"{name} must be finite and at most 1e9 either way, received {array[wrong][0]}")
    return array


def wholes(values, name: str, shape: tuple, least: int = -LIMIT, most: int = LIMIT) -> np.ndarray:
    """The values as int64 of this shape, from `least` to `most`; errors as those of `numbers`."""
    array = _shaped(values, name, shape, "iu", "ints")
    wrong = (array < least) | (array > most)
    if wrong.any():
        raise ValueError(f"{name} must be from {least} to {most}, received {array[wrong][0]}")
    return array.astype(np.int64, order="C")


def _shaped(values, name, shape, kinds, rule):
    array = np.asarray(values)
    if array.dtype.kind not in kinds:
        raise TypeError(f"{name} must hold {rule}, received dtype {array.dtype}")
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise ValueError(f"{name} must have the shape {shape} or less axes of it, received {array.shape}") from None


def output(x_shape: tuple, size) -> tuple:
    """The shape (N, OH, OW, C) of images of that size; None leaves it as it is."""
    n, height, width, channels = x_shape
    shape = (n, *((height, width) if size is None else pair(size, "size")), channels)
    checked_size(shape)
    return shape


def boxes(values, images: int) -> np.ndarray:
    """Real boxes (N, 4): top, left, height and width, which are greater than 0."""
    array = numbers(values, "box", (images, 4))
    if not (array[:, 2:] > 0).all():
        raise ValueError(f"box must have a height and a width greater than 0, received {array[:, 2:].min()}")
    return array


def whole_boxes(values, images: int) -> np.ndarray:
    """Boxes (N, 4) of whole pixels: top, left, height and width of at least 0."""
    array = wholes(values, "box", (images, 4))
    if not (array[:, 2:] >= 0).all():
        raise ValueError(f"box must have a height and a width of at least 0, received {array[:, 2:].min()}")
    return array


def colours(matrix, offset, images: int, channels: int, dtype) -> tuple[np.ndarray, np.ndarray]:
    """A matrix (N, C, C) and an offset (N, C), whose results from bytes fit 32 bits before they are bytes again."""
    matrix = numbers(matrix, "matrix", (images, channels, channels))
    offset = numbers(offset, "offset", (images, channels))
    largest = (np.abs(matrix).sum(2) * 255 + np.abs(offset)).max()
    if dtype == np.uint8 and largest >= LARGEST:
        raise ValueError(f"matrix and offset must make numbers below 1e9 of bytes, received {largest:g}")
    return matrix, offset


def shares(values, images: int) -> np.ndarray:
    """Shares (N,) from 0 to 1."""
    array = numbers(values, "share", (images,))
    wrong = (array < 0) | (array > 1)
    if wrong.any():
        raise ValueError(f"share must be from 0 to 1, received {array[wrong][0]}")
    return array


def fill(values, channels: int, dtype) -> np.ndarray:
    """What pixels outside of an image are, (C,) of its type; bytes are whole numbers from 0 to 255."""
    array = numbers(values, "fill", (channels,))
    if dtype == np.uint8 and not ((array >= 0) & (array <= 255) & (array == np.rint(array))).all():
        raise ValueError(f"fill of bytes must be whole numbers from 0 to 255, received {array.tolist()}")
    return array.astype(dtype, order="C")


def chosen(value, name: str, known: tuple) -> bool:
    """Whether the value is the second of two that are known; a ValueError when it is neither."""
    if value not in known:
        raise ValueError(f"{name} must be {' or '.join(known)}, received {value!r}")
    return value == known[1]


def flags(values, name: str, images: int) -> np.ndarray:
    """Bools (N,) as bytes 0 and 1; None stands for False."""
    return _shaped(False if values is None else values, name, (images,), "b", "bools").astype(np.uint8, order="C")
