"""Batches in a seeded order, prepared on threads while others are worked on."""

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from cnnc.checks import check_count, check_seed
from cnnc.geometry import is_int
from cnnc.ops import get_num_threads, one_thread

ORDERS = ("shuffled", "sequential", "balanced")


class Batch(NamedTuple):
    """What a step of training takes: images, their labels, and their places in the source."""

    x: np.ndarray
    labels: np.ndarray
    index: np.ndarray


class Images:
    """An array of images as a source: what a loader reads from."""

    def __init__(self, x, labels=None):
        x = x if isinstance(x, np.ndarray) else np.asarray(x)  # a memory-mapped file stays one
        if x.dtype.kind not in "buif":
            raise TypeError(f"images must be numbers: received dtype {x.dtype}")
        if x.ndim < 2 or not x.size:
            raise ValueError(f"images must have the shape (N, ...), N of at least 1: received {x.shape}")
        self.x, self.labels = x, labels
        self.shape, self.dtype = x.shape[1:], x.dtype

    def __len__(self):
        return len(self.x)

    def read(self, index, rng):
        return self.x[index]


class Loader:
    """Batches of images and labels, epoch after epoch, augmented and prepared ahead on threads.

    `for x, labels in loader` is one epoch; `net.fit(loader)`, `net.evaluate(loader)` and `net.predict(loader)`
    take one in the place of arrays. Images stay where they are, one byte a pixel or in their files: no second copy of
    the data is made, and no process started.

    The order of epoch e comes from the counter-based stream Philox(seed, e), the random numbers of its batch b from a
    part of that stream of their own. So batches do not depend on threads or on what was prepared ahead, and a loader
    goes on exactly where the state that it was given ends.

    (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, 2011.)

    Args:
        x: (N, ...) images, also memory-mapped, or a source such as `cnnc.data.ImageFolder`: what has a length, the
            `shape` and `dtype` of an image, `labels` or None, and `read(index, rng)`, which returns the images of those
            places as a new array; `rng` is a NumPy generator of the batch's own.
        labels: N labels, of any kind that the loss takes; those of the source unless given.
        batch_size: images in a batch; the last one of an epoch may be smaller.
        index: the places of the images to use, such as a part from `cnnc.data.stratified_split`; all unless given.
        order: "shuffled", a new random order each epoch; "sequential"; "balanced", which draws all classes equally
            often, those of few images several times; or a function (rng, labels of the images to use) that returns
            their numbers in order, as many as there are.
        transforms: a list of functions (x, rng) that return a batch of images, such as `cnnc.data.Flip()`, done one
            after the other. One with an attribute `mixes` that is true takes and returns labels, too.
        seed: int from 0 to 2**64 - 1.
        prefetch: how many batches are prepared ahead, beside the one worked on; 0 prepares each when it is asked for.
            One for each thread, and at least 2, unless given.
        threads: how many threads prepare batches, each of them a batch of its own; one for an array, otherwise as many
            as operations use.
        drop_last: leaves away a last batch that is smaller.

    Attributes:
        shape, dtype: of an image as it comes out.
        labels: of the whole source.
        mixes: whether a transform mixes images, so that labels become rows of probabilities.
        epoch: the number of the epoch that is going on, or comes next: the last batch handed out ends one.
        start: the number of the batch with which the next epoch begins: 0, unless a state was loaded.
        waited: seconds for which the last epoch's batches were waited for.

    Raises:
        TypeError: for images that are not numbers, or transforms that are not functions.
        ValueError: for labels that are not as many as images, a batch size, order or counts outside their range, or a
            transform that does not fit the images. During an epoch, for a source or transforms whose batches are not
            of the number, shape and dtype that they told.

    Example:
        >>> import cnnc, numpy as np
        >>> from cnnc.data import Flip, Loader, PadCrop, digits
        >>> (x, labels), test = digits()
        >>> loader = Loader(x, labels, batch_size=500, transforms=[PadCrop(2)], seed=1)
        >>> [x.shape for x, labels in loader]
        [(500, 28, 28, 1), (500, 28, 28, 1), (437, 28, 28, 1)]
        >>> loader.state()
        {'seed': 1, 'epoch': 1, 'batch': 0, 'batch_size': 500, 'images': 1437}
    """

    def __init__(self, x, labels=None, batch_size=64, index=None, order="shuffled", transforms=(), seed=0,
                 prefetch=None, threads=None, drop_last=False):  # fmt: skip
        self.source = x if hasattr(x, "read") else Images(x)
        self.labels = np.asarray(self.source.labels if labels is None else labels)
        self.batch_size, self.seed = check_count(batch_size, "batch_size"), check_seed(seed)
        if self.labels.ndim == 0 or len(self.labels) != len(self.source):
            received = "none" if self.labels.ndim == 0 else len(self.labels)
            raise ValueError(f"there must be one label for each of the {len(self.source)} images: received {received}")
        self.index = np.arange(len(self.source)) if index is None else _places(index, len(self.source), "index")
        if not callable(order) and order not in ORDERS:
            raise ValueError(f"order must be one of {', '.join(ORDERS)}, or a function: received {order!r}")
        if order == "balanced" and (self.labels.ndim != 1 or self.labels.dtype.kind not in "iu"):
            raise ValueError(f"a balanced order needs labels that are classes: received {self.labels.dtype} "
                             f"{self.labels.shape}")  # fmt: skip
        if not isinstance(transforms, (list, tuple)) or not all(map(callable, transforms)):
            raise TypeError(f"transforms must be a list of functions (x, rng): received {transforms!r}")
        self.order, self.transforms = order, list(transforms)
        self.drop_last = bool(drop_last)
        if not len(self):
            raise ValueError(f"drop_last leaves no batch of {batch_size}: received {len(self.index)} images")
        usual = 1 if isinstance(self.source, Images) else get_num_threads()
        self.threads = usual if threads is None else check_count(threads, "threads")
        if prefetch is not None and (not is_int(prefetch) or prefetch < 0):
            raise ValueError(f"prefetch must be an int of at least 0: received {prefetch!r}")
        self.prefetch = max(2, self.threads) if prefetch is None else int(prefetch)
        self.mixes = any(getattr(transform, "mixes", False) for transform in self.transforms)
        self.epoch, self.batch, self.waited = 0, 0, 0.0
        self.start = 0
        empty = np.zeros((1, *self.source.shape), self.source.dtype)
        out, _ = self._transform(empty, np.zeros((1, 1), np.float32), self._rng(0, 0))
        if not isinstance(out, np.ndarray) or out.ndim < 1 or len(out) != 1:
            received = out.shape if isinstance(out, np.ndarray) else type(out).__name__
            raise ValueError(f"transforms must make an array of as many images as they get: received {received} from 1")
        self.shape, self.dtype = out.shape[1:], out.dtype

    def __len__(self):
        """The number of batches in an epoch."""
        images = len(self.index)
        return images // self.batch_size if self.drop_last else -(-images // self.batch_size)

    @property
    def images(self):
        """The number of images in an epoch."""
        return min(len(self.index), len(self) * self.batch_size)

    @property
    def sizes(self):
        """The sizes of an epoch's batches, each once."""
        return {min(self.batch_size, self.images - first) for first in (0, (len(self) - 1) * self.batch_size)}

    def __iter__(self):
        """One epoch: yields (x, labels)."""
        classes = int(self.labels.max()) + 1 if self.mixes and self.labels.dtype.kind in "biu" else None
        return ((batch.x, batch.labels) for batch in self.batches(self.labels, classes))

    def batches(self, labels, classes=None):
        """One epoch as `Batch`es, with labels in the place of the source's own: checked ones.

        Where images are mixed, labels come as rows: of `classes` probabilities, or of a number each without `classes`.
        """
        epoch, first, self.start = self.epoch, self.start, 0
        self.waited = 0.0
        order = self._order(epoch)
        numbers = range(first, len(self))

        def prepare(number):
            index = order[number * self.batch_size : (number + 1) * self.batch_size]
            rng, chosen = self._rng(epoch, number + 1), labels[index]
            if self.mixes and chosen.ndim == 1:
                chosen = chosen[:, None]
                if classes is not None:
                    chosen = (chosen == np.arange(classes)).astype(np.float32)
            x = self.source.read(index, rng)
            _check_batch(x, len(index), self.source, "the source must read")
            x, chosen = self._transform(x, chosen, rng)
            _check_batch(x, len(index), self, "transforms must make")
            return Batch(x, chosen, index)

        ahead = self._ahead(prepare, numbers) if self.prefetch else map(prepare, numbers)
        for number in numbers:
            start = time.perf_counter()
            batch = next(ahead)
            self.waited += time.perf_counter() - start
            more = number + 1 < len(self)  # after the last batch, what comes next is another epoch
            self.epoch, self.batch = (epoch, number + 1) if more else (epoch + 1, 0)
            yield batch

    def _ahead(self, prepare, numbers):
        """The batches of these numbers in order, some of them prepared before they are asked for."""
        pool = ThreadPoolExecutor(self.threads, "cnnc-loader", initializer=one_thread)
        try:
            coming, numbers = deque(), iter(numbers)
            while True:
                for number in numbers:
                    coming.append(pool.submit(prepare, number))
                    if len(coming) > self.prefetch:
                        break
                if not coming:
                    return
                yield coming.popleft().result()
        finally:  # also when the epoch is left early
            pool.shutdown(wait=True, cancel_futures=True)

    def _rng(self, epoch, part):
        """The generator of a part of an epoch: 0 is its order, b + 1 its batch b."""
        key = np.array([self.seed, epoch], np.uint64)  # a list of a large and a small int would go by floats
        return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, part]))

    def _order(self, epoch):
        """The epoch's places in the source, in order."""
        rng, images = self._rng(epoch, 0), len(self.index)
        if self.order == "sequential":
            return self.index
        if self.order == "shuffled":
            return self.index[rng.permutation(images)]
        chosen = (_balanced if self.order == "balanced" else self.order)(rng, self.labels[self.index])
        chosen = _places(chosen, images, "an order")
        if len(chosen) != images:
            raise ValueError(f"an order must have {images} numbers: received {len(chosen)}")
        return self.index[chosen]

    def _transform(self, x, labels, rng):
        for transform in self.transforms:
            if getattr(transform, "mixes", False):
                x, labels = transform(x, labels, rng)
            else:
                x = transform(x, rng)
        return x, labels

    # --- where it is

    def state(self):
        """Where the loader is: the seed, the epoch, how many of its batches were handed out, and their size and images.

        Example:
            >>> import numpy as np
            >>> from cnnc.data import Loader
            >>> loader = Loader(np.zeros((6, 2)), np.arange(6), batch_size=2)
            >>> batches = iter(loader)
            >>> _, state = next(batches), loader.state()
            >>> rest = [labels.tolist() for x, labels in batches]
            >>> other = Loader(np.zeros((6, 2)), np.arange(6), batch_size=2)
            >>> other.load_state(state)
            >>> [labels.tolist() for x, labels in other] == rest
            True
        """
        return {"seed": self.seed, "epoch": self.epoch, "batch": self.batch, "batch_size": self.batch_size,
                "images": self.images}  # fmt: skip

    def load_state(self, state):
        """Goes on, with the next epoch that is asked for, where `state()` was taken.

        Raises:
            ValueError: for a state that is none, or of a loader with other batches than this one has.
        """
        if not isinstance(state, dict) or state.keys() != self.state().keys() or not all(map(is_int, state.values())):
            raise ValueError(f"a loader's state has the ints {', '.join(self.state())}: received {state!r}")
        if state["batch_size"] != self.batch_size or state["images"] != self.images:
            raise ValueError(f"a state must be of a loader of {self.images} images in batches of {self.batch_size}, as "
                             f"this one is: received {state!r}")  # fmt: skip
        if not 0 <= state["batch"] < len(self) or not 0 <= state["epoch"] < 2**64 or not 0 <= state["seed"] < 2**64:
            raise ValueError(f"this loader has {len(self)} batches in an epoch: received {state!r}")
        self.seed, self.epoch, self.start = (int(state[name]) for name in ("seed", "epoch", "batch"))
        self.batch = self.start


def _check_batch(x, count, told, rule):
    """Raises unless x is so many images of the shape and dtype that a source or loader tells."""
    shape = (count, *told.shape)
    if not isinstance(x, np.ndarray) or x.shape != shape or x.dtype != told.dtype:
        received = f"{x.dtype} {x.shape}" if isinstance(x, np.ndarray) else type(x).__name__
        raise ValueError(f"{rule} {np.dtype(told.dtype)} {shape} here: received {received}")


def _places(index, images, name):
    """Places among so many images, checked."""
    index = np.asarray(index)
    if index.ndim != 1 or index.dtype.kind not in "iu" or not index.size:
        raise ValueError(f"{name} must be a list of ints: received {index.dtype} {index.shape}")
    if index.min() < 0 or index.max() >= images:
        raise ValueError(f"{name} must hold ints from 0 to {images - 1}: received {index.min()} to {index.max()}")
    return index


def _balanced(rng, labels):
    """As many places as there are labels, all classes equally often but for one; a class's own in turn."""
    members = [rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
    each, more = divmod(len(labels), len(members))
    counts = each + (rng.permutation(len(members)) < more)
    return rng.permutation(np.concatenate([np.resize(m, n) for m, n in zip(members, counts, strict=True)]))
