"""Softmax and its cross-entropy with the labels, and their gradients."""

import numpy as np

from cnnc.functional._arrays import gradient, public, ready, real
from cnnc.geometry import is_number
from cnnc.labels import check_labels, check_weights, shares
from cnnc.ops import op

__all__ = ["cross_entropy", "cross_entropy_backward", "softmax", "softmax_backward"]


def _rows(x):
    x = real(x, "x")
    if x.ndim == 0:
        raise ValueError(f"x must have at least one axis, received the shape {x.shape}")
    return x


def _softmax(x):
    y = np.empty_like(x)
    op("softmax")(x=x, y=y)
    return y


@public
def softmax(x):
    """Turn the last axis into probabilities: `y[..., k] = exp(x[..., k]) / sum over j of exp(x[..., j])`.

    The largest x of each row is subtracted first, which changes nothing but keeps exp from overflowing.

    Args:
        x: logits (..., K), real numbers.

    Returns:
        (..., K) float32 or float64; every row sums to 1.

    Raises:
        ValueError: when x is empty or has no axis.
        TypeError: when x does not hold real numbers.

    >>> softmax([[10000, 10000], [-10000, 10000]])
    array([[0.5, 0.5],
           [0. , 1. ]], dtype=float32)
    """
    return _softmax(*ready(_rows(x)))


@public
def softmax_backward(dy, x):
    """Gradient of softmax: with y = softmax(x), `dx[k] = y[k] * (dy[k] - sum over j of dy[j] * y[j])`.

    Args:
        dy: gradient of the output, (..., K), real numbers.
        x: as given to softmax.

    Returns:
        dx, (..., K) float32 or float64.

    Raises:
        ValueError, TypeError: as softmax, and when dy does not have the shape of x.

    >>> softmax_backward([1, 0], [0, 0])
    array([ 0.25, -0.25], dtype=float32)
    """
    x = _rows(x)
    dy, x = ready(gradient(dy, x.shape), x)
    y = _softmax(x)
    dx = np.empty_like(x)
    op("softmax_dx")(dy=dy, y=y, dx=dx, accumulate=0)
    return dx


def _cross_entropy(logits, labels, label_smoothing, class_weights, sample_weights):
    """(loss, softmax of the logits, the fields that the operation shares with its gradient)."""
    logits = real(logits, "logits", ndim=2)
    labels = check_labels(labels, *logits.shape)
    if not (is_number(label_smoothing) and 0 <= label_smoothing < 1):
        raise ValueError(f"label_smoothing must be at least 0 and below 1, received {label_smoothing!r}")
    class_weights = check_weights(class_weights, logits.shape[1], "class_weights")
    sample_weights = check_weights(sample_weights, len(logits), "sample_weights")
    if labels.ndim == 1:
        (logits,) = ready(logits)
        wanted = {"labels": np.require(labels, np.int32, ["C", "A"])}
    else:
        logits, target = ready(logits, labels)
        wanted = {"target": target}
    wanted["class_weight"] = None if class_weights is None else class_weights.astype(logits.dtype)
    wanted["row_weight"] = shares(labels, sample_weights, class_weights)
    wanted["smoothing"] = float(label_smoothing)
    p, row_loss, loss = np.empty_like(logits), np.empty(len(logits)), np.empty(1)
    op("cross_entropy")(x=logits, p=p, row_loss=row_loss, loss=loss, hits=np.empty(1, np.int64), **wanted)
    return float(loss[0]), p, wanted


@public
def cross_entropy(logits, labels, label_smoothing=0.0, class_weights=None, sample_weights=None):
    """Mean over samples of `-sum over k of t[k] * log(softmax(logits)[k])`, t being the label's probabilities.

    For an integer label this is `-log(softmax(logits)[label])`. Fused with softmax it is exact for any finite logits.

    Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: Rethinking the Inception architecture, CVPR 2016, for label smoothing.

    Args:
        logits: (N, K), real numbers.
        labels: (N,) integer classes from 0 to K - 1, or (N, K) rows of probabilities, one-hot or soft.
        label_smoothing: the share of a label that is spread evenly over all classes, at least 0 and below 1.
        class_weights: (K,) numbers of at least 0 that multiply the classes' probabilities; 1 for all unless given. For
            integer labels the sum of their weights then stands for N.
        sample_weights: (N,) numbers of at least 0: how often each sample counts; 1 for all unless given.

    Returns:
        The loss in nats, a float.

    Raises:
        ValueError: when shapes do not belong together, a class is out of range, or a row is negative or not finite.
        TypeError: when logits are not real numbers or classes are not integers.

    >>> round(cross_entropy([[0, 0], [10000, 0]], [1, 0]), 6)
    0.346574
    """
    return _cross_entropy(logits, labels, label_smoothing, class_weights, sample_weights)[0]


@public
def cross_entropy_backward(logits, labels, label_smoothing=0.0, class_weights=None, sample_weights=None):
    """Gradient of cross_entropy: `dlogits = (softmax(logits) * sum over k of t[k] - t) / N`; the sum is 1 as a rule.

    Args:
        logits, labels, label_smoothing, class_weights, sample_weights: as given to cross_entropy.

    Returns:
        dlogits, (N, K) float32 or float64, the gradient of the mean.

    Raises:
        ValueError, TypeError: as cross_entropy.

    >>> cross_entropy_backward([[0, 0], [10000, 0]], [1, 0])
    array([[ 0.25, -0.25],
           [ 0.  ,  0.  ]], dtype=float32)
    """
    _, p, wanted = _cross_entropy(logits, labels, label_smoothing, class_weights, sample_weights)
    dx = np.empty_like(p)
    op("cross_entropy_dx")(p=p, dx=dx, weight=1.0, accumulate=0, **wanted)
    return dx
