"""Padding, enlarging, adaptive pooling."""

import cnnc
from cnnc import functional as F
from rows import IMAGES

ROWS = {
    "ZeroPad2D": [
        *((lambda: cnnc.ZeroPad2D(1), (h, w, c), (h + 2, w + 2, c), lambda x: F.pad2d(x, 1)) for h, w, c in IMAGES),
        (lambda: cnnc.ZeroPad2D(((0, 3), (2, 1))), (1, 2, 2), (4, 5, 2), lambda x: F.pad2d(x, ((0, 3), (2, 1)))),
    ],
    "Pad2D": [
        *((lambda m=mode: cnnc.Pad2D(2, m), (h, w, c), (h + 4, w + 4, c), lambda x, m=mode: F.pad2d(x, 2, m))
          for (h, w, c), mode in zip(IMAGES, ("reflect", "replicate", "circular", "zero", "reflect"), strict=True)),
        (lambda: cnnc.Pad2D((0, 3)), (1, 4, 2), (1, 10, 2), lambda x: F.pad2d(x, (0, 3), "reflect")),
    ],
    "UpSample": [
        *((lambda: cnnc.UpSample(2), (h, w, c), (2 * h, 2 * w, c), lambda x: F.upsample2d(x, 2)) for h, w, c in IMAGES),
        (lambda: cnnc.UpSample((3, 1), "bilinear"), (3, 4, 2), (9, 4, 2),
         lambda x: F.upsample2d(x, (3, 1), "bilinear")),
        (lambda: cnnc.UpSample(2, "bilinear", True), (3, 2, 3), (6, 4, 3),
         lambda x: F.upsample2d(x, 2, "bilinear", align_corners=True)),
    ],
    "AdaptiveAvgPool2D": [
        *((lambda: cnnc.AdaptiveAvgPool2D((2, 3)), s, (2, 3, s[-1]), lambda x: F.adaptive_avg_pool2d(x, (2, 3)))
          for s in IMAGES),
        (lambda: cnnc.AdaptiveAvgPool2D(4), (3, 2, 2), (4, 4, 2), lambda x: F.adaptive_avg_pool2d(x, 4)),
    ],
}  # fmt: skip
REFUSED = [
    ("ZeroPad2D", lambda: cnnc.ZeroPad2D(1), (4, 4), r"images \(H, W, C\): received the shape \(4, 4\)"),
    ("ZeroPad2D", lambda: cnnc.ZeroPad2D(-1), (4, 4, 1), "padding must be ints.*received -1"),
    ("ZeroPad2D", lambda: cnnc.ZeroPad2D("same"), (4, 4, 1), "padding must be ints.*received 'same'"),
    ("ZeroPad2D", lambda: cnnc.ZeroPad2D((1, 2, 3)), (4, 4, 1), r"padding must be .*received \(1, 2, 3\)"),
    ("Pad2D", lambda: cnnc.Pad2D(1, "mirror"), (4, 4, 1), "mode must be one of .*received 'mirror'"),
    ("Pad2D", lambda: cnnc.Pad2D(4), (4, 9, 1), "reflect padding must be smaller than the side 4, received 4"),
    ("Pad2D", lambda: cnnc.Pad2D(5, "circular"), (4, 9, 1), "circular padding must be at most the side 4, received 5"),
    ("UpSample", lambda: cnnc.UpSample(0), (4, 4, 1), "scale must be .*received 0"),
    ("UpSample", lambda: cnnc.UpSample(1.5), (4, 4, 1), r"scale must be .*received 1\.5"),
    ("UpSample", lambda: cnnc.UpSample(2, "cubic"), (4, 4, 1), "mode must be one of .*received 'cubic'"),
    ("UpSample", lambda: cnnc.UpSample(2, align_corners=True), (4, 4, 1), "unless the mode is bilinear, received True"),
    ("ZeroPad2D", lambda: cnnc.ZeroPad2D(2**30), (1, 1, 1), "must be smaller than .*received"),
    ("ZeroPad2D", lambda: cnnc.ZeroPad2D((2**30, 0)), (1, 1, 1), r"must be below 2\*\*31, received 2147483649x1"),
    ("UpSample", lambda: cnnc.UpSample((2**31 - 1, 1)), (2, 1, 1), r"must be below 2\*\*31, received 4294967294x1"),
    ("UpSample", lambda: cnnc.UpSample(2**30), (2**15, 2**15, 3), "must be smaller than .*received"),
    ("AdaptiveAvgPool2D", lambda: cnnc.AdaptiveAvgPool2D(0), (4, 4, 1), "size must be .*received 0"),
    ("AdaptiveAvgPool2D", lambda: cnnc.AdaptiveAvgPool2D(2), (4,), r"images \(H, W, C\): received the shape \(4,\)"),
]  # fmt: skip
