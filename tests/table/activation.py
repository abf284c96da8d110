"""Activations, a row each. The few terms of transcendental functions are the errors that csrc/core/simd_math.h states
for them; derivatives that are written in terms of y are as exact as y is, relative to the largest that they can be."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import cnnc.activations
from cnnc import _core, reference
from table import FLAT, SHAPES, Spec, shape

ENTRIES = {entry.name: entry for entry in cnnc.activations.ACTIVATIONS}


@dataclass(frozen=True)
class Row:
    """What the tests know about an activation, with its setting as in the entry's example.

    `at` maps an x to (y, derivative), exactly; `ends` are y at minus and plus infinity. `forward` and `backward` return
    (terms, magnitude) for `bounds`; None if it chooses and does not compute. `torch(torch, x, setting)` is PyTorch's.
    """

    name: str
    at: dict
    ends: tuple
    forward: Callable | None
    backward: Callable | None
    torch: Callable
    linear: bool = False

    @property
    def entry(self):
        return ENTRIES[self.name]

    @property
    def arguments(self):
        """The setting, by name, or nothing."""
        setting = self.entry.setting
        return {setting.name: setting.shown} if setting else {}

    def spec(self):
        """Its spec; other settings are drawn."""
        arguments, backward = self.arguments, f"{self.name}_dx"
        read = "x" if "x" in _core.OPS[backward].inputs else "y"
        return Spec(
            self.name,
            [((s,), arguments) for s in SHAPES],
            lambda rng: ((shape(rng),), {name: rng.uniform(0.01, 3) for name in arguments}),
            tails={"length": (FLAT, lambda n: (((n,),), arguments))},
            large=[(((100_003,),), arguments)],
            chain=[(self.name, "x", "y"), (backward, f"dy {read}", "dx")],
            fields=lambda case: {"alpha": sum(case.arguments.values())},
            in_place=[(self.name, "x", "y"), (backward, "dy", "dx"), (backward, read, "dx")],
            forward_terms=self.forward,
            backward_terms=self.backward,
            exact=() if self.forward else ("forward", "backward"),
            is_activation=True,
            linear=self.linear,
        )


ROWS = [
    Row(
        "relu",
        {0: (0, 0), -1e4: (0, 0), 1e4: (1e4, 1)},
        ends=(0, math.inf),
        forward=None,
        backward=None,
        torch=lambda torch, x: torch.relu(x),
        linear=True,
    ),
    Row(
        "leaky_relu",
        {0: (0, 0.25), -1e4: (-2500, 0.25), 1e4: (1e4, 1)},
        ends=(-math.inf, math.inf),
        forward=lambda x, slope: (2, reference.leaky_relu(x, slope)),
        backward=lambda dy, x, slope: (2, reference.leaky_relu_backward(dy, x, slope)),
        torch=lambda torch, x, slope: torch.nn.functional.leaky_relu(x, slope),
        linear=True,
    ),
    Row(
        "elu",
        {0: (0, 2), -1e4: (-2, 0), 1e4: (1e4, 1)},
        ends=(-2, math.inf),
        forward=lambda x, alpha: (4, reference.elu(x, alpha)),
        backward=lambda dy, x, alpha: (6, dy * max(1, alpha)),
        torch=lambda torch, x, alpha: torch.nn.functional.elu(x, alpha),
    ),
    Row(
        "sigmoid",
        {0: (0.5, 0.25), -1e4: (0, 0), 1e4: (1, 0)},
        ends=(0, 1),
        forward=lambda x: (4, reference.sigmoid(x)),
        backward=lambda dy, x: (8, dy * reference.sigmoid(x)),
        torch=lambda torch, x: torch.sigmoid(x),
    ),
    Row(
        "tanh",
        {0: (0, 1), -1e4: (-1, 0), 1e4: (1, 0)},
        ends=(-1, 1),
        forward=lambda x: (4, reference.tanh(x)),
        backward=lambda dy, x: (8, dy),
        torch=lambda torch, x: torch.tanh(x),
    ),
    Row(
        "selu",
        {0: (0, 1.7580993408473766), -1e4: (-1.7580993408473766, 0), 1e4: (10507.009873554805, 1.0507009873554805)},
        ends=(-1.7580993408473766, math.inf),
        forward=lambda x: (4, reference.selu(x)),
        backward=lambda dy, x: (6, dy * 1.76),
        torch=lambda torch, x: torch.selu(x),
    ),
    Row(
        "gelu",
        {0: (0, 0.5), -1e4: (0, 0), 1e4: (1e4, 1)},
        ends=(math.nan, math.inf),
        forward=lambda x: (4, x),
        backward=lambda dy, x: (8, dy * (1 + np.abs(x))),
        torch=lambda torch, x: torch.nn.functional.gelu(x),
    ),
    Row(
        "softplus",
        {0: (math.log(2) / 2, 0.5), -1e4: (0, 0), 1e4: (1e4, 1)},
        ends=(0, math.inf),
        forward=lambda x, beta: (4, reference.softplus(x, beta) * (1 + beta * np.clip(-x, 0, 100))),
        backward=lambda dy, x, beta: (8, dy),
        torch=lambda torch, x, beta: torch.nn.functional.softplus(x, beta, threshold=100),
    ),
    Row(
        "hard_swish",
        {0: (0, 0.5), -3: (0, 0), 3: (3, 1), -1e4: (0, 0), 1e4: (1e4, 1)},
        ends=(math.nan, math.inf),
        forward=lambda x: (4, x),
        backward=lambda dy, x: (4, 2 * dy),
        torch=lambda torch, x: torch.nn.functional.hardswish(x),
    ),
    Row(
        "silu",
        {0: (0, 0.5), -1e4: (0, 0), 1e4: (1e4, 1)},
        ends=(math.nan, math.inf),
        forward=lambda x: (4, x),
        backward=lambda dy, x: (6, dy * (1 + np.abs(x))),
        torch=lambda torch, x: torch.nn.functional.silu(x),
    ),
]
SPECS = [row.spec() for row in ROWS]
