"""Losses that compare outputs with targets, element by element or class by class, and their gradients."""

import numpy as np

from cnnc.functional._arrays import public, ready, real
from cnnc.geometry import is_number
from cnnc.labels import check_labels, check_weights, shares
from cnnc.ops import op

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_backward", "hinge", "hinge_backward", "huber", "huber_backward",
    "mae", "mae_backward", "mse", "mse_backward",
]  # fmt: skip


def _fields(name, x, target, sample_weights, delta):
    """The fields that an operation and its gradient share, checked."""
    x, target = real(x, "x"), real(target, "target")
    if x.shape != target.shape or x.ndim == 0:
        raise ValueError(f"x and target must have one shape (N, ...), received {x.shape} and {target.shape}")
    if not np.isfinite(target).all():
        raise ValueError(f"target must be finite, received {target[~np.isfinite(target)][0]}")
    if name == "binary_cross_entropy" and not ((target >= 0) & (target <= 1)).all():
        raise ValueError(f"target must be from 0 to 1, received {target[(target < 0) | (target > 1)][0]}")
    _above_zero(delta, "delta")
    x, target = ready(x, target)
    weights = check_weights(sample_weights, len(x), "sample_weights")
    return {"x": x, "target": target, "row_weight": shares(target, weights), "delta": delta}


def _above_zero(value, name):
    if not (is_number(value) and value > 0):
        raise ValueError(f"{name} must be a finite number, greater than 0, received {value!r}")


def _loss(name, x, target, sample_weights, delta=1.0):
    fields, loss = _fields(name, x, target, sample_weights, delta), np.empty(1)
    op(name)(row_loss=np.empty(len(fields["x"])), loss=loss, **fields)
    return float(loss[0])


def _gradient(name, x, target, sample_weights, delta=1.0):
    fields = _fields(name, x, target, sample_weights, delta)
    dx = np.empty_like(fields["x"])
    op(f"{name}_dx")(dx=dx, weight=1.0, accumulate=0, **fields)
    return dx


def _hinge_fields(logits, labels, margin, sample_weights):
    logits = real(logits, "logits", ndim=2)
    labels = check_labels(labels, *logits.shape)
    if labels.ndim != 1:
        raise ValueError(f"labels must be integer classes (N,), received the shape {labels.shape}")
    _above_zero(margin, "margin")
    (logits,) = ready(logits)
    row_weight = shares(labels, check_weights(sample_weights, len(labels), "sample_weights"))
    return {"x": logits, "labels": np.require(labels, np.int32, ["C", "A"]), "row_weight": row_weight, "margin": margin}


@public
def mse(x, target, sample_weights=None):
    """Mean squared error: the mean over all elements of `(x - target)^2`.

    Gauss: Theoria motus corporum coelestium, 1809.

    Args:
        x: outputs of N samples, (N, ...), real numbers.
        target: what they should be, of the same shape, real numbers.
        sample_weights: (N,) numbers of at least 0: how often each sample counts; 1 for all unless given.

    Returns:
        The loss, a float.

    Raises:
        ValueError: when shapes differ, the target is not finite, or a weight is negative or not finite.
        TypeError: when an array does not hold real numbers.

    >>> mse([1, 4], [1, 2])
    2.0
    """
    return _loss("mse", x, target, sample_weights)


@public
def mse_backward(x, target, sample_weights=None):
    """Gradient of mse: `dx = 2 (x - target) / number of elements`, with weights as the mean has them.

    Args:
        x, target, sample_weights: as of mse.

    Returns:
        dx, of the shape of x, float32 or float64.

    Raises:
        ValueError, TypeError: as mse.

    >>> mse_backward([1, 4], [1, 2])
    array([0., 2.], dtype=float32)
    """
    return _gradient("mse", x, target, sample_weights)


@public
def mae(x, target, sample_weights=None):
    """Mean absolute error: the mean over all elements of `|x - target|`.

    Laplace: Mémoire sur la probabilité des causes par les événements, 1774.

    Args:
        x: outputs of N samples, (N, ...), real numbers.
        target: what they should be, of the same shape, real numbers.
        sample_weights: (N,) numbers of at least 0: how often each sample counts; 1 for all unless given.

    Returns:
        The loss, a float.

    Raises:
        ValueError: when shapes differ, the target is not finite, or a weight is negative or not finite.
        TypeError: when an array does not hold real numbers.

    >>> mae([1, 4], [1, 2])
    1.0
    """
    return _loss("mae", x, target, sample_weights)


@public
def mae_backward(x, target, sample_weights=None):
    """Gradient of mae: `dx = sign(x - target) / number of elements`, 0 where they are equal.

    Args:
        x, target, sample_weights: as of mae.

    Returns:
        dx, of the shape of x, float32 or float64.

    Raises:
        ValueError, TypeError: as mae.

    >>> mae_backward([1, 4], [1, 2])
    array([0. , 0.5], dtype=float32)
    """
    return _gradient("mae", x, target, sample_weights)


