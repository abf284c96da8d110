"""Softmax and cross-entropy."""

import numpy as np

from cnnc import reference
from table import LANES, PLACES, SHAPES, Spec, bounds, number, shape

SIZES = [(1, 1), (1, 5), (4, 2), (3, 7), (6, 10)]


def spread(x):
    """exp(x - max) inherits the error of the difference, times its size."""
    x = np.asarray(x, np.float64)
    return 1 + x.max(axis=-1, keepdims=True) - x.min(axis=-1, keepdims=True)


def softmax_backward_terms(dy, x):
    p = reference.softmax(x)
    return 2 * x.shape[-1], p * (np.abs(dy) + (np.abs(dy) * p).sum(-1, keepdims=True)) * spread(x)


def rows_of(logits, labels):
    return np.eye(logits.shape[1])[labels] if labels.ndim == 1 else labels


def draw_labels(case, arrays, rng):
    """Labels are classes, or rows of probabilities if their shape says so."""
    logits, labels = arrays
    samples, classes = logits.shape
    if labels.ndim == 2:
        return [logits, rng.dirichlet(np.ones(classes), samples).astype(logits.dtype)]
    return [logits, rng.integers(classes, size=samples)]


def loss_fields(case, arrays, dtype, expected):
    """What the operation leaves besides the loss."""
    x, labels = arrays
    best = labels if labels.ndim == 1 else labels.argmax(axis=1)
    rows = [reference.cross_entropy(x[i : i + 1], labels[i : i + 1]) for i in range(len(x))]
    return {
        "p": (reference.softmax(x), bounds("softmax", [x], {}, dtype)[0]),
        "hits": (np.array([(x.argmax(axis=1) == best).sum()]), 0),
        "row_loss": (np.array(rows), len(x) * expected["loss"][1]),
    }


def labelled(n, k, axes=1):
    return ((n, k), (n, k)[:axes]), {}


SPECS = [
    Spec(
        "softmax",
        [((s,), {}) for s in SHAPES],
        lambda rng: ((shape(rng),), {}),
        tails={
            "classes": ([*LANES, 1000], lambda n: (((3, n),), {})),
            "rows": (PLACES, lambda n: (((n, 10),), {})),
        },
        large=[(((3001, 10),), {})],
        chain=[("softmax", "x", "y"), ("softmax_dx", "dy y", "dx")],
        in_place=[("softmax", "x", "y"), ("softmax_dx", "dy", "dx")],
        forward_terms=lambda x: (x.shape[-1], reference.softmax(x) * spread(x)),
        backward_terms=softmax_backward_terms,
    ),
    Spec(
        "cross_entropy",
        [labelled(n, k, axes) for axes in (1, 2) for n, k in SIZES],
        lambda rng: labelled(number(rng, 1, 70), number(rng, 1, 40), number(rng, 1, 2)),
        tails={
            "classes": (LANES, lambda n: labelled(3, n)),
            "rows": (PLACES, lambda n: labelled(n, 10, 2)),
        },
        large=[labelled(3001, 10), labelled(501, 100, 2)],
        chain=[
            ("cross_entropy", "x labels target", "p row_loss loss hits"),
            ("cross_entropy_dx", "p labels target", "dx"),
        ],
        takes="x labels",
        gives="loss",
        draw=draw_labels,
        is_loss=True,
        more=loss_fields,
        in_place=[("cross_entropy", "x", "p"), ("cross_entropy_dx", "p", "dx")],
        forward_terms=lambda x, labels: (x.shape[1], (spread(x) * rows_of(x, labels)).sum() / len(x)),
        backward_terms=lambda x, labels: (
            x.shape[1],
            (reference.softmax(x) * spread(x) + rows_of(x, labels)) / len(x),
        ),
    ),
]
