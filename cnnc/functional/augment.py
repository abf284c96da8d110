"""Changing the images of a batch, each by its own numbers: windows, boxes, warps, colours, pasting, blending.

uint8 images stay bytes: results are rounded to the nearest, halves up, and 0 or 255 where they are beyond.
"""

import numpy as np

from cnnc.functional._arrays import public, ready, real
from cnnc.geometry import augmentation
from cnnc.ops import op

__all__ = ["blend", "channel_means", "paste", "recolour", "resize_boxes", "warp", "windows"]


def _images(x):
    """Images (N, H, W, C) of bytes, or of float32 or float64."""
    x = real(x, "x", ndim=4)
    return np.require(x, None, ["C", "A"]) if x.dtype == np.uint8 else ready(x)[0]


def _op(name, x):
    return op(f"{name}_u8" if x.dtype == np.uint8 else name)


def _bytes(array):
    """The array's own memory as bytes along its last axis."""
    return array.view(np.uint8)


@public
def windows(x, origin, size, mirror=None, fill=0, padding="constant"):
    """Cut a window out of every image: cropping, padding, shifting and flipping are such windows.

    `y[n, i, j] = x[n, top + i, left + j]` for `(top, left) = origin[n]`, or `x[n, top + i, left + OW - 1 - j]` where
    mirror[n]. Outside the image it is fill, or with padding "reflect" the image mirrored at its edge pixels, again and
    again.

    Args:
        x: images (N, H, W, C), uint8 or real numbers.
        origin: (N, 2) ints, or one pair for all: the window's first pixel, which may lie outside the image.
        size: (OH, OW), pixels, int or (rows, columns).
        mirror: (N,) bools: which windows are turned left to right; None for none.
        fill: a number or (C,): pixels outside.
        padding: "constant" or "reflect".

    Returns:
        (N, OH, OW, C): uint8, float32 or float64.

    Raises:
        TypeError: when x or fill do not hold real numbers, origin not ints, mirror not bools.
        ValueError: when x is not images, a shape does not fit, or an argument is none of these.

    >>> windows(np.arange(3, dtype=np.uint8).reshape(1, 1, 3, 1), (0, -1), (1, 5), fill=9).ravel()
    array([9, 0, 1, 2, 9], dtype=uint8)
    """
    x = _images(x)
    shape = augmentation.output(x.shape, size)
    origin = augmentation.wholes(origin, "origin", (shape[0], 2))
    mirror = augmentation.flags(mirror, "mirror", shape[0])
    fill = augmentation.fill(fill, shape[3], x.dtype)
    reflect = augmentation.chosen(padding, "padding", ("constant", "reflect"))
    y = np.empty(shape, x.dtype)
    op("windows")(x=_bytes(x), origin=origin, mirror=mirror, fill=_bytes(fill), y=_bytes(y), reflect=int(reflect))
    return y


@public
def resize_boxes(x, box, size):
    """Bring a box of every image to one size, without aliasing: what random resized crops are made of.

    Along the rows, `y[i] = sum over u of w[i, u] x[u] / sum over u of w[i, u]` with a triangle around the place of i on
    the input: `w[i, u] = max(0, 1 - |u + 1/2 - top - (i + 1/2) s| / max(1, s))`, `s = height / OH`; along the columns
    alike. Pixels outside the image do not count; where there are no others, the nearest one is taken.

    Args:
        x: images (N, H, W, C), uint8 or real numbers.
        box: (N, 4) real numbers, or one box for all: top, left, height, width in pixels of x; pixel 0 is from 0 to 1.
        size: (OH, OW), pixels, int or (rows, columns).

    Returns:
        (N, OH, OW, C): uint8, float32 or float64.

    Raises:
        TypeError: when x or box do not hold real numbers.
        ValueError: when x is not images, or box not finite or without a height or width greater than 0.

    >>> resize_boxes(np.arange(4.0).reshape(1, 1, 4, 1), (0, 1, 1, 2), (1, 4)).ravel()
    array([0.75, 1.25, 1.75, 2.25])
    """
    x = _images(x)
    y = np.empty(augmentation.output(x.shape, size), x.dtype)
    _op("resize_boxes", x)(x=x, box=augmentation.boxes(box, len(x)), y=y)
    return y


@public
def warp(x, matrix, size=None, fill=0, padding="constant"):
    """Move the pixels of every image by an affine map: rotate, shear, scale, shift.

    `y[n, i, j]` is x at `(row, column) = matrix[n] @ (i, j, 1)`, where pixel (0, 0) has its centre at (0, 0): the mean
    of the four pixels around it weighted by nearness. Those outside the image are fill, or with padding "replicate" the
    nearest one inside.

    Args:
        x: images (N, H, W, C), uint8 or real numbers.
        matrix: (N, 2, 3) real numbers, or one (2, 3) for all: from pixels of y to those of x.
        size: (OH, OW), pixels, int or (rows, columns); None for that of x.
        fill: a number or (C,): pixels outside.
        padding: "constant" or "replicate".

    Returns:
        (N, OH, OW, C): uint8, float32 or float64.

    Raises:
        TypeError: when x, matrix or fill do not hold real numbers.
        ValueError: when x is not images, a shape does not fit, matrix is not finite, or padding is unknown.

    >>> warp(np.arange(4.0).reshape(1, 1, 4, 1), [[1, 0, 0], [0, 1, 0.5]], fill=9).ravel()
    array([0.5, 1.5, 2.5, 6. ])
    """
    x = _images(x)
    shape = augmentation.output(x.shape, size)
    matrix = augmentation.numbers(matrix, "matrix", (shape[0], 2, 3))
    fill = augmentation.fill(fill, shape[3], x.dtype)
    replicate = augmentation.chosen(padding, "padding", ("constant", "replicate"))
    y = np.empty(shape, x.dtype)
    _op("warp", x)(x=x, matrix=matrix, fill=fill, y=y, replicate=int(replicate))
    return y


