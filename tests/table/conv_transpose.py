"""Transposed convolution, on the operations of convolution."""

from table import Spec, number

CASES = [
    (((2, 3, 4, 2), (3, 3, 3, 2), (3,)), {}),
    (((1, 3, 3, 2), (4, 4, 2, 2), (2,)), {"stride": 2, "padding": 1}),
    (((1, 4, 2, 1), (3, 2, 2, 1), (2,)), {"stride": (2, 3), "output_padding": (1, 2)}),
    (((2, 2, 3, 4), (2, 3, 1, 4), (2,)), {"groups": 2, "padding": ((0, 1), (1, 0))}),
    (((1, 3, 2, 3), (3, 2, 1, 3), (3,)), {"groups": 3, "stride": 2}),
    (((1, 3, 3, 2), (2, 3, 2, 2), (2,)), {"dilation": (3, 2), "padding": 1, "output_padding": (2, 1)}),
    (((1, 4, 4, 3), (1, 1, 5, 3), (5,)), {}),
]


def random(rng):
    kernel, stride, dilation = ([number(rng, 1, high) for _ in range(2)] for high in (4, 3, 2))
    groups = number(rng, 1, 3)
    channels, group_filters = groups * number(rng, 1, 20), number(rng, 1, 20)
    x = number(rng, 1, 3), *(number(rng, 1, 7) for _ in range(2)), channels
    reach = [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in zip(x[1:3], stride, kernel, dilation, strict=True)]
    padding = [[number(rng, 0, min(2, (r - 1) // 2)) for _ in range(2)] for r in reach]
    more = [number(rng, 0, max(s, d) - 1) for s, d in zip(stride, dilation, strict=True)]
    arguments = {"stride": stride, "padding": padding, "output_padding": more, "dilation": dilation, "groups": groups}
    shapes = x, (*kernel, group_filters, channels), (groups * group_filters,)
    return shapes[: number(rng, 2, 3)], arguments


SPECS = [
    Spec(
        "conv_transpose2d",
        CASES,
        random,
        takes="x w b",
        gradients="dx dw db",
        backward_takes=2,
        optional=(2,),
        linear=True,
    ),
]
