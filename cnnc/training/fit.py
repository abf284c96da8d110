"""The loop over epochs."""

import contextlib
import time

import numpy as np

from cnnc.labels import check_weights
from cnnc.training import losses
from cnnc.training.checks import check_count, check_seed
from cnnc.training.optimizers import SGD
from cnnc.training.progress import Progress
from cnnc.training.schedules import Schedule
from cnnc.training.trainer import Trainer

__all__ = ["fit"]


def fit(net, x, labels, epochs=1, batch_size=64, optimizer=None, loss="cross_entropy", validation_data=None,
        callbacks=(), seed=0, progress=True, sample_weight=None, accumulate=1, ema=None):  # fmt: skip
    """Trains a network with minibatches drawn in a new random order each epoch.

    Args:
        net: the network, built or not.
        x: (N, *input_shape) images; uint8 stays one byte a pixel in memory.
        labels: N integer classes, (N, K) rows of probabilities, or targets of the output's shape, as the loss needs.
        epochs: passes over the data.
        batch_size: images in a step; the last batch of an epoch may be smaller.
        optimizer: SGD with lr 0.01 and momentum 0.9 unless given.
        loss: a name or an object, see `cnnc.Trainer`.
        validation_data: (images, labels) evaluated after each epoch.
        callbacks: a list of functions (epoch, logs) called after each epoch, with the epoch's values of the history;
            training stops after one that returns True.
        seed: int from 0 to 2**64 - 1, of the order of the images.
        progress: a progress bar on a terminal, a line an epoch in a log; False for silence.
        sample_weight: N numbers, 0 or more: how often each sample counts in the mean of its batch.
        accumulate: steps are of `accumulate * batch_size` images, worked off in so many parts: the gradients of a large
            batch in the memory of a small one.
        ema: the share of a moving average of the weights that stays in a step, such as 0.999. Validation uses the
            averages, and the network has them in the end; callbacks still see the weights themselves.

    Returns:
        History: a dict of lists with a value an epoch: loss, accuracy (where labels are classes), lr, seconds, and
        val_loss, val_accuracy. loss and accuracy are means over the epoch's batches, each before its update; loss
        counts auxiliary heads, val_loss does not.

    Raises:
        TypeError: for an optimizer or callbacks that are none.
        ValueError: for shapes that do not fit, labels out of range, counts that are not positive, or a schedule that
            monitors what is not measured.
        NonFiniteLoss: if the loss is not finite; the parameters are those of the step before.
    """
    x = net.check_images(x)
    loss = losses.get(loss)
    labels = loss.targets(labels, len(x), net.output_shape)
    sample_weight = check_weights(sample_weight, len(x))
    epochs, batch_size = check_count(epochs, "epochs"), check_count(batch_size, "batch_size")
    batch_size *= check_count(accumulate, "accumulate")
    if validation_data is not None:
        if not isinstance(validation_data, (tuple, list)) or len(validation_data) != 2:
            raise ValueError(f"validation_data must be (images, labels): received {type(validation_data).__name__}")
        images = net.check_images(validation_data[0])
        validation_data = images, loss.targets(validation_data[1], len(images), net.output_shape)
    callbacks, seed = _functions(callbacks), check_seed(seed)
    batches = -(-len(x) // batch_size)
    if optimizer is None:
        optimizer = SGD(lr=0.01, momentum=0.9)
    trainer = Trainer(net, optimizer, loss, epochs * batches, accumulate, ema, keep_gradients=False)
    if isinstance(optimizer.lr, Schedule):
        val = [f"val_{name}" for name in loss.metrics] if validation_data is not None else []
        optimizer.lr.check([*loss.metrics, "lr", "seconds", *val])
    for size in {min(batch_size, len(x)), len(x) % batch_size or batch_size}:  # the last batch may be too small
        trainer.rehearse(min(size, len(x)), net.input_dtype(x), labels, sample_weight)
    history = {}
    for epoch in range(epochs):
        order = np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(len(x))
        with Progress(progress, epoch, epochs, len(x)) as bar:
            logs = _epoch(trainer, x, labels, sample_weight, order, batch_size, bar)
            if validation_data is not None:
                with trainer.average or contextlib.nullcontext():
                    found = net.evaluate(*validation_data, batch_size=256, loss=loss)
                logs.update((f"val_{k}", v) for k, v in found.items())
            bar.finish(logs)
        for name, value in logs.items():
            history.setdefault(name, []).append(value)
        if isinstance(optimizer.lr, Schedule):
            optimizer.lr.note(logs)
        if any([_is_true(callback(epoch, logs)) for callback in callbacks]):
            break
    if trainer.average is not None:
        trainer.average.keep()
    return history


def _functions(callbacks):
    """The callbacks as a list, checked."""
    if not isinstance(callbacks, (list, tuple)) or not all(map(callable, callbacks)):
        raise TypeError(f"callbacks must be a list of functions (epoch, logs): received {callbacks!r}")
    return callbacks


def _is_true(answer):
    """Whether a callback returned True, Python's or NumPy's; anything else goes on."""
    return isinstance(answer, (bool, np.bool_)) and bool(answer)


def _epoch(trainer, x, labels, sample_weight, order, batch_size, bar):
    """One pass over the data in the given order; returns what it measured."""
    dtype = trainer.net.input_dtype(x)
    direct = x.dtype == dtype and isinstance(x, np.ndarray)
    classes = trainer.loss.classes
    start, total, hits = time.perf_counter(), 0.0, 0

    def fill(run, part):
        if direct:
            np.take(x, chosen[part], axis=0, out=run["x"], mode="clip")
        else:
            run["x"][...] = x[chosen[part]]
        run["labels"][...] = wanted[part]

    for first in range(0, len(order), batch_size):
        chosen = order[first : first + batch_size]
        wanted = labels[chosen]
        weights = None if sample_weight is None else sample_weight[chosen]
        total += trainer.advance(len(chosen), dtype, wanted, weights, fill) * len(chosen)
        hits += trainer.hits
        seen = first + len(chosen)
        bar.update(len(chosen), total / seen, hits / seen if classes else None)
    found = {"accuracy": hits / len(order)} if classes else {}
    lr = float(trainer.lr[0])
    return {"loss": total / len(order), **found, "lr": lr, "seconds": time.perf_counter() - start}
