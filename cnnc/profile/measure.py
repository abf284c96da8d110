"""Measuring the steps of a network's recorded program."""

import functools
import time
from dataclasses import dataclass
from statistics import median

import numpy as np

from cnnc import ops
from cnnc import training as training_package
from cnnc.checks import check_count
from cnnc.profile import costs, flame, table
from cnnc.profile.roofs import Roofs, measure_roofs
from cnnc.tape import Arena

SECONDS = 2.0  # about how long a network is measured unless the rounds are given
FEWEST, MOST = 3, 100  # rounds


@dataclass(frozen=True)
class StepTime:
    """One recorded step.

    Attributes:
        layers: names of the layers that it belongs to, from the outermost to the innermost: ("Add 4", "Conv2D 4.0").
            What no layer records belongs to "input", "loss" or "update".
        operation: its name, with what is done in the same pass: "correlate2d + relu".
        part: "forward", "backward" or "update".
        seconds: the median of the rounds.
        flops: multiplications and additions of its plain sums, whatever the algorithm.
        bytes: of its arrays, read and written.
        algorithm: of a convolution, else "".
        least: seconds that the machine's roofs allow at best.
    """

    layers: tuple
    operation: str
    part: str
    seconds: float
    flops: float
    bytes: int
    algorithm: str
    least: float


@dataclass(frozen=True)
class Profile:
    """What `profile` measured.

    Attributes:
        title: one line: network, batch, mode, threads, instruction set.
        roofs: what the machine can do at best.
        steps: a `StepTime` for each recorded step, in the order of the program.
        seconds: of the whole program, measured apart.
    """

    title: str
    roofs: Roofs
    steps: tuple
    seconds: float

    def table(self):
        """All steps and the sums of each layer as text, 120 columns wide."""
        return table.text(self)

    def svg(self):
        """A picture as the text of an SVG file: layers as boxes, as wide as their time, on what is inside them.

        The colour goes from red to green with the share of what the machine's roofs allow.
        """
        return flame.svg(self)


def profile(net, batch_size=1, training=False, rounds=None, loss="cross_entropy", optimizer=None):
    """Measures every recorded step of a network on random images. The network stays as it is.

    Args:
        net: a built network.
        batch_size: images in a batch.
        training: whether to measure a training step or inference.
        rounds: how often the program is run; unless given, for about two seconds.
        loss: in training, a name or an object, see `cnnc.Trainer`.
        optimizer: in training; SGD with momentum unless given.

    Returns:
        A `Profile`.

    Raises:
        ValueError: for a batch size or a number of rounds that is no positive int, or a network that is not built.

    Example:
        >>> import cnnc
        >>> found = cnnc.models.lenet5().profile(2, rounds=1)
        >>> found.steps[0].layers, found.steps[0].operation, found.steps[0].flops
        (('Conv2D 0',), 'correlate2d + tanh', 470400)
    """
    n = check_count(batch_size, "batch_size")
    if rounds is not None:
        check_count(rounds, "rounds")
    recorded = _training if training else _inference
    with net._lock:
        before = net.flat.memory.copy(), net.rng.copy()
        try:
            plan, run = recorded(net, n, loss, optimizer)
            seconds = _seconds(run.program.run, 1)
            rounds = rounds or max(FEWEST, min(MOST, round(SECONDS / max(seconds, 1e-6))))
            seconds = _seconds(run.program.run, rounds)
            times = run.program.profile(rounds)
        finally:
            net.flat.memory[...], net.rng[...] = before
            net.flat.written()
    roofs = _roofs(net.dtype, ops.get_num_threads(), ops.isa())
    around, steps = dict(_around(net, ())), []
    for step, (_, sizes, each) in zip(plan.steps, times, strict=True):
        layers = around[id(step.layer)] if step.layer is not None else (_apart(step, bool(steps)),)
        operation, flops = ("in Python", 0) if step.op is None else (costs.operation(step), costs.flops(step, sizes))
        nbytes = costs.traffic(step)
        steps.append(StepTime(layers, operation, step.part, each, flops, nbytes, costs.algorithm(step, sizes),
                              roofs.least(flops, nbytes)))  # fmt: skip
    shape = "x".join(map(str, net.input_shape))
    mode = "training" if training else "inference"
    threads = ops.get_num_threads()
    title = f"{mode}, {n} x {shape}, {threads} thread{'s' if threads > 1 else ''}, {ops.isa()}"
    return Profile(title, roofs, tuple(steps), seconds)


@functools.lru_cache
def _roofs(dtype, *_):
    """The machine's roofs, measured once for an element type, a number of threads and an instruction set."""
    return measure_roofs(dtype)


def _seconds(call, rounds):
    """The median of so many calls."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return median(times)


def _inference(net, n, *_):
    """Plan and filled program of an inference."""
    plan, named = net.plan_inference(n, net.dtype, ops.get_num_threads())
    run = Arena().run(("profile",), lambda team: (plan, named))
    run["x"][...] = np.random.default_rng(0).standard_normal(run["x"].shape)
    run.refresh(net.flat.stamp())
    return plan, run


def _training(net, n, loss, optimizer):
    """Plan and filled program of a training step, whose learning rate is 0."""
    trainer = training_package.Trainer(net, optimizer or training_package.SGD(momentum=0.9), loss)
    classes = trainer.loss.classes
    plan, named = trainer.plan(n, net.dtype, one_hot=not classes, team=ops.get_num_threads())
    run = Arena().run(("profile",), lambda team: (plan, named))
    rng = np.random.default_rng(0)
    run["x"][...] = rng.standard_normal(run["x"].shape)
    labels = run["labels"]
    labels[...] = rng.integers(0, net.output_shape[-1], n) if classes else rng.uniform(size=labels.shape)
    trainer.update.prepare(0, 0.0)
    return plan, run


def _around(layer, names):
    """(id, names of those around it and its own) of every layer inside another, the outermost first."""
    for child in layer.children():
        own = (*names, f"{type(child).__name__} {child.path}")
        yield id(child), own
        yield from _around(child, own)


def _apart(step, later):
    """What a step that no layer records belongs to."""
    if step.part == "update":
        return "update"
    return "loss" if later else "input"
