"""Softmax and cross-entropy: formulas, extremes, and labels of every kind."""

import numpy as np
import pytest

from cnnc.reference import cross_entropy, cross_entropy_backward, softmax, softmax_backward


def logits(shape=(5, 7)):
    return np.random.default_rng(0).standard_normal(shape)


@pytest.mark.parametrize("shape", [(1,), (4,), (5, 7), (2, 3, 4)])
def test_softmax_is_its_formula(shape):
    x = logits(shape)
    np.testing.assert_allclose(softmax(x), np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True), rtol=1e-13)


def test_softmax_gradient_is_the_product_with_the_jacobian():
    x, dy = logits((2, 6))
    y = softmax(x)
    np.testing.assert_allclose(softmax_backward(dy, x), (np.diag(y) - np.outer(y, y)) @ dy, rtol=1e-12)


def test_softmax_ignores_a_common_shift():
    np.testing.assert_allclose(softmax(logits() + 1e4), softmax(logits()), rtol=1e-10)


def test_extreme_logits():
    x = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4]])
    np.testing.assert_allclose(softmax(x), [[1, 0, 0], [1 / 3] * 3], rtol=1e-15)
    assert cross_entropy(x, [0, 1]) == pytest.approx(np.log(3) / 2, rel=1e-15)
    assert cross_entropy(x, [1, 1]) == pytest.approx((2e4 + np.log(3)) / 2, rel=1e-15)
    np.testing.assert_allclose(cross_entropy_backward(x, [1, 1])[0], [0.5, -0.5, 0], atol=1e-15)


def test_a_class_that_cannot_be_costs_nothing_unless_it_is_the_label():
    x = np.array([[0.0, -np.inf]])
    assert cross_entropy(x, [0]) == 0
    assert cross_entropy(x, [1]) == np.inf


def test_cross_entropy_is_the_mean_log_of_the_softmax():
    labels = [3, 0, 6, 6, 1]
    expected = -np.log(softmax(logits())[range(5), labels]).mean()
    loss = cross_entropy(logits(), labels)
    assert type(loss) is float
    assert loss == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.int64, np.uint64])
def test_integers_and_one_hot_rows_mean_the_same(kind):
    labels = np.array([3, 0, 6, 6, 1], dtype=kind)
    for one_hot in (np.eye(7)[labels], np.eye(7, dtype=np.uint8)[labels], np.eye(7, dtype=bool)[labels]):
        assert cross_entropy(logits(), labels) == cross_entropy(logits(), one_hot)
        np.testing.assert_array_equal(
            cross_entropy_backward(logits(), labels), cross_entropy_backward(logits(), one_hot)
        )


def test_soft_labels():
    p = softmax(logits((5, 7))[::-1])
    assert cross_entropy(logits(), p) == pytest.approx(-(p * np.log(softmax(logits()))).sum() / 5, rel=1e-13)
    np.testing.assert_allclose(cross_entropy_backward(logits(), p), (softmax(logits()) - p) / 5, rtol=1e-13)
    assert cross_entropy(logits(), p.astype(np.float16)) == pytest.approx(cross_entropy(logits(), p), rel=1e-2)


@pytest.mark.parametrize("function", [cross_entropy, cross_entropy_backward])
def test_wrong_labels_are_refused(function):
    row = np.full((5, 7), 1 / 7)
    negative, heavy, not_a_number = row.copy(), row.copy(), row.copy()
    negative[2, :2] += [-0.2, 0.2]
    heavy[3, 0] += 0.5
    not_a_number[4, 0] = np.nan
    for labels, error, message in [
        ([0, 1, 7, 0, 0], ValueError, r"labels of 7 classes must be from 0 to 6, received 7 for sample 2$"),
        ([0, 1, 2, -1, 9], ValueError, r"labels of 7 classes must be from 0 to 6, received -1 for sample 3$"),
        ([0.0] * 5, TypeError, "labels that are classes must be integers, received dtype float64"),
        ([True] * 5, TypeError, "received dtype bool"),
        ([0, 1], ValueError, r"shape \(5,\) or \(5, 7\) of their logits, received \(2,\)"),
        ([[0]] * 5, ValueError, r"received \(5, 1\)"),
        (negative, ValueError, r"at least 0 and summing to 1, received \[-0\.05.* for sample 2$"),
        (heavy, ValueError, "for sample 3$"),
        (not_a_number, ValueError, "for sample 4$"),
    ]:
        with pytest.raises(error, match=message):
            function(logits(), labels)


def test_wrong_logits_are_refused():
    with pytest.raises(ValueError, match=r"logits must have 2 dimensions, received the shape \(7,\)"):
        cross_entropy(logits()[0], [0])
    with pytest.raises(ValueError, match=r"at least 1, received \(0, 7\)"):
        cross_entropy(logits()[:0], [])
    with pytest.raises(ValueError, match="at least one axis"):
        softmax(1.0)
