"""Windows on axes: sizes, strides, padding and dilation.

One axis reads like this, for kernel 3, dilation 2, stride 2, padding (1, 2) on n = 6 pixels::

    _ p p p p p p _ _      one zero before, two after
    x . x . x              window 0 touches every second pixel: it extends over (3 - 1) * 2 + 1 = 5
        x . x . x          window 1 starts stride pixels later
            x . x . x      window 2; a fourth would not fit, so the output has 3 values
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real

__all__ = [
    "KINDS", "LIMIT", "LIMIT_BYTES", "Window", "checked_size", "extent", "is_int", "is_number", "number",
    "numbers_for", "output_size", "padding_per_axis", "pair", "per_axis", "sides", "sizes", "times", "whole",
]  # fmt: skip

LIMIT = 2**31 - 1  # for one kernel, stride, dilation, padding or image side: products of two still fit 64 bits
LIMIT_BYTES = 2**48  # for one array: more than any machine's memory, far below where 64-bit offsets overflow
# rank -> what arrays of that rank are called, and their axes
KINDS = {1: ("signals", ("L",)), 2: ("images", ("H", "W")), 3: ("volumes", ("D", "H", "W"))}


def is_int(value) -> bool:
    """Whether value is a whole number by type: Python and NumPy integers are, bools and floats are not."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_number(value) -> bool:
    """Whether value is a finite number by type: Python's and NumPy's ints and floats are, bools and texts are not."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an int beyond any double
        return False


def number(value, name: str) -> float:
    """The value as a float; ValueError unless it is a finite number."""
    if not is_number(value):
        raise ValueError(f"{name} must be a finite number, received {value!r}")
    return float(value)


def numbers_for(channels: int, value, name: str) -> tuple[float, ...]:
    """One number for all channels or one for each, as that many floats.

    Args:
        channels: how many there are.
        value: a number, or a tuple, list or array of `channels` numbers.
        name: what the value is called in the ValueError for anything else.

    >>> numbers_for(3, 0.5, "scale"), numbers_for(3, (1, 2, 3), "scale")
    ((0.5,), (1.0, 2.0, 3.0))
    """
    plain = value.tolist() if hasattr(value, "tolist") else value
    several = isinstance(plain, (tuple, list))
    numbers = tuple(plain) if several else (plain,)
    if not all(map(is_number, numbers)) or (several and len(numbers) != channels):
        rule = f"{name} must be a finite number, or one for each of {channels} channels"
        raise ValueError(f"{rule}, received {value!r}")
    return tuple(map(float, numbers))


def per_axis(value, rank: int) -> tuple:
    """The items of a tuple or list of `rank` of them; anything else stands for every axis."""
    if isinstance(value, (tuple, list)) and len(value) == rank:
        return tuple(value)
    return (value,) * rank


def whole(value, least: int, rule: str, received) -> int:
    """The value as an int of at least `least`; the rule and what was received are the error's."""
    if not is_int(value) or not least <= value <= LIMIT:
        raise ValueError(f"{rule} of at least {least} and below 2**31, received {received!r}")
    return int(value)


def sizes(value, name: str, rank: int) -> tuple[int, ...]:
    """Read a size that is one positive int for every axis, or a tuple or list of one for each.

    Args:
        value: int, or `rank` ints, Python's or NumPy's; a ValueError for anything else, also bools and floats.
        name: what the value is called in the error.

    >>> sizes(3, "kernel", 2), sizes((3, 5, 5), "kernel", 3)
    ((3, 3), (3, 5, 5))
    """
    several = {1: "", 2: " or a pair of ints"}.get(rank, f" or {rank} ints")
    return tuple(whole(n, 1, f"{name} must be an int{several}", value) for n in per_axis(value, rank))


def pair(value, name: str) -> tuple[int, int]:
    """Read a size that is one positive int for both axes, or a pair (rows, columns): `sizes` of images."""
    return sizes(value, name, 2)


def extent(kernel: int, dilation: int = 1) -> int:
    """Pixels from the first to the last that a dilated kernel touches: `(kernel - 1) * dilation + 1`.

    >>> extent(3), extent(3, dilation=2)
    (3, 5)
    """
    return (kernel - 1) * dilation + 1


