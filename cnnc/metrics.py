"""Metrics of logits (N, K) against labels: integer classes (N,), or rows (N, K) whose largest entry is the class.

A row of logits stands for the class of its largest; of equal ones the lower class counts.
"""

import re

import numpy as np

from cnnc.geometry import is_int
from cnnc.labels import check_labels

__all__ = [
    "accuracy", "calibration_error", "confusion_matrix", "error", "f1", "loss", "precision", "recall", "report",
    "top_k",
]  # fmt: skip


def _checked(logits, labels):
    """Logits (N, K) and classes (N,)."""
    logits = np.asarray(logits)
    if logits.ndim != 2 or logits.dtype.kind not in "biuf" or not logits.size:
        raise ValueError(f"logits must be numbers (N, K): received dtype {logits.dtype}, shape {logits.shape}")
    labels = check_labels(labels, *logits.shape)
    return logits, labels if labels.ndim == 1 else labels.argmax(axis=-1)


def _taken(logits):
    """The class that each row stands for; a row with nan in it stands for none."""
    odd = np.isnan(logits).any(axis=-1)
    if odd.any():
        raise ValueError(f"logits must not be nan: received {logits[odd][0]} at {int(odd.argmax())}")
    return logits.argmax(axis=-1)


def loss(logits, labels):
    """Mean cross-entropy: -log softmax(logits) at the label (or its mean under a row of probabilities).

    Raises:
        ValueError: for shapes that do not fit, or labels out of range.

    Example:
        >>> from cnnc import metrics
        >>> round(metrics.loss([[0.0, 0.0]], [1]), 4)
        0.6931
    """
    logits, _ = _checked(logits, labels)
    labels = np.asarray(labels)
    z = logits.astype(np.float64)
    z -= z.max(axis=-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    if labels.ndim == 1:
        return float((0.0 - log_p[np.arange(len(labels)), labels]).mean())
    return float((0.0 - labels * log_p).sum(axis=-1).mean())


def top_k(logits, labels, k):
    """The share of rows whose label is among the k largest logits; of equal logits the lower class comes first.

    A row with nan in it counts as wrong.

    Args:
        logits: (N, K).
        labels: N classes or rows.
        k: a positive int.

    Raises:
        ValueError: for shapes that do not fit, labels out of range or a k that is not a positive int.

    Example:
        >>> from cnnc import metrics
        >>> metrics.top_k([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]], [2, 2], k=2)
        0.5
    """
    if not is_int(k) or k < 1:
        raise ValueError(f"k must be a positive int: received {k!r}")
    logits, classes = _checked(logits, labels)
    own = np.take_along_axis(logits, classes[:, None], axis=-1)
    earlier = np.arange(logits.shape[-1]) < classes[:, None]
    better = (logits > own) | ((logits == own) & earlier)
    return float(((better.sum(axis=-1) < k) & ~np.isnan(logits).any(axis=-1)).mean())


def accuracy(logits, labels):
    """The share of rows whose largest logit is at the label.

    Example:
        >>> from cnnc import metrics
        >>> metrics.accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
        0.5
    """
    return top_k(logits, labels, 1)


def error(logits, labels, k=1):
    """The share of rows whose label is not among the k largest logits: 1 - top_k.

    Example:
        >>> from cnnc import metrics
        >>> metrics.error([[0.1, 0.9], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]], [1, 1, 0, 0])
        0.25
    """
    return 1.0 - top_k(logits, labels, k)


def confusion_matrix(logits, labels):
    """Counts (K, K): row c, column d says how many samples of class c were taken for d.

    Raises:
        ValueError: for shapes that do not fit, labels out of range, or logits that are nan.

    Example:
        >>> from cnnc import metrics
        >>> metrics.confusion_matrix([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [1, 1, 0]).tolist()
        [[0, 1], [1, 1]]
    """
    logits, classes = _checked(logits, labels)
    count = logits.shape[1]
    pairs = classes.astype(np.int64) * count + _taken(logits)
    return np.bincount(pairs, minlength=count * count).reshape(count, count)


def _share(part, whole):
    """part / whole, and 0 where whole is 0."""
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) > 0)


def _scores(matrix):
    """(precision, recall, F1) of each class."""
    right = np.diag(matrix).astype(np.float64)
    found, there = matrix.sum(axis=0), matrix.sum(axis=1)
    return _share(right, found), _share(right, there), _share(2 * right, found + there)


def _averaged(which, logits, labels, average):
    if average not in ("macro", "micro", None):
        raise ValueError(f'average must be "macro", "micro" or None: received {average!r}')
    matrix = confusion_matrix(logits, labels)
    if average == "micro":  # every sample is found once and is there once: all three are the share of right ones
        return float(np.trace(matrix) / matrix.sum())
    score = _scores(matrix)[which]
    return score if average is None else float(score.mean())


