"""Layers that scale or drop."""

import numpy as np

import cnnc
from cnnc import functional as F
from rows import everywhere

ROWS = {
    "Dropout": everywhere(lambda: cnnc.Dropout(0.4), np.copy),
    "Rescale": everywhere(lambda: cnnc.Rescale(0.5, -1.0), lambda x: F.rescale(x, 0.5, -1.0)),
}  # fmt: skip
REFUSED = [
    ("Dropout", lambda: cnnc.Dropout(1), (4,), r"rate must be in \[0, 1\): received 1"),
    *(("Dropout", lambda wrong=wrong: cnnc.Dropout(wrong), (4,), "received (nan|inf)")
      for wrong in (float("nan"), float("inf"))),
]  # fmt: skip
