"""Activation layers."""

import cnnc
from cnnc import functional as F
from rows import everywhere

ROWS = {
    "ReLU": everywhere(cnnc.ReLU, F.relu),
    "LeakyReLU": everywhere(lambda: cnnc.LeakyReLU(0.2), lambda x: F.leaky_relu(x, 0.2)),
    "ELU": everywhere(lambda: cnnc.ELU(0.7), lambda x: F.elu(x, 0.7)),
    "Sigmoid": everywhere(cnnc.Sigmoid, F.sigmoid),
    "Tanh": everywhere(cnnc.Tanh, F.tanh),
    "Softmax": everywhere(cnnc.Softmax, F.softmax),
}  # fmt: skip
REFUSED = [
    ("LeakyReLU", lambda: cnnc.LeakyReLU(-0.1), (4,), r"slope must be 0 or more.*: received -0\.1"),
    ("ELU", lambda: cnnc.ELU(0), (4,), "scale must be more than 0.*: received 0"),
    *((name, lambda layer=layer, wrong=wrong: layer(wrong), (4,), "received (nan|inf)")
      for name, layer in (("LeakyReLU", cnnc.LeakyReLU), ("ELU", cnnc.ELU))
      for wrong in (float("nan"), float("inf"))),
]  # fmt: skip
