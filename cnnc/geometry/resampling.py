"""Padding, enlarging and adaptive pooling along one axis, as sparse matrices: what the operation resample2d takes.

Along an axis each is a matrix: row i holds the weights with which output pixel i sums input pixels. On images, one
matrix works on the rows and another on the columns, and the gradient is the same sum with both transposed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cnnc.geometry.windows import LIMIT, checked_size, padding_per_axis, pair, sides, times

PADDINGS = ("zero", "reflect", "replicate", "circular")
UPSAMPLINGS = ("nearest", "bilinear")


class Matrix(NamedTuple):
    """A sparse matrix by rows: row i has `weight[t]` at column `index[t]` for end[i - 1] <= t < end[i]."""

    end: np.ndarray
    index: np.ndarray
    weight: np.ndarray

    @property
    def reach(self) -> int:
        """The most pixels from the first to the last that a row sums."""
        last = self.end - 1
        first = np.concatenate([[0], self.end[:-1]])
        full = last >= first
        return int((self.index[last[full]] - self.index[first[full]]).max()) + 1

    def sees(self, first, last) -> tuple[int, int]:
        """The first and the last pixel that rows `first` to `last` sum; of rows of padding alone, the nearest."""
        index = self.index[self.end[first - 1] if first else 0 : self.end[last]]
        at = min(max(int(self.end[last]), 1), len(self.index)) - 1
        return (int(index.min()), int(index.max())) if len(index) else (int(self.index[at]),) * 2


def _matrix(row, column, weight, height) -> Matrix:
    """The matrix with `height` rows of these entries; those of weight 0 are left out."""
    order = np.lexsort((column, row))
    order = order[weight[order] != 0]
    end = np.cumsum(np.bincount(row[order], minlength=height))
    return Matrix(end.astype(np.int32), column[order].astype(np.int32), weight[order])


def _checked_sides(*sides):
    """Refuses an output whose sides, which the matrices count in 32 bits, or whose size are too large."""
    checked_size(sides)
    if max(sides) > LIMIT:
        raise ValueError(f"the sides of the output must be below 2**31, received {times(sides)}")


def _axis_pad(n, before, after, mode) -> Matrix:
    source = np.arange(-before, n + after)
    if mode == "reflect":
        source = n - 1 - np.abs(n - 1 - np.abs(source))
    elif mode == "replicate":
        source = source.clip(0, n - 1)
    elif mode == "circular":
        source = source % n
    inside = (source >= 0) & (source < n)
    return _matrix(np.arange(len(source)), source.clip(0, n - 1), inside.astype(np.float64), len(source))


def padding(shape, padding, mode="zero") -> tuple[Matrix, Matrix]:
    """Rows and columns of a padding of images (H, W).

    Args:
        shape: (H, W), pixels.
        padding: pixels, int, (rows, columns) or ((top, bottom), (left, right)).
        mode: "zero"; "reflect" at the outermost pixel, which is not repeated; "replicate" it; "circular" goes on at the
            other side.

    Raises:
        ValueError: when the mode is unknown, or reaches farther than the image: reflect needs a padding smaller than
            the side, circular one of at most the side.

    >>> padding((2, 3), (1, 2), "reflect")[1].index.tolist()
    [2, 1, 0, 1, 2, 1, 0]
    """
    if mode not in PADDINGS:
        raise ValueError(f"mode must be one of {', '.join(PADDINGS)}, received {mode!r}")
    around = [sides(axis, "padding must be ints", padding) for axis in padding_per_axis(padding, 2)]
    most = {"reflect": 1, "circular": 0}
    for n, axis in zip(shape, around, strict=True):
        if mode in most and max(axis) > n - most[mode]:
            rule = "smaller than" if most[mode] else "at most"
            raise ValueError(f"{mode} padding must be {rule} the side {n}, received {padding!r}")
    _checked_sides(*(n + sum(axis) for n, axis in zip(shape, around, strict=True)))
    return tuple(_axis_pad(n, *axis, mode) for n, axis in zip(shape, around, strict=True))


def _axis_upsample(n, scale, mode, align_corners) -> Matrix:
    out = np.arange(n * scale)
    if mode == "nearest":
        return _matrix(out, out // scale, np.ones(len(out)), len(out))
    # output i lies at the fraction `numerator / denominator` of the input: in integers, so that shares are exact
    numerator, denominator = (2 * out + 1 - scale).clip(0), 2 * scale
    if align_corners:
        numerator, denominator = out * (n - 1), max(len(out) - 1, 1)
    left, rest = np.divmod(numerator, denominator)
    share = np.where(left < n - 1, rest / denominator, 0)  # of the right neighbour
    right = (left + 1).clip(0, n - 1)
    return _matrix(np.tile(out, 2), np.r_[left, right], np.r_[1 - share, share], len(out))


def upsampling(shape, scale, mode="nearest", align_corners=False) -> tuple[Matrix, Matrix]:
    """Rows and columns of an enlargement of images (H, W).

    Args:
        shape: (H, W), pixels.
        scale: output pixels for each input pixel, int or (rows, columns).
        mode: "nearest" repeats pixels, "bilinear" draws a line between the centres of neighbours.
        align_corners: bilinear only: the outermost pixels' centres, not their edges, stay where they are.

    Raises:
        ValueError: when the mode is unknown, the scale is not a positive int, or nearest is to align corners.

    >>> upsampling((1, 2), 2, "bilinear")[1].weight.tolist()
    [1.0, 0.75, 0.25, 0.25, 0.75, 1.0]
    """
    if mode not in UPSAMPLINGS:
        raise ValueError(f"mode must be one of {', '.join(UPSAMPLINGS)}, received {mode!r}")
    if align_corners and mode == "nearest":
        raise ValueError(f"align_corners must be False unless the mode is bilinear, received {align_corners!r}")
    scale = pair(scale, "scale")
    _checked_sides(*(n * s for n, s in zip(shape, scale, strict=True)))
    return tuple(_axis_upsample(n, s, mode, align_corners) for n, s in zip(shape, scale, strict=True))


def _axis_adaptive(n, size) -> Matrix:
    out = np.arange(size)
    first, end = out * n // size, -(-(out + 1) * n // size)
    count = end - first
    row = np.repeat(out, count)
    place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    return _matrix(row, np.repeat(first, count) + place, 1 / np.repeat(count, count), size)


def adaptive(shape, size) -> tuple[Matrix, Matrix]:
    """Rows and columns of the means of windows that cut images (H, W) into `size` parts, as even as pixels allow.

    Window i of OH reaches from `floor(i * H / OH)` to `ceil((i + 1) * H / OH)`, the end not included.

    Args:
        shape: (H, W), pixels.
        size: of the output, int or (rows, columns).

    Raises:
        ValueError: when the size is not positive ints.

    >>> adaptive((5, 1), (2, 1))[0].index.tolist()
    [0, 1, 2, 2, 3, 4]
    """
    size = pair(size, "size")
    checked_size(size)
    return tuple(_axis_adaptive(n, s) for n, s in zip(shape, size, strict=True))
