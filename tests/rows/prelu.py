"""The rectifier with learned slopes."""

import cnnc
from cnnc import functional as F
from rows import everywhere

ROWS = {"PReLU": [*everywhere(cnnc.PReLU, F.prelu), *everywhere(lambda: cnnc.PReLU(shared=True), F.prelu)]}
REFUSED = [
    ("PReLU", lambda wrong=wrong: cnnc.PReLU(start=wrong), (4,), "start must be a finite number: received")
    for wrong in (float("nan"), float("inf"), "0.25", None)
]
