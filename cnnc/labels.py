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
