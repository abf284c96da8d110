"""Losses: what training makes small. A loss records its operations on the tape after the last layer."""

import numpy as np

from cnnc.geometry import is_number
from cnnc.labels import check_labels, check_targets, check_weights, shares
from cnnc.layers import Sigmoid, Softmax
from cnnc.ops import op

__all__ = ["MAE", "MSE", "BinaryCrossEntropy", "CrossEntropy", "Hinge", "Huber", "Loss"]


class Loss:
    """Base of all losses: the mean over samples of what an operation of `name` computes for each.

    A sample's weight, where samples have weights, counts it as often as it says: the mean divides by their sum.
    """

    name = ""
    classes = True  # whether labels are classes; else they are arrays of the output's shape
    reads = "x"  # the field from which the gradient is computed
    contains = None  # the layer whose function the loss contains, so that the network must not end in it
    metrics = ("loss", "accuracy")  # what net.evaluate computes unless told otherwise

    def check(self, net):
        """Raises ValueError if the network, or a head of it, does not fit this loss."""
        if self.classes:
            self._check_vector(net.output_shape)
        for layer in net.walk():
            shape = getattr(layer, "head_shape", net.output_shape)
            if self.contains is not None and (layer is net or hasattr(layer, "head_shape")):
                self._check_end(layer)
            if shape != net.output_shape:
                raise ValueError(f"the output of {layer.title} must have the shape of the network's, "
                                 f"{net.output_shape}: received {shape}")  # fmt: skip

    def _check_end(self, net):
        """Raises ValueError if the network, or the head, ends in the function that the loss contains."""
        last = net
        while last.children():
            last = last.children()[-1]
        if isinstance(last, self.contains):
            raise ValueError(f'the loss "{self.name}" contains the {self.contains.__name__.lower()}, the network '
                             f"must end in logits: received a network that ends in {last.title}")  # fmt: skip

    @staticmethod
    def _check_vector(shape):
        if len(shape) != 1:
            raise ValueError(f"the network must end in one vector of logits an image: received the shape {shape}")

    def targets(self, labels, n, shape):
        """The labels of `n` samples, checked, for outputs of this shape (without the batch axis)."""
        if not self.classes:
            return check_targets(labels, n, shape)
        self._check_vector(shape)
        return check_labels(labels, n, shape[0])

    def shares(self, labels, sample_weight):
        """Each sample's share in the mean, (N,) float64; None where all have 1 / N."""
        return shares(labels, sample_weight)

    def settings(self, dtype):
        """Fields of both operations that do not depend on the batch."""
        return {}

    def fields(self, labels):
        """The labels as a field of the operations: labels or target."""
        return {"labels" if self.classes and len(labels.shape) == 1 else "target": labels}

    def record(self, tape, y, labels, row_weight=None, weight=1.0):
        """Records the loss of the outputs `y`, and its gradient times `weight`.

        Returns:
            The buffers of the loss (float64) and of the number of hits (int64; None where labels are not classes).
        """
        given = {**self.fields(labels), "row_weight": row_weight, **self.settings(tape.dtype)}
        written = self.written(y, tape.like, tape.new)
        loss, row_loss = tape.new((1,), np.float64), tape.new((y.shape[0],), np.float64)
        tape.forward(self.name, x=y, row_loss=row_loss, loss=loss, **written, **given)
        tape.forward("check_finite", x=loss)
        read = written.get("p", y)
        tape.backward(f"{self.name}_dx", dx=tape.grad(y), weight=float(weight), **{self.reads: read}, **given)
        return loss, written.get("hits")

    def written(self, y, like, new):
        """What the operation writes beside the loss, in buffers that `like(y)` and `new(shape, dtype)` make."""
        return {"hits": new((1,), np.int64)} if self.classes else {}

    def value(self, y, labels, sample_weight=None):
        """The mean loss of outputs (N, ...) with checked labels, a float."""
        y = np.ascontiguousarray(y)
        labels = np.ascontiguousarray(labels, np.int32 if self.classes and labels.ndim == 1 else y.dtype)
        loss, row_loss = np.empty(1), np.empty(len(y))
        op(self.name)(x=y, row_loss=row_loss, loss=loss, row_weight=self.shares(labels, sample_weight),
                      **self.written(y, np.empty_like, np.empty), **self.fields(labels),
                      **self.settings(y.dtype))  # fmt: skip
        return float(loss[0])


class CrossEntropy(Loss):
    """Mean softmax cross-entropy of logits: L = -1/N sum over n, k of t[n,k] log softmax(z)[n,k].

    t = class_weights * ((1 - label_smoothing) * o + label_smoothing / K) with o one-hot for integer labels, or the
    given rows. dL/dz = (softmax(z) * sum over k of t - t) / N. With class weights and integer labels the mean is
    weighted: the sum of the labels' weights stands for N, as in PyTorch.

    (Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: Rethinking the Inception architecture for computer vision, 2016, for
    label smoothing.)

    Args:
        label_smoothing: the share of a label that is spread over all classes, in [0, 1).
        class_weights: (K,) numbers, 0 or more; 1 for all unless given.

    Raises:
        ValueError: for a value outside its range, or class weights that are not as many as classes.

    Example:
        >>> import cnnc
        >>> net = cnnc.Sequential([cnnc.Dense(2)]).build((3,), seed=0)
        >>> trainer = cnnc.Trainer(net, cnnc.SGD(), cnnc.CrossEntropy(label_smoothing=0.1, class_weights=[1, 5]))
        >>> trainer.step([[1.0, 2.0, 3.0]], [1]) > 0
        True
    """

    name = "cross_entropy"
    reads = "p"
    contains = Softmax

    def __init__(self, label_smoothing=0.0, class_weights=None):
        if not (is_number(label_smoothing) and 0 <= label_smoothing < 1):
            raise ValueError(f"label_smoothing must be in [0, 1): received {label_smoothing!r}")
        self.label_smoothing = float(label_smoothing)
        self.class_weights = None
        if class_weights is not None:
            self.class_weights = check_weights(class_weights, np.size(class_weights), "class_weights")

    def check(self, net):
        super().check(net)
        if self.class_weights is not None and net.output_shape != self.class_weights.shape:
            raise ValueError(f"class_weights must hold one weight for each of the network's {net.output_shape[-1]} "
                             f"classes: received {len(self.class_weights)}")  # fmt: skip

    def shares(self, labels, sample_weight):
        return shares(labels, sample_weight, self.class_weights)

    def settings(self, dtype):
        weights = None if self.class_weights is None else self.class_weights.astype(dtype)
        return {"smoothing": self.label_smoothing, "class_weight": weights}

    def written(self, y, like, new):
        return {"p": like(y), **super().written(y, like, new)}


