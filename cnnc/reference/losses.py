"""Losses that compare outputs with targets, element by element or class by class, and their gradients."""

from __future__ import annotations

import math

import numpy as np

from cnnc.geometry import is_number
from cnnc.reference._arrays import real
from cnnc.reference.activations import sigmoid
from cnnc.reference.softmax import probabilities, row_shares

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_backward", "hinge", "hinge_backward", "huber", "huber_backward",
    "mae", "mae_backward", "mse", "mse_backward",
]  # fmt: skip


def _checked(x, target, sample_weights, most=math.inf):
    """Outputs and targets of one shape, and each sample's share in the mean."""
    x, target = real(x, "x"), real(target, "target")
    if x.shape != target.shape or x.ndim == 0:
        raise ValueError(f"x and target must have one shape (N, ...), received {x.shape} and {target.shape}")
    if not np.isfinite(target).all():
        raise ValueError(f"target must be finite, received {target[~np.isfinite(target)][0]}")
    if most == 1 and not ((target >= 0) & (target <= 1)).all():
        raise ValueError(f"target must be from 0 to 1, received {target[(target < 0) | (target > 1)][0]}")
    return x, target, row_shares(sample_weights, np.ones(len(x)))


def positive(value, name):
    """A finite number above 0."""
    if not (is_number(value) and value > 0):
        raise ValueError(f"{name} must be a finite number, greater than 0, received {value!r}")
    return value


def _mean(terms, shares):
    """The samples' means, weighted by their shares."""
    return float((terms.reshape(len(terms), -1).mean(axis=1) * shares).sum())


def _each(slopes, shares):
    """The gradient of that, for the terms' derivatives."""
    return slopes * shares.reshape(-1, *[1] * (slopes.ndim - 1)) * len(slopes) / slopes.size


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
    x, target, shares = _checked(x, target, sample_weights)
    return _mean((x - target) ** 2, shares)


def mse_backward(x, target, sample_weights=None):
    """Gradient of mse: `dx = 2 (x - target) / number of elements`, with weights as the mean has them.

    Args:
        x, target, sample_weights: as of mse.

    Returns:
        dx, of the shape of x, float64.

    Raises:
        ValueError, TypeError: as mse.

    >>> mse_backward([1, 4], [1, 2]).tolist()
    [0.0, 2.0]
    """
    x, target, shares = _checked(x, target, sample_weights)
    return _each(2 * (x - target), shares)


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
    x, target, shares = _checked(x, target, sample_weights)
    return _mean(np.abs(x - target), shares)


def mae_backward(x, target, sample_weights=None):
    """Gradient of mae: `dx = sign(x - target) / number of elements`, 0 where they are equal.

    Args:
        x, target, sample_weights: as of mae.

    Returns:
        dx, of the shape of x, float64.

    Raises:
        ValueError, TypeError: as mae.

    >>> mae_backward([1, 4], [1, 2]).tolist()
    [0.0, 0.5]
    """
    x, target, shares = _checked(x, target, sample_weights)
    return _each(np.sign(x - target), shares)


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
    x, target, shares = _checked(x, target, sample_weights)
    distance, delta = np.abs(x - target), positive(delta, "delta")
    return _mean(np.where(distance <= delta, distance**2 / 2, delta * (distance - delta / 2)), shares)


def huber_backward(x, target, delta=1.0, sample_weights=None):
    """Gradient of huber: `dx = d / number of elements` with d = x - target cut off at +- delta.

    Args:
        x, target, delta, sample_weights: as of huber.

    Returns:
        dx, of the shape of x, float64.

    Raises:
        ValueError, TypeError: as huber.

    >>> huber_backward([1, 4], [1, 2]).tolist()
    [0.0, 0.5]
    """
    x, target, shares = _checked(x, target, sample_weights)
    delta = positive(delta, "delta")
    return _each(np.clip(x - target, -delta, delta), shares)


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
    x, target, shares = _checked(x, target, sample_weights, most=1)
    return _mean(np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x))), shares)


def binary_cross_entropy_backward(x, target, sample_weights=None):
    """Gradient of binary_cross_entropy: `dx = (s(x) - target) / number of elements`, s being the sigmoid.

    Args:
        x, target, sample_weights: as of binary_cross_entropy.

    Returns:
        dx, of the shape of x, float64.

    Raises:
        ValueError, TypeError: as binary_cross_entropy.

    >>> binary_cross_entropy_backward([0, 1000], [1, 0]).tolist()
    [-0.25, 0.5]
    """
    x, target, shares = _checked(x, target, sample_weights, most=1)
    return _each(sigmoid(x) - target, shares)


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
    gaps, _, shares = _gaps(logits, labels, margin, sample_weights)
    return _mean(np.maximum(gaps, 0), shares)


def hinge_backward(logits, labels, margin=1.0, sample_weights=None):
    """Gradient of hinge: 1 / (N K) for each class that the right one does not lead by the margin, and back for that.

    Args:
        logits, labels, margin, sample_weights: as of hinge.

    Returns:
        dlogits, (N, K) float64, the gradient of the mean.

    Raises:
        ValueError, TypeError: as hinge.

    >>> hinge_backward([[0, 0], [3, 0]], [1, 0]).tolist()
    [[0.25, -0.25], [0.0, 0.0]]
    """
    gaps, own, shares = _gaps(logits, labels, margin, sample_weights)
    above = (gaps > 0).astype(np.float64)
    return _each(above - own * above.sum(axis=1, keepdims=True), shares)


def _gaps(logits, labels, margin, sample_weights):
    """(margin + x[k] - x[label] with 0 at the label, the labels one-hot, the samples' shares)."""
    logits = real(logits, "logits", ndim=2)
    own = probabilities(labels, *logits.shape)
    if np.ndim(labels) != 1:
        raise ValueError(f"labels must be integer classes (N,), received the shape {np.shape(labels)}")
    gaps = positive(margin, "margin") + logits - (logits * own).sum(axis=1, keepdims=True)
    return np.where(own > 0, 0, gaps), own, row_shares(sample_weights, np.ones(len(own)))
