"""Networks: a chain of layers that can be built, run, trained, described and saved."""

import copy
import threading

import numpy as np

from cnnc import evaluation, training
from cnnc import summary as summary_module
from cnnc.checks import check_seed
from cnnc.geometry import is_int
from cnnc.layers import Rescale
from cnnc.layers.containers import Chain
from cnnc.parameters import Flat
from cnnc.tape import Arena, Tape

DTYPES = (np.float32, np.float64)
BYTES = np.dtype(np.uint8)


class Sequential(Chain):
    """A network: layers one after the other. Branches inside are `Add`, `Multiply` and `Concat`.

    Args:
        layers: a list of layers; a Sequential may be a layer of another.

    Example:
        >>> import cnnc, numpy as np
        >>> net = cnnc.Sequential([cnnc.Conv2D(6, 5), cnnc.Tanh(), cnnc.AvgPool2D(2), cnnc.Flatten(), cnnc.Dense(10)])
        >>> net.build((28, 28, 1), seed=0).count_parameters()
        8806
        >>> net(np.zeros((2, 28, 28, 1), np.uint8)).shape
        (2, 10)
    """

    def __init__(self, layers):
        super().__init__(layers)
        self._named = self._flat = None
        self._arena = Arena()

    def __deepcopy__(self, memo):
        """A network of its own, with the same parameters and random numbers; it records its programs anew."""
        twin = memo[id(self)] = object.__new__(type(self))
        own = ("_named", "_flat", "_arena", "_lock")
        vars(twin).update(copy.deepcopy({name: v for name, v in vars(self).items() if name not in own}, memo))
        twin._named = twin._flat = None
        twin._arena = Arena()
        if self.built:
            twin.lay_out(self.input_shape)
            twin.prepare(self.dtype, seed=None)
            twin.rng[:] = self.rng
            twin.flat.all[:] = self.flat.all
        return twin

    # --- building

    def build(self, input_shape, seed=0, dtype=np.float32):
        """Fixes the input shape, checks every layer's shape, and declares the parameters.

        Done on first use where it is not called. Building again starts afresh. Parameters get memory and starting
        values when they are first needed: what only describes a network, such as `summary`, is instant for large ones.

        Args:
            input_shape: of one image or vector, without the batch axis: (H, W, C) or (C,).
            seed: int from 0 to 2**64 - 1, of the starting values and of dropout.
            dtype: float32; float64 for gradient checks.

        Returns:
            The network.

        Raises:
            ValueError: for a shape, seed or dtype of another kind; a LayerError names the first layer whose input does
                not fit.
        """
        seed = check_seed(seed)
        if np.dtype(dtype) not in DTYPES:
            raise TypeError(f"dtype must be float32 or float64: received {np.dtype(dtype)}")
        if not isinstance(input_shape, (tuple, list, np.ndarray)) or not np.ndim(input_shape):
            raise ValueError(f"input_shape must be a tuple of ints: received {input_shape!r}")
        self.lay_out(input_shape)
        self.prepare(dtype, seed)
        return self

    def lay_out(self, input_shape):
        """Checks every layer's shape and declares the parameters, without memory for them."""
        self.place = None
        for layer in self.walk():
            layer.input_shape = None
            if isinstance(layer, Sequential):
                layer._named = layer._flat = None  # a network inside this one has no parameters of its own any more
                layer._arena = Arena()
        self.build_at("", tuple(input_shape))
        self.place = object()
        named, seen = {}, set()
        for stream, layer in enumerate(self.walk()):
            layer.place = self.place
            layer.stream = stream  # tells the layers' random numbers apart
            for name, parameter in layer.own_parameters().items():
                if id(parameter) not in seen:
                    seen.add(id(parameter))
                    named[f"{layer.path}.{name}" if layer.path else name] = parameter
        self._named = named

    def prepare(self, dtype, seed):
        """What a laid out network needs to run; with a seed of None its parameters start as zeros."""
        self.dtype = np.dtype(dtype)
        self.rng = np.array([seed or 0, 0], np.uint64)
        self._seed = seed
        self._arena = Arena()
        self._lock = threading.RLock()

    def with_head(self, *head, drop=1, seed=0):
        """A new network of this one's layers but the last `drop`, with their parameters, and of `head` after them.

        Args:
            head: the new last layers.
            drop: how many layers of this network are left away.
            seed: of the head's starting values.

        Returns:
            A built network; this one stays as it is.

        Raises:
            ValueError: for a number of layers to leave away that is not there, or a head that does not fit.

        Example:
            >>> import cnnc
            >>> net = cnnc.models.lenet5().with_head(cnnc.Dense(3))
            >>> for layer in net.layers[:6]:
            ...     layer.trainable = False  # the features stay
            >>> for layer in net.layers[6:-1]:
            ...     layer.lr_scale = 0.1  # these move slowly, the head at full rate
            >>> net.output_shape
            (3,)
        """
        kept = len(self.layers) - drop
        if not is_int(drop) or not 0 <= drop < len(self.layers):
            raise ValueError(f"drop must be an int from 0 to {len(self.layers) - 1}: received {drop!r}")
        state = self.state()
        net = Sequential([*copy.deepcopy(self.layers[:kept]), *head]).build(self.input_shape, seed, self.dtype)
        for path, array in net.state().items():
            if int(path.split(".")[0]) < kept:
                array[...] = state[path]
        return net

    @property
    def built(self):
        """Whether `build` has been called."""
        return self._named is not None

    def _built(self):
        if not self.built:
            received = "a network without an input shape" if self.place is None else "a part of another network"
            raise ValueError("the network must be built first, with build(input_shape) or by using it: "
                             f"received {received}")  # fmt: skip
        return self

    def parameters(self):
        """Path -> array, for every learned parameter: live views, writing to one changes the network.

        While you keep one, inference derives anew in each call what it prepares from parameters, such as folded
        normalisations: drop the views to have it done once.

        Example:
            >>> import cnnc
            >>> list(cnnc.Sequential([cnnc.Dense(2)]).build((3,)).parameters())
            ['0.weight', '0.bias']
        """
        return {path: parameter.data for path, parameter in self.flat.learned().items()}

    def state(self):
        """Path -> array, of all that makes the network what it is: parameters and, say, running statistics. Live views.

        Example:
            >>> import cnnc
            >>> list(cnnc.Sequential([cnnc.Dense(2)]).build((3,)).state())
            ['0.weight', '0.bias']
        """
        return {path: parameter.data for path, parameter in self.flat.named.items()}

    def count_parameters(self):
        """The number of learnable parameters."""
        return sum(parameter.size for parameter in self._built()._named.values() if parameter.learned)

    @property
    def flat(self):
        """The flat buffers of all parameters and gradients, allocated and filled when they are first asked for."""
        self._built()
        with self._lock:
            if self._flat is None:
                self._flat = Flat(self._named, self.dtype)
                if self._seed is not None:
                    self._flat.initialise(self._seed)
            return self._flat

    # --- describing

    def summary(self, print_table=True, verbose=False, batch_size=1):
        """Prints a table of the layers and returns its rows.

        For each layer: output shape, parameters, the side of its receptive field and its stride in input pixels,
        multiply-adds (MACs) and activation memory in bytes for one image. The last row holds the totals.

        Args:
            print_table: False only returns the rows.
            verbose: True also tells which algorithm each pass of a convolution uses.
            batch_size: of which the algorithms depend.

        Returns:
            A list of dicts.

        Example:
            >>> import cnnc
            >>> net = cnnc.Sequential([cnnc.Conv2D(8, 3, algorithm="direct")]).build((8, 8, 3))
            >>> net.summary(print_table=False, verbose=True, batch_size=16)[0]["algorithms"]
            ('direct', 'direct', '-', 'direct')
        """
        rows = summary_module.rows(self._built(), batch_size if verbose else None)
        if print_table:
            print(summary_module.table(self, rows))
        return rows

    def memory(self, batch_size, training=False, optimizer=None, loss="cross_entropy"):
        """The bytes that a batch needs, from the plan and before anything runs.

        Args:
            batch_size: images in a batch.
            training: whether for training or for inference.
            optimizer: in training, the optimizer whose state counts; SGD with momentum unless given.
            loss: in training, the loss: a name or an object, see `cnnc.Trainer`.

        Returns:
            A dict of bytes: parameters, gradients, optimizer, prepared (what inference derives from parameters and
            keeps), activations, scratch and their total.
        """
        return summary_module.memory(self._built(), batch_size, training, optimizer, loss)

    def profile(self, batch_size=1, training=False, rounds=None, loss="cross_entropy", optimizer=None):
        """Measures every recorded step beside what the machine can do at best; see `cnnc.profile.profile`.

        Example:
            >>> import cnnc
            >>> picture = cnnc.models.lenet5().profile(2, rounds=1).svg()
        """
        from cnnc.profile import profile

        return profile(self._built(), batch_size, training, rounds, loss, optimizer)

    # --- running

    def record_input(self, tape, n, dtype):
        """Records the input of a batch of `n` and, for bytes, their scaling; returns (input, what layer 0 gets)."""
        rule = "a network's layers must be those it was built with, and in no other built since; build it again"
        for layer in self.walk():
            layer.expect(layer.place is self.place, rule, layer)
        source = tape.input((n, *self.input_shape), dtype)
        if source.dtype != np.uint8 or isinstance(self.first(), Rescale):
            return source, source
        return source, Rescale().record(tape, source)

    def plan_inference(self, n, dtype, team, keep_all=False):
        """The plan of one inference, and its buffers by name: x, y, and each layer's path with `keep_all`."""
        self.flat  # noqa: B018 - the parameters have memory from here on
        tape = Tape(self.dtype, shelf=self._arena.shelf)
        source, x = self.record_input(tape, n, dtype)
        y = tape.keep(self.apply(tape, x))
        named = {"x": source, "y": y}
        if keep_all:
            named.update((layer.path, tape.keep(out)) for layer, out in tape.trace if layer is not self)
        return tape.plan(team), named

    def check_images(self, x):
        """Returns images as an array of the network's input shape, uint8 as they are, other types as numbers.

        Raises:
            ValueError: for an empty batch or another shape than (N, *input_shape).
            TypeError: for what is not numbers.
        """
        x = x if isinstance(x, np.ndarray) else np.asarray(x)
        if x.dtype.kind not in "buif":
            raise TypeError(f"images must be numbers: received dtype {x.dtype}")
        if self.place is None and x.ndim > 1:
            self.build(x.shape[1:])
        self._built()
        if x.ndim != len(self.input_shape) + 1 or x.shape[1:] != self.input_shape:
            wanted = ", ".join(["N", *map(str, self.input_shape)])
            raise ValueError(f"{self.title}: the input must have the shape ({wanted}): received {x.shape}")
        if x.shape[0] == 0:
            raise ValueError(f"{self.title}: the batch must hold at least one image: received shape {x.shape}")
        return x

    def input_dtype(self, x):
        """The dtype in which images enter a program: uint8, else the network's."""
        return BYTES if x.dtype == BYTES else self.dtype

    def __call__(self, x):
        """Inference on one batch: NumPy in, NumPy out.

        Args:
            x: (N, *input_shape) numbers; uint8 images are scaled by 1/255 (or by a first Rescale layer).

        Returns:
            (N, *output_shape), a new array.

        Raises:
            ValueError: for another shape or an empty batch.
        """
        run = self._arena.last  # microseconds count: images as before need no check, and their program is found
        if run is None or not run.takes(x):
            x = self.check_images(x)
            with self._lock:
                run = self._arena.last = self._inference(x)
        with self._lock:
            return run.answer(x, self._flat.stamp()).copy()

    def _inference(self, x, keep_all=False):
        """The recorded inference for checked images like x."""
        n, dtype = len(x), self.input_dtype(x)
        key = "inference", n, dtype, keep_all
        return self._arena.run(key, lambda team: self.plan_inference(n, dtype, team, keep_all))

    def activations(self, x):
        """Every layer's output for one batch: path -> array, in the order in which they are computed.

        A layer with others inside, such as a residual block, comes after those. What is inside auxiliary heads is left
        out, it is for training. Of a layer that is used again, it is the last output.

        Example:
            >>> import cnnc
            >>> cnnc.Sequential([cnnc.ReLU(), cnnc.Softmax()]).activations([[0.0, 0.0]])["1"]
            array([[0.5, 0.5]], dtype=float32)
        """
        x = self.check_images(x)
        with self._lock:
            run = self._inference(x, keep_all=True)
            run.answer(x, self._flat.stamp())
            return {path: array.copy() for path, array in run.arrays.items() if path not in ("x", "y")}

    def predict(self, x, batch_size=256, views=None):
        """Inference on any number of images, `batch_size` at a time.

        Args:
            x: (N, *input_shape) images, a `cnnc.data.Loader` or a source of images such as `cnnc.data.ImageFolder`.
            batch_size: images at a time; a loader has its own.
            views: a function that makes several batches of one, such as `cnnc.data.TenCrop(24)`: outputs are means
                over them. Unless given, images are looked at as they are.

        Returns:
            (N, *output_shape), a new array, in the order in which a loader gives the images.

        Raises:
            ValueError: for images of another shape.
        """
        return evaluation.predict(self, x, batch_size, views)

    def evaluate(self, x, labels=None, metrics=None, batch_size=256, loss="cross_entropy", views=None):
        """Metrics on a labelled data set.

        Args:
            x, batch_size, views: as for `predict`.
            labels: N integer classes, (N, K) one-hot rows, or targets of the output's shape, as the loss needs; loaders
                and sources have their own.
            metrics: a name or several: "loss" (the mean of `loss`), "accuracy", "error", "top5" and "top5_error" (of
                any number: whether the right class is among so many), "precision", "recall", "f1" (means over
                classes), "calibration_error"; see `cnnc.metrics`. Unless given, loss and, where labels are classes,
                accuracy.
            loss: what "loss" is: a name or an object, see `cnnc.Trainer`.

        Returns:
            A dict name -> float.

        Raises:
            ValueError: for labels out of range or not as many as images, or an unknown metric.
        """
        return evaluation.evaluate(self, x, labels, metrics, batch_size, loss, views)

    # --- training

    def fit(self, x, labels=None, epochs=1, batch_size=64, optimizer=None, loss="cross_entropy", validation_data=None,
            callbacks=(), seed=0, progress=True, sample_weight=None, accumulate=1, ema=None):  # fmt: skip
        """Trains with minibatches; see `cnnc.training.fit` for the arguments. Returns the history, name -> list."""
        return training.fit(self, x, labels, epochs, batch_size, optimizer, loss, validation_data, callbacks, seed,
                            progress, sample_weight, accumulate, ema)  # fmt: skip

    # --- saving

    def save(self, path):
        """Saves layers and all that is in `state()` in one safetensors file, which `cnnc.load` reads.

        What belongs to training is not in it: which layers are frozen, factors of learning rates, optimizers
        (`cnnc.Trainer.state_dict`). The file appears whole or not at all.

        Raises:
            OSError: if the file cannot be written.
            TypeError: if a layer of your own has settings that are not plain numbers, texts and tuples.
        """
        from cnnc import io

        io.save(self._built(), path)
