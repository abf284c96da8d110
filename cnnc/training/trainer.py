"""The trainer: one recorded training step, replayed."""

import weakref

import numpy as np

from cnnc.tape import Tape
from cnnc.training import losses
from cnnc.training.checks import check_labels


class NonFiniteLoss(FloatingPointError):
    """The loss became infinite or not a number. The parameters are those from before the step."""


class Trainer:
    """Trains a network step by step: clear gradients, forward, loss, backward, update, as one call into C.

    Args:
        net: a built network.
        optimizer: such as `cnnc.SGD(lr=0.05, momentum=0.9)`.
        loss: "cross_entropy".
        steps: how many steps there will be in all; schedules need it.

    Attributes:
        step_number: steps done.
        hits: how many images of the last batch were classified right before its update.

    Raises:
        ValueError: if the network is not built or does not end in what the loss needs.

    Example:
        >>> import cnnc, numpy as np
        >>> net = cnnc.Sequential([cnnc.Dense(2)]).build((3,), seed=0)
        >>> trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.1))
        >>> x, labels = np.eye(3), [0, 1, 0]
        >>> trainer.step(x, labels) > trainer.step(x, labels)
        True
    """

    def __init__(self, net, optimizer, loss="cross_entropy", steps=None):
        self.net = net
        self.flat = net.flat  # raises if the network is not built
        net.settle()
        self.optimizer = optimizer
        self.loss = losses.get(loss)
        self.loss.check(net)
        self.steps = steps
        self.step_number = 0
        self.hits = 0
        self.state = {}
        self.lr = np.zeros(1)
        self.owner = object()  # marks this trainer's programs, which go when it goes
        weakref.finalize(self, net._arena.forget, self.owner)

    def plan(self, n, dtype, one_hot, team):
        """The plan of a training step on a batch of `n` images of that dtype, and its buffers by name."""
        tape = Tape(self.net.dtype, training=True, rng=self.net.rng)
        grad = self.flat.grad
        source, x = self.net.record_input(tape, n, dtype)
        logits = self.net.apply(tape, x)
        labels = tape.input(logits.shape if one_hot else (n,), tape.dtype if one_hot else np.int32)
        loss, hits = self.loss.record(tape, logits, labels)
        tape.keep(source)  # the diagnosis of a loss that is not finite starts here
        for run, _, _ in self.flat.runs():
            self.optimizer.record(
                tape, self.flat.data[run], grad[run], self.lr, lambda name, r=run: self._state(name)[r]
            )
        named = {"x": source, "labels": labels, "loss": tape.keep(loss), "hits": tape.keep(hits)}
        return tape.plan(team), named

    def _state(self, name):
        return self.state.setdefault(name, self.flat.state())

    def run(self, n, dtype, one_hot):
        """The recorded step for batches of `n`: fill its "x" and "labels", then call `replay`."""
        key = (self.owner, n, np.dtype(dtype), one_hot)
        return self.net._arena.run(key, lambda team: self.plan(n, dtype, one_hot, team))

    def replay(self, run):
        """Runs a filled step; returns its loss."""
        self.lr[0] = self.optimizer.lr_at(self.step_number, self.steps)
        self.net.rng[1] = self.step_number
        stopped = run.program.run()
        loss = float(run["loss"][0])
        if stopped is not None:
            raise NonFiniteLoss(self._diagnosis(run, loss))
        self.hits = int(run["hits"][0])
        self.step_number += 1
        return loss

    def step(self, x, labels):
        """One training step on a batch.

        Args:
            x: (N, *input_shape) numbers; uint8 images are scaled.
            labels: N integer classes, or (N, K) rows of probabilities.

        Returns:
            The mean loss before the update.

        Raises:
            ValueError: for shapes that do not fit or labels out of range.
            NonFiniteLoss: if the loss is not finite; the parameters are left as they were.
        """
        x = self.net.check_images(x)
        labels = check_labels(labels, len(x), self.net.output_shape)
        with self.net._lock:
            run = self.run(len(x), self.net.input_dtype(x), labels.ndim == 2)
            run["x"][...] = x
            run["labels"][...] = labels
            return self.replay(run)

    def gradients(self):
        """Path -> array: the gradients of the last step, live views."""
        self.flat.grad  # noqa: B018 - allocates the views if no step has run
        return {path: parameter.grad for path, parameter in self.flat.learned().items()}

    def _diagnosis(self, run, loss):
        x = run["x"].copy()
        if not np.isfinite(x).all():
            where = "the input of the network is not finite"
        elif odd := [path for path, p in self.flat.named.items() if not np.isfinite(p.data).all()]:
            where = f'the parameter "{odd[0]}" is not finite'
        else:
            outputs = self.net.activations(x)
            layers = [layer for layer in self.net.walk() if layer.path in outputs]
            odd = [layer for layer in layers if not np.isfinite(outputs[layer.path]).all()]
            where = f"the first layer whose output is not finite is {odd[0].title}" if odd else "all outputs are finite"
        return (f"the loss must be finite, training stopped at step {self.step_number} with learning rate "
                f"{self.lr[0]:g} and left the parameters as they were before it; {where}: received {loss}")  # fmt: skip