@public
def huber(x, target, delta=1.0, sample_weights=None):
    """Mean over all elements of `d^2 / 2` where `|d| <= delta`, else `delta (|d| - delta / 2)`, with `d = x - target`.

    Huber: Robust estimation of a location parameter, Annals of Mathematical Statistics, 1964.

    Args:
        x: outputs of N samples, (N, ...), real numbers.
        target: what they should be, of the same shape, real numbers.
        delta: where squares end and absolute values begin, a finite number above 0.
        sample_weights: (N,) numbers of at least 0: how often each sample counts; 1 for all unless given.

    Returns:
        The loss, a float.

    Raises:
        ValueError: when shapes differ, delta is not above 0, or a target or a weight is out of range.
        TypeError: when an array does not hold real numbers.

    >>> huber([1, 4], [1, 2])
    0.75
    """
    return _loss("huber", x, target, sample_weights, delta)


@public
def huber_backward(x, target, delta=1.0, sample_weights=None):
    """Gradient of huber: `dx = d / number of elements` with d = x - target cut off at +- delta.

    Args:
        x, target, delta, sample_weights: as of huber.

    Returns:
        dx, of the shape of x, float32 or float64.

    Raises:
        ValueError, TypeError: as huber.

    >>> huber_backward([1, 4], [1, 2])
    array([0. , 0.5], dtype=float32)
    """
    return _gradient("huber", x, target, sample_weights, delta)


@public
def binary_cross_entropy(x, target, sample_weights=None):
    """Mean over all elements of `-target log s(x) - (1 - target) log(1 - s(x))`, s being the sigmoid: x are logits.

    Computed as `max(x, 0) - x target + log(1 + exp(-|x|))`, which is exact for any finite x.

    Cox: The regression analysis of binary sequences, Journal of the Royal Statistical Society, 1958.

    Args:
        x: outputs of N samples, (N, ...), real numbers.
        target: what they should be, of the same shape, numbers from 0 to 1.
        sample_weights: (N,) numbers of at least 0: how often each sample counts; 1 for all unless given.

    Returns:
        The loss, a float.

    Raises:
        ValueError: when shapes differ, the target is not from 0 to 1, or a weight is negative or not finite.
        TypeError: when an array does not hold real numbers.

    >>> round(binary_cross_entropy([0, 1000], [1, 0]), 4)
    500.3466
    """
    return _loss("binary_cross_entropy", x, target, sample_weights)


@public
def binary_cross_entropy_backward(x, target, sample_weights=None):
    """Gradient of binary_cross_entropy: `dx = (s(x) - target) / number of elements`, s being the sigmoid.

    Args:
        x, target, sample_weights: as of binary_cross_entropy.

    Returns:
        dx, of the shape of x, float32 or float64.

    Raises:
        ValueError, TypeError: as binary_cross_entropy.

    >>> binary_cross_entropy_backward([0, 1000], [1, 0])
    array([-0.25,  0.5 ], dtype=float32)
    """
    return _gradient("binary_cross_entropy", x, target, sample_weights)


@public
def hinge(logits, labels, margin=1.0, sample_weights=None):
    """Mean over samples of `sum over k != label of max(0, margin + x[k] - x[label]) / K`: the multi-class hinge.

    Weston, Watkins: Support vector machines for multi-class pattern recognition, ESANN 1999.

    Args:
        logits: (N, K), real numbers.
        labels: (N,) integer classes from 0 to K - 1.
        margin: by how much the right class must lead, a finite number above 0.
        sample_weights: (N,) numbers of at least 0: how often each sample counts; 1 for all unless given.

    Returns:
        The loss, a float.

    Raises:
        ValueError: when shapes do not belong together, a class is out of range, margin is not above 0, or a weight is
            negative or not finite.
        TypeError: when logits are not real numbers or classes are not integers.

    >>> hinge([[0, 0], [3, 0]], [1, 0])
    0.25
    """
    fields, loss = _hinge_fields(logits, labels, margin, sample_weights), np.empty(1)
    op("hinge")(row_loss=np.empty(len(fields["x"])), loss=loss, hits=np.empty(1, np.int64), **fields)
    return float(loss[0])


@public
def hinge_backward(logits, labels, margin=1.0, sample_weights=None):
    """Gradient of hinge: 1 / (N K) for each class that the right one does not lead by the margin, and back for that.

    Args:
        logits, labels, margin, sample_weights: as of hinge.

    Returns:
        dlogits, (N, K) float32 or float64, the gradient of the mean.

    Raises:
        ValueError, TypeError: as hinge.

    >>> hinge_backward([[0, 0], [3, 0]], [1, 0])
    array([[ 0.25, -0.25],
           [ 0.  ,  0.  ]], dtype=float32)
    """
    fields = _hinge_fields(logits, labels, margin, sample_weights)
    dx = np.empty_like(fields["x"])
    op("hinge_dx")(dx=dx, weight=1.0, accumulate=0, **fields)
    return dx
