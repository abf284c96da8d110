"""Softmax and its cross-entropy with the labels, and their gradients."""

from __future__ import annotations

import numpy as np

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


def cross_entropy(logits, labels):
    """Mean over samples of `-sum over k of p[k] * log(softmax(logits)[k])`, p being the label's probabilities.

    For an integer label this is `-log(softmax(logits)[label])`. Fused with softmax it is exact for any finite logits.

    Args:
        logits: (N, K), real numbers.
        labels: (N,) integer classes from 0 to K - 1, or (N, K) rows of probabilities, one-hot or soft.

    Returns:
        The loss in nats, a float.

    Raises:
        ValueError: when shapes do not belong together, a class is out of range, or a row is not probabilities.
        TypeError: when logits are not real numbers or classes are not integers.

    >>> round(cross_entropy([[0, 0], [10000, 0]], [1, 0]), 6)
    0.346574
    """
    logits = real(logits, "logits", ndim=2)
    p = _probabilities(labels, *logits.shape)
    log_y = _log_softmax(logits)
    terms = np.multiply(p, log_y, out=np.zeros_like(p), where=p > 0)  # p = 0 contributes 0 even where log_y is -inf
    return float(-terms.sum() / len(logits))


def cross_entropy_backward(logits, labels):
    """Gradient of cross_entropy: `dlogits = (softmax(logits) - p) / N`.

    Args:
        logits, labels: as given to cross_entropy.

    Returns:
        (N, K) float64, the gradient of the mean.

    Raises:
        ValueError, TypeError: as cross_entropy.

    >>> cross_entropy_backward([[0, 0], [10000, 0]], [1, 0]).tolist()
    [[0.25, -0.25], [0.0, 0.0]]
    """
    logits = real(logits, "logits", ndim=2)
    p = _probabilities(labels, *logits.shape)
    return (softmax(logits) - p) / len(logits)


def _rows(x):
    x = real(x, "x")
    if x.ndim == 0:
        raise ValueError(f"softmax needs at least one axis, received the shape {x.shape}")
    return x


def _log_softmax(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _probabilities(labels, samples: int, classes: int):
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
