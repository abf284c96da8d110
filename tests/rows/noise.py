"""Layers that scale or drop."""

import numpy as np

import cnnc
from cnnc import functional as F
from rows import everywhere

PIXELS = [(5, 1), (3, 4, 2), (5, 5, 1), (2, 3, 2, 3), (2, 8)]
PIXELS = [(5, 1), (3, 4, 2), (5, 5, 1), (2, 3, 2, 3), (2, 8)]
ROWS = {
    "Dropout": everywhere(lambda: cnnc.Dropout(0.4), np.copy),
    "Rescale": [
        *everywhere(lambda: cnnc.Rescale(0.5, -1.0), lambda x: F.rescale(x, 0.5, -1.0)),
        *everywhere(lambda: cnnc.Rescale((2, -0.5), 1), lambda x: F.rescale(x, (2, -0.5), 1), [(2,), (3, 4, 2)]),
        *everywhere(lambda: cnnc.Rescale(np.ones(2), [1, -1]), lambda x: F.rescale(x, 1, (1, -1)), [(5, 2)]),
    ],
    "SpatialDropout": everywhere(lambda: cnnc.SpatialDropout(0.4), np.copy, PIXELS),
}  # fmt: skip
REFUSED = [
    ("SpatialDropout", lambda: cnnc.SpatialDropout(1), (4, 4, 1), r"rate must be in \[0, 1\): received 1"),
    ("SpatialDropout", cnnc.SpatialDropout, (4,), r"the input must have pixels.*: received \(4,\)"),
    ("Rescale", lambda: cnnc.Rescale((1, 2)), (4, 3), r"scale must be a finite .* of 3 channels.*received \(1, 2\)"),
    ("Rescale", lambda: cnnc.Rescale(1, (0, np.nan)), (4, 2), r"offset must be .*received \(0, nan\)"),
    ("Rescale", lambda: cnnc.Rescale("1"), (4, 2), r"scale must be .*received '1'"),
    ("Dropout", lambda: cnnc.Dropout(1), (4,), r"rate must be in \[0, 1\): received 1"),
    *(("Dropout", lambda wrong=wrong: cnnc.Dropout(wrong), (4,), "received (nan|inf)")
      for wrong in (float("nan"), float("inf"))),
]  # fmt: skip
