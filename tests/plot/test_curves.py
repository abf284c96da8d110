"""Training curves and confusion matrices."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

import cnnc
from cnnc import metrics, plot

HISTORY = {"loss": [2.0, 1.0, 0.5], "accuracy": [0.2, 0.6, 0.8], "lr": [0.1, 0.01, 0.001], "seconds": [1.0, 1.0, 1.0],
           "val_loss": [2.1, 1.5, 1.2], "val_accuracy": [0.1, 0.5, 0.6]}  # fmt: skip


def lines(axes):
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines}


def test_history_has_its_panels():
    figure = plot.history(HISTORY)
    loss, accuracy, rate = figure.axes
    epochs = [1, 2, 3]
    assert lines(loss) == {"training": (epochs, HISTORY["loss"]), "validation": (epochs, HISTORY["val_loss"])}
    assert lines(accuracy)["validation"] == (epochs, HISTORY["val_accuracy"])
    assert lines(rate) == {"learning rate": (epochs, HISTORY["lr"])}
    assert rate.get_yscale() == "log"
    (alone,) = plot.history({"loss": [1.0]}).axes
    assert lines(alone) == {"training": ([1], [1.0])}


def test_history_of_a_training():
    (x, labels), _ = cnnc.data.digits()
    net = cnnc.Sequential([cnnc.Flatten(), cnnc.Dense(10)])
    history = net.fit(x[:64], labels[:64], epochs=2, progress=False)
    assert [axes.get_title(loc="left") for axes in plot.history(history).axes] == ["loss", "accuracy", "learning rate"]


@pytest.mark.parametrize("odd", [{}, {"accuracy": [1.0]}, {"loss": []}, [1.0], {"loss": [1.0], "lr": [0.1, 0.2]}])
def test_history_refuses(odd):
    with pytest.raises(ValueError, match="history must (be a dict of lists|have a value for each of 1 epochs)"):
        plot.history(odd)


def test_confusion_counts():
    rng = np.random.default_rng(0)
    labels, logits = rng.integers(0, 4, 50), rng.standard_normal((50, 4))
    for predictions in (logits, logits.argmax(axis=1)):
        axes, _ = plot.confusion(labels, predictions, list("abcd")).axes
        counts = metrics.confusion_matrix(logits, labels)
        np.testing.assert_allclose(axes.images[0].get_array(), counts / counts.sum(axis=1, keepdims=True))
        assert [text.get_text() for text in axes.texts] == [str(n) if n else "" for n in counts.ravel()]
        assert [tick.get_text() for tick in axes.get_yticklabels()] == list("abcd")
        right = np.trace(counts)
        assert axes.get_title(loc="left") == f"{right} of 50 right, {2 * right:.2f} %"


def test_confusion_of_many_classes_has_no_text():
    axes, _ = plot.confusion(np.arange(100), np.arange(100)).axes
    assert not axes.texts
    axes, _ = plot.confusion([0, 0], [0, 2]).axes
    assert axes.images[0].get_array().shape == (3, 3)
    assert axes.images[0].get_array()[1].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("labels", "predictions", "error", "pattern"),
    [
        ([0, 1], [0], ValueError, "one label for each of the 1 images: received 2"),
        ([0], [[0.0, np.nan]], ValueError, "predictions must be classes"),
        ([0], [], ValueError, "predictions must be classes"),
        ([2], [[0.0, 1.0]], ValueError, r"labels must be in \[0, 2\): received 2"),
        ([0], [-1], ValueError, "received -1"),
        ([0], [0.5], TypeError, "labels must be integer classes"),
        ([0, 3], [0, 1], ValueError, "a name for each of 4: received 3"),
    ],
)
def test_confusion_refuses(labels, predictions, error, pattern):
    with pytest.raises(error, match=pattern):
        plot.confusion(labels, predictions, classes="abc" if len(labels) == 2 else None)
