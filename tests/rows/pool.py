"""Pooling layers."""

import cnnc
from cnnc import functional as F
from rows import IMAGES, halved


def maximum(x):
    return x.max(axis=tuple(range(1, x.ndim - 1)))


def mean(x):
    return x.mean(axis=tuple(range(1, x.ndim - 1)))


ROWS = {
    "MaxPool2D": [
        *((lambda: cnnc.MaxPool2D(2), s, halved(s), lambda x: F.max_pool2d(x, 2)) for s in IMAGES),
        (lambda: cnnc.MaxPool2D(3, 2, 1, ceil=True), (6, 6, 2), (4, 4, 2), lambda x: F.max_pool2d(x, 3, 2, 1, True)),
        (lambda: cnnc.MaxPool2D(17), (17, 18, 1), (1, 1, 1), lambda x: F.max_pool2d(x, 17)),
    ],
    "AvgPool2D": [
        *((lambda: cnnc.AvgPool2D(2), s, halved(s), lambda x: F.avg_pool2d(x, 2)) for s in IMAGES),
        (lambda: cnnc.AvgPool2D(3, 2, 1, count_include_pad=False), (6, 5, 2), (3, 3, 2),
         lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)),
    ],
    "GlobalMaxPool": [(cnnc.GlobalMaxPool, s, s[-1:], maximum) for s in [*IMAGES, (300, 2), (4, 1, 3, 2)]],
    "GlobalAvgPool": [(cnnc.GlobalAvgPool, s, s[-1:], mean) for s in [*IMAGES, (300, 2), (4, 1, 3, 2)]],
}  # fmt: skip
REFUSED = [
    ("GlobalMaxPool", cnnc.GlobalMaxPool, (4,), r"the input must have pixels.*: received \(4,\)"),
    ("GlobalAvgPool", cnnc.GlobalAvgPool, (4,), r"the input must have pixels.*: received \(4,\)"),
    ("MaxPool2D", lambda: cnnc.MaxPool2D(2), (4, 4), r"images \(H, W, C\): received the shape \(4, 4\)"),
    ("MaxPool2D", lambda: cnnc.MaxPool2D(5), (4, 4, 1), "kernel 5x5 does not fit its 4x4 input"),
    ("AvgPool2D", lambda: cnnc.AvgPool2D(2, padding=2), (4, 4, 1), "at most half the size 2x2, received 2"),
]  # fmt: skip
