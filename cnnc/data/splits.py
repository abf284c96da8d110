"""Setting a part of a data set aside."""

import numpy as np

from cnnc.checks import check_seed
from cnnc.geometry import is_number


def stratified_split(labels, share, seed=0):
    """Cut a data set in two by chance, with the same mixture of classes in both.

    A class of n_c images gives `n_c * share` of them, rounded up or down so that the part has `round(N * share)` in
    all: the largest remainders are rounded up, the lower class first where they are equal.

    Args:
        labels: array_like (N,) of whole numbers.
        share: float, of the images that go into the part, between 0 and 1.
        seed: int from 0 to 2**64 - 1, of the choice; the same labels, share and seed give the same cut.

    Returns:
        index_rest, index_part: int64 arrays in ascending order, each of the N positions in one of them.

    Raises:
        ValueError: when labels are not of that kind, share is not between 0 and 1, seed is outside its range, or a side
            would be empty.

    >>> from cnnc.data import stratified_split
    >>> rest, part = stratified_split([0, 1, 0, 1, 0, 1, 0, 1, 2, 2], share=0.5)
    >>> len(rest), len(part)
    (5, 5)
    >>> stratified_split([0, 1], share=0.1)
    Traceback (most recent call last):
    ...
    ValueError: both sides must have images, received 2 labels and share 0.1, which makes 0
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "ui":
        raise ValueError(f"labels must be whole numbers (N,), received {labels.dtype} {labels.shape}")
    seed = check_seed(seed)
    if not is_number(share) or not 0 < share < 1:
        raise ValueError(f"share must be a number between 0 and 1, received {share!r}")
    total = round(len(labels) * share)
    if not 0 < total < len(labels):
        raise ValueError(
            f"both sides must have images, received {len(labels)} labels and share {share}, which makes {total}"
        )
    _, kinds, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    wanted = sizes * share
    counts = np.floor(wanted).astype(np.int64)
    remainders = np.argsort(counts - wanted, kind="stable")
    counts[remainders[: total - counts.sum()]] += 1

    # All images in random order, then class by class: the first counts[c] of each class are the part.
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(kinds[order], kind="stable")]
    starts = np.cumsum(sizes) - sizes
    within = np.arange(len(labels)) - np.repeat(starts, sizes)
    chosen = within < np.repeat(counts, sizes)
    return np.sort(order[~chosen]), np.sort(order[chosen])