def _axis_padding(padding, n: int, kernel: int, stride: int, dilation: int, received) -> tuple[int, int]:
    """(before, after) of one axis from "same", "valid", an int or a pair; the other arguments are plain ints."""
    if isinstance(padding, str):
        if padding == "valid":
            return 0, 0
        if padding == "same":
            last_start = (math.ceil(n / stride) - 1) * stride
            total = max(last_start + extent(kernel, dilation) - n, 0)
            return total // 2, total - total // 2
    return sides(padding, 'padding must be "valid", "same", or ints', received)


def sides(padding, rule: str, received) -> tuple[int, int]:
    """(before, after) of one axis from an int or a pair; the rule and what was received are the error's."""
    before, after = per_axis(padding, 2)
    return whole(before, 0, rule, received), whole(after, 0, rule, received)


def padding_per_axis(padding, rank: int) -> tuple:
    """What a user's padding means for each axis; on signals a pair is (before, after)."""
    if isinstance(padding, (tuple, list)) and 1 < rank != len(padding):
        raise ValueError(f"padding must be an int, or one for each of {rank} axes, received {padding!r}")
    return (padding,) if rank == 1 else per_axis(padding, rank)


def _count(n: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int, ceil: bool) -> int:
    """How many windows an axis has, 0 or less when not even one fits; see output_size for the rules."""
    room = n + sum(padding) - extent(kernel, dilation)
    fit = room // stride + 1
    hangs_over = ceil and room % stride > 0 and fit * stride < n + padding[0]  # starts before the image ends
    return fit + hangs_over


def output_size(n, kernel, stride=1, padding=0, dilation=1, ceil=False) -> int:
    """Number of windows along one axis.

    `floor((n + before + after - extent) / stride) + 1` with `extent = (kernel - 1) * dilation + 1`. With `ceil` the
    division rounds up: one more window, hanging over the end by less than a stride; but not if it would start behind
    the image, wholly in the padding at its end.

    Args:
        n: image height or width, pixels.
        kernel, stride, dilation: positive ints, pixels.
        padding: pixels, int or (before, after); "valid" is 0; "same" makes the output `ceil(n / stride)`, an odd pixel
            of padding goes to the end.
        ceil: round up instead of down.

    Raises:
        ValueError: when an argument is not of these, or when not even one window fits.

    >>> output_size(7, 3), output_size(7, 3, stride=2, padding=1), output_size(6, 3, stride=2, ceil=True)
    (5, 4, 3)
    """
    n, kernel, stride, dilation = (
        whole(value, 1, f"{name} must be an int", value)
        for name, value in (("n", n), ("kernel", kernel), ("stride", stride), ("dilation", dilation))
    )
    before, after = _axis_padding(padding, n, kernel, stride, dilation, padding)
    count = _count(n, kernel, stride, (before, after), dilation, ceil)
    if count < 1:
        dilated = f" (dilated to {extent(kernel, dilation)})" if dilation > 1 else ""
        shown = before if before == after else (before, after)
        raise ValueError(f"kernel {kernel}{dilated} does not fit its input {n} (padding {shown})")
    return count


