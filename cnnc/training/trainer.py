"""The trainer: one recorded training step, replayed."""

import weakref

import numpy as np

from cnnc.checks import check_count, check_rate
from cnnc.labels import check_weights
from cnnc.layers.base import Layer
from cnnc.tape import Tape
from cnnc.training import losses
from cnnc.training.average import Average
from cnnc.training.update import Update

__all__ = ["NonFiniteLoss", "Trainer"]

LARGE = 1 << 18  # elements of a parameter whose gradient is worth a place of its own in the plan


class NonFiniteLoss(FloatingPointError):
    """The loss became infinite or not a number. The network is as it was before the step."""


class Trainer:
    """Trains a network step by step: clear gradients, forward, loss, backward, update, as one call into C.

    Layers' `trainable` and `lr_scale` are read when the trainer is made.

    Args:
        net: a built network.
        optimizer: such as `cnnc.SGD(lr=0.05, momentum=0.9)`.
        loss: "cross_entropy" (for integer labels or rows of probabilities), "hinge" (integer labels), "mse", "mae",
            "huber", "binary_cross_entropy" (targets of the output's shape), or an object such as
            `cnnc.CrossEntropy(label_smoothing=0.1)`.
        steps: how many steps there will be in all; most schedules need it.
        accumulate: in how many parts a batch is worked off. Their gradients add up to those of the whole batch, in the
            memory of one part; layers that look at the whole batch, as batch normalisation does, see parts.
        ema: the share of the moving average of the weights that stays in a step, such as 0.999; None for no average.
        keep_gradients: False uses the gradient of a large parameter as soon as it is there, in memory that others need
            later, where that is possible: not with `clip_norm` or `accumulate`. `gradients()` is refused then.

    Attributes:
        step_number: steps done.
        hits: how many images of the last batch were classified right before its update (0 if labels are not classes).
        average: the `Average` of the weights, or None.

    Raises:
        TypeError: for an optimizer that is none.
        ValueError: if the network is not built or does not end in what the loss needs.

    Example:
        >>> import cnnc, numpy as np
        >>> net = cnnc.Sequential([cnnc.Dense(2)]).build((3,), seed=0)
        >>> trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.1))
        >>> x, labels = np.eye(3), [0, 1, 0]
        >>> trainer.step(x, labels) > trainer.step(x, labels)
        True
    """

    def __init__(self, net, optimizer, loss="cross_entropy", steps=None, accumulate=1, ema=None,
                 keep_gradients=True):  # fmt: skip
        self.net = net
        self.flat = net.flat  # raises if the network is not built
        self.loss = losses.get(loss)
        self.loss.check(net)
        self.steps = steps
        self.accumulate = check_count(accumulate, "accumulate")
        self.average = None if ema is None else Average(self.flat, ema)
        net.settle()
        self._frozen = [(layer, layer.frozen) for layer in net.walk()]
        self.optimizer = optimizer
        self.passing = () if keep_gradients else self._passing()
        self.update = Update(optimizer, self.flat, self.passing)
        self.step_number = 0
        self.hits = 0
        self.lr = np.zeros(1)
        self._head_weights = ()  # of the auxiliary heads, known when a step is recorded
        self.owner = object()  # marks this trainer's programs, which go when it goes
        weakref.finalize(self, net._arena.forget, self.owner)

    @property
    def state(self):
        """Name -> flat array that the optimizer keeps from step to step."""
        return self.update.state

    def _passing(self):
        """The parameters whose gradients need not be kept: large ones, of layers that are not written in NumPy."""
        if self.accumulate > 1 or getattr(self.optimizer, "clip_norm", None) is not None:
            return ()
        recorded = [layer for layer in self.net.walk() if type(layer).record is not Layer.record]
        parameters = {p: None for layer in recorded for p in layer.own_parameters().values()}
        return [p for p in parameters if p.trainable and p.size >= LARGE]

    # --- recording

    def plan(self, n, dtype, one_hot, team, weighted=False, share=1.0, add=False, update=True):
        """The plan of a training step on a batch of `n` images of that dtype, and its buffers by name.

        Args:
            n, dtype, team: images, their type, threads.
            one_hot: whether labels are rows; targets of the output's shape are.
            weighted: whether samples have weights.
            share: the part's share of the batch, where they have none.
            add: whether gradients are added to those of the parts before.
            update: whether parameters are updated, after the last part.
        """
        for layer, frozen in self._frozen:  # another trainer may have been made in the meantime
            layer.freeze(frozen)
        tape = Tape(self.net.dtype, training=True, rng=self.net.rng, add=add, passing=self.passing)
        self.flat.grad  # noqa: B018 - layers record views into it
        source, x = self.net.record_input(tape, n, dtype)
        y = self.net.apply(tape, x)
        labels = tape.input(y.shape if one_hot else (n,), tape.dtype if one_hot else np.int32)
        weights = tape.input((n,), np.float64) if weighted else None
        loss, hits = self.loss.record(tape, y, labels, weights, share)
        named = {"x": source, "labels": labels, "loss": loss, "hits": hits, "weights": weights}
        for number, (head, weight) in enumerate(tape.heads):
            named[f"head{number}"], _ = self.loss.record(tape, head, labels, weights, share * weight)
        self._head_weights = tuple(weight for _, weight in tape.heads)
        if update:
            self.update.record(tape)
            if self.average is not None:
                self.average.record(tape)
        named = {name: tape.keep(buffer) for name, buffer in named.items() if buffer is not None}
        return tape.plan(team), named

    def run(self, n, dtype, one_hot, weighted=False, share=1.0, add=False, update=True):
        """The recorded step for batches of `n`, or for such a part of one: fill its arrays, then replay it."""
        how = weighted, share, add, update
        key = (self.owner, n, np.dtype(dtype), one_hot, *how)
        return self.net._arena.run(key, lambda team: self.plan(n, dtype, one_hot, team, *how))

    # --- running

    def step(self, x, labels, sample_weight=None, lr=None):
        """One training step on a batch.

        Args:
            x: (N, *input_shape) numbers; uint8 images are scaled.
            labels: as the loss needs, N integer classes, (N, K) rows of probabilities or targets of the output's shape.
            sample_weight: N numbers, 0 or more: how often each sample counts; the loss is the weighted mean.
            lr: the learning rate of this step; the optimizer's unless given.

        Returns:
            The mean loss before the update, with those of auxiliary heads times their weights.

        Raises:
            ValueError: for shapes that do not fit or labels out of range.
            NonFiniteLoss: if the loss is not finite; network and optimizer are left as they were.
        """
        x = self.net.check_images(x)
        labels = self.loss.targets(labels, len(x), self.net.output_shape)
        sample_weight = check_weights(sample_weight, len(x))
        return self.advance(x, labels, sample_weight, lr)

    def advance(self, x, labels, sample_weight=None, lr=None):
        """One step on images, labels and weights that were checked; returns as `step` does."""
        n, dtype = len(x), self.net.input_dtype(x)
        with self.net._lock:
            if self.net.flat is not self.flat:
                raise ValueError("a network that is built again needs a new Trainer: received one with new parameters")
            self._prepare(lr)
            weights = self.loss.shares(labels, sample_weight)
            parts = self._parts(n, dtype, labels.ndim > 1, weights is not None)
            for _, _, settings in parts if self.accumulate > 1 else ():
                self.run(**settings)  # what does not fit is refused before the first part has run
            # each part of a batch moves the network's state, which comes back if a later part fails
            state = self._state().copy() if self.accumulate > 1 else None
            try:
                loss = hits = 0
                for number, (part, share, settings) in enumerate(parts):
                    run = self.run(**settings)
                    run.fill("x", x[part])
                    run.fill("labels", labels[part])
                    if weights is not None:
                        run["weights"][...] = weights[part]
                    self.net.rng[1] = self.step_number * self.accumulate + number
                    loss += share * self._replay(run)
                    hits += int(run["hits"][0]) if self.loss.classes else 0
            except BaseException:
                if state is not None:
                    self._state()[:] = state
                raise
            self.hits = hits
            self.step_number += 1
        return loss

    def rehearse(self, n, dtype, labels, sample_weight=None):
        """Records a step on `n` images with labels and weights such as these, which raises what that breaks."""
        weighted = self.loss.shares(labels, sample_weight) is not None
        with self.net._lock:
            for _, _, settings in self._parts(n, dtype, labels.ndim > 1, weighted):
                self.run(**settings)

    def _parts(self, n, dtype, one_hot, weighted):
        """(slice, share in the loss, arguments of `run`) of each part of a batch of `n` images."""
        size = -(-n // self.accumulate)
        parts = []
        for start in range(0, n, size):
            part = slice(start, min(n, start + size))
            count = part.stop - start
            share = 1.0 if weighted else count / n
            settings = {"n": count, "dtype": dtype, "one_hot": one_hot, "weighted": weighted, "share": share,
                        "add": start > 0, "update": part.stop == n}  # fmt: skip
            parts.append((part, share, settings))
        return parts

    def _state(self):
        """What the network keeps beside learned parameters, such as running statistics."""
        return self.flat.all[self.flat.length :]

    def _prepare(self, lr):
        self.lr[0] = self.optimizer.lr_at(self.step_number, self.steps) if lr is None else check_rate(lr)
        self.update.prepare(self.step_number, float(self.lr[0]))

    def _replay(self, run):
        """Runs a filled program; returns its loss."""
        self.flat.written()
        stopped = run.program.run()
        loss = float(run["loss"][0])
        for number, weight in enumerate(self._head_weights):
            loss += weight * float(run[f"head{number}"][0])
        if stopped is not None:
            raise NonFiniteLoss(self._diagnosis(run, loss))
        return loss

    def gradients(self):
        """Path -> array: the gradients of the last step, live views.

        Raises:
            ValueError: if they are not kept.
        """
        if self.passing:
            raise ValueError("gradients are there with Trainer(..., keep_gradients=True): received False")
        self.flat.grad  # noqa: B018 - allocates the views if no step has run
        return {path: parameter.grad for path, parameter in self.flat.learned().items()}

    # --- state

    def state_dict(self):
        """Copies of all that changes from step to step, but for the network's own state: name -> array or number.

        With `net.state()` and the same settings it continues training, to the same bits.

        Example:
            >>> import cnnc
            >>> net = cnnc.Sequential([cnnc.Dense(2)]).build((3,), seed=0)
            >>> sorted(cnnc.Trainer(net, cnnc.Adam(), ema=0.99).state_dict())
            ['average', 'optimizer.mean', 'optimizer.square', 'rng', 'step']
        """
        state = {"step": self.step_number, "rng": self.net.rng.copy()}
        state.update((f"optimizer.{name}", array.copy()) for name, array in self.state.items())
        if self.average is not None:
            state["average"] = self.average.array.copy()
        state.update((f"schedule.{name}", value) for name, value in self._schedule_state().items())
        return state

    def load_state_dict(self, state):
        """Puts back what `state_dict` returned.

        Raises:
            ValueError: unless names and sizes are those of this trainer.
        """
        own = self.state_dict()
        if state.keys() != own.keys():
            raise ValueError(f"this trainer's state is {', '.join(sorted(own))}: received {', '.join(sorted(state))}")
        for name, value in own.items():
            if np.shape(value) != np.shape(state[name]):
                raise ValueError(f"{name} must have the shape {np.shape(value)}: received {np.shape(state[name])}")
        self.step_number = int(state["step"])
        self.net.rng[:] = state["rng"]
        for name, array in self.state.items():
            array[:] = state[f"optimizer.{name}"]
        if self.average is not None:
            self.average.array[:] = state["average"]
        schedule = {name: state[f"schedule.{name}"] for name in self._schedule_state()}
        if schedule:
            self.optimizer.lr.restore(schedule)

    def _schedule_state(self):
        return self.optimizer.lr.state() if hasattr(self.optimizer.lr, "state") else {}

    def _diagnosis(self, run, loss):
        x = run["x"].copy()
        if not np.isfinite(x).all():
            where = "the input of the network is not finite"
        elif odd := [path for path, p in self.flat.named.items() if not np.isfinite(p.data).all()]:
            where = f'the parameter "{odd[0]}" is not finite'
        else:
            outputs = self.net.activations(x)
            titles = {layer.path: layer.title for layer in self.net.walk()}
            odd = [titles[path] for path, y in outputs.items() if not np.isfinite(y).all()]
            where = f"the first layer whose output is not finite is {odd[0]}" if odd else "all outputs are finite"
        return (f"the loss must be finite, training stopped at step {self.step_number} with learning rate "
                f"{self.lr[0]:g} and left the parameters as they were before it; {where}: received {loss}")  # fmt: skip
