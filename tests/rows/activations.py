"""Activation layers: a row for each entry of cnnc.activations, and softmax."""

import cnnc
from cnnc import functional as F
from cnnc.activations import ACTIVATIONS
from rows import everywhere


def rows(entry):
    """The layer and the function with the setting of the entry's example."""
    settings = (entry.setting.shown,) if entry.setting else ()
    function = getattr(F, entry.name)
    return everywhere(lambda: getattr(cnnc, entry.layer)(*settings), lambda x: function(x, *settings))


def refusals(entry):
    """Settings out of range."""
    setting, layer = entry.setting, getattr(cnnc, entry.layer)
    wrong = [-0.1, float("nan"), float("inf"), "1", *([0] if setting.positive else [])]
    rule = f"{setting.field} must be a finite number, {setting.rule}, received "
    return [(entry.layer, lambda value=value: layer(value), (4,), f"{rule}{value!r}") for value in wrong]


ROWS = {**{entry.layer: rows(entry) for entry in ACTIVATIONS}, "Softmax": everywhere(cnnc.Softmax, F.softmax)}
REFUSED = [row for entry in ACTIVATIONS if entry.setting for row in refusals(entry)]
