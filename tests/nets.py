"""Networks to test with: gradients against finite differences, and networks drawn at random."""

import numpy as np
from table import numerical_gradient

import cnnc
from cnnc import _core
from cnnc.activations import ACTIVATIONS
from cnnc.tape import Run, Tape


def batch(shape, n=3, dtype=np.float32):
    return np.random.default_rng(0).standard_normal((n, *shape)).astype(dtype)


def randomise(net):
    rng = np.random.default_rng(1)
    for array in net.parameters().values():
        array[...] = rng.standard_normal(array.shape)
    return net


class Probe(cnnc.Layer):
    """Adds a parameter to its input: the parameter's gradient is the gradient of what follows in its input."""

    def declare(self, shape):
        self.offset = cnnc.Parameter(shape, "zeros")
        return shape

    def forward(self, x):
        return x + self.offset.data

    def backward(self, dy):
        self.offset.grad += dy.sum(axis=0)
        return dy


def check_gradients(inner, shape, n=2):
    """Every parameter's gradient, and that of inner's input, against finite differences of the loss in float64."""
    net = cnnc.Sequential([Probe(), *inner, cnnc.Flatten(), cnnc.Dense(3)]).build(shape, dtype=np.float64)
    randomise(net)
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.0))
    x, labels = batch(shape, n, np.float64), np.arange(n) % 3

    def loss():
        trainer.step_number = 0  # dropout draws the same mask
        return trainer.step(x, labels)

    loss()
    gradients = {path: gradient.copy() for path, gradient in trainer.gradients().items()}
    for path, parameter in net.parameters().items():
        expected = numerical_gradient(loss, parameter)
        np.testing.assert_allclose(gradients[path], expected, rtol=1e-3, atol=1e-5, err_msg=path)


def random_network(rng, blocks=4):
    """A network of random layers on images of random size, with branches in branches and layers used twice."""
    used = []
    shape = (*(int(n) for n in rng.integers(3, 7, 2)), 3)
    layers = [layer for _ in range(blocks) for layer in _block(rng, 2, used)]
    return cnnc.Sequential([*layers, cnnc.Flatten(), cnnc.Dense(4)]).build(shape, seed=1)


def _block(rng, depth, used):
    """Layers that together keep the shape of images of three channels."""
    kind = rng.integers(10)
    if depth and kind < 3:
        branches = [_branch(rng, depth - 1, used) for _ in range(rng.integers(1, 4))]
        return [cnnc.Add(branches)] if rng.integers(2) else [cnnc.Concat(branches), cnnc.Conv2D(3, 1)]
    if used and kind == 3:
        return [used[rng.integers(len(used))]]
    layer = SHAPE_KEEPING[rng.integers(len(SHAPE_KEEPING))]()
    used.append(layer)
    return [layer]


def _branch(rng, depth, used):
    return [layer for _ in range(rng.integers(1, 4)) for layer in _block(rng, depth, used)]


SHAPE_KEEPING = [
    *(getattr(cnnc, activation.layer) for activation in ACTIVATIONS),
    cnnc.Softmax,
    cnnc.Identity,
    lambda: cnnc.Dropout(0.3),
    lambda: cnnc.Rescale(0.7, 0.1),
    cnnc.BatchNorm,
    cnnc.LayerNorm,
    cnnc.RMSNorm,
    lambda: cnnc.GroupNorm(3, eps=0.1),
    lambda: cnnc.InstanceNorm(eps=0.1),
    lambda: cnnc.LocalResponseNorm(3, alpha=1.0),
    lambda: cnnc.AvgPool2D(3, stride=1, padding=1),
    lambda: cnnc.MaxPool2D(3, stride=1, padding=1),
    lambda: cnnc.Conv2D(3, 3, padding=1),
    lambda: cnnc.Conv2D(3, 1, use_bias=False),
]


def gradients_of(net, x, upstream):
    """(y, dx, path -> gradient) of a training pass that starts from the output's gradient, and 0 of heads."""
    net.settle()
    net.flat.grad[...] = 0
    tape = Tape(net.dtype, training=True, rng=net.rng)
    source = tape.input(x.shape, net.dtype)
    source.needs_grad = True
    y = tape.keep(net.apply(tape, source))
    heads = [logits for logits, _ in getattr(tape, "heads", ())]
    ends = {"main": tape.grad(y), **{f"head{i}": tape.grad(logits) for i, logits in enumerate(heads)}}

    def start(again, main, dy=None, **heads):
        main[...] = upstream
        for head in heads.values():
            head[...] = 0

    tape.call_backward(start, None, ends)
    named = {"x": source, "y": y, "dx": tape.keep(tape.grad(source))}
    plan = tape.plan(1)
    run = Run(plan, named, _core.aligned(plan.arena))
    run["x"][...] = x
    run.program.run()
    return run["y"].copy(), run["dx"].copy(), {p: q.grad.copy() for p, q in net.flat.learned().items()}
