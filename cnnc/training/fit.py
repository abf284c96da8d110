"""The loop over epochs."""

import contextlib
import time

import numpy as np

from cnnc.checks import check_count, check_seed
from cnnc.labels import check_weights
from cnnc.training import losses
from cnnc.training.loading import judged, loader_for, sample_of, streams
from cnnc.training.optimizers import SGD
from cnnc.training.progress import Progress
from cnnc.training.schedules import Schedule
from cnnc.training.trainer import Trainer

__all__ = ["fit"]


def fit(net, x, labels=None, epochs=1, batch_size=64, optimizer=None, loss="cross_entropy", validation_data=None,
        callbacks=(), seed=0, progress=True, sample_weight=None, accumulate=1, ema=None):  # fmt: skip
    """Trains a network with minibatches drawn in a new random order each epoch.

    Args:
        net: the network, built or not.
        x: (N, *input_shape) images; uint8 stays one byte a pixel in memory. Or a `cnnc.data.Loader`, which has labels,
            batch size, seed and augmentation of its own, and goes on with the epoch at which it stands.
        labels: N integer classes, (N, K) rows of probabilities, or targets of the output's shape, as the loss needs.
        epochs: passes over the data.
        batch_size: images in a step; the last batch of an epoch may be smaller.
        optimizer: SGD with lr 0.01 and momentum 0.9 unless given.
        loss: a name or an object, see `cnnc.Trainer`.
        validation_data: (images, labels), or a loader, evaluated after each epoch.
        callbacks: a list of functions (epoch, logs) called after each epoch, with the epoch's values of the history;
            training stops after one that returns True.
        seed: int from 0 to 2**64 - 1, of the order of the images.
        progress: a progress bar on a terminal, a line an epoch in a log; False for silence.
        sample_weight: N numbers, 0 or more: how often each sample counts in the mean of its batch.
        accumulate: steps are of `accumulate * batch_size` images, worked off in so many parts: the gradients of a large
            batch in the memory of a small one. A loader's batch is cut into so many parts.
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
    loss = losses.get(loss)
    batch_size = check_count(batch_size, "batch_size") * check_count(accumulate, "accumulate")
    loader, labels = loader_for(net, x, labels, loss, batch_size=batch_size, seed=check_seed(seed))
    sample_weight = check_weights(sample_weight, len(labels))
    epochs, callbacks = check_count(epochs, "epochs"), _functions(callbacks)
    if validation_data is not None:
        pair = (validation_data, None) if streams(validation_data) else validation_data
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ValueError(f"validation_data must be (images, labels) or a loader: received {type(pair).__name__}")
        validation_data, _ = judged(net, *pair, loss)
    if optimizer is None:
        optimizer = SGD(lr=0.01, momentum=0.9)
    steps = epochs * len(loader) - loader.start
    trainer = Trainer(net, optimizer, loss, steps, accumulate, ema, keep_gradients=False)
    if isinstance(optimizer.lr, Schedule):
        val = [f"val_{name}" for name in loss.metrics] if validation_data is not None else []
        optimizer.lr.check([*loss.metrics, "lr", "seconds", *val])
    sample = sample_of(net, loader, labels)
    for size in loader.sizes:  # the last batch may be too small
        trainer.rehearse(size, net.input_dtype(loader), sample, None if sample_weight is None else sample_weight[:1])
    history = {}
    for epoch in range(epochs):
        with Progress(progress, epoch, epochs, loader.images) as bar:
            logs = _epoch(trainer, loader, labels, sample_weight, bar)
            if validation_data is not None:
                with trainer.average or contextlib.nullcontext():
                    found = net.evaluate(validation_data, loss=loss)
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


def _epoch(trainer, loader, labels, sample_weight, bar):
    """One pass over the data; returns what it measured."""
    classes = trainer.loss.classes
    start, total, hits, seen = time.perf_counter(), 0.0, 0, 0
    for batch in loader.batches(labels, trainer.net.output_shape[0]):
        n = len(batch.x)
        weights = None if sample_weight is None else sample_weight[batch.index]
        total += trainer.advance(batch.x, batch.labels, weights) * n
        hits += trainer.hits
        seen += n
        bar.update(n, total / seen, hits / seen if classes else None)
    found = {"accuracy": hits / seen} if classes else {}
    lr = float(trainer.lr[0])
    return {"loss": total / seen, **found, "lr": lr, "seconds": time.perf_counter() - start}
