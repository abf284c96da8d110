"""Dense layers."""

import numpy as np

import cnnc
from cnnc import functional as F
from rows import FLAT, VECTORS

ROWS = {
    "Flatten": [(cnnc.Flatten, s, (int(np.prod(s)),), lambda x: x.reshape(len(x), -1)) for s in FLAT],
    "Dense": [
        *((lambda: cnnc.Dense(4), s, (4,), F.dense) for s in VECTORS),
        (lambda: cnnc.Dense(3, use_bias=False), (6,), (3,), F.dense),
    ],
}  # fmt: skip
REFUSED = [
    ("Dense", lambda: cnnc.Dense(4), (4, 4, 1), r"put Flatten before it: received \(4, 4, 1\)"),
    ("Dense", lambda: cnnc.Dense(-1), (4,), "units must be a positive int: received -1"),
    ("Dense", lambda: cnnc.Dense(2**30), (2**30,), "must be smaller than .*received"),
]  # fmt: skip
