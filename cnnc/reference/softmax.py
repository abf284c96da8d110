"""Softmax and its cross-entropy with the labels, and their gradients."""

from __future__ import annotations

import numpy as np

from cnnc.geometry import is_number
from cnnc.reference._arrays import pair_of_gradients, real

__all__ = ["cross_entropy", "cross_entropy_backward", "softmax", "softmax_backward"]

ROW_SUM_TOLERANCE = 1e-3  # generous enough for probabilities that were rounded to half precision


def softmax(x):
    """Turn the last axis into probabilities: `y[..., k] = exp(x[..., k]) / sum over j of exp(x[..., j])`.

    The largest x of each row is subtracted first, which changes nothing but keeps exp from overflowing.

    Args:
        x: logits (..., K), real numbers.

    Returns:
        (..., K) float64; every row sums to 1.

    Raises:
        ValueError: when x is empty or has no axis.
        TypeError: when x does not hold real numbers.

    >>> softmax([[10000, 10000], [-10000, 10000]]).tolist()
    [[0.5, 0.5], [0.0, 1.0]]
    """
    return np.exp(_log_softmax(_rows(x)))


def softmax_backward(dy, x):
    """Gradient of softmax: with y = softmax(x), `dx[k] = y[k] * (dy[k] - sum over j of dy[j] * y[j])`.

    Args:
        dy: gradient of the output, (..., K), real numbers.
        x: as given to softmax.

    Returns:
        (..., K) float64.

    Raises:
        ValueError, TypeError: as softmax, and when dy does not have the shape of x.

    >>> softmax_backward([1, 0], [0, 0]).tolist()
    [0.25, -0.25]
    """
    dy, x = pair_of_gradients(dy, _rows(x))
    y = softmax(x)
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


def cross_entropy(logits, labels, label_smoothing=0.0, class_weights=None, sample_weights=None):
    """Mean over samples of `-sum over k of p[k] * log(softmax(logits)[k])`, p being the label's probabilities.

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
        ValueError: when shapes do not belong together, a class is out of range, or a row is not probabilities.
        TypeError: when logits are not real numbers or classes are not integers.

    >>> round(cross_entropy([[0, 0], [10000, 0]], [1, 0]), 6)
    0.346574
    """
    logits, t, shares = _targets(logits, labels, label_smoothing, class_weights, sample_weights)
    log_y = _log_softmax(logits)
    terms = np.multiply(t, log_y, out=np.zeros_like(t), where=t > 0)  # t = 0 contributes 0 even where log_y is -inf
    return float(-(terms.sum(axis=1) * shares).sum())


def cross_entropy_backward(logits, labels, label_smoothing=0.0, class_weights=None, sample_weights=None):
    """Gradient of cross_entropy: `dlogits = (softmax(logits) * sum over k of t[k] - t) / N`; the sum is 1 as a rule.

    Args:
        logits, labels, label_smoothing, class_weights, sample_weights: as given to cross_entropy.

    Returns:
        (N, K) float64, the gradient of the mean.

    Raises:
        ValueError, TypeError: as cross_entropy.

    >>> cross_entropy_backward([[0, 0], [10000, 0]], [1, 0]).tolist()
    [[0.25, -0.25], [0.0, 0.0]]
    """
    logits, t, shares = _targets(logits, labels, label_smoothing, class_weights, sample_weights)
    return (softmax(logits) * t.sum(axis=1, keepdims=True) - t) * shares[:, None]


def _rows(x):
    x = real(x, "x")
    if x.ndim == 0:
        raise ValueError(f"softmax needs at least one axis, received the shape {x.shape}")
    return x


def _targets(logits, labels, label_smoothing, class_weights, sample_weights):
    """The logits, what stands before each -log softmax, and each sample's share in the mean."""
    logits = real(logits, "logits", ndim=2)
    p = probabilities(labels, *logits.shape)
    if not (is_number(label_smoothing) and 0 <= label_smoothing < 1):
        raise ValueError(f"label_smoothing must be at least 0 and below 1, received {label_smoothing!r}")
    classes = _weights(class_weights, p.shape[1], "class_weights")
    counted = (p * classes).sum(axis=1) if np.ndim(labels) == 1 else np.ones(len(p))
    smooth = (1 - label_smoothing) * p + label_smoothing / p.shape[1]
    return logits, smooth * classes, row_shares(sample_weights, counted)


def _weights(weights, n: int, name: str):
    """Weights (n,), 1 unless given."""
    weights = np.ones(n) if weights is None else real(weights, name)
    if weights.shape != (n,):
        raise ValueError(f"{name} must hold one weight for each of the {n}, received the shape {weights.shape}")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError(f"{name} must be finite and not negative, received {weights.tolist()}")
    return weights


def row_shares(sample_weights, counted):
    """Each sample's share in a weighted mean, where sample n without a weight of its own counts as `counted[n]`."""
    weights = _weights(sample_weights, len(counted), "sample_weights")
    total = (weights * counted).sum()
    return weights / total if total > 0 else np.zeros(len(counted))


def _log_softmax(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def probabilities(labels, samples: int, classes: int):
    """Labels of either kind as rows of probabilities (N, K), after checking them."""
    labels = np.asarray(labels)
    if labels.shape == (samples,):
        if labels.dtype.kind not in "iu":
            raise TypeError(f"labels that are classes must be integers, received dtype {labels.dtype}")
        wrong = np.flatnonzero((labels < 0) | (labels >= classes))
        if wrong.size:
            raise ValueError(
                f"labels of {classes} classes must be from 0 to {classes - 1}, "
                f"received {labels[wrong[0]]} for sample {wrong[0]}"
            )
        return np.eye(classes)[labels.astype(np.intp)]
    if labels.shape == (samples, classes):
        p = real(labels, "labels")
        proper = (p >= 0).all(axis=1) & (np.abs(p.sum(axis=1) - 1) <= ROW_SUM_TOLERANCE)
        wrong = np.flatnonzero(~proper)
        if wrong.size:
            raise ValueError(
                "labels that are rows must be probabilities, at least 0 and summing to 1, "
                f"received {p[wrong[0]].tolist()} for sample {wrong[0]}"
            )
        return p
    raise ValueError(
        f"labels must have the shape ({samples},) or ({samples}, {classes}) of their logits, received {labels.shape}"
    )