@public
def recolour(x, matrix, offset=0.0):
    """Map the channels of every pixel: brightness, contrast, saturation, hue and shifts of colour are such maps.

    `y[n, i, j] = matrix[n] @ x[n, i, j] + offset[n]`

    Args:
        x: images (N, H, W, C), uint8 or real numbers.
        matrix: (N, C, C) real numbers, or one (C, C) for all.
        offset: (N, C) real numbers, or (C,) or one for all.

    Returns:
        (N, H, W, C): uint8, float32 or float64.

    Raises:
        TypeError: when x, matrix or offset do not hold real numbers.
        ValueError: when x is not images, a shape does not fit, or a number is not finite or too large.

    >>> recolour(np.array([[[[10, 200]]]], np.uint8), [[0, 1], [2, 0]], 100).ravel()
    array([255, 120], dtype=uint8)
    """
    x = _images(x)
    n, *_, channels = x.shape
    dtype = np.float32 if x.dtype == np.uint8 else x.dtype
    matrix, offset = (a.astype(dtype) for a in augmentation.colours(matrix, offset, n, channels, x.dtype))
    y = np.empty_like(x)
    _op("recolour", x)(x=x, matrix=matrix, offset=offset, y=y)
    return y


@public
def channel_means(x):
    """The mean of every channel of every image: `mean[n, c] = mean over i, j of x[n, i, j, c]`.

    Args:
        x: images (N, H, W, C), uint8 or real numbers.

    Returns:
        (N, C) float64.

    Raises:
        TypeError: when x does not hold real numbers.
        ValueError: when x is not images.

    >>> channel_means(np.array([[[[1, 0], [2, 4]]]], np.uint8))
    array([[1.5, 2. ]])
    """
    x = _images(x)
    mean = np.empty((x.shape[0], x.shape[3]))
    _op("channel_means", x)(x=x, mean=mean)
    return mean


@public
def paste(x, partner, box, fill=0):
    """Put a box of another image, or of one colour, into every image: cutmix, cutout.

    `y[n] = x[n]`, but in the box `x[partner[n]]`, or fill where partner[n] is -1.

    Yun and others: CutMix, ICCV 2019. DeVries, Taylor: Improved regularization of CNNs with cutout, 2017.

    Args:
        x: images (N, H, W, C), uint8 or real numbers.
        partner: (N,) ints, or one for all: an image's number, or -1.
        box: (N, 4) ints, or one box for all: top, left, height, width; what is outside the image is left away.
        fill: a number or (C,).

    Returns:
        (N, H, W, C): uint8, float32 or float64.

    Raises:
        TypeError: when x or fill do not hold real numbers, partner or box not ints.
        ValueError: when x is not images, a partner is none of them, or a shape does not fit.

    >>> paste(np.arange(4, dtype=np.uint8).reshape(1, 1, 4, 1), -1, (0, 1, 1, 2), fill=9).ravel()
    array([0, 9, 9, 3], dtype=uint8)
    """
    x = _images(x)
    n, *_, channels = x.shape
    partner = augmentation.wholes(partner, "partner", (n,), -1, n - 1)
    box = augmentation.whole_boxes(box, n)
    fill = augmentation.fill(fill, channels, x.dtype)
    y = np.empty_like(x)
    op("paste")(x=_bytes(x), partner=partner, box=box, fill=_bytes(fill), y=_bytes(y))
    return y


@public
def blend(x, partner, share):
    """Mix every image with another one: `y[n] = share[n] * x[n] + (1 - share[n]) * x[partner[n]]`.

    Zhang, Cisse, Dauphin, Lopez-Paz: mixup, ICLR 2018.

    Args:
        x: images (N, H, W, C), uint8 or real numbers.
        partner: (N,) ints, or one for all: an image's number.
        share: (N,) real numbers from 0 to 1, or one for all.

    Returns:
        (N, H, W, C): uint8, float32 or float64. Bytes are off by up to 0.51 instead of 0.5.

    Raises:
        TypeError: when x or share do not hold real numbers, or partner not ints.
        ValueError: when x is not images, a partner is none of them, or a share is not from 0 to 1.

    >>> blend(np.array([0, 100], np.uint8).reshape(2, 1, 1, 1), [1, 0], 0.75).ravel()
    array([25, 75], dtype=uint8)
    """
    x = _images(x)
    partner = augmentation.wholes(partner, "partner", (len(x),), 0, len(x) - 1)
    y = np.empty_like(x)
    _op("blend", x)(x=x, partner=partner, share=augmentation.shares(share, len(x)), y=y)
    return y
