"""Metrics, against cases worked out by hand."""

import numpy as np
import pytest

import cnnc
from cnnc import metrics

# classes found:      0  0  1  2  2  1
LABELS = np.array([0, 1, 1, 2, 0, 2])
LOGITS = np.array([
    [3.0, 1.0, 0.0],
    [2.0, 1.0, 0.0],
    [0.0, 5.0, 1.0],
    [0.0, 1.0, 2.0],
    [1.0, 0.0, 2.0],
    [0.0, 2.0, 1.0],
])  # fmt: skip
MATRIX = [[1, 0, 1], [1, 1, 0], [0, 1, 1]]


def test_confusion_matrix():
    np.testing.assert_array_equal(metrics.confusion_matrix(LOGITS, LABELS), MATRIX)
    np.testing.assert_array_equal(metrics.confusion_matrix(LOGITS, np.eye(3)[LABELS]), MATRIX)


def test_accuracy_and_top_k():
    assert metrics.accuracy(LOGITS, LABELS) == 0.5
    assert metrics.error(LOGITS, LABELS) == 0.5
    assert metrics.top_k(LOGITS, LABELS, 2) == 1.0
    assert metrics.error(LOGITS, LABELS, 2) == 0.0
    assert metrics.accuracy(np.zeros((2, 3)), [0, 1]) == 0.5  # of equal logits the lower class counts
    assert metrics.accuracy([[np.nan, 0.0]], [0]) == 0.0


def test_precision_recall_and_f1():
    logits = np.eye(4)[[0, 0, 0, 1, 1, 2]]
    labels = [0, 0, 1, 1, 2, 0]
    # found 3, 2, 1, 0 times; there 3, 2, 1, 0 times; right 2, 1, 0, 0 times
    np.testing.assert_allclose(metrics.precision(logits, labels, None), [2 / 3, 1 / 2, 0, 0])
    np.testing.assert_allclose(metrics.recall(logits, labels, None), [2 / 3, 1 / 2, 0, 0])
    logits = np.eye(2)[[0, 0, 0, 1]]
    labels = [0, 1, 1, 1]
    np.testing.assert_allclose(metrics.precision(logits, labels, None), [1 / 3, 1])
    np.testing.assert_allclose(metrics.recall(logits, labels, None), [1, 1 / 3])
    np.testing.assert_allclose(metrics.f1(logits, labels, None), [0.5, 0.5])
    assert metrics.precision(logits, labels) == pytest.approx(2 / 3)
    assert metrics.recall(logits, labels) == pytest.approx(2 / 3)
    assert metrics.f1(logits, labels) == 0.5
    for metric in (metrics.precision, metrics.recall, metrics.f1):
        assert metric(logits, labels, "micro") == 0.5 == metrics.accuracy(logits, labels)


def test_report_has_a_line_a_class():
    lines = metrics.report(LOGITS, LABELS, ["a", "longer", "c"]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[2].split() == ["longer", "0.5000", "0.5000", "0.5000", "2"]
    assert lines[-1].split() == ["mean", "0.5000", "0.5000", "0.5000", "6"]
    with pytest.raises(ValueError, match="one name for each of the 3 classes: received 1"):
        metrics.report(LOGITS, LABELS, ["a"])


def test_calibration_error():
    logits = np.log([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    # confidence 0.9, right once of twice; confidence 0.6, right twice of twice
    assert metrics.calibration_error(logits, [0, 1, 0, 0], bins=10) == pytest.approx((0.4 + 0.4) / 2)
    assert metrics.calibration_error(logits, [0, 1, 0, 0], bins=1) == pytest.approx(0.0)
    assert metrics.calibration_error([[100.0, 0.0]], [0]) == 0.0
    with pytest.raises(ValueError, match="bins must be a positive int: received 0"):
        metrics.calibration_error(logits, [0, 1, 0, 0], bins=0)


def test_loss_is_the_reference():
    assert metrics.loss(LOGITS, LABELS) == pytest.approx(cnnc.reference.cross_entropy(LOGITS, LABELS), rel=1e-12)
    rows = np.full((6, 3), 1 / 3)
    assert metrics.loss(LOGITS, rows) == pytest.approx(cnnc.reference.cross_entropy(LOGITS, rows), rel=1e-12)


def test_evaluate_knows_them_by_name():
    net = cnnc.Sequential([cnnc.Identity()])
    names = (
        "loss",
        "accuracy",
        "error",
        "top2",
        "top2_error",
        "top5",
        "precision",
        "recall",
        "f1",
        "calibration_error",
    )
    found = net.evaluate(LOGITS, LABELS, metrics=names)
    assert list(found) == list(names)
    assert (found["accuracy"], found["top2"], found["top2_error"], found["top5"]) == (0.5, 1.0, 0.0, 1.0)
    assert found["f1"] == metrics.f1(LOGITS, LABELS) == 0.5
    assert found["loss"] == pytest.approx(metrics.loss(LOGITS, LABELS), rel=1e-6)
    assert net.evaluate(LOGITS, LABELS, metrics="f1") == {"f1": 0.5}
    for wrong in ("top0", "auc", 5):
        with pytest.raises(ValueError, match="metrics must be among loss, .*: received"):
            net.evaluate(LOGITS, LABELS, metrics=[wrong])


@pytest.mark.parametrize(
    ("logits", "labels", "text"),
    [
        (LOGITS[0], [0], r"logits must be numbers \(N, K\): received dtype float64, shape \(3,\)"),
        (LOGITS, [0, 1], "one label for each of the 6 images: received 2"),
        (LOGITS, LABELS + 1, r"labels must be in \[0, 3\): received 3 at position 3"),
    ],
)
def test_refusals(logits, labels, text):
    for function in (
        metrics.loss,
        metrics.accuracy,
        metrics.confusion_matrix,
        metrics.f1,
        metrics.report,
        metrics.calibration_error,
    ):
        with pytest.raises(ValueError, match=text):
            function(logits, labels)
    with pytest.raises(ValueError, match='average must be "macro", "micro" or None: received \'mean\''):
        metrics.f1(LOGITS, LABELS, "mean")
    with pytest.raises(ValueError, match="k must be a positive int: received 0"):
        metrics.top_k(LOGITS, LABELS, 0)


def test_nan_is_no_class():
    logits = [[np.nan, 1.0], [0.0, np.inf], [1.0, np.nan], [2.0, 1.0]]
    assert metrics.accuracy(logits, [1, 1, 0, 0]) == metrics.top_k(logits, [1, 1, 0, 0], 2) == 0.5
    for function in (metrics.confusion_matrix, metrics.f1, metrics.report, metrics.calibration_error):
        with pytest.raises(ValueError, match=r"logits must not be nan: received \[nan  1\.\] at 0"):
            function(logits, [1, 1, 0, 0])


def test_one_class_and_absent_classes():
    assert metrics.precision([[1.0], [2.0]], [0, 0]) == metrics.recall([[1.0], [2.0]], [0, 0]) == 1.0
    assert metrics.loss([[1.0], [2.0]], [0, 0]) == metrics.calibration_error([[1.0], [2.0]], [0, 0]) == 0.0
    np.testing.assert_array_equal(metrics.f1(np.eye(3)[[0, 0]], [0, 0], average=None), [1.0, 0.0, 0.0])
