"""Settings of the functions that are numbers: what is none is refused, and named."""

import inspect

import numpy as np
import pytest
from table import CASES

from cnnc import functional, reference

ONE_OF_EACH = {case.op: case for case in reversed(CASES)}


def numbers_of(op):
    """The names of an operation's settings that are numbers."""
    settings = inspect.signature(getattr(functional, op)).parameters.values()
    return [setting.name for setting in settings if isinstance(setting.default, float)]


@pytest.mark.parametrize("wrong", [None, "1", "same", True, 1j, 10**400, [0.5], np.ones(2)], ids=str)
@pytest.mark.parametrize("op", [op for op in ONE_OF_EACH if numbers_of(op)])
def test_settings_that_are_not_numbers_are_refused(op, wrong):
    case = ONE_OF_EACH[op]
    for setting in numbers_of(op):
        for name, arrays in case.calls(case.arrays()):
            if name.endswith("_backward") and (op, setting) == ("rescale", "offset"):  # is not read
                continue
            for module, start in (functional, f"{name}: "), (reference, ""):
                with pytest.raises(ValueError, match=rf"^{start}.*received"):
                    getattr(module, name)(*arrays, **{**case.arguments, setting: wrong})
