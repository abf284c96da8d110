"""One table of problems for every operation: a `Spec` each, in the module of its family beside this one.

A spec says what the operation takes and gives, which problems to try, and by how much a result may miss the exact one.
It drives the comparison with the reference, the gradient checks, the array-likes, and the C operations: their ragged
ends, instruction sets, threads and guards. To add an operation, add a spec; to add a problem, add a row to its spec.
"""

import importlib
import os
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from cnnc import _core, reference

# the instruction sets of this machine, or those of them that CNNC_TEST_LEVELS names
LEVELS = [name for name, supported in _core.isa_levels().items()
          if supported and name in os.environ.get("CNNC_TEST_LEVELS", name)]  # fmt: skip

LANES = range(1, 65)  # twice two vectors of 16 floats
PLACES = range(1, 29)  # twice the 12 to 14 pixels that registers hold
FLAT = [*range(1, 131), *range(4093, 4100), *range(8190, 8195)]  # twice dropout's 64, and around chunks of 4096
LONG = [127, 128, 129, 255, 257, 511, 513, 1025]  # around the longest part of a sum that is done at once

SHAPES = [(1,), (5,), (2, 3), (3, 1, 2), (2, 2, 2, 2)]  # for operations that take arrays of any shape


@dataclass(frozen=True, eq=False)
class Spec:
    """What the tests know about an operation.

    `cases` are rows (shapes of its arrays, other arguments); `random(rng)` draws another row; `tails` maps an axis to
    (sizes, function from a size to a row), to run through every ragged end; `large` rows have work for many threads.

    The rest is for the C operations. `chain` lists them as (name, fields that it reads, that it writes): forward,
    then backward with what forward left behind. `takes` and `gives` are the fields of the arguments and of the result,
    `gradients` those of what backward returns. `fields(case)` turns arguments into settings. `in_place` lists (name,
    source, target) of fields that may be one array.

    `forward_terms(*arrays, **arguments)` and `backward_terms(dy, *arrays, **arguments)` return (terms, magnitude) for
    `bounds`, where sums of products are not the whole story.
    """

    op: str
    cases: list
    random: Callable
    tails: dict = field(default_factory=dict)
    large: list = field(default_factory=list)
    chain: list = field(default_factory=list)
    takes: str = "x"
    gives: str = "y"
    gradients: str = "dx"  # "" for an operation without backward
    fields: Callable = lambda case: dict(case.arguments)
    in_place: list = field(default_factory=list)
    forward_terms: Callable | None = None
    backward_terms: Callable | None = None
    exact: tuple = ()  # of "forward" and "backward", what chooses and does not compute
    linear: bool = False  # in each array, with winners, signs and masks fixed
    draw: Callable = lambda case, arrays, rng: arrays  # replaces the normal random numbers
    is_loss: bool = False  # backward starts here: it takes no dy
    is_activation: bool = False
    backward_takes: int | None = None  # how many of the arrays backward takes besides dy, if not all
    optional: tuple = ()  # positions of arrays that may be None
    more: Callable = lambda case, arrays, dtype, expected: {}  # further C fields -> (exact, bound)

    def all(self):
        """Its rows as cases."""
        return [Case(self.op, *row) for row in self.cases]


