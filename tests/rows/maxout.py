"""Maxout layers."""

import cnnc
from cnnc import functional as F
from rows import VECTORS

ROWS = {
    "Maxout": [
        *((lambda: cnnc.Maxout(2), (*s, 6), (*s, 3), lambda x: F.maxout(x, 2)) for s in [(), (1,), (4, 3), (2, 2, 2)]),
        (lambda: cnnc.Maxout(5), (5,), (1,), lambda x: F.maxout(x, 5)),
        (lambda: cnnc.Maxout(1), (3, 4), (3, 4), lambda x: F.maxout(x, 1)),
    ],
    "MaxoutDense": [
        *((lambda: cnnc.MaxoutDense(4, 3), s, (4,), lambda x, w, b: F.maxout(F.dense(x, w, b), 3)) for s in VECTORS),
        (lambda: cnnc.MaxoutDense(3, use_bias=False), (6,), (3,), lambda x, w: F.maxout(F.dense(x, w), 2)),
    ],
}
REFUSED = [
    *(("Maxout", lambda wrong=wrong: cnnc.Maxout(wrong), (4, 6), f"divides the last axis, received {wrong!r} and")
      for wrong in (0, 4, -2, 2.0, True, 257)),
    ("Maxout", lambda: cnnc.Maxout(300), (300,), "an int from 1 to 256 .*received 300 and"),
    ("MaxoutDense", lambda: cnnc.MaxoutDense(4), (4, 4, 1), r"put Flatten before it: received \(4, 4, 1\)"),
    ("MaxoutDense", lambda: cnnc.MaxoutDense(0), (4,), "units must be a positive int: received 0"),
    ("MaxoutDense", lambda: cnnc.MaxoutDense(4, pieces=1.5), (4,), r"pieces must be a positive int: received 1\.5"),
    ("MaxoutDense", lambda: cnnc.MaxoutDense(4, pieces=257), (4,), "an int from 1 to 256 .*received 257"),
]  # fmt: skip
