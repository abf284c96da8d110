"""Metrics of logits against labels."""

import numpy as np


def _classes(labels):
    return labels if labels.ndim == 1 else labels.argmax(axis=-1)


def loss(logits, labels):
    """Mean cross-entropy: -log softmax(logits) at the label (or its mean under a row of probabilities)."""
    z = logits.astype(np.float64)
    z -= z.max(axis=-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    if labels.ndim == 1:
        return float(-log_p[np.arange(len(labels)), labels].mean())
    return float(-(labels * log_p).sum(axis=-1).mean())


def top_k(logits, labels, k):
    """The share of rows whose label is among the k largest logits; of equal logits the lower class comes first."""
    classes = _classes(labels)[:, None]
    own = np.take_along_axis(logits, classes, axis=-1)
    earlier = np.arange(logits.shape[-1]) < classes
    better = (logits > own) | ((logits == own) & earlier)
    return float(((better.sum(axis=-1) < k) & np.isfinite(own[:, 0])).mean())


METRICS = {
    "loss": loss,
    "accuracy": lambda logits, labels: top_k(logits, labels, 1),
    "top5": lambda logits, labels: top_k(logits, labels, 5),
}


def evaluate(logits, labels, names):
    """name -> value for each metric name."""
    for name in names:
        if name not in METRICS:
            raise ValueError(f"metrics must be among {', '.join(METRICS)}: received {name!r}")
    return {name: METRICS[name](logits, labels) for name in names}
