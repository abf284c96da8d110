"""Labels: integer classes or rows of probabilities, checked before anything is computed."""

import numpy as np


def check_labels(labels, n, classes):
    """Labels as int32 classes (N,), or as rows (N, K) of any type of real numbers.

    Raises:
        ValueError: unless there are `n` of them, classes lie in [0, K) and rows are finite, not negative and K long.
        TypeError: for labels that are not numbers.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "biuf" or (labels.ndim == 1 and labels.dtype.kind == "f"):
        raise TypeError(f"labels must be integer classes (N,) or rows of probabilities (N, K): "
                        f"received dtype {labels.dtype}, shape {labels.shape}")  # fmt: skip
    if labels.ndim not in (1, 2) or (labels.ndim == 2 and labels.shape[1] != classes):
        raise ValueError(f"labels must have the shape (N,) or (N, {classes}): received {labels.shape}")
    if len(labels) != n:
        raise ValueError(f"there must be one label for each of the {n} images: received {len(labels)}")
    if labels.ndim == 2:
        bad = ~np.isfinite(labels) | (labels < 0)
        if bad.any():
            row = int(np.argwhere(bad)[0][0])
            raise ValueError(f"rows of labels must be finite and not negative: received {labels[row]} at {row}")
        return labels
    bad = (labels < 0) | (labels >= classes)
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(f"labels must be in [0, {classes}): received {int(labels[at])} at position {at}")
    return labels.astype(np.int32, copy=False)


def check_targets(targets, n, shape):
    """Targets of `n` samples as real numbers (N, *shape); (N,) stands for (N, 1).

    Raises:
        ValueError: for another shape, or targets that are not finite.
        TypeError: for targets that are not numbers.
    """
    targets = np.asarray(targets)
    if targets.dtype.kind not in "biuf":
        raise TypeError(f"targets must be real numbers: received dtype {targets.dtype}")
    if shape == (1,) and targets.ndim == 1:
        targets = targets[:, None]
    if targets.ndim == 0 or targets.shape[1:] != tuple(shape):
        wanted = ", ".join(["N", *map(str, shape)])
        raise ValueError(f"targets must have the shape of the network's output, ({wanted}): received {targets.shape}")
    if len(targets) != n:
        raise ValueError(f"there must be targets for each of the {n} samples: received {len(targets)}")
    if targets.dtype.kind == "f" and not np.isfinite(targets).all():
        at = tuple(int(i) for i in np.argwhere(~np.isfinite(targets))[0])
        raise ValueError(f"targets must be finite: received {targets[at]} at {at}")
    return targets


def check_weights(weights, n, name="sample_weight"):
    """Weights of `n` samples or classes as float64, finite and not negative; None stays.

    Raises:
        ValueError: unless they are `n` such numbers.
        TypeError: for weights that are not numbers.
    """
    if weights is None:
        return None
    weights = np.asarray(weights)
    if weights.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers: received dtype {weights.dtype}")
    if weights.shape != (n,):
        raise ValueError(f"{name} must hold one weight for each of the {n}: received the shape {weights.shape}")
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        raise ValueError(f"{name} must be finite and not negative: received {weights[bad][0]} at {int(bad.argmax())}")
    return weights.astype(np.float64, copy=False)


def shares(labels, sample_weight=None, class_weights=None):
    """The share of each sample in the mean loss, (N,) float64; None where all have 1 / N.

    A weighted mean divides by the sum of the weights, for labels that are classes by the sum of sample weight times
    class weight. Where that is 0, so are all shares.
    """
    by_class = class_weights is not None and labels.ndim == 1
    if sample_weight is None and not by_class:
        return None
    weights = np.ones(len(labels)) if sample_weight is None else sample_weight
    total = (weights * np.asarray(class_weights)[labels] if by_class else weights).sum()
    return weights / total if total > 0 else np.zeros(len(labels))
