"""Which arrays belong together: output shapes, the window of what slides one, the groups of what is normalised."""

from __future__ import annotations

from cnnc.geometry.windows import (
    KINDS,
    Window,
    checked_size,
    is_int,
    padding_per_axis,
    pair,
    per_axis,
    sides,
    times,
    whole,
)

__all__ = ["convolution", "maxout", "normalisation", "pooling", "transposed"]


def _arrays(x_shape, rank: int) -> tuple:
    """(N, the lengths of the axes, C) of an input's shape, after checking it."""
    x_shape = tuple(x_shape)
    kind, axes = KINDS[rank]
    if len(x_shape) != rank + 2:
        raise ValueError(f"{kind} must have the shape (N, {', '.join(axes)}, C), received {x_shape}")
    checked_size(x_shape)
    n, *lengths, channels = x_shape
    return n, tuple(lengths), channels


def _filters(w_shape, rank: int, last: str) -> tuple:
    w_shape = tuple(w_shape)
    if len(w_shape) != rank + 2:
        axes = ", ".join(f"K{axis}" for axis in KINDS[rank][1])
        raise ValueError(f"filters must have the shape ({axes}, {last}), received {w_shape}")
    checked_size(w_shape)
    return w_shape


def _bias(b_shape, filters: int) -> None:
    if b_shape is not None and tuple(b_shape) != (filters,):
        raise ValueError(f"the bias of {filters} filters must have the shape ({filters},), received {tuple(b_shape)}")


def convolution(x_shape, w_shape, b_shape=None, stride=1, padding=0, dilation=1, groups=1, rank=2):
    """The window and the output shape of a convolution, after checking that its arrays belong together.

    Args:
        x_shape: (N, H, W, C), the images; (N, L, C) of rank 1, (N, D, H, W, C) of rank 3.
        w_shape: (KH, KW, C / groups, K), the filters, with one axis less or more of another rank.
        b_shape: (K,), the bias, or None.
        stride, padding, dilation: as for `Window.over`.
        groups: channels and filters are split into this many parts, filters of a part see its channels only.
        rank: the number of axes that the window slides along.

    Returns:
        The window, and the output shape (N, OH, OW, K).

    Raises:
        ValueError: when the shapes do not belong together or the kernel does not fit.

    >>> convolution((64, 28, 28, 1), (5, 5, 1, 6), padding=2)[1]
    (64, 28, 28, 6)
    """
    n, lengths, channels = _arrays(x_shape, rank)
    *kernel, group_channels, filters = _filters(w_shape, rank, "C / groups, K")
    groups = whole(groups, 1, "groups must be an int", groups)
    if channels % groups or filters % groups:
        raise ValueError(f"groups must divide channels {channels} and filters {filters}, received {groups}")
    if group_channels != channels // groups:
        raise ValueError(
            f"filters on {channels} channels in {groups} group{'s' * (groups > 1)} must have "
            f"{channels // groups} channels each, received {group_channels}"
        )
    _bias(b_shape, filters)
    window = Window.over(lengths, kernel, stride, padding, dilation)
    y_shape = (n, *window.output(*lengths), filters)
    checked_size(y_shape)
    return window, y_shape


