"""Where windows land: sizes, padding, and what is refused."""

import itertools

import numpy as np
import pytest

from cnnc.geometry import (
    LIMIT_BYTES,
    Window,
    checked_size,
    convolution,
    extent,
    maxout,
    output_size,
    pair,
    pooling,
    receptive_field,
)


def starts(n, kernel, stride, padding, dilation, ceil):
    """Where windows start, counted by placing one after the other instead of dividing."""
    before, after = padding
    found, start = [], -before
    while start + (kernel - 1) * dilation < n + after:
        found.append(start)
        start += stride
    overhang = start + (kernel - 1) * dilation - (n + after - 1)
    if ceil and overhang < stride and start < n:
        found.append(start)
    return found


@pytest.mark.parametrize("ceil", [False, True])
def test_output_size_counts_the_windows(ceil):
    for n, kernel, stride, dilation in itertools.product((1, 2, 3, 6, 7), (1, 2, 3, 5), (1, 2, 3, 4), (1, 2)):
        for padding in itertools.product((0, 1, 2), repeat=2):
            expected = len(starts(n, kernel, stride, padding, dilation, ceil))
            if expected:
                assert output_size(n, kernel, stride, padding, dilation, ceil) == expected
            else:
                with pytest.raises(ValueError, match="does not fit"):
                    output_size(n, kernel, stride, padding, dilation, ceil)


