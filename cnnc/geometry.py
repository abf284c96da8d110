"""Where windows land on images: the one place that knows about sizes, strides, padding and dilation.

Layers, checks, ops, the reference and the tests all ask here. All numbers are Python integers: nothing wraps.
One axis reads like this, for kernel 3, dilation 2, stride 2, padding (1, 2) on n = 6 pixels::

    _ p p p p p p _ _      one zero before, two after
    x . x . x              window 0 touches every second pixel: it extends over (3 - 1) * 2 + 1 = 5
        x . x . x          window 1 starts stride pixels later
            x . x . x      window 2; a fourth would not fit, so the output has 3 values
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral
from operator import mul

LIMIT = 2**31 - 1  # for one kernel, stride, dilation, padding or image side: products of two still fit 64 bits
LIMIT_BYTES = 2**48  # for one array: more than any machine's memory, far below where 64-bit offsets overflow


def is_int(value) -> bool:
    """Whether value is a whole number by type: Python and NumPy integers are, bools and floats are not."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def _pair_of(value) -> tuple:
    """The two items of a tuple or list of two; anything else stands for both axes."""
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return tuple(value)
    return value, value


def _whole(value, least: int, rule: str, received) -> int:
    if not is_int(value) or not least <= value <= LIMIT:
        raise ValueError(f"{rule} of at least {least} and below 2**31, received {received!r}")
    return int(value)


def pair(value, name: str) -> tuple[int, int]:
    """Read a size that is one positive int for both axes, or a pair (rows, columns).

    Args:
        value: int, or tuple or list of two ints, Python's or NumPy's; bools and floats are refused.
        name: what the value is called in the error.

    Raises:
        ValueError: when value is anything else.

    >>> pair(3, "kernel"), pair((3, 5), "kernel")
    ((3, 3), (3, 5))
    """
    rule = f"{name} must be an int or a pair of ints"
    rows, columns = _pair_of(value)
    return _whole(rows, 1, rule, value), _whole(columns, 1, rule, value)


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
    rule = 'padding must be "valid", "same", or ints'
    before, after = _pair_of(padding)
    return _whole(before, 0, rule, received), _whole(after, 0, rule, received)


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
        _whole(value, 1, f"{name} must be an int", value)
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
    """A sliding window on images: plain ints, every shorthand resolved. `Window.on` and `Window.pooling` make it.

    Each field is (rows, columns); `padding` is ((top, bottom), (left, right)). With `ceil` the last window may hang
    over the padded image, see output_size.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    dilation: tuple[int, int] = (1, 1)
    ceil: bool = False

    @classmethod
    def on(cls, height, width, kernel, stride=1, padding=0, dilation=1, ceil=False) -> Window:
        """The window that a user's arguments mean on images of this height and width.

        Args:
            height, width: of the image, pixels.
            kernel, stride, dilation: int or (rows, columns), pixels.
            padding: pixels, int, (rows, columns), ((top, bottom), (left, right)), "valid" or "same".
            ceil: round the output size up, see output_size.

        Raises:
            ValueError: when an argument is not of these, or when not even one window fits.

        >>> Window.on(28, 28, 5, padding="same").padding
        ((2, 2), (2, 2))
        """
        sides = pair((height, width), "image height and width")
        kernel, stride, dilation = pair(kernel, "kernel"), pair(stride, "stride"), pair(dilation, "dilation")
        padding = tuple(
            _axis_padding(given, *axis, received=padding)
            for given, *axis in zip(_pair_of(padding), sides, kernel, stride, dilation, strict=True)
        )
        window = cls(kernel, stride, padding, dilation, bool(ceil))
        window.output(*sides)
        return window

    @classmethod
    def pooling(cls, height, width, size, stride=None, padding=0, ceil=False) -> Window:
        """As `on`, with pooling's rules: the stride is the size unless given, the padding at most half the size.

        The second rule leaves at least one real pixel in every window, so every maximum and every mean exists.

        Raises:
            ValueError: when an argument breaks a rule, or when not even one window fits.

        >>> Window.pooling(28, 28, 2).output(28, 28)
        (14, 14)
        """
        size = pair(size, "size")
        window = cls.on(height, width, size, size if stride is None else stride, padding, 1, ceil)
        for length, sides in zip(size, window.padding, strict=True):
            if max(sides) > length // 2:
                raise ValueError(f"pooling padding must be at most half the size {_times(size)}, received {padding!r}")
        return window

    @property
    def extent(self) -> tuple[int, int]:
        """Rows and columns from the first to the last pixel that one window touches."""
        return tuple(map(extent, self.kernel, self.dilation))

    def output(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the output on an image of this height and width.

        Raises:
            ValueError: when not even one window fits.

        >>> Window((2, 2), (2, 2)).output(28, 15)
        (14, 7)
        """
        size = tuple(
            _count(*axis, self.ceil)
            for axis in zip((height, width), self.kernel, self.stride, self.padding, self.dilation, strict=True)
        )
        if min(size) < 1:
            dilated = f" (dilated to {_times(self.extent)})" if self.extent != self.kernel else ""
            raise ValueError(
                f"kernel {_times(self.kernel)}{dilated} does not fit its {_times((height, width))} input "
                f"(padding {self._padding_text()})"
            )
        return size

    def _padding_text(self) -> str:
        sides = {side for axis in self.padding for side in axis}
        return str(sides.pop() if len(sides) == 1 else self.padding)


