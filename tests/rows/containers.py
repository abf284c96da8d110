"""Layers made of layers."""

import numpy as np

import cnnc
from cnnc import functional as F
from rows import FLAT, IMAGES, VECTORS, everywhere

ROWS = {
    "Identity": everywhere(cnnc.Identity, np.copy),
    "Add": [(lambda: cnnc.Add([cnnc.Identity(), cnnc.Tanh(), [cnnc.ReLU(), cnnc.Sigmoid()]]), s, s,
             lambda x: x + F.tanh(x) + F.sigmoid(F.relu(x))) for s in FLAT],
    "Concat": [(lambda: cnnc.Concat([cnnc.Tanh(), cnnc.Identity(), [cnnc.ReLU()]]), s, (*s[:-1], 3 * s[-1]),
                lambda x: np.concatenate([F.tanh(x), x, F.relu(x)], axis=-1)) for s in FLAT],
    "Multiply": [
        *((lambda: cnnc.Multiply([cnnc.Tanh(), cnnc.Identity(), [cnnc.Sigmoid()]]), s, s,
           lambda x: F.tanh(x) * x * F.sigmoid(x)) for s in FLAT),
        (lambda: cnnc.Multiply([[cnnc.GlobalAvgPool(), cnnc.Dense(3), cnnc.Sigmoid()], cnnc.Identity()]),
         (4, 5, 3), (4, 5, 3),
         lambda x, w, b: F.multiply_channels(x, F.sigmoid(F.dense(x.mean(axis=(1, 2)), w, b)))),
        (lambda: cnnc.Multiply([cnnc.Identity(), [cnnc.MaxPool2D((3, 2))], cnnc.GlobalMaxPool()]), (3, 2, 4), (3, 2, 4),
         lambda x: x * x.max(axis=(1, 2), keepdims=True) ** 2),
        (lambda: cnnc.Multiply([cnnc.Conv2D(2, 1)]), (3, 2, 4), (3, 2, 2), F.correlate2d),
    ],
    "Auxiliary": everywhere(lambda: cnnc.Auxiliary([cnnc.Flatten(), cnnc.Dense(3)], weight=0), lambda x, w, b: x),
    "Chain": [(lambda: cnnc.Chain([cnnc.Tanh(), cnnc.Dense(3)]), s, (3,),
               lambda x, w, b: F.dense(F.tanh(x), w, b)) for s in VECTORS],
    "SqueezeExcite": [
        *((lambda: cnnc.SqueezeExcite(2), s, s, lambda x, w1, b1, w2, b2: x * F.sigmoid(
            F.dense(F.relu(F.dense(x.mean(axis=(1, 2)), w1, b1)), w2, b2))[:, None, None]) for s in IMAGES),
    ],
    "PadChannels": [(lambda: cnnc.PadChannels(2, 3), s, (*s[:-1], s[-1] + 5),
                     lambda x: np.pad(x, [(0, 0)] * (x.ndim - 1) + [(2, 3)])) for s in FLAT],
}  # fmt: skip
REFUSED = [
    ("SqueezeExcite", lambda: cnnc.SqueezeExcite(0), (4, 4, 2), "reduction must be a positive int: received 0"),
    ("Multiply", lambda: cnnc.Multiply([cnnc.Dense(2), cnnc.Dense(3)]), (4,), r"one factor .*received \[\(2,\), \(3,"),
    ("Multiply", lambda: cnnc.Multiply([cnnc.Identity(), cnnc.MaxPool2D(2)]), (4, 4, 1), r"received \[\(4, 4, 1"),
    ("PadChannels", lambda: cnnc.PadChannels(-1, 2), (4,), "before must be an int of at least 0: received -1"),
    ("PadChannels", lambda: cnnc.PadChannels(1, 0.5), (4,), r"after must be an int of at least 0: received 0\.5"),
    ("Add", lambda: cnnc.Add([cnnc.Dense(2), cnnc.Dense(3)]), (4,), r"same output shape: received \[\(2,\), \(3,\)\]"),
    ("Concat", lambda: cnnc.Concat([cnnc.MaxPool2D(2), cnnc.Identity()]), (4, 4, 1), r"last axis: received \[\(2, 2"),
]  # fmt: skip
