"""Softmax and the losses."""

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


def settings(case):
    """Fields of the C operations; their gradient may be one part of a sum, with a weight of its own."""
    given = case.arguments
    names = {"label_smoothing": "smoothing"}
    return {"smoothing": 0.0, "margin": 1.0, "delta": 1.0, "weight": 1.0} | {names.get(k, k): given[k] for k in given}


def rows_of_loss(case, arrays, expected):
    """The terms of the mean, as the C operation leaves them; weights are for the functions, chains run without."""
    loss, given = getattr(reference, case.op), {k: v for k, v in case.arguments.items() if not k.endswith("weights")}
    rows = [loss(*(a[i : i + 1] for a in arrays), **given) for i in range(len(arrays[0]))]
    return {"row_loss": (np.array(rows), len(rows) * expected["loss"][1])}


def hits(x, labels):
    best = labels if labels.ndim == 1 else labels.argmax(axis=1)
    return {"hits": (np.array([(x.argmax(axis=1) == best).sum()]), 0)}


def loss_fields(case, arrays, dtype, expected):
    """What the operation leaves besides the loss."""
    p = reference.softmax(arrays[0]), bounds("softmax", arrays[:1], {}, dtype)[0]
    return {"p": p, **hits(*arrays), **rows_of_loss(case, arrays, expected)}


def labelled(n, k, axes=1, **arguments):
    return ((n, k), (n, k)[:axes]), arguments


def cross_entropy_terms(x, labels, label_smoothing=0.0, class_weights=None, sample_weights=None):
    """With weights everything is at most as much more as the largest share is over 1 / N."""
    t = rows_of(x, labels) + label_smoothing
    return x.shape[1], (spread(x) * t).sum() / len(x) * most(class_weights) * most(sample_weights)


def cross_entropy_backward_terms(x, labels, label_smoothing=0.0, class_weights=None, sample_weights=None):
    t = rows_of(x, labels) + label_smoothing
    return x.shape[1], (reference.softmax(x) * spread(x) + t) / len(x) * most(class_weights) * most(sample_weights)


def most(weights):
    return 1 if weights is None else max(1, *weights) ** 2 / np.mean(weights)


SMOOTH = {"label_smoothing": 0.1}
WEIGHTED = {"label_smoothing": 0.2, "class_weights": [0.5, 3.0, 1.0], "sample_weights": [1.0, 0.0, 2.0, 1.0]}


# --- element by element ---------------------------------------------------------------------------------------


def pair(shape, **arguments):
    return (shape, shape), arguments


def draw_shares(case, arrays, rng):
    """Targets from 0 to 1, as binary cross-entropy wants them."""
    return [arrays[0], rng.random(arrays[1].shape).astype(arrays[1].dtype)]


def pointwise(op, slope, draw=lambda case, arrays, rng: arrays, **arguments):
    """The spec of a loss that is at most `slope(|x| + |t|)` steep, and so large times |x| + |t|."""

    def forward_terms(x, target, delta=1.0, sample_weights=None):
        size = np.abs(x) + np.abs(target) + 1
        return int(np.ceil(np.prod(x.shape[1:]))) + 8, (size * slope(size, delta)).mean() * most(sample_weights)

    def backward_terms(x, target, delta=1.0, sample_weights=None):
        size = np.abs(x) + np.abs(target) + 1
        return 8, slope(size, delta) / x.size * most(sample_weights)

    return Spec(
        op,
        [
            *(pair(s, **arguments) for s in SHAPES),
            pair((4, 3), **arguments, sample_weights=[0.5, 2.0, 0.0, 1.0]),
        ],
        lambda rng: pair(shape(rng), **arguments),
        tails={
            "elements": ([*LANES, 4095, 4096, 4097], lambda n: pair((3, n), **arguments)),
            "samples": (PLACES, lambda n: pair((n, 2, 3), **arguments)),
        },
        large=[pair((3001, 30), **arguments), pair((3, 30001), **arguments)],
        chain=[(op, "x target", "row_loss loss"), (f"{op}_dx", "x target", "dx")],
        takes="x target",
        gives="loss",
        fields=settings,
        draw=draw,
        is_loss=True,
        more=lambda case, arrays, dtype, expected: rows_of_loss(case, arrays, expected),
        forward_terms=forward_terms,
        backward_terms=backward_terms,
    )


def steep(size, delta):
    return 2 * size


def flat(size, delta):
    return np.full(np.shape(size), max(1.0, delta))


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
        [
            *(labelled(n, k, axes) for axes in (1, 2) for n, k in SIZES),
            *(labelled(4, 3, axes, **given) for axes in (1, 2) for given in (SMOOTH, WEIGHTED)),
        ],
        lambda rng: labelled(number(rng, 1, 70), number(rng, 1, 40), number(rng, 1, 2)),
        tails={
            "classes": (LANES, lambda n: labelled(3, n)),
            "rows": (PLACES, lambda n: labelled(n, 10, 2)),
        },
        large=[labelled(3001, 10), labelled(501, 100, 2), labelled(501, 100, **SMOOTH)],
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
        fields=settings,
        forward_terms=cross_entropy_terms,
        backward_terms=cross_entropy_backward_terms,
    ),
    Spec(
        "hinge",
        [
            *(labelled(n, k) for n, k in SIZES),
            labelled(5, 4, margin=0.3),
            labelled(4, 3, sample_weights=WEIGHTED["sample_weights"]),
        ],
        lambda rng: labelled(number(rng, 1, 70), number(rng, 1, 40)),
        tails={"classes": (LANES, lambda n: labelled(3, n)), "rows": (PLACES, lambda n: labelled(n, 10))},
        large=[labelled(3001, 10), labelled(501, 100)],
        chain=[("hinge", "x labels", "row_loss loss hits"), ("hinge_dx", "x labels", "dx")],
        takes="x labels",
        gives="loss",
        fields=settings,
        draw=draw_labels,
        is_loss=True,
        more=lambda case, arrays, dtype, expected: hits(*arrays) | rows_of_loss(case, arrays, expected),
        forward_terms=lambda x, labels, margin=1.0, sample_weights=None: (
            x.shape[1],
            (margin + 2 * np.abs(x).max()) * most(sample_weights),
        ),
        backward_terms=lambda x, labels, margin=1.0, sample_weights=None: (
            4,
            np.ones(x.shape) / len(x) * most(sample_weights),
        ),
    ),
    pointwise("mse", steep),
    pointwise("mae", flat),
    pointwise("huber", flat, delta=0.7),
    pointwise("binary_cross_entropy", flat, draw_shares),
]
