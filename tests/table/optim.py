"""Optimizers: what a step does, in plain NumPy, and which of PyTorch's it must follow."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import cnnc
from cnnc import reference
from table import SHAPES, Spec, number, shape


class Rule(NamedTuple):
    """An optimizer's settings and its formula; and, where PyTorch has it, the name in torch.optim and the arguments.

    `formula(o, w, g, s, t)` returns the weights and states after step t with the gradient g; s lists the states in
    the order of `o.states`. Where weight decay is not decoupled, it is in g already.
    """

    optimizer: cnnc.Optimizer
    formula: Callable
    pytorch: str = ""
    arguments: dict | None = None


def sgd(o, w, g, s, t):
    v = o.momentum * s[0] + g
    return w - o.lr * (g + o.momentum * v if o.nesterov else v), [v]


def rmsprop(o, w, g, s, t):
    square, mean = o.rho * s[0] + (1 - o.rho) * g**2, o.rho * s[1] + (1 - o.rho) * g * o.centered
    velocity = o.momentum * s[2] + g / (np.sqrt(square - mean**2) + o.epsilon)
    return w - o.lr * velocity, [square, mean, velocity]


def adadelta(o, w, g, s, t):
    square = o.rho * s[0] + (1 - o.rho) * g**2
    step = np.sqrt(s[1] + o.epsilon) / np.sqrt(square + o.epsilon) * g
    return w - o.lr * step, [square, o.rho * s[1] + (1 - o.rho) * step**2]


def adam(o, w, g, s, t):
    mean, square = o.beta1 * s[0] + (1 - o.beta1) * g, o.beta2 * s[1] + (1 - o.beta2) * g**2
    w = w * (1 - o.lr * o.weight_decay) if o.decoupled else w
    root = np.sqrt(square / (1 - o.beta2**t)) + o.epsilon
    return w - o.lr * mean / (1 - o.beta1**t) / root, [mean, square]


def nadam(o, w, g, s, t):
    _, (mean, square) = adam(o, w, g, s, t)
    mu = [o.beta1 * (1 - 0.96 ** (i * o.momentum_decay) / 2) for i in range(1, t + 2)]
    ahead = mu[t] * mean / (1 - np.prod(mu)) + (1 - mu[t - 1]) * g / (1 - np.prod(mu[:t]))
    return w - o.lr * ahead / (np.sqrt(square / (1 - o.beta2**t)) + o.epsilon), [mean, square]


def lars(o, w, g, s, t):
    velocity = o.momentum * s[0] + o.lr * g
    return w - velocity, [velocity]


RULES = [
    Rule(cnnc.SGD(0.1, weight_decay=0.1), sgd, "SGD", {"lr": 0.1}),
    Rule(cnnc.SGD(0.1, momentum=0.9), sgd, "SGD", {"lr": 0.1, "momentum": 0.9}),
    Rule(cnnc.SGD(0.1, 0.9, True, weight_decay=0.1), sgd, "SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    Rule(cnnc.Adagrad(weight_decay=0.1), lambda o, w, g, s, t: (w - o.lr * g / np.sqrt(s[0] + g**2), [s[0] + g**2]),
         "Adagrad", {}),
    Rule(cnnc.RMSProp(), rmsprop, "RMSprop", {}),
    Rule(cnnc.RMSProp(rho=0.9, momentum=0.8, centered=True, weight_decay=0.1), rmsprop, "RMSprop",
         {"alpha": 0.9, "momentum": 0.8, "centered": True}),
    Rule(cnnc.Adadelta(weight_decay=0.1), adadelta, "Adadelta", {}),
    Rule(cnnc.Adam(0.01, weight_decay=0.1), adam, "Adam", {"lr": 0.01}),
    Rule(cnnc.AdamW(weight_decay=0.1), adam, "AdamW", {}),
    Rule(cnnc.NAdam(weight_decay=0.1), nadam, "NAdam", {}),
    Rule(cnnc.LARS(0.1, momentum=0.9, weight_decay=0.1), lars),
]  # fmt: skip
STEPS = {rule.optimizer.op: [r for r in RULES if r.optimizer.op == rule.optimizer.op] for rule in RULES}


def step(n, rule):
    """The third step of an optimizer: (inputs, results, settings, exact results) of its C operation."""
    o, t = rule.optimizer, 3
    rng = np.random.default_rng((n, 5))
    w, g = rng.standard_normal((2, n)).astype(np.float32)
    draw = {"mean": lambda: rng.uniform(-0.5, 0.5, n), "velocity": lambda: rng.standard_normal(n)}
    states = [draw.get(name, lambda: 1 + rng.random(n))().astype(np.float32) if name else None for name in o.states]
    numbers = np.zeros(8)
    values = o.numbers(t, o.lr, o.weight_decay)
    numbers[: len(values)] = values
    wide = [0.0 if s is None else s.astype(np.float64) for s in states]
    decay = 0.0 if getattr(o, "decoupled", False) else o.weight_decay
    moved, after = rule.formula(o, w.astype(np.float64), g + decay * w.astype(np.float64), wide, t)
    results = {"param": w, **{f"s{k}": s for k, s in enumerate(states) if s is not None}}
    return {"grad": g, "numbers": numbers}, results, {}, {"param": moved, **{f"s{k}": s for k, s in enumerate(after)}}


def terms(param, grad, velocity=None, **arguments):
    velocity = None if velocity is None else np.abs(velocity)
    moved, velocity = reference.sgd(np.abs(param), np.abs(grad), velocity, **arguments)
    return 4, (2 * np.abs(param) - moved, velocity)


def random(rng):
    momentum = float(rng.choice([0.0, 0.9]))
    arguments = {"lr": rng.uniform(0, 1), "momentum": momentum, "weight_decay": rng.uniform(0, 1)}
    return (shape(rng),) * number(rng, 2, 3), {**arguments, "nesterov": bool(number(rng, 0, 1))}


SPECS = [
    Spec(
        "sgd",
        [
            *(((s, s), {"lr": 0.1, "weight_decay": 0.3}) for s in SHAPES),
            *(((s,) * 3, {"momentum": 0.9}) for s in SHAPES),
            *(((s,) * 3, {"momentum": 0.8, "nesterov": True, "weight_decay": 0.1}) for s in SHAPES),
        ],
        random,
        takes="param grad velocity",
        gradients="",
        optional=(2,),
        forward_terms=terms,
    ),
]
