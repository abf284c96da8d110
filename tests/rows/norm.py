"""Normalisation layers. In inference batch normalisation is given its starting statistics, mean 0 and variance 1."""

import numpy as np

import cnnc
from cnnc import functional as F
from rows import IMAGES, everywhere

CHANNELS = [(2,), (7,), (3, 4, 2), (5, 5, 3), (2, 3, 8)]


def running(x, *affine):
    channels = x.shape[-1]
    return F.batch_norm_inference(x, np.zeros(channels, np.float32), np.ones(channels, np.float32), *affine)


def grouped(make, groups, shape):
    return make, shape, shape, lambda x, *affine: F.group_norm(x, *affine, groups=groups)


ROWS = {
    "BatchNorm": [
        *everywhere(cnnc.BatchNorm, running),
        (lambda: cnnc.BatchNorm(use_scale=False, use_shift=False), (4,), (4,), running),
        (lambda: cnnc.BatchNorm(use_shift=False, momentum=1), (2, 3), (2, 3), running),
    ],
    "LayerNorm": [
        *everywhere(cnnc.LayerNorm, F.layer_norm, CHANNELS),
        (lambda: cnnc.LayerNorm(0.1, use_shift=False), (3, 5), (3, 5), lambda x, w: F.layer_norm(x, w, eps=0.1)),
    ],
    "RMSNorm": [
        *everywhere(cnnc.RMSNorm, F.rms_norm),
        (lambda: cnnc.RMSNorm(0.1, use_scale=False), (3, 5), (3, 5), lambda x: F.rms_norm(x, eps=0.1)),
    ],
    "GroupNorm": [
        grouped(lambda: cnnc.GroupNorm(2), 2, (4,)),
        grouped(lambda: cnnc.GroupNorm(1), 1, (3, 4, 2)),
        grouped(lambda: cnnc.GroupNorm(3), 3, (5, 6)),
        grouped(lambda: cnnc.GroupNorm(4), 4, (2, 3, 8)),
        grouped(lambda: cnnc.GroupNorm(2, use_scale=False, use_shift=False), 2, (2, 2, 2, 2)),
    ],
    "InstanceNorm": [
        *everywhere(cnnc.InstanceNorm, F.instance_norm, IMAGES),
        (lambda: cnnc.InstanceNorm(use_scale=True, use_shift=True), (9, 4), (9, 4), F.instance_norm),
    ],
    "LocalResponseNorm": [
        *everywhere(cnnc.LocalResponseNorm, F.local_response_norm),
        (lambda: cnnc.LocalResponseNorm(4, 2.0, 0.6, 1.0), (3, 3, 7), (3, 3, 7),
         lambda x: F.local_response_norm(x, 4, 2.0, 0.6, 1.0)),
    ],
}  # fmt: skip
NORMS = {
    "BatchNorm": cnnc.BatchNorm,
    "LayerNorm": cnnc.LayerNorm,
    "RMSNorm": cnnc.RMSNorm,
    "GroupNorm": lambda eps: cnnc.GroupNorm(2, eps),
    "InstanceNorm": cnnc.InstanceNorm,
}
REFUSED = [
    *((name, lambda make=make, eps=eps: make(eps=eps), (2, 4), "eps must be a finite number above 0: received")
      for name, make in NORMS.items() for eps in (0, -1.0, float("nan"), float("inf"))),
    ("BatchNorm", lambda: cnnc.BatchNorm(momentum=1.1), (4,), r"momentum must be from 0 to 1: received 1\.1"),
    ("LayerNorm", cnnc.LayerNorm, (4, 1), r"a mean must be that of more than one value, received .*4, 1\)"),
    ("InstanceNorm", cnnc.InstanceNorm, (1, 1, 4), r"a mean must be that of more than one value, received .*1, 1, 4\)"),
    ("GroupNorm", lambda: cnnc.GroupNorm(4), (4,), r"a mean must be that of more than one value, received .*4\)"),
    ("GroupNorm", lambda: cnnc.GroupNorm(3), (5, 4), "groups must be an int that divides 4 channels, received 3"),
    ("GroupNorm", lambda: cnnc.GroupNorm(2.0), (5, 4), r"groups must be an int .*received 2\.0"),
    ("LocalResponseNorm", lambda: cnnc.LocalResponseNorm(0), (4,), "size must be an int from 1 to 65536: received 0"),
    ("LocalResponseNorm", lambda: cnnc.LocalResponseNorm(alpha=-1), (4,), "alpha must be .*received -1"),
    ("LocalResponseNorm", lambda: cnnc.LocalResponseNorm(beta=float("nan")), (4,), "beta must be .*received nan"),
    ("LocalResponseNorm", lambda: cnnc.LocalResponseNorm(k=0), (4,), "k must be a finite number above 0: received 0"),
]  # fmt: skip
