"""Images that were taken for another class."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from cnnc import plot


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


def test_the_surest_mistakes_come_first():
    x = np.random.default_rng(0).random((5, 4, 6, 3))
    logits = np.array([[0.0, 9.0], [3.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 2.0]])
    figure = plot.misclassified(x, [0, 1, 0, 0, 0], logits, ["cat", "dog"], count=3)
    assert titles(figure) == ["cat, taken for dog\n100 % sure", "dog, taken for cat\n95 % sure",
                              "cat, taken for dog\n88 % sure"]  # fmt: skip
    for axes, i in zip(figure.axes, (0, 1, 4), strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), x[i])


def test_without_logits_in_their_order():
    x = np.zeros((3, 4, 4), np.uint8)
    assert titles(plot.misclassified(x, [0, 1, 2], [2, 1, 0])) == ["0, taken for 2", "2, taken for 0"]
    assert titles(plot.misclassified(x, [0, 1, 2], [0, 1, 2])) == ["none of 3 images was taken for another class"]


def test_probabilities_are_as_sure_as_they_say():
    x = np.zeros((2, 4, 4))
    assert titles(plot.misclassified(x, [0, 0], [[0.01, 0.99], [0.75, 0.25]])) == ["0, taken for 1\n99 % sure"]
    assert titles(plot.misclassified(x, [0, 0], [[1.0, 3.0], [2.0, 1.0]])) == ["0, taken for 1\n88 % sure"]


def test_images_of_a_source():
    class Source:
        def __len__(self):
            return 3

        def read(self, index, rng):
            return np.full((len(index), 4, 4, 1), index[0], np.uint8)

    figure = plot.misclassified(Source(), [0, 1, 2], [0, 1, 1])
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), np.full((4, 4, 3), 2 / 255))


def test_refusals():
    x = np.zeros((3, 4, 4))
    with pytest.raises(ValueError, match="one label for each of 3 images: received 2"):
        plot.misclassified(x, [0, 1], [0, 1])
    with pytest.raises(ValueError, match="count must be a positive int: received -1"):
        plot.misclassified(x, [0, 1, 2], [0, 1, 1], count=-1)
    with pytest.raises(TypeError, match="labels must be numbers: received dtype <U1"):
        plot.misclassified(x, ["a", "b", "c"], [0, 1, 1])
    with pytest.raises(ValueError, match="images to show must be gray"):
        plot.misclassified(x[..., None].repeat(2, -1), [0, 1, 2], [0, 1, 1])