@dataclass(frozen=True)
class Window:
    """A sliding window: plain ints, every shorthand resolved. `Window.on`, `over` and `pooling` make it.

    Each field has an item for each axis, on images (rows, columns); `padding` is ((top, bottom), (left, right)). With
    `ceil` the last window may hang over the padded image, see output_size.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...] = (1, 1)
    padding: tuple[tuple[int, int], ...] = ((0, 0), (0, 0))
    dilation: tuple[int, ...] = (1, 1)
    ceil: bool = False

    @classmethod
    def on(cls, height, width, kernel, stride=1, padding=0, dilation=1, ceil=False) -> Window:
        """The window on images of this height and width: `over` two axes."""
        return cls.over((height, width), kernel, stride, padding, dilation, ceil)

    @classmethod
    def over(cls, lengths, kernel, stride=1, padding=0, dilation=1, ceil=False) -> Window:
        """The window that a user's arguments mean on axes of these lengths.

        Args:
            lengths: of the axes, on images (height, width), pixels.
            kernel, stride, dilation: int or one for each axis, pixels.
            padding: pixels, int, one int or (before, after) for each axis, "valid" or "same".
            ceil: round the output size up, see output_size.

        Raises:
            ValueError: when an argument is not of these, or when not even one window fits.

        >>> Window.over((100,), 5, padding=(4, 0)).output(100)
        (100,)
        """
        rank = len(lengths)
        lengths = sizes(lengths, "every length", rank)
        kernel, stride, dilation = (
            sizes(value, name, rank) for value, name in ((kernel, "kernel"), (stride, "stride"), (dilation, "dilation"))
        )
        padding = tuple(
            _axis_padding(given, *axis, received=padding)
            for given, *axis in zip(padding_per_axis(padding, rank), lengths, kernel, stride, dilation, strict=True)
        )
        window = cls(kernel, stride, padding, dilation, bool(ceil))
        window.output(*lengths)
        return window

    @classmethod
    def pooling(cls, lengths, size, stride=None, padding=0, ceil=False) -> Window:
        """As `over`, with pooling's rules: the stride is the size unless given, the padding at most half the size.

        The second rule leaves at least one real pixel in every window, so every maximum and every mean exists.

        Raises:
            ValueError: when an argument breaks a rule, or when not even one window fits.

        >>> Window.pooling((28, 28), 2).output(28, 28)
        (14, 14)
        """
        size = sizes(size, "size", len(lengths))
        window = cls.over(lengths, size, size if stride is None else stride, padding, 1, ceil)
        for length, around in zip(size, window.padding, strict=True):
            if max(around) > length // 2:
                raise ValueError(f"pooling padding must be at most half the size {times(size)}, received {padding!r}")
        return window

    def part(self, *axes) -> Window:
        """The window along some of its axes, in this order; None is an axis along which single pixels are seen.

        >>> Window.over((9, 8, 7), (3, 2, 1)).part(0, None).kernel
        (3, 1)
        """

        def items(values, single):
            return tuple(single if axis is None else values[axis] for axis in axes)

        return Window(
            items(self.kernel, 1),
            items(self.stride, 1),
            items(self.padding, (0, 0)),
            items(self.dilation, 1),
            self.ceil,
        )

    @property
    def extent(self) -> tuple[int, ...]:
        """Rows and columns (pixels along each axis) from the first to the last that one window touches."""
        return tuple(map(extent, self.kernel, self.dilation))

    def output(self, *lengths: int) -> tuple[int, ...]:
        """Lengths of the output on axes of these lengths, height and width on images; ValueError if no window fits."""
        size = tuple(
            _count(*axis, self.ceil)
            for axis in zip(lengths, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        )
        if min(size) < 1:
            dilated = f" (dilated to {times(self.extent)})" if self.extent != self.kernel else ""
            raise ValueError(
                f"kernel {times(self.kernel)}{dilated} does not fit its {times(lengths)} input "
                f"(padding {self._padding_text()})"
            )
        return size

    def _padding_text(self) -> str:
        sides = {side for axis in self.padding for side in axis}
        return str(sides.pop() if len(sides) == 1 else self.padding)


def times(sizes) -> str:
    """How errors write sizes: 3x3."""
    return "x".join(map(str, sizes))


def checked_size(shape, itemsize: int = 8) -> int:
    """Number of elements of an array of this shape, counted without overflow.

    Args:
        shape: ints; () is one element.
        itemsize: bytes per element.

    Raises:
        ValueError: when a dimension is not a positive int, or the array would reach 2**48 bytes.

    >>> checked_size((64, 28, 28, 1))
    50176
    """
    shape = tuple(shape)
    shown = tuple(int(d) if is_int(d) else d for d in shape)  # NumPy integers print like any other
    if not all(is_int(d) and d >= 1 for d in shape):
        raise ValueError(f"every dimension must be an int of at least 1, received {shown}")
    size = math.prod(shown)
    if size * itemsize >= LIMIT_BYTES:
        raise ValueError(f"an array must be smaller than 2**48 bytes at {itemsize} bytes an element, received {shown}")
    return size
