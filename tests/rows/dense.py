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
    "Reshape": [
        *((lambda s=s: cnnc.Reshape((*s[::-1], 1)), s, (*s[::-1], 1),
           lambda x: x.reshape(*x.shape[:1], *x.shape[:0:-1], 1)) for s in FLAT),
        (lambda: cnnc.Reshape(24), (2, 3, 4), (24,), lambda x: x.reshape(len(x), 24)),
    ],
}  # fmt: skip
REFUSED = [
    ("Reshape", lambda: cnnc.Reshape((2, 3)), (7,), r"hold the 7 numbers of the input \(7,\): received \(2, 3\)"),
    ("Reshape", lambda: cnnc.Reshape((-1, 7)), (7,), r"at least 1, received \(-1, 7\)"),
    ("Dense", lambda: cnnc.Dense(4), (4, 4, 1), r"put Flatten before it: received \(4, 4, 1\)"),
    ("Dense", lambda: cnnc.Dense(-1), (4,), "units must be a positive int: received -1"),
    ("Dense", lambda: cnnc.Dense(2**30), (2**30,), "must be smaller than .*received"),
]  # fmt: skip
