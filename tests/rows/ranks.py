"""Layers of signals and volumes."""

import cnnc
from cnnc import functional as F

SIGNALS = [(4, 1), (5, 2), (9, 3), (6, 4), (7, 1)]
VOLUMES = [(2, 4, 3, 1), (4, 2, 2, 2), (3, 5, 4, 1), (2, 2, 6, 3), (5, 3, 2, 2)]


def halved(shape):
    return *(n // 2 for n in shape[:-1]), shape[-1]


ROWS = {
    "Conv1D": [
        (lambda: cnnc.Conv1D(4, 3), (5, 3), (3, 4), F.correlate1d),
        (lambda: cnnc.Conv1D(3, 5, padding="same"), (6, 2), (6, 3), lambda *a: F.correlate1d(*a, padding=2)),
        (lambda: cnnc.Conv1D(2, 3, stride=2, padding=(2, 0)), (7, 1), (4, 2),
         lambda *a: F.correlate1d(*a, stride=2, padding=(2, 0))),
        (lambda: cnnc.Conv1D(6, 2, dilation=3, groups=2), (8, 4), (5, 6),
         lambda *a: F.correlate1d(*a, dilation=3, groups=2)),
        (lambda: cnnc.Conv1D(3, 3, groups=3, use_bias=False), (4, 3), (2, 3), lambda *a: F.correlate1d(*a, groups=3)),
        (lambda: cnnc.Conv1D(5, 1, algorithm="direct"), (3, 2), (3, 5), F.correlate1d),
    ],
    "Conv3D": [
        (lambda: cnnc.Conv3D(2, 2), (3, 2, 4, 2), (2, 1, 3, 2), F.correlate3d),
        (lambda: cnnc.Conv3D(2, 3, padding="same"), (2, 3, 3, 1), (2, 3, 3, 2),
         lambda *a: F.correlate3d(*a, padding=1)),
        (lambda: cnnc.Conv3D(2, (3, 1, 2), stride=(2, 1, 2), padding=((1, 0), (0, 0), (0, 1))),
         (5, 2, 3, 1), (2, 2, 2, 2),
         lambda *a: F.correlate3d(*a, stride=(2, 1, 2), padding=((1, 0), (0, 0), (0, 1)))),
        (lambda: cnnc.Conv3D(4, (2, 2, 1), dilation=(2, 1, 1), groups=2), (3, 2, 2, 4), (1, 1, 2, 4),
         lambda *a: F.correlate3d(*a, dilation=(2, 1, 1), groups=2)),
        (lambda: cnnc.Conv3D(3, 2, groups=3, use_bias=False), (2, 3, 2, 3), (1, 2, 1, 3),
         lambda *a: F.correlate3d(*a, groups=3)),
    ],
    "MaxPool1D": [
        *((lambda: cnnc.MaxPool1D(2), s, halved(s), lambda x: F.max_pool1d(x, 2)) for s in SIGNALS),
        (lambda: cnnc.MaxPool1D(3, 2, (1, 0), ceil=True), (6, 2), (3, 2),
         lambda x: F.max_pool1d(x, 3, 2, (1, 0), True)),
    ],
    "AvgPool1D": [
        *((lambda: cnnc.AvgPool1D(2), s, halved(s), lambda x: F.avg_pool1d(x, 2)) for s in SIGNALS),
        (lambda: cnnc.AvgPool1D(3, 2, 1, count_include_pad=False), (6, 2), (3, 2),
         lambda x: F.avg_pool1d(x, 3, 2, 1, count_include_pad=False)),
    ],
    "MaxPool3D": [
        *((lambda: cnnc.MaxPool3D(2), s, halved(s), lambda x: F.max_pool3d(x, 2)) for s in VOLUMES),
        (lambda: cnnc.MaxPool3D(3, 2, 1, ceil=True), (3, 4, 2, 2), (2, 3, 2, 2),
         lambda x: F.max_pool3d(x, 3, 2, 1, True)),
    ],
    "AvgPool3D": [
        *((lambda: cnnc.AvgPool3D(2), s, halved(s), lambda x: F.avg_pool3d(x, 2)) for s in VOLUMES),
        (lambda: cnnc.AvgPool3D(3, 2, 1, count_include_pad=False), (3, 4, 2, 2), (2, 2, 1, 2),
         lambda x: F.avg_pool3d(x, 3, 2, 1, count_include_pad=False)),
    ],
}  # fmt: skip
REFUSED = [
    ("Conv1D", lambda: cnnc.Conv1D(4, 3), (7,), r"signals \(L, C\): received the shape \(7,\)"),
    ("Conv1D", lambda: cnnc.Conv1D(4, 5), (4, 1), r"kernel 5 does not fit its 4 input \(padding 0\)"),
    ("Conv1D", lambda: cnnc.Conv1D(4, (3, 3)), (5, 1), r"kernel must be an int .*received \(3, 3\)"),
    ("Conv1D", lambda: cnnc.Conv1D(4, 3, padding=((1, 1), (1, 1))), (5, 1), "padding must be .*received"),
    ("Conv3D", lambda: cnnc.Conv3D(4, 3), (7, 7, 3), r"volumes \(D, H, W, C\): received the shape \(7, 7, 3\)"),
    ("Conv3D", lambda: cnnc.Conv3D(4, (1, 5, 2)), (4, 4, 4, 1), r"kernel 1x5x2 does not fit its 4x4x4 input"),
    ("Conv3D", lambda: cnnc.Conv3D(4, 3, padding=(1, 1)), (5, 5, 5, 1), r"padding must be .*received \(1, 1\)"),
    ("Conv3D", lambda: cnnc.Conv3D(4, 3, stride=(2, 2)), (5, 5, 5, 1), r"stride must be .*received \(2, 2\)"),
    ("MaxPool1D", lambda: cnnc.MaxPool1D(2), (4, 4, 1), r"signals \(L, C\): received the shape \(4, 4, 1\)"),
    ("MaxPool3D", lambda: cnnc.MaxPool3D(5), (4, 5, 5, 1), "kernel 5x5x5 does not fit its 4x5x5 input"),
    ("AvgPool1D", lambda: cnnc.AvgPool1D(2, padding=2), (4, 1), "at most half the size 2, received 2"),
    ("AvgPool3D", lambda: cnnc.AvgPool3D(2, padding=2), (4, 4, 4, 1), "at most half the size 2x2x2, received 2"),
]  # fmt: skip