def precision(logits, labels, average="macro"):
    """Of the samples taken for a class, the share that belongs to it; 0 where there are none.

    Args:
        logits, labels: as everywhere here.
        average: "macro" for the mean over classes, "micro" for all samples together, None for an array (K,).

    Raises:
        ValueError: for shapes that do not fit, labels out of range, or another average.

    Example:
        >>> from cnnc import metrics
        >>> metrics.precision([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [1, 1, 0], average=None).tolist()
        [0.0, 0.5]
    """
    return _averaged(0, logits, labels, average)


def recall(logits, labels, average="macro"):
    """Of the samples of a class, the share that was taken for it; 0 where there are none. Arguments as of precision.

    Example:
        >>> from cnnc import metrics
        >>> metrics.recall([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [1, 1, 0], average=None).tolist()
        [0.0, 0.5]
    """
    return _averaged(1, logits, labels, average)


def f1(logits, labels, average="macro"):
    """2 precision recall / (precision + recall), 0 where both are 0. Arguments as of precision.

    (van Rijsbergen: Information retrieval, 1979.)

    Example:
        >>> from cnnc import metrics
        >>> metrics.f1([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [1, 1, 0])
        0.25
    """
    return _averaged(2, logits, labels, average)


def report(logits, labels, names=None):
    """A table as text: precision, recall, F1 and the number of samples of each class, and their means.

    Args:
        logits, labels: as everywhere here.
        names: of the K classes; their numbers unless given.

    Raises:
        ValueError: for shapes that do not fit, labels out of range, or not K names.

    Example:
        >>> from cnnc import metrics
        >>> print(metrics.report([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [1, 1, 0], names=["cat", "dog"]))
        class  precision  recall      F1  samples
        cat       0.0000  0.0000  0.0000        1
        dog       0.5000  0.5000  0.5000        2
        mean      0.2500  0.2500  0.2500        3
    """
    matrix = confusion_matrix(logits, labels)
    names = [str(name) for name in (range(len(matrix)) if names is None else names)]
    if len(names) != len(matrix):
        raise ValueError(f"there must be one name for each of the {len(matrix)} classes: received {len(names)}")
    scores = np.array(_scores(matrix))
    lines = [*zip(names, scores.T, matrix.sum(axis=1), strict=True), ("mean", scores.mean(axis=1), matrix.sum())]
    width = max(len(name) for name, _, _ in [("class", 0, 0), *lines])
    text = [f"{'class':{width}}  precision  recall      F1  samples"]
    text += [f"{name:{width}}  {p:9.4f}  {r:6.4f}  {f:6.4f}  {count:7d}" for name, (p, r, f), count in lines]
    return "\n".join(text)


def calibration_error(logits, labels, bins=15):
    """Expected calibration error: by how much the largest probability misses the accuracy, on average over samples.

    sum over bins b of |b| / N * |accuracy(b) - mean confidence(b)|, bins of equal width over (0, 1]; the confidence is
    the largest of softmax(logits).
    (Guo, Pleiss, Sun, Weinberger: On calibration of modern neural networks, 2017.)

    Args:
        logits, labels: as everywhere here.
        bins: how many.

    Raises:
        ValueError: for shapes that do not fit, labels out of range, or bins that are not a positive int.

    Example:
        >>> from cnnc import metrics
        >>> metrics.calibration_error([[0.0, 0.0], [0.0, 0.0]], [0, 1])
        0.0
    """
    if not is_int(bins) or bins < 1:
        raise ValueError(f"bins must be a positive int: received {bins!r}")
    logits, classes = _checked(logits, labels)
    taken, z = _taken(logits), logits.astype(np.float64)
    confidence = 1 / np.exp(z - z.max(axis=-1, keepdims=True)).sum(axis=-1)
    gap = (taken == classes) - confidence
    number = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    return float(np.abs(np.bincount(number, weights=gap, minlength=bins)).sum() / len(gap))


METRICS = {
    "loss": loss,
    "accuracy": accuracy,
    "error": error,
    "precision": precision,
    "recall": recall,
    "f1": f1,
    "calibration_error": calibration_error,
}


def get(name):
    """The function (logits, labels) -> float of that name."""
    found = METRICS.get(name)
    if found is None and (match := re.fullmatch(r"top([1-9]\d*)(_error)?", str(name))):
        k = int(match[1])
        found = (lambda y, t: error(y, t, k)) if match[2] else (lambda y, t: top_k(y, t, k))
    if found is None:
        raise ValueError(f"metrics must be among {', '.join(METRICS)}, top5 (or another number) and top5_error: "
                         f"received {name!r}")  # fmt: skip
    return found


def evaluate(outputs, labels, names, of_loss=loss):
    """name -> value for each metric name; `of_loss(outputs, labels)` computes "loss"."""
    functions = {name: of_loss if name == "loss" else get(name) for name in names}
    return {name: function(outputs, labels) for name, function in functions.items()}
