"""Transposed convolution."""

import cnnc
from cnnc import functional as F

ROWS = {
    "ConvTranspose2D": [
        (lambda: cnnc.ConvTranspose2D(4, 3), (5, 6, 3), (7, 8, 4), F.conv_transpose2d),
        (lambda: cnnc.ConvTranspose2D(3, 4, stride=2, padding=1), (3, 4, 2), (6, 8, 3),
         lambda *a: F.conv_transpose2d(*a, stride=2, padding=1)),
        (lambda: cnnc.ConvTranspose2D(2, (1, 3), stride=(1, 3), output_padding=(0, 2), padding=((0, 0), (1, 0))),
         (2, 4, 1), (2, 13, 2),
         lambda *a: F.conv_transpose2d(*a, stride=(1, 3), output_padding=(0, 2), padding=((0, 0), (1, 0)))),
        (lambda: cnnc.ConvTranspose2D(6, 2, dilation=2, groups=2), (2, 3, 4), (4, 5, 6),
         lambda *a: F.conv_transpose2d(*a, dilation=2, groups=2)),
        (lambda: cnnc.ConvTranspose2D(3, 3, stride=2, groups=3, use_bias=False), (3, 2, 3), (7, 5, 3),
         lambda *a: F.conv_transpose2d(*a, stride=2, groups=3)),
    ],
}  # fmt: skip
REFUSED = [
    ("ConvTranspose2D", lambda: cnnc.ConvTranspose2D(4, 3), (7,), r"images \(H, W, C\): received the shape \(7,\)"),
    ("ConvTranspose2D", lambda: cnnc.ConvTranspose2D(0, 3), (4, 4, 1), "filters must be a positive int: received 0"),
    ("ConvTranspose2D", lambda: cnnc.ConvTranspose2D(4, 3, groups=0), (4, 4, 2), "groups must be a positive int"),
    ("ConvTranspose2D", lambda: cnnc.ConvTranspose2D(4, 3, groups=3), (4, 4, 3), "divide filters 4: received 3"),
    ("ConvTranspose2D", lambda: cnnc.ConvTranspose2D(4, 3, groups=2), (4, 4, 3), "the C = 3 channels .*received"),
    ("ConvTranspose2D", lambda: cnnc.ConvTranspose2D(4, 3, padding="same"), (4, 4, 3), "padding must be ints.*'same'"),
    ("ConvTranspose2D", lambda: cnnc.ConvTranspose2D(4, 3, padding=2), (1, 9, 3), "leave some .*received 2"),
    ("ConvTranspose2D", lambda: cnnc.ConvTranspose2D(4, 3, output_padding=1), (4, 4, 3), "than the stride.*received 1"),
]  # fmt: skip
