"""Changing the images of a batch, each by its own numbers: windows, boxes, warps, colours, pasting, blending.

Results are float64 and not rounded, also for bytes: `cnnc.functional` rounds them to the nearest byte, halves up.
"""

from __future__ import annotations

import numpy as np

from cnnc.geometry import augmentation
from cnnc.reference._arrays import real

__all__ = ["blend", "channel_means", "paste", "recolour", "resize_boxes", "warp", "windows"]


def _inside(x, rows, columns, fill):
    """x[n, rows[n], columns[n]] of images, for arrays (N, OH, OW) of places, with fill outside."""
    height, width = x.shape[1:3]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    image = np.arange(len(x))[:, None, None]
    pixels = x[image, rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return np.where(inside[..., None], pixels, fill)


def _reflected(place, length):
    """The pixel that a place stands for when both edge pixels are mirrors."""
    period = max(2 * (length - 1), 1)
    place = place % period
    return np.where(place < length, place, period - place)


def windows(x, origin, size, mirror=None, fill=0, padding="constant"):
    """A window of every image: `y[n, i, j] = x[n, top + i, left + j]`, turned left to right where mirror[n].

    Args:
        x: images (N, H, W, C).
        origin: (N, 2) or (2,), ints: top and left.
        size: (OH, OW).
        mirror: (N,) bools or None.
        fill: (C,) or a number, outside the image with padding "constant".
        padding: "constant", or "reflect": pixels outside the image are those mirrored at its edge pixels.

    Returns:
        (N, OH, OW, C) float64.

    Raises:
        TypeError, ValueError: when an argument is none of these.

    >>> windows(np.arange(3).reshape(1, 1, 3, 1), (0, -2), (1, 5), padding="reflect").ravel().tolist()
    [2.0, 1.0, 0.0, 1.0, 2.0]
    """
    x = real(x, "x", ndim=4)
    n, out_height, out_width, channels = augmentation.output(x.shape, size)
    origin = augmentation.wholes(origin, "origin", (n, 2))
    mirror = augmentation.flags(mirror, "mirror", n)
    fill = augmentation.fill(fill, channels, np.float64)
    rows = origin[:, :1] + np.arange(out_height)
    columns = origin[:, 1:] + np.arange(out_width)
    columns = np.where(mirror[:, None], columns[:, ::-1], columns)
    if augmentation.chosen(padding, "padding", ("constant", "reflect")):
        rows, columns = _reflected(rows, x.shape[1]), _reflected(columns, x.shape[2])
    return _inside(x, rows[:, :, None], columns[:, None, :], fill)


def _triangle(start, extent, out, length):
    """The matrix (out, length) of the weights along one axis."""
    scale = extent / out
    centre = start + (np.arange(out)[:, None] + 0.5) * scale
    distance = np.abs(np.arange(length) + 0.5 - centre)
    weight = np.maximum(0, 1 - distance / max(1, scale))
    nothing = weight.sum(1) == 0
    weight[nothing, distance[nothing].argmin(1)] = 1
    return weight / weight.sum(1, keepdims=True)


def resize_boxes(x, box, size):
    """A box of every image at one size, by means weighted with a triangle, along the rows and along the columns.

    `w[i, u] = max(0, 1 - |u + 1/2 - top - (i + 1/2) s| / max(1, s))` with `s = height / OH`, divided by its sum over u;
    the nearest pixel alone where that sum is 0.

    Args:
        x: images (N, H, W, C).
        box: (N, 4) or (4,): top, left, height, width.
        size: (OH, OW).

    Returns:
        (N, OH, OW, C) float64.

    Raises:
        TypeError, ValueError: when an argument is none of these.

    >>> resize_boxes(np.arange(4).reshape(1, 1, 4, 1), (0, 0, 1, 4), (1, 2)).ravel().round(3).tolist()
    [0.714, 2.286]
    """
    x = real(x, "x", ndim=4)
    y = np.empty(augmentation.output(x.shape, size))
    for image, (top, left, height, width), result in zip(x, augmentation.boxes(box, len(x)), y, strict=True):
        rows = _triangle(top, height, y.shape[1], x.shape[1])
        columns = _triangle(left, width, y.shape[2], x.shape[2])
        result[...] = np.einsum("iu,jv,uvc->ijc", rows, columns, image, optimize=True)
    return y


def warp(x, matrix, size=None, fill=0, padding="constant"):
    """Every image seen through an affine map: y[n, i, j] is x at `matrix[n] @ (i, j, 1)`, between four pixels.

    Args:
        x: images (N, H, W, C).
        matrix: (N, 2, 3) or (2, 3).
        size: (OH, OW), or None for that of x.
        fill: (C,) or a number, outside the image with padding "constant".
        padding: "constant", or "replicate": pixels outside the image are the nearest ones inside.

    Returns:
        (N, OH, OW, C) float64.

    Raises:
        TypeError, ValueError: when an argument is none of these.

    >>> warp(np.arange(3).reshape(1, 1, 3, 1), [[1, 0, 0], [0, 1, -0.5]], padding="replicate").ravel().tolist()
    [0.0, 0.5, 1.5]
    """
    x = real(x, "x", ndim=4)
    n, out_height, out_width, channels = augmentation.output(x.shape, size)
    matrix = augmentation.numbers(matrix, "matrix", (n, 2, 3))
    fill = augmentation.fill(fill, channels, np.float64)
    i, j = np.indices((out_height, out_width))
    places = np.moveaxis(matrix @ np.stack([i.ravel(), j.ravel(), np.ones(i.size)]), 1, 0)
    row, column = places.reshape(2, n, out_height, out_width)
    if augmentation.chosen(padding, "padding", ("constant", "replicate")):
        row, column = row.clip(0, x.shape[1] - 1), column.clip(0, x.shape[2] - 1)
    top, left = np.floor(row).astype(np.int64), np.floor(column).astype(np.int64)
    down, right = (row - top)[..., None], (column - left)[..., None]
    y = np.zeros((n, out_height, out_width, channels))
    for below, row_weight in ((0, 1 - down), (1, down)):
        for beside, column_weight in ((0, 1 - right), (1, right)):
            y += row_weight * column_weight * _inside(x, top + below, left + beside, fill)
    return y


def recolour(x, matrix, offset=0.0):
    """Map the channels of every pixel: `y[n, i, j] = matrix[n] @ x[n, i, j] + offset[n]`.

    Args:
        x: images (N, H, W, C).
        matrix: (N, C, C) or (C, C).
        offset: (N, C), (C,) or a number.

    Returns:
        (N, H, W, C) float64.

    Raises:
        TypeError, ValueError: when an argument is none of these.

    >>> recolour([[[[1, 2]]]], [[0, 1], [1, 1]], 10).ravel().tolist()
    [12.0, 13.0]
    """
    x = real(x, "x", ndim=4)
    n, *_, channels = x.shape
    matrix, offset = augmentation.colours(matrix, offset, n, channels, np.float64)
    return np.einsum("nkc,nijc->nijk", matrix, x) + offset[:, None, None, :]


def channel_means(x):
    """The mean of every channel of every image, (N, C).

    Args:
        x: images (N, H, W, C).

    Raises:
        TypeError, ValueError: when x is not images of real numbers.

    >>> channel_means([[[[1, 0], [2, 4]]]]).tolist()
    [[1.5, 2.0]]
    """
    return real(x, "x", ndim=4).mean((1, 2))


def paste(x, partner, box, fill=0):
    """Every image with a box of another one in it, or of one colour: `y[n] = x[n]`, in the box `x[partner[n]]` or fill.

    Args:
        x: images (N, H, W, C).
        partner: (N,) or one int: an image's number, or -1 for fill.
        box: (N, 4) or (4,), ints: top, left, height, width; what is outside the image is left away.
        fill: (C,) or a number.

    Returns:
        (N, H, W, C) float64.

    Raises:
        TypeError, ValueError: when an argument is none of these.

    >>> paste(np.arange(4).reshape(2, 1, 2, 1), [1, 0], (0, 1, 1, 5)).ravel().tolist()
    [0.0, 3.0, 2.0, 1.0]
    """
    x = real(x, "x", ndim=4)
    n, *_, channels = x.shape
    partner = augmentation.wholes(partner, "partner", (n,), -1, n - 1)
    fill = augmentation.fill(fill, channels, np.float64)
    y = x.copy()
    for number, (top, left, height, width) in enumerate(augmentation.whole_boxes(box, n)):
        rows, columns = slice(max(top, 0), max(top + height, 0)), slice(max(left, 0), max(left + width, 0))
        y[number, rows, columns] = fill if partner[number] < 0 else x[partner[number], rows, columns]
    return y


def blend(x, partner, share):
    """Mix every image with another one: `y[n] = share[n] * x[n] + (1 - share[n]) * x[partner[n]]`.

    Args:
        x: images (N, H, W, C).
        partner: (N,) or one int: an image's number.
        share: (N,) or one number from 0 to 1.

    Returns:
        (N, H, W, C) float64.

    Raises:
        TypeError, ValueError: when an argument is none of these.

    >>> blend([[[[0]]], [[[8]]]], [1, 1], 0.25).ravel().tolist()
    [6.0, 8.0]
    """
    x = real(x, "x", ndim=4)
    partner = augmentation.wholes(partner, "partner", (len(x),), 0, len(x) - 1)
    share = augmentation.shares(share, len(x))[:, None, None, None]
    return share * x + (1 - share) * x[partner]
