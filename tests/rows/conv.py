"""Convolution layers."""

import cnnc
from cnnc import functional as F

ROWS = {
    "Conv2D": [
        (lambda: cnnc.Conv2D(4, 3), (5, 6, 3), (3, 4, 4), F.correlate2d),
        (lambda: cnnc.Conv2D(3, 5, padding="same"), (6, 5, 2), (6, 5, 3), lambda *a: F.correlate2d(*a, padding=2)),
        (lambda: cnnc.Conv2D(2, (1, 3), stride=(1, 2), padding=((0, 0), (1, 0))), (2, 7, 1), (2, 3, 2),
         lambda *a: F.correlate2d(*a, stride=(1, 2), padding=((0, 0), (1, 0)))),
        (lambda: cnnc.Conv2D(6, 2, dilation=2, groups=2), (5, 4, 4), (3, 2, 6),
         lambda *a: F.correlate2d(*a, dilation=2, groups=2)),
        (lambda: cnnc.Conv2D(3, 3, groups=3, use_bias=False), (4, 4, 3), (2, 2, 3),
         lambda *a: F.correlate2d(*a, groups=3)),
        (lambda: cnnc.Conv2D(5, 1, algorithm="direct"), (3, 4, 2), (3, 4, 5), F.correlate2d),
    ],
    "DepthwiseConv2D": [
        (lambda: cnnc.DepthwiseConv2D(3, padding=1), (4, 5, 1), (4, 5, 1), lambda *a: F.correlate2d(*a, padding=1)),
        (lambda: cnnc.DepthwiseConv2D(3), (5, 4, 3), (3, 2, 3), lambda *a: F.correlate2d(*a, groups=3)),
        (lambda: cnnc.DepthwiseConv2D((2, 3), 3), (4, 4, 2), (3, 2, 6), lambda *a: F.correlate2d(*a, groups=2)),
        (lambda: cnnc.DepthwiseConv2D(3, 1, 2, "same", use_bias=False), (5, 4, 4), (3, 2, 4),
         lambda *a: F.correlate2d(*a, stride=2, padding="same", groups=4)),
        (lambda: cnnc.DepthwiseConv2D(2, 2, dilation=2, algorithm="direct"), (4, 3, 5), (2, 1, 10),
         lambda *a: F.correlate2d(*a, dilation=2, groups=5)),
    ],
    "SeparableConv2D": [
        (lambda: cnnc.SeparableConv2D(4, 3), (5, 4, 3), (3, 2, 4),
         lambda x, d, w, b: F.correlate2d(F.correlate2d(x, d, groups=3), w, b)),
        (lambda: cnnc.SeparableConv2D(2, 3, 2, 1), (6, 5, 2), (3, 3, 2),
         lambda x, d, w, b: F.correlate2d(F.correlate2d(x, d, None, 2, 1, groups=2), w, b)),
        (lambda: cnnc.SeparableConv2D(3, 2, multiplier=2, use_bias=False), (4, 4, 2), (3, 3, 3),
         lambda x, d, w: F.correlate2d(F.correlate2d(x, d, groups=2), w)),
        (lambda: cnnc.SeparableConv2D(2, 3, padding="same", dilation=2), (4, 5, 4), (4, 5, 2),
         lambda x, d, w, b: F.correlate2d(F.correlate2d(x, d, None, 1, "same", 2, groups=4), w, b)),
        (lambda: cnnc.SeparableConv2D(5, (1, 3), algorithm="direct"), (3, 4, 1), (3, 2, 5),
         lambda x, d, w, b: F.correlate2d(F.correlate2d(x, d), w, b)),
    ],
}  # fmt: skip
REFUSED = [
    ("Conv2D", lambda: cnnc.Conv2D(4, 3), (7,), r"images \(H, W, C\): received the shape \(7,\)"),
    ("Conv2D", lambda: cnnc.Conv2D(4, 5), (4, 4, 1), r"kernel 5x5 does not fit its 4x4 input \(padding 0\)"),
    ("Conv2D", lambda: cnnc.Conv2D(4, 3, groups=2), (5, 5, 3), "divide channels 3 and filters 4, received 2"),
    ("Conv2D", lambda: cnnc.Conv2D(3, 3, groups=5), (5, 5, 3), "divide channels 3 and filters 3, received 5"),
    ("Conv2D", lambda: cnnc.Conv2D(0, 3), (5, 5, 3), "filters must be a positive int: received 0"),
    ("Conv2D", lambda: cnnc.Conv2D(2.0, 3), (5, 5, 3), r"filters must be a positive int: received 2\.0"),
    ("Conv2D", lambda: cnnc.Conv2D(4, 0), (5, 5, 3), "kernel must be .*received 0"),
    ("Conv2D", lambda: cnnc.Conv2D(4, 3, stride=(1, 2, 3)), (5, 5, 3), r"stride must be .*received \(1, 2, 3\)"),
    ("Conv2D", lambda: cnnc.Conv2D(4, 3, padding="full"), (5, 5, 3), "padding must be .*received 'full'"),
    ("Conv2D", lambda: cnnc.Conv2D(4, 3, algorithm="fast"), (5, 5, 3), "algorithm must be .*received 'fast'"),
    ("Conv2D", lambda: cnnc.Conv2D(4, 3, dilation=2, algorithm="winograd_6x6"), (5, 5, 3), "received .*dilation 2x2"),
    ("Conv1D", lambda: cnnc.Conv1D(4, 3, algorithm="winograd_4x4"), (5, 3), "kernel of 3x3, .*received kernel 1x3"),
    ("DepthwiseConv2D", lambda: cnnc.DepthwiseConv2D(3, 0), (5, 5, 3), "multiplier must be a positive int: received 0"),
    ("DepthwiseConv2D", lambda: cnnc.DepthwiseConv2D(5), (4, 4, 1), r"kernel 5x5 does not fit its 4x4 input"),
    ("DepthwiseConv2D", lambda: cnnc.DepthwiseConv2D(3), (4,), r"images \(H, W, C\): received the shape \(4,\)"),
    ("SeparableConv2D", lambda: cnnc.SeparableConv2D(4, 3), (4,), r"images \(H, W, C\): received the shape \(4,\)"),
    ("SeparableConv2D", lambda: cnnc.SeparableConv2D(0, 3), (4, 4, 1), "filters must be a positive int: received 0"),
    ("Conv2D", lambda: cnnc.Conv2D(2**30, 3), (2**15, 2**15, 3), "must be smaller than .*received"),
]  # fmt: skip