def test_valid_is_no_padding_and_same_divides_by_the_stride():
    for n, kernel, stride, dilation in itertools.product(range(1, 12), (1, 2, 3, 5), (1, 2, 3, 7), (1, 3)):
        for ceil in (False, True):
            assert output_size(n, kernel, stride, "same", dilation, ceil) == -(-n // stride)
    assert output_size(28, 5, padding="valid") == output_size(28, 5)


def test_same_puts_the_odd_pixel_at_the_end():
    assert Window.on(6, 5, 2, padding="same").padding == ((0, 1), (0, 1))
    assert Window.on(6, 5, 3, stride=2, padding="same").padding == ((0, 1), (1, 1))
    assert Window.on(6, 5, (1, 3), stride=3, padding="same").padding == ((0, 0), (0, 1))


@pytest.mark.parametrize(
    ("padding", "sides"),
    [
        (0, ((0, 0), (0, 0))),
        (2, ((2, 2), (2, 2))),
        (np.int64(2), ((2, 2), (2, 2))),
        ((1, 2), ((1, 1), (2, 2))),
        ([1, 2], ((1, 1), (2, 2))),
        (((1, 2), (3, 4)), ((1, 2), (3, 4))),
        ([[1, 2], [3, 4]], ((1, 2), (3, 4))),
        ("valid", ((0, 0), (0, 0))),
        ("same", ((1, 1), (2, 2))),
    ],
)
def test_padding_in_each_of_its_forms(padding, sides):
    window = Window.on(9, 9, (3, 5), padding=padding)
    assert window.padding == sides
    assert window.output(9, 9) == (9 + sum(sides[0]) - 2, 9 + sum(sides[1]) - 4)


@pytest.mark.parametrize("padding", [-1, 1.0, True, "full", None, (1, -1), (1, 2, 3), ((1, 2), (3,)), ("1", "2")])
def test_other_padding_is_refused(padding):
    with pytest.raises(ValueError, match=r"padding must be .*received"):
        Window.on(9, 9, 3, padding=padding)


def test_one_axis_takes_before_and_after():
    assert output_size(7, 3, padding=(1, 0)) == 6
    with pytest.raises(ValueError, match="padding must be"):
        output_size(7, 3, padding=((1, 0), (1, 0)))


@pytest.mark.parametrize("value", [3, np.int32(3), np.uint8(3), (3, 3), [3, np.int64(3)]])
def test_pair_accepts_whole_numbers(value):
    rows, columns = pair(value, "stride")
    assert (rows, columns) == (3, 3)
    assert type(rows) is int
    assert type(columns) is int


@pytest.mark.parametrize("value", [0, -1, True, 2.0, np.float32(2), "2", None, (1, 2, 3), (1, 0), 2**31, np.ones(2)])
def test_pair_refuses_everything_else(value):
    with pytest.raises(ValueError, match=r"^stride must be an int or a pair of ints .*received"):
        pair(value, "stride")


@pytest.mark.parametrize("name", ["n", "kernel", "stride", "dilation"])
def test_output_size_refuses_what_is_not_a_positive_int(name):
    for wrong in (0, -2, 1.5, True, None):
        with pytest.raises(ValueError, match=f"^{name} must be an int of at least 1 .*received"):
            output_size(**{"n": 7, "kernel": 3, name: wrong})


def test_errors_tell_what_does_not_fit():
    with pytest.raises(ValueError, match=r"^kernel 5 does not fit its input 4 \(padding 0\)$"):
        output_size(4, 5)
    with pytest.raises(ValueError, match=r"^kernel 3 \(dilated to 9\) does not fit its input 4 \(padding \(1, 2\)\)$"):
        output_size(4, 3, padding=(1, 2), dilation=4)
    with pytest.raises(ValueError, match=r"^kernel 5x5 does not fit its 4x4 input \(padding 0\)$"):
        Window.on(4, 4, 5)
    with pytest.raises(ValueError, match=r"kernel 3x2 \(dilated to 9x5\) .* 4x9 input \(padding \(\(1, 1\), \(0, 0"):
        Window.on(4, 9, (3, 2), dilation=4, padding=(1, 0))


def test_window_is_plain_frozen_and_hashable():
    window = Window.on(np.int64(9), 9, np.int64(3), stride=[2, 1])
    assert window == Window((3, 3), (2, 1))
    assert hash(window) == hash(Window((3, 3), (2, 1)))
    with pytest.raises(AttributeError):
        window.ceil = True


def test_extent():
    assert extent(1, 7) == 1
    assert Window.on(9, 9, (2, 3), dilation=(4, 1)).extent == (5, 3)


def test_pooling_stride_defaults_to_its_size():
    assert Window.pooling((9, 9), (2, 3)).stride == (2, 3)
    assert Window.pooling((9, 9), (2, 3), stride=1).stride == (1, 1)


def test_pooling_padding_is_at_most_half_the_size():
    assert Window.pooling((9, 9), 3, padding=1).output(9, 9) == (3, 3)
    for padding in (2, (0, 2), ((0, 2), (0, 0))):
        with pytest.raises(ValueError, match="at most half the size 3x3, received"):
            Window.pooling((9, 9), 3, padding=padding)


def test_every_pooling_window_holds_a_pixel():
    for n, size, stride, ceil in itertools.product(range(1, 9), range(1, 6), range(1, 6), (False, True)):
        for padding in [*itertools.product(range(size // 2 + 1), repeat=2), "same"]:
            given = padding if padding == "same" else (padding, padding)
            try:
                window = Window.pooling((n, n), size, stride, given, ceil)
            except ValueError as error:
                assert "does not fit" in str(error)
                continue
            before, _ = window.padding[0]
            for start in range(-before, -before + window.output(n, n)[0] * stride, stride):
                assert start < n
                assert start + size > 0


def test_convolution_shape():
    window, shape = convolution((2, 9, 8, 6), (3, 3, 2, 9), (9,), stride=2, groups=3)
    assert shape == (2, 4, 3, 9)
    assert window == Window((3, 3), (2, 2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x_shape": (9, 9, 6)}, r"images must have the shape \(N, H, W, C\), received \(9, 9, 6\)"),
        ({"w_shape": (3, 3, 6)}, r"filters must have the shape \(KH, KW, C / groups, K\), received \(3, 3, 6\)"),
        ({"w_shape": (3, 3, 5, 4)}, "must have 6 channels each, received 5"),
        ({"b_shape": (1,)}, r"must have the shape \(4,\), received \(1,\)"),
        ({"groups": 3}, "groups must divide channels 6 and filters 4, received 3"),
        ({"groups": 2}, "must have 3 channels each, received 6"),
        ({"groups": 0}, "groups must be an int of at least 1"),
        ({"x_shape": (0, 9, 9, 6)}, r"every dimension must be an int of at least 1, received \(0, 9, 9, 6\)"),
        ({"w_shape": (3, 0, 6, 4)}, r"every dimension must be an int of at least 1, received \(3, 0, 6, 4\)"),
        ({"x_shape": (2, 2, 9, 6)}, "kernel 3x3 does not fit its 2x9 input"),
        ({"x_shape": (2**20, 2**20, 2**20, 6)}, "must be smaller than"),
        ({"padding": 2**30}, "must be smaller than"),
    ],
)
def test_convolution_refuses_shapes_that_do_not_belong_together(arguments, message):
    with pytest.raises(ValueError, match=message):
        convolution(**{"x_shape": (2, 9, 9, 6), "w_shape": (3, 3, 6, 4), **arguments})


def test_pooling_shape():
    assert pooling((2, 9, 9, 6), 2, ceil=True)[1] == (2, 5, 5, 6)
    with pytest.raises(ValueError, match=r"images must have the shape .*received \(9, 9\)"):
        pooling((9, 9), 2)


def test_maxout_shape():
    assert maxout((np.int64(6),), np.int32(3)) == (2,)
    for shape, pieces in [((6,), 4), ((6,), 0), ((6,), 2.0), ((6,), True), ((), 1), ((257,), 257)]:
        with pytest.raises(ValueError, match="from 1 to 256 that divides the last axis, received"):
            maxout(shape, pieces)


def test_checked_size():
    assert checked_size(()) == 1
    assert checked_size((np.int32(2**16), np.int32(2**16))) == 2**32  # where 32-bit integers would have wrapped to 0
    assert checked_size((LIMIT_BYTES // 8 - 1,)) == LIMIT_BYTES // 8 - 1
    for shape, shown in [((2, 0), "2, 0"), ((np.int64(-1),), "-1,"), ((2.0,), r"2\.0,"), ((True,), "True,")]:
        with pytest.raises(ValueError, match=rf"at least 1, received \({shown}\)$"):
            checked_size(shape)
    for shape in [(2**45,), (2**32, 2**32), (2**63, 2**63, 2)]:
        with pytest.raises(ValueError, match=r"smaller than 2\*\*48 bytes at 8 bytes an element, received \("):
            checked_size(shape)
    assert checked_size((2**45,), itemsize=4) == 2**45


def test_receptive_field():
    assert receptive_field([]) == ((1, 1), (1, 1))
    assert receptive_field([(3, 1, 1)] * 3) == ((7, 7), (1, 1))  # three 3x3 layers see what one 7x7 layer does
    assert receptive_field([((3, 1), (2, 1), 1), (3, 1, (2, 1))]) == ((11, 3), (2, 1))
    first, second = [(7, 2, 1), (3, 2, 1)], [(3, 1, 2)]
    assert receptive_field(second, *receptive_field(first)) == receptive_field(first + second)
    with pytest.raises(ValueError, match="stride must be"):
        receptive_field([(3, 0, 1)])


def test_receptive_field_by_following_one_pixel():
    """The pixels that reach output 0, found by walking back through the windows."""
    chain = [(3, 2, 1), (2, 1, 3), (5, 3, 1), (3, 1, 2)]
    low = high = 20
    for kernel, stride, dilation in reversed(chain):
        low, high = low * stride, high * stride + (kernel - 1) * dilation
    (field, _), (jump, _) = receptive_field(chain)
    assert high - low + 1 == field
    assert low == 20 * jump
