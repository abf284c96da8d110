"""How training went, and what is taken for what."""

import numpy as np

from cnnc.plot.canvas import BLUE, INK, ORANGE, QUIET, check_names, new_figure, saved, scale, title
from cnnc.plot.images import check_predictions

__all__ = ["confusion", "history"]

NAMED = 25  # classes up to which counts are written into a confusion matrix


def history(history, path=None):
    """Loss and accuracy over the epochs, in training and in validation, and the learning rate below them.

    Args:
        history: what `net.fit` returned: a dict of lists with a value an epoch, with "loss" among them.
        path: where to save the figure; None does not.

    Returns:
        A matplotlib Figure: a panel for the loss, one for the accuracy if there is one, and a low one for the learning
        rate.

    Raises:
        ValueError: for what is not such a dict.
        ImportError: if matplotlib is missing.

    Example:
        >>> import cnnc
        >>> figure = cnnc.plot.history({"loss": [2.0, 1.0], "val_loss": [2.2, 1.5], "lr": [0.1, 0.1]})
        >>> [axes.get_title(loc="left") for axes in figure.axes]
        ['loss', 'learning rate']
    """
    if not hasattr(history, "items") or not len(history.get("loss", ())):
        raise ValueError(f'history must be a dict of lists, with "loss" among them: received {history!r}')
    series = {name: np.asarray(values, np.float64) for name, values in history.items()}
    epochs = len(series["loss"])
    odd = {name: values.shape for name, values in series.items() if values.shape != (epochs,)}
    if odd:
        raise ValueError(f"history must have a value for each of {epochs} epochs: received {odd}")
    panels = [name for name in ("loss", "accuracy") if name in series or f"val_{name}" in series]
    rate = series.get("lr")
    figure = new_figure(0.6 + 3.4 * len(panels), 3.2 + 0.9 * (rate is not None))
    rows = 1 if rate is None else 2
    grid = figure.add_gridspec(rows, len(panels), height_ratios=[4, 1][:rows])
    for column, name in enumerate(panels):
        axes = _axes(figure, grid[0, column], name, epochs)
        for key, colour, dashes, word in ((name, BLUE, "-", "training"), (f"val_{name}", ORANGE, "--", "validation")):
            if key in series:
                _line(axes, series[key], colour, dashes, word)
        axes.legend(fontsize=8, frameon=False, labelcolor=INK)
        if rate is None:
            axes.set_xlabel("epoch", fontsize=8, color=INK)
    if rate is not None:
        axes = _axes(figure, grid[1, :], "learning rate", epochs)
        _line(axes, rate, QUIET, "-", "learning rate")
        axes.set_xlabel("epoch", fontsize=8, color=INK)
        if rate.min() > 0 and rate.max() > 20 * rate.min():
            axes.set_yscale("log")
        else:
            axes.set_ylim(bottom=0)
    return saved(figure, path)


def _axes(figure, place, name, epochs):
    from matplotlib.ticker import MaxNLocator

    axes = figure.add_subplot(place)
    title(axes, name)
    axes.tick_params(labelsize=7, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[:].set_color(QUIET)
    axes.grid(color="0.92", linewidth=0.8)
    axes.set_xlim(0.5, epochs + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return axes


def _line(axes, values, colour, dashes, word):
    """A line with a mark for each epoch, while there are few."""
    marks = {"marker": "o", "markersize": 3} if len(values) <= 40 else {}
    axes.plot(np.arange(1, len(values) + 1), values, dashes, color=colour, linewidth=1.5, label=word, **marks)


def confusion(labels, predictions, classes=None, path=None):
    """The confusion matrix: how many images of a class (row) were taken for which (column), as shares of the row.

    Args:
        labels: N classes.
        predictions: N classes, or (N, K) logits.
        classes: names of the classes.
        path: where to save the figure; None does not.

    Returns:
        A matplotlib Figure: one panel, with the counts written into it where there are at most 25 classes, and a scale.

    Raises:
        ValueError: for labels, predictions or names that do not belong together.
        TypeError: for labels or predictions that are not classes.
        ImportError: if matplotlib is missing.

    Example:
        >>> import cnnc
        >>> figure = cnnc.plot.confusion([0, 1, 1], [0, 1, 0], classes=["cat", "dog"])
        >>> figure.axes[0].get_title(loc="left")
        '2 of 3 right, 66.67 %'
    """
    labels, taken, _, number = check_predictions(labels, predictions)
    names = check_names(classes, number)
    number = len(names)
    counts = np.bincount(labels.astype(np.int64) * number + taken, minlength=number**2).reshape(number, number)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    few = number <= NAMED
    side = max(3.0, (0.38 if few else 0.09) * number + 1.6)
    figure = new_figure(min(side, 12) + 0.8, min(side, 12))
    axes = figure.subplots()
    drawn = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    right = int(np.trace(counts))
    title(axes, f"{right:,} of {len(labels):,} right, {100 * right / len(labels):.2f} %")
    axes.set_ylabel("class", fontsize=8, color=INK)
    axes.set_xlabel("taken for", fontsize=8, color=INK)
    axes.tick_params(labelsize=7, colors=INK, length=0)
    axes.spines[:].set_visible(False)
    if few:
        turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if max(map(len, names)) > 3 else {}
        axes.set_xticks(range(number), names, **turned)
        axes.set_yticks(range(number), names)
        for (row, column), count in np.ndenumerate(counts):
            dark = shares[row, column] > 0.5
            axes.text(column, row, str(count) if count else "", ha="center", va="center", fontsize=6.5,
                      color="white" if dark else INK)  # fmt: skip
    scale(figure, drawn, axes)
    return saved(figure, path)
