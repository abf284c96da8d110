"""Problems for every layer, by the module that the layer is in.

ROWS maps a layer's name to rows (function that makes it, input shape, output shape, the same on arrays: a function of x
and of the layer's parameters); REFUSED lists (name, function that makes it, input shape, pattern of the error). To test
a layer, add rows: values, gradients, saving and refusals follow.
"""

import importlib
import pkgutil

FLAT = [(1,), (7,), (3, 4, 2), (5, 5, 1), (2, 3, 8)]
VECTORS = [(1,), (2,), (5,), (8,), (17,)]
IMAGES = [(5, 5, 1), (6, 7, 2), (7, 5, 4), (9, 6, 3), (5, 9, 6)]


def everywhere(make, function, shapes=FLAT):
    """Rows of a layer without parameters that keeps shapes: the layer on each of the shapes."""
    return [(make, shape, shape, function) for shape in shapes]


def halved(shape):
    return shape[0] // 2, shape[1] // 2, shape[2]


_families = [importlib.import_module(f"rows.{module.name}") for module in pkgutil.iter_modules(__path__)]
ROWS = {name: rows for family in _families for name, rows in family.ROWS.items()}
REFUSED = [row for family in _families for row in family.REFUSED]
