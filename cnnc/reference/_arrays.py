"""What the reference ops share: arrays become float64, images are padded, kernel taps become slices."""

from __future__ import annotations

import numpy as np

from cnnc.geometry import Window, checked_size


def real(values, name: str, ndim: int | None = None) -> np.ndarray:
    """The values as a float64 array; ValueError when empty or of another rank, TypeError when not real numbers."""
    array = np.asarray(values)
    if array.dtype.kind not in "buif":
        raise TypeError(f"{name} must hold real numbers, received dtype {array.dtype}")
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimensions, received the shape {array.shape}")
    checked_size(array.shape)
    return array.astype(np.float64, copy=False)


def gradient(dy, shape) -> np.ndarray:
    """dy as a float64 array, which must have the shape of the output that it is the gradient of."""
    dy = real(dy, "dy")
    if dy.shape != tuple(shape):
        raise ValueError(f"dy must have the output's shape {tuple(shape)}, received {dy.shape}")
    return dy


def pair_of_gradients(dy, x) -> tuple[np.ndarray, np.ndarray]:
    """(dy, x) of an op whose output has the shape of its input."""
    x = real(x, "x")
    return gradient(dy, x.shape), x


def pad(x, window: Window, value: float) -> np.ndarray:
    """Images (N, H, W, C) with `value` around them, as far as windows reach: padding, and the overhang of ceil mode.

    As all that follows, also for signals and volumes: windows have as many axes as lie between N and C.
    """
    lengths = x.shape[1:-1]
    reach = [
        (count - 1) * stride + extent
        for count, stride, extent in zip(window.output(*lengths), window.stride, window.extent, strict=True)
    ]
    sides = [
        (before, max(after, end - before - n))
        for (before, after), end, n in zip(window.padding, reach, lengths, strict=True)
    ]
    return np.pad(x, [(0, 0), *sides, (0, 0)], constant_values=value)


def unpad(padded, window: Window, *lengths: int) -> np.ndarray:
    """The images of these lengths in the middle of what `pad` returned."""
    inside = (slice(before, before + n) for (before, _), n in zip(window.padding, lengths, strict=True))
    return np.ascontiguousarray(padded[(slice(None), *inside)])


def taps(window: Window, *lengths: int):
    """For each kernel tap (i, j): the slices (rows, columns) of the padded image that this tap touches, one per output.

    Looping over taps, with all outputs at once, is what keeps the reference both short and fast enough.
    """
    out = window.output(*lengths)
    for tap in np.ndindex(window.kernel):
        touched = (
            slice(number * dilation, number * dilation + (count - 1) * stride + 1, stride)
            for number, count, stride, dilation in zip(tap, out, window.stride, window.dilation, strict=True)
        )
        yield tap, (slice(None), *touched)