def _times(sizes) -> str:
    return "x".join(map(str, sizes))


def convolution(x_shape, w_shape, b_shape=None, stride=1, padding=0, dilation=1, groups=1) -> tuple[Window, tuple]:
    """The window and the output shape of a convolution, after checking that its arrays belong together.

    Args:
        x_shape: (N, H, W, C), the images.
        w_shape: (KH, KW, C / groups, K), the filters.
        b_shape: (K,), the bias, or None.
        stride, padding, dilation: as for `Window.on`.
        groups: channels and filters are split into this many parts, filters of a part see its channels only.

    Returns:
        The window, and the output shape (N, OH, OW, K).

    Raises:
        ValueError: when the shapes do not belong together or the kernel does not fit.

    >>> convolution((64, 28, 28, 1), (5, 5, 1, 6), padding=2)[1]
    (64, 28, 28, 6)
    """
    x_shape, w_shape = tuple(x_shape), tuple(w_shape)
    if len(x_shape) != 4:
        raise ValueError(f"images must have the shape (N, H, W, C), received {x_shape}")
    if len(w_shape) != 4:
        raise ValueError(f"filters must have the shape (KH, KW, C / groups, K), received {w_shape}")
    groups = _whole(groups, 1, "groups must be an int", groups)
    checked_size(x_shape)
    checked_size(w_shape)
    n, height, width, channels = x_shape
    *kernel, group_channels, filters = w_shape
    if channels % groups or filters % groups:
        raise ValueError(f"groups must divide channels {channels} and filters {filters}, received {groups}")
    if group_channels != channels // groups:
        raise ValueError(
            f"filters on {channels} channels in {groups} group{'s' * (groups > 1)} must have "
            f"{channels // groups} channels each, received {group_channels}"
        )
    if b_shape is not None and tuple(b_shape) != (filters,):
        raise ValueError(f"the bias of {filters} filters must have the shape ({filters},), received {tuple(b_shape)}")
    window = Window.on(height, width, kernel, stride, padding, dilation)
    y_shape = (n, *window.output(height, width), filters)
    checked_size(y_shape)
    return window, y_shape


def pooling(x_shape, size, stride=None, padding=0, ceil=False) -> tuple[Window, tuple]:
    """The window and the output shape of a pooling of images (N, H, W, C); arguments as for `Window.pooling`.

    Raises:
        ValueError: when the shape is not that of images, or an argument breaks a rule.

    >>> pooling((64, 28, 28, 6), 2)[1]
    (64, 14, 14, 6)
    """
    x_shape = tuple(x_shape)
    if len(x_shape) != 4:
        raise ValueError(f"images must have the shape (N, H, W, C), received {x_shape}")
    checked_size(x_shape)
    n, height, width, channels = x_shape
    window = Window.pooling(height, width, size, stride, padding, ceil)
    y_shape = (n, *window.output(height, width), channels)
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


def receptive_field(chain, field=1, jump=1) -> tuple[tuple[int, int], tuple[int, int]]:
    """How many input pixels one output of a chain of windows sees, and how far apart its outputs lie on the input.

    From window to window `field += (kernel - 1) * dilation * jump`, then `jump *= stride`.

    Args:
        chain: (kernel, stride, dilation) of each layer, first layer first; each an int or (rows, columns), pixels.
        field, jump: int or (rows, columns), what came before the chain; a chain may so be followed step by step.

    Returns:
        (field, jump), each (rows, columns) in input pixels.

    Raises:
        ValueError: when a number is not a positive int.

    >>> receptive_field([(5, 1, 1), (2, 2, 1), (5, 1, 1), (2, 2, 1)])
    ((16, 16), (4, 4))
    """
    field, jump = pair(field, "receptive field"), pair(jump, "jump")
    for kernel, stride, dilation in chain:
        seen = map(extent, pair(kernel, "kernel"), pair(dilation, "dilation"))
        field = tuple(f + (e - 1) * j for f, e, j in zip(field, seen, jump, strict=True))
        jump = tuple(map(mul, jump, pair(stride, "stride")))
    return field, jump