@dataclass(frozen=True)
class Case:
    """One row of an operation's table."""

    op: str
    shapes: tuple
    arguments: dict = field(default_factory=dict)

    @property
    def spec(self):
        return SPECS[self.op]

    def arrays(self, dtype=np.float32, seed=0):
        """Random arrays of the row's shapes."""
        rng = np.random.default_rng(seed)
        arrays = [rng.standard_normal(shape).astype(dtype) for shape in self.shapes]
        return self.spec.draw(self, arrays, rng)

    def forward(self, module, arrays):
        """The operation of that module."""
        return getattr(module, self.op)(*arrays, **self.arguments)

    def gradient(self, arrays, seed=1):
        """A random gradient of the output; None for the operations that take none."""
        if self.spec.is_loss or not self.spec.gradients:
            return None
        shape = outputs(self.forward(reference, arrays))[0].shape
        return np.random.default_rng(seed).standard_normal(shape).astype(arrays[0].dtype)

    def backward_arguments(self, arrays):
        """What backward takes: (dy, arrays ...), for example without a bias whose value no gradient depends on."""
        if self.spec.is_loss:
            return arrays
        return [self.gradient(arrays), *arrays[: self.spec.backward_takes]]

    def calls(self, arrays):
        """(name, arrays) of the forward and of the backward function."""
        yield self.op, arrays
        if self.spec.gradients:
            yield f"{self.op}_backward", self.backward_arguments(arrays)


def outputs(result):
    """The results of a function, always as a list of arrays."""
    return [np.asarray(r) for r in (result if isinstance(result, tuple) else (result,))]


# --- bounds -----------------------------------------------------------------------------------------------


def bounds(name, arrays, arguments, dtype):
    """By how much each output of a function may miss the exact one: `(terms + 4) * eps * magnitude`.

    A sum of n products, each rounded, in any order and with or without fused multiply-adds, is off by no more than
    n * eps / 2 times the sum of the absolute products. Both numbers come from the reference: it counts the terms when
    all arrays are ones, and adds up magnitudes when all arrays are absolute values. Half an eps pays for the rounding
    of the reference itself, four terms for settings that are rounded to the type and for a last division.
    """
    eps, tiny = np.finfo(dtype).eps, np.finfo(dtype).tiny
    backward = name.endswith("_backward")
    spec = SPECS[name.removesuffix("_backward")]
    special = spec.backward_terms if backward else spec.forward_terms
    if special:
        terms, magnitude = special(*arrays, **arguments)
        magnitude = outputs(magnitude)
        terms = terms if isinstance(terms, list) else [terms] * len(magnitude)
    else:
        function = getattr(reference, name)
        terms = outputs(function(*(np.ones_like(a) for a in arrays), **arguments))
        magnitude = outputs(function(*(np.abs(a) for a in arrays), **arguments))
    if ("backward" if backward else "forward") in spec.exact:
        return [np.zeros_like(m) for m in magnitude]
    return [(np.abs(t) + 4) * eps * np.abs(m) + tiny for t, m in zip(terms, magnitude, strict=True)]


# --- random problems ------------------------------------------------------------------------------------


def random_cases(each, seed):
    """`each` problems of every operation, with shapes and arguments drawn at random; all of them are valid."""
    rng = np.random.default_rng(seed)
    return [Case(op, *spec.random(rng)) for op, spec in SPECS.items() for _ in range(each)]


def number(rng, low, high):
    """A random int, both ends included."""
    return int(rng.integers(low, high + 1))


def shape(rng):
    """A random shape of one to four axes."""
    return tuple(number(rng, 1, 9) for _ in range(number(rng, 1, 4)))


# --- finite differences ----------------------------------------------------------------------------------


def numerical_gradient(function, x, eps=1e-6):
    """Central differences of `function()`, a number, in each element of x; x is as before afterwards."""
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + eps
        above = function()
        x[i] = kept - eps
        below = function()
        x[i] = kept
        gradient[i] = (above - below) / (2 * eps)
    return gradient


# --- the specs of all families ---------------------------------------------------------------------------------


NO_SPECS = ("augment", "chains", "direct")
_names = [module.name for module in pkgutil.iter_modules(__path__) if module.name not in NO_SPECS]
_families = [importlib.import_module(f"table.{name}") for name in _names]
SPECS = {spec.op: spec for family in _families for spec in family.SPECS}
CASES = [case for spec in SPECS.values() for case in spec.all()]
# (function, arrays, arguments, pattern of the error)
REFUSED = [row for family in _families for row in getattr(family, "REFUSED", ())]
