"""What a chain of windows sees of its input: receptive fields, and the distance of outputs on the input."""

from __future__ import annotations

from numbers import Integral, Rational

from cnnc.geometry.windows import extent, per_axis, sizes, whole

__all__ = ["enlarged", "receptive_field", "seen", "seen_enlarged"]


def receptive_field(chain, field=(1, 1), jump=(1, 1)) -> tuple[tuple, tuple]:
    """How many input pixels one output of a chain of windows sees, and how far apart its outputs lie on the input.

    From window to window `field += (kernel - 1) * dilation * jump`, then `jump *= stride`.

    Args:
        chain: (kernel, stride, dilation) of each layer, first layer first; each an int or one for each axis, pixels.
            Layers that enlarge have a Fraction as their stride.
        field, jump: one for each axis, what came before the chain; a chain may so be followed step by step.

    Returns:
        (field, jump), each with one number for each axis, (rows, columns) on images, in input pixels. They are ints
        unless a layer enlarged the input.

    Raises:
        ValueError: when a number is not positive, or not an int where it must be one.

    >>> receptive_field([(5, 1, 1), (2, 2, 1), (5, 1, 1), (2, 2, 1)])
    ((16, 16), (4, 4))
    >>> from fractions import Fraction
    >>> receptive_field([(1, Fraction(1, 2), 1), (3, 1, 1)])
    ((2, 2), (Fraction(1, 2), Fraction(1, 2)))
    """
    rank = len(field)
    for kernel, stride, dilation in chain:
        seen = map(extent, sizes(kernel, "kernel", rank), sizes(dilation, "dilation", rank))
        field = tuple(_plain(f + (e - 1) * j) for f, e, j in zip(field, seen, jump, strict=True))
        jump = tuple(_plain(j * _step(s, stride)) for j, s in zip(jump, per_axis(stride, rank), strict=True))
    return field, jump


def enlarged(window) -> tuple[tuple, tuple, tuple]:
    """(kernel, stride, dilation) of a transposed convolution, whose window slides over the output.

    An output pixel is reached from every stride-th place of the window.
    """
    from fractions import Fraction  # here and in layers that enlarge: few programs need it

    seen = tuple(-(-reach // stride) for reach, stride in zip(window.extent, window.stride, strict=True))
    return seen, tuple(Fraction(1, stride) for stride in window.stride), (1, 1)


def seen(window, spans, lengths) -> tuple:
    """The places of an input that outputs of a window depend on.

    Args:
        window: a `Window`.
        spans: (first, last) along each axis, of the outputs.
        lengths: of the input's axes; what lies in the padding is left out.

    Returns:
        (first, last) along each axis.

    >>> from cnnc.geometry import Window
    >>> seen(Window((5,), (2,), ((1, 1),)), [(0, 3)], [100])
    ((0, 9),)
    """
    axes = zip(spans, window.stride, window.padding, window.extent, lengths, strict=True)
    return tuple(
        _inside(first * stride - before, last * stride - before + reach - 1, length)
        for (first, last), stride, (before, _), reach, length in axes
    )


def seen_enlarged(window, spans, lengths) -> tuple:
    """The same for a transposed convolution, whose window slides over the output."""
    axes = zip(spans, window.stride, window.padding, window.extent, lengths, strict=True)
    return tuple(
        _inside(-(-(first + before - reach + 1) // stride), (last + before) // stride, length)
        for (first, last), stride, (before, _), reach, length in axes
    )


def _inside(first, last, length):
    return min(max(first, 0), length - 1), max(min(last, length - 1), 0)


def _step(stride, received):
    if isinstance(stride, Rational) and not isinstance(stride, Integral) and stride > 0:
        return stride
    return whole(stride, 1, "stride must be an int", received)


def _plain(number):
    """An int where a Fraction is whole."""
    return number.numerator if number.denominator == 1 else number