def transposed(x_shape, w_shape, b_shape=None, stride=1, padding=0, output_padding=0, dilation=1, groups=1):
    """The window and the output shape of a transposed convolution: of the images whose correlation has x's shape.

    Along each axis the output has `(H - 1) * stride + extent - before - after + output_padding` pixels.

    Args:
        x_shape: (N, H, W, C), the images.
        w_shape: (KH, KW, K / groups, C), the filters.
        b_shape: (K,), the bias, or None.
        stride, dilation: int or (rows, columns), pixels of the output.
        padding: pixels cut off around the output, int, (rows, columns) or ((top, bottom), (left, right)).
        output_padding: pixels added to its end, int or (rows, columns), fewer than the stride or the dilation.
        groups: channels and filters are split into this many parts.

    Raises:
        ValueError: when the shapes do not belong together, an argument breaks a rule, or no output is left.

    >>> transposed((1, 7, 7, 16), (4, 4, 8, 16), stride=2, padding=1)[1]
    (1, 14, 14, 8)
    """
    n, lengths, channels = _arrays(x_shape, 2)
    *kernel, group_filters, x_channels = _filters(w_shape, 2, "K / groups, C")
    groups = whole(groups, 1, "groups must be an int", groups)
    if x_channels != channels or channels % groups:
        raise ValueError(
            f"filters (KH, KW, K / groups, C) must have the C = {channels} channels of the images, which groups "
            f"{groups} must divide, received {tuple(w_shape)}"
        )
    filters = group_filters * groups
    _bias(b_shape, filters)
    kernel, stride, dilation = pair(kernel, "kernel"), pair(stride, "stride"), pair(dilation, "dilation")
    around = tuple(sides(axis, "padding must be ints", padding) for axis in padding_per_axis(padding, 2))
    window = Window(kernel, stride, around, dilation)
    y_shape = [n]
    for more, length, step, gap, reach, cut in zip(
        per_axis(output_padding, 2), lengths, stride, dilation, window.extent, around, strict=True
    ):
        rule = "output_padding must be an int or a pair of ints"
        if whole(more, 0, rule, output_padding) >= max(step, gap):
            raise ValueError(f"output_padding must be smaller than the stride or the dilation, received {more}")
        y_shape.append((length - 1) * step + reach - sum(cut) + int(more))
    if min(y_shape) < 1:
        raise ValueError(f"padding must leave some of the output, received {padding!r} for {times(y_shape[1:])}")
    y_shape = (*y_shape, filters)
    checked_size(y_shape)
    return window, y_shape


def pooling(x_shape, size, stride=None, padding=0, ceil=False, rank=2) -> tuple[Window, tuple]:
    """The window and the output shape of a pooling of images (N, H, W, C); arguments as for `Window.pooling`.

    Raises:
        ValueError: when the shape is not that of images (of that rank), or an argument breaks a rule.

    >>> pooling((64, 28, 28, 6), 2)[1]
    (64, 14, 14, 6)
    """
    n, lengths, channels = _arrays(x_shape, rank)
    window = Window.pooling(lengths, size, stride, padding, ceil)
    y_shape = (n, *window.output(*lengths), channels)
    checked_size(y_shape)
    return window, y_shape


def maxout(x_shape, pieces) -> tuple:
    """The output shape of a maximum over `pieces` blocks of the last axis.

    Raises:
        ValueError: when pieces is not an int from 1 to 256 that divides the last axis, or there is no axis.

    >>> maxout((64, 28, 28, 6), 2)
    (64, 28, 28, 3)
    """
    x_shape = tuple(x_shape)
    checked_size(x_shape)
    if not (x_shape and is_int(pieces) and 1 <= pieces <= 256 and x_shape[-1] % pieces == 0):
        rule = "pieces must be an int from 1 to 256 that divides the last axis"
        raise ValueError(f"{rule}, received {pieces!r} and the shape {x_shape}")
    return (*x_shape[:-1], x_shape[-1] // int(pieces))


def normalisation(x_shape, kind, groups=1) -> tuple[int, int]:
    """How an array (N, ..., C) is cut into what is normalised by its own mean and variance.

    Args:
        x_shape: its shape.
        kind: "batch", "layer", "rms", "group" or "instance".
        groups: of a "group" normalisation: a divisor of C.

    Returns:
        (images, groups): images of equally many pixels, whose channels are cut into groups of neighbours.

    Raises:
        ValueError: when groups do not divide the channels, an axis is missing, or a mean would be that of one value.

    >>> normalisation((64, 28, 28, 6), "batch"), normalisation((64, 28, 28, 6), "group", 3)
    ((1, 6), (64, 3))
    """
    x_shape = tuple(x_shape)
    size, channels = checked_size(x_shape), x_shape[-1]
    if kind == "group" and not (is_int(groups) and groups > 0 and channels % groups == 0):
        raise ValueError(f"groups must be an int that divides {channels} channels, received {groups!r}")
    if kind in ("group", "instance") and len(x_shape) < 2:
        raise ValueError(f"the input must have at least two axes (N, ..., C), received the shape {x_shape}")
    images, groups = {
        "batch": (1, channels),
        "layer": (size // channels, 1),
        "rms": (size // channels, 1),
        "group": (x_shape[0], groups),
        "instance": (x_shape[0], channels),
    }[kind]
    if kind != "rms" and size == images * groups:
        raise ValueError(f"a mean must be that of more than one value, received the shape {x_shape}")
    return images, groups