class Hinge(Loss):
    """Mean multi-class hinge: L = 1/(N K) sum over n and k != label of max(0, margin + z[n,k] - z[n,label]).

    The Weston-Watkins support vector machine's, as PyTorch's MultiMarginLoss counts it.

    (Weston, Watkins: Support vector machines for multi-class pattern recognition, 1999.)

    Args:
        margin: by how much the right class must lead, above 0.

    Example:
        >>> import cnnc
        >>> cnnc.Hinge(margin=0.5).margin
        0.5
    """

    name = "hinge"

    def __init__(self, margin=1.0):
        self.margin = _above_zero(margin, "margin")

    def targets(self, labels, n, shape):
        labels = super().targets(labels, n, shape)
        if labels.ndim != 1:
            raise ValueError(f'the loss "hinge" needs integer classes (N,): received labels of shape {labels.shape}')
        return labels

    def settings(self, dtype):
        return {"margin": self.margin}


class Pointwise(Loss):
    """Base of the losses that compare an output with a target of its shape, element by element."""

    classes = False
    metrics = ("loss",)
    delta = 0.0

    def settings(self, dtype):
        return {"delta": self.delta}


class MSE(Pointwise):
    """Mean squared error: L = mean of (y - t)^2; dL/dy = 2 (y - t) over the number of elements.

    Targets are arrays of the output's shape.

    (Gauss: Theoria motus corporum coelestium, 1809.)

    Example:
        >>> import cnnc, numpy as np
        >>> net = cnnc.Sequential([cnnc.Dense(1)])
        >>> x = np.linspace(-1, 1, 64)[:, None]
        >>> history = net.fit(x, 3 * x + 1, epochs=50, loss="mse", optimizer=cnnc.SGD(0.5), progress=False)
        >>> np.round(net([[2.0]]), 2)
        array([[7.]], dtype=float32)
    """

    name = "mse"


class MAE(Pointwise):
    """Mean absolute error: L = mean of |y - t|; dL/dy = sign(y - t) over the number of elements, 0 if equal.

    Targets are arrays of the output's shape.

    (Laplace: Mémoire sur la probabilité des causes par les événements, 1774.)

    Example:
        >>> import cnnc
        >>> cnnc.MAE().name
        'mae'
    """

    name = "mae"


class Huber(Pointwise):
    """Squares near 0, absolute values further out: mean of d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2).

    d = y - t; dL/dy = d cut off at +- delta, over the number of elements. Targets are arrays of the output's shape.

    (Huber: Robust estimation of a location parameter, 1964.)

    Args:
        delta: where squares end, above 0.

    Example:
        >>> import cnnc
        >>> cnnc.Huber(delta=2.0).delta
        2.0
    """

    name = "huber"

    def __init__(self, delta=1.0):
        self.delta = _above_zero(delta, "delta")


class BinaryCrossEntropy(Pointwise):
    """Mean cross-entropy of independent yes-or-no logits: mean of -t log sigmoid(z) - (1 - t) log sigmoid(-z).

    Computed as max(z, 0) - z t + log(1 + exp(-|z|)), exact for any finite z. dL/dz = (sigmoid(z) - t) over the number
    of elements. Targets are arrays of the output's shape with numbers in [0, 1].

    (Cox: The regression analysis of binary sequences, 1958.)

    Example:
        >>> import cnnc
        >>> net = cnnc.Sequential([cnnc.Dense(1)]).build((2,), seed=0)
        >>> round(cnnc.Trainer(net, cnnc.SGD(), "binary_cross_entropy").step([[0.0, 0.0]], [1]), 4)  # log 2
        0.6931
    """

    name = "binary_cross_entropy"
    contains = Sigmoid

    def targets(self, labels, n, shape):
        labels = super().targets(labels, n, shape)
        bad = (labels < 0) | (labels > 1)
        if bad.any():
            raise ValueError(f'targets of "{self.name}" must be in [0, 1]: received {labels[bad][0]}')
        return labels


def _above_zero(value, name):
    if not (is_number(value) and value > 0):
        raise ValueError(f"{name} must be above 0: received {value!r}")
    return float(value)


LOSSES = {loss.name: loss for loss in (CrossEntropy, BinaryCrossEntropy, MSE, MAE, Huber, Hinge)}


def get(loss):
    """The loss of that name, or the loss itself."""
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}: received {loss!r}")
        return LOSSES[loss]()
    if not isinstance(loss, Loss):
        raise ValueError(f"loss must be a name or a Loss: received {loss!r}")
    return loss
