"""Images with what a network took them for."""

import numpy as np

from cnnc.checks import check_count
from cnnc.labels import check_labels
from cnnc.plot.canvas import check_names, new_figure, panels, pictures, saved, title

__all__ = ["misclassified"]


def misclassified(x, labels, predictions, classes=None, count=16, path=None):
    """Images that were taken for a class they are not of, the surest mistakes first where that is known.

    Args:
        x: images (N, H, W), (N, H, W, 1) or (N, H, W, 3), uint8 or other real numbers; or a source of them, such as
            `cnnc.data.ImageFolder`.
        labels: N classes.
        predictions: N classes, or (N, K) probabilities or logits, whose softmax is how sure a mistake is.
        classes: names of the classes.
        count: how many images to draw at most.
        path: where to save the figure; None does not.

    Returns:
        A matplotlib Figure: a panel for each image, with both classes as its title.

    Raises:
        ValueError: for labels, predictions or names that do not fit the images.
        TypeError: for images, labels or predictions that are not numbers of their kind.
        ImportError: if matplotlib is missing.

    Example:
        >>> import cnnc
        >>> _, (x, labels) = cnnc.data.digits()
        >>> figure = cnnc.plot.misclassified(x[:3], [0, 1, 2], [0, 7, 2], classes="abcdefgh")
        >>> [axes.get_title(loc="left") for axes in figure.axes]
        ['b, taken for h']
    """
    count = check_count(count, "count")
    labels, taken, sure, number = check_predictions(labels, predictions)
    names = check_names(classes, number)
    if len(x) != len(labels):
        raise ValueError(f"there must be one label for each of {len(x)} images: received {len(labels)}")
    wrong = np.flatnonzero(labels != taken)
    wrong = wrong if sure is None else wrong[np.argsort(-sure[wrong], kind="stable")]
    wrong = wrong[:count]
    if not len(wrong):
        figure = new_figure(3.2, 0.8)
        axes = figure.subplots()
        axes.set_axis_off()
        title(axes, f"none of {len(labels)} images was taken for another class")
        return saved(figure, path)
    drawn = pictures(x.read(wrong, np.random.default_rng(0)) if hasattr(x, "read") else np.asarray(x)[wrong])
    words = [f"{names[labels[i]]}, taken for {names[taken[i]]}" for i in wrong]
    if sure is not None:
        words = [f"{text}\n{100 * sure[i]:.0f} % sure" for text, i in zip(words, wrong, strict=True)]
    letters = max(len(line) for text in words for line in text.split("\n"))
    figure, all_axes = panels(len(wrong), drawn.shape[2], drawn.shape[1], side=max(1.2, 0.065 * letters), above=0.45)
    for axes, image, text in zip(all_axes, drawn, words, strict=True):
        axes.imshow(image, interpolation="nearest")
        title(axes, text, 7)
    return saved(figure, path)


def check_predictions(labels, predictions):
    """(labels, predicted classes, how sure each of these is or None, the number of classes), checked.

    Predictions are classes (N,), or rows (N, K) that tell how sure: probabilities, where no row has a number below 0
    and all add up to 1, and else logits.
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    for name, given in (("labels", labels), ("predictions", predictions)):
        if given.dtype.kind not in "buif":
            raise TypeError(f"{name} must be numbers: received dtype {given.dtype}")
    if not predictions.size or predictions.ndim not in (1, 2) or not np.isfinite(predictions).all():
        raise ValueError(f"predictions must be classes (N,), or finite logits or probabilities (N, K): "
                         f"received {predictions!r}")  # fmt: skip
    if predictions.ndim == 1:
        number = 1 + max(int(each.max()) for each in (predictions, labels) if each.ndim == 1 and each.size)
        taken, sure = check_labels(predictions, len(predictions), number), None
    else:
        number, taken = predictions.shape[1], predictions.argmax(axis=1)
        chances = predictions.astype(np.float64)
        if chances.min() < 0 or np.abs(chances.sum(axis=1) - 1).max() > 1e-3:
            chances = np.exp(chances - chances.max(axis=1, keepdims=True))
        sure = chances.max(axis=1) / chances.sum(axis=1)
    labels = check_labels(labels, len(taken), number)
    return labels if labels.ndim == 1 else labels.argmax(axis=1), taken, sure, number
