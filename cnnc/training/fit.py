"""The loop over epochs."""

import sys
import time

import numpy as np

from cnnc.training.checks import check_count, check_labels
from cnnc.training.optimizers import SGD
from cnnc.training.trainer import Trainer


def fit(net, x, labels, epochs=1, batch_size=64, optimizer=None, loss="cross_entropy", validation_data=None,
        callbacks=(), seed=0, progress=True):  # fmt: skip
    """Trains a network with minibatches drawn in a new random order each epoch.

    Args:
        net: the network, built or not.
        x: (N, *input_shape) images; uint8 stays one byte a pixel in memory.
        labels: N integer classes, or (N, K) rows of probabilities.
        epochs: passes over the data.
        batch_size: images in a step; the last batch of an epoch may be smaller.
        optimizer: SGD with lr 0.01 and momentum 0.9 unless given.
        loss: "cross_entropy".
        validation_data: (images, labels) evaluated after each epoch.
        callbacks: functions (epoch, logs) called after each epoch; training stops after one that returns True.
        seed: int from 0 to 2**64 - 1, of the order of the images.
        progress: a progress bar on a terminal, a line an epoch in a log; False for silence.

    Returns:
        History: a dict of lists with a value an epoch: loss, accuracy, seconds, and val_loss, val_accuracy.

    Raises:
        ValueError: for shapes that do not fit, labels out of range, or counts that are not positive.
        NonFiniteLoss: if the loss is not finite; the parameters are those of the step before.
    """
    x = net.check_images(x)
    labels = check_labels(labels, len(x), net.output_shape)
    epochs, batch_size = check_count(epochs, "epochs"), check_count(batch_size, "batch_size")
    if validation_data is not None:
        if not isinstance(validation_data, (tuple, list)) or len(validation_data) != 2:
            raise ValueError(f"validation_data must be (images, labels): received {type(validation_data).__name__}")
        images = net.check_images(validation_data[0])
        validation_data = images, check_labels(validation_data[1], len(images), net.output_shape)
    batches = -(-len(x) // batch_size)
    trainer = Trainer(net, optimizer or SGD(lr=0.01, momentum=0.9), loss, steps=epochs * batches)
    history = {}
    for epoch in range(epochs):
        order = np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(len(x))
        with Progress(progress, epoch, epochs, len(x)) as bar:
            logs = _epoch(trainer, x, labels, order, batch_size, bar)
            if validation_data is not None:
                logs.update((f"val_{k}", v) for k, v in net.evaluate(*validation_data, batch_size=256).items())
            bar.finish(logs)
        for name, value in logs.items():
            history.setdefault(name, []).append(value)
        if any([callback(epoch, logs) is True for callback in callbacks]):
            break
    return history


def _epoch(trainer, x, labels, order, batch_size, bar):
    """One pass over the data in the given order; returns its mean loss and accuracy."""
    net = trainer.net
    dtype = net.input_dtype(x)
    direct = x.dtype == dtype and isinstance(x, np.ndarray)
    start, total, hits = time.perf_counter(), 0.0, 0
    for first in range(0, len(order), batch_size):
        chosen = order[first : first + batch_size]
        with net._lock:
            run = trainer.run(len(chosen), dtype, labels.ndim == 2)
            if direct:
                np.take(x, chosen, axis=0, out=run["x"], mode="clip")
            else:
                run["x"][...] = x[chosen]
            run["labels"][...] = labels[chosen]
            total += trainer.replay(run) * len(chosen)
        hits += trainer.hits
        seen = first + len(chosen)
        bar.update(len(chosen), total / seen, hits / seen)
    return {"loss": total / len(order), "accuracy": hits / len(order), "seconds": time.perf_counter() - start}


class Progress:
    """A bar on a terminal, a line an epoch elsewhere, or nothing."""

    INTERVAL = 0.1  # seconds between redraws

    def __init__(self, wanted, epoch, epochs, images):
        self.wanted, self.images = wanted, images
        self.title = f"epoch {epoch + 1}/{epochs}"
        self.bar = None
        self.waiting, self.drawn = 0, 0.0

    def __enter__(self):
        if self.wanted and sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(total=self.images, desc=self.title, unit=" images", unit_scale=True, leave=False,
                            dynamic_ncols=True)  # fmt: skip
        return self

    def __exit__(self, *error):
        if self.bar is not None:
            self.bar.close()

    def update(self, images, loss, accuracy):
        """Counts a batch and redraws now and then."""
        if self.bar is None:
            return
        self.waiting += images
        now = time.perf_counter()
        if now - self.drawn > self.INTERVAL:
            self.bar.set_postfix_str(f"loss {loss:.4f}, accuracy {100 * accuracy:.2f} %", refresh=False)
            self.bar.update(self.waiting)
            self.waiting, self.drawn = 0, now

    def finish(self, logs):
        """The line that stays."""
        if not self.wanted:
            return
        if self.bar is not None:
            self.bar.close()
        rate = self.images / logs["seconds"]
        line = f"{self.title}: loss {logs['loss']:.4f}, accuracy {100 * logs['accuracy']:.2f} %"
        if "val_loss" in logs:
            line += f", validation loss {logs['val_loss']:.4f}, accuracy {100 * logs['val_accuracy']:.2f} %"
        print(f"{line}, {logs['seconds']:.1f} s, {rate:,.0f} images/s", flush=True)
