"""Losses in training: their values, gradients, weights, heads on the side, refusals."""

import numpy as np
import pytest
from table import numerical_gradient

import cnnc
from cnnc import functional as F

RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 5))
CLASSES = RNG.integers(0, 3, 12)
ROWS = RNG.dirichlet(np.ones(3), 12)
ARRAYS = RNG.random((12, 3))
WEIGHTS = RNG.random(12) + 0.1
CLASS_WEIGHTS = [0.5, 2.0, 1.0]

# loss, labels, the same on arrays: a function of outputs, labels and sample weights
LOSSES = [
    ("cross_entropy", CLASSES, lambda y, t, w: F.cross_entropy(y, t, sample_weights=w)),
    ("cross_entropy", ROWS, lambda y, t, w: F.cross_entropy(y, t, sample_weights=w)),
    *(
        (cnnc.CrossEntropy(0.1, CLASS_WEIGHTS), t, lambda y, t, w: F.cross_entropy(y, t, 0.1, CLASS_WEIGHTS, w))
        for t in (CLASSES, ROWS)
    ),
    ("hinge", CLASSES, lambda y, t, w: F.hinge(y, t, sample_weights=w)),
    (cnnc.Hinge(0.3), CLASSES, lambda y, t, w: F.hinge(y, t, 0.3, w)),
    ("mse", ARRAYS, F.mse),
    ("mae", ARRAYS, F.mae),
    ("huber", ARRAYS, lambda y, t, w: F.huber(y, t, 1.0, w)),
    (cnnc.Huber(0.2), ARRAYS, lambda y, t, w: F.huber(y, t, 0.2, w)),
    ("binary_cross_entropy", ARRAYS, F.binary_cross_entropy),
]
NAMES = [f"{getattr(loss, 'name', loss)}-{i}" for i, (loss, _, _) in enumerate(LOSSES)]
each = pytest.mark.parametrize(("loss", "labels", "function"), LOSSES, ids=NAMES)
weighted = pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["even", "weighted"])


def network(dtype=np.float64):
    return cnnc.Sequential([cnnc.Dense(4), cnnc.Tanh(), cnnc.Dense(3)]).build((5,), seed=0, dtype=dtype)


@each
@weighted
def test_value_and_gradient(loss, labels, function, weights):
    net = network()
    trainer = cnnc.Trainer(net, cnnc.SGD(0.0), loss)
    value = trainer.step(X, labels, sample_weight=weights)
    assert value == pytest.approx(function(net(X), labels, weights), rel=1e-12)
    for path, gradient in trainer.gradients().items():
        exact = numerical_gradient(lambda: function(net(X), labels, weights), net.parameters()[path])
        np.testing.assert_allclose(gradient, exact, rtol=1e-5, atol=1e-7)


@each
@weighted
def test_parts_add_up(loss, labels, function, weights):
    ends = []
    for accumulate in (1, 2, 5):  # 12 = 6 + 6 = 3 + 3 + 3 + 3
        net = network()
        trainer = cnnc.Trainer(net, cnnc.SGD(0.1, momentum=0.9), loss, accumulate=accumulate)
        ends.append([*(trainer.step(X, labels, sample_weight=weights) for _ in range(3)), net.flat.data.copy()])
    for end in ends[1:]:
        for a, b in zip(ends[0], end, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@each
def test_evaluate_is_the_training_loss(loss, labels, function):
    net = network(np.float32)
    value = cnnc.Trainer(net, cnnc.SGD(0.0), loss).step(X, labels)
    assert net.evaluate(X, labels, metrics=["loss"], loss=loss)["loss"] == pytest.approx(value, rel=1e-6)


@each
def test_same_bits_for_any_number_of_threads(loss, labels, function, isa, threads):
    ends = []
    labels, x = np.tile(labels, (200, 1) if labels.ndim > 1 else 200), np.tile(X, (200, 1))
    for team in (1, 3):
        threads(team)
        net = network(np.float32)
        trainer = cnnc.Trainer(net, cnnc.SGD(0.1), loss)
        ends.append([*(trainer.step(x, labels) for _ in range(3)), net.flat.data.tobytes()])
    assert ends[0] == ends[1]


def test_outputs_of_any_shape_are_compared_with_arrays():
    net = cnnc.Sequential([cnnc.Conv2D(2, 3, padding=1)]).build((6, 5, 1), seed=0)
    x, y = RNG.standard_normal((4, 6, 5, 1)), RNG.standard_normal((4, 6, 5, 2))
    trainer = cnnc.Trainer(net, cnnc.SGD(0.1), "mse")
    assert trainer.step(x, y) > trainer.step(x, y)
    assert trainer.hits == 0
    with pytest.raises(ValueError, match="must end in one vector of logits an image"):
        cnnc.Trainer(net, cnnc.SGD()).step(x, [0, 1, 0, 1])


def test_a_vector_stands_for_a_column():
    ends = []
    for y in (X[:, 0], X[:, :1]):
        net = cnnc.Sequential([cnnc.Dense(1)]).build((5,), seed=0)
        cnnc.Trainer(net, cnnc.SGD(0.1), "mae").step(X, y)
        ends.append(net.flat.data.copy())
    np.testing.assert_array_equal(*ends)


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_a_batch_without_weight_changes_nothing(loss):
    net = network()
    before = net.flat.data.copy()
    labels = CLASSES if loss == "cross_entropy" else ARRAYS
    assert cnnc.Trainer(net, cnnc.SGD(0.1), loss).step(X, labels, sample_weight=np.zeros(12)) == 0
    np.testing.assert_array_equal(net.flat.data, before)


# --- heads on the side -------------------------------------------------------------------------------------------


def with_head(weight=0.3):
    head = cnnc.Auxiliary([cnnc.Tanh(), cnnc.Dense(3)], weight=weight)
    return cnnc.Sequential([cnnc.Dense(4), head, cnnc.Tanh(), cnnc.Dense(3)])


@each
@weighted
def test_the_loss_of_a_head_is_added(loss, labels, function, weights):
    net = with_head().build((5,), seed=0, dtype=np.float64)

    def objective():
        p = net.parameters()
        z = F.dense(X, p["0.weight"], p["0.bias"])
        return function(net(X), labels, weights) + 0.3 * function(
            F.dense(F.tanh(z), p["1.1.weight"], p["1.1.bias"]), labels, weights
        )

    for accumulate in (1, 3):
        trainer = cnnc.Trainer(net, cnnc.SGD(0.0), loss, accumulate=accumulate)
        assert trainer.step(X, labels, sample_weight=weights) == pytest.approx(objective(), rel=1e-12)
        for path, gradient in trainer.gradients().items():
            exact = numerical_gradient(objective, net.parameters()[path])
            np.testing.assert_allclose(gradient, exact, rtol=1e-5, atol=1e-7)


def test_a_head_is_there_in_training_only(tmp_path, capsys):
    net = with_head(weight=0.5).build((5,), seed=0)
    names = [step.op.name for step in net.plan_inference(2, np.float32, 1)[0].steps]
    assert names == ["dense", "dense"]  # tanh is a part of the first
    assert "1.1" not in net.activations(X)
    net.save(tmp_path / "net")
    again = cnnc.load(tmp_path / "net")
    assert again.layers[1].weight == 0.5
    np.testing.assert_array_equal(again(X), net(X))
    np.testing.assert_array_equal(again.parameters()["1.1.weight"], net.parameters()["1.1.weight"])
    rows = {row["layer"]: row for row in net.summary()}
    assert rows['Dense "1.1" (in training)']["parameters"] == 15
    assert rows['Dense "1.1" (in training)']["macs"] == 0
    assert rows["total"]["parameters"] == net.count_parameters() == 24 + 15 + 15
    assert rows["total"]["macs"] == 5 * 4 + 4 * 3
    assert "(in training)" in capsys.readouterr().out
    trainer = cnnc.Trainer(net, cnnc.SGD(0.1, momentum=0.9))
    losses = [trainer.step(X, CLASSES) for _ in range(60)]
    assert losses[-1] < losses[0]


def test_a_head_that_is_not_finite_stops_training():
    net = with_head().build((5,), seed=0)
    net.parameters()["1.1.bias"][0] = np.inf
    before = net.flat.data.copy()
    with pytest.raises(cnnc.NonFiniteLoss, match='the parameter "1.1.bias" is not finite'):
        cnnc.Trainer(net, cnnc.SGD(0.1)).step(X, CLASSES)
    np.testing.assert_array_equal(net.flat.data, before)


def test_heads_must_have_the_networks_output():
    net = cnnc.Sequential([cnnc.Auxiliary(cnnc.Dense(4)), cnnc.Dense(3)]).build((5,))
    with pytest.raises(
        ValueError, match=r'Auxiliary "0" must have the shape of the network\'s, \(3,\): received \(4,\)'
    ):
        cnnc.Trainer(net, cnnc.SGD())
    with pytest.raises(cnnc.LayerError, match="weight must be 0 or more: received -1"):
        cnnc.Auxiliary(cnnc.Dense(3), weight=-1)


# --- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "labels", "error", "text"),
    [
        ("hinge", ROWS, ValueError, r'"hinge" needs integer classes \(N,\): received labels of shape \(12, 3\)'),
        ("hinge", CLASSES + 1, ValueError, r"labels must be in \[0, 3\)"),
        ("mse", ARRAYS[:, :2], ValueError, r"shape of the network's output, \(N, 3\): received \(12, 2\)"),
        ("mse", CLASSES, ValueError, r"shape of the network's output, \(N, 3\): received \(12,\)"),
        ("mse", ARRAYS[:5], ValueError, "targets for each of the 12 samples: received 5"),
        ("mae", ARRAYS * np.nan, ValueError, r"targets must be finite: received nan at \(0, 0\)"),
        ("mae", ARRAYS.astype(str), TypeError, "targets must be real numbers: received dtype"),
        ("binary_cross_entropy", ARRAYS + 1, ValueError, r"must be in \[0, 1\]: received 1"),
    ],
)
def test_bad_targets_are_refused_before_anything_happens(loss, labels, error, text):
    net = network()
    trainer = cnnc.Trainer(net, cnnc.SGD(0.1), loss)
    before = net.flat.data.copy()
    for run in (trainer.step, lambda x, y: net.fit(x, y, loss=loss), lambda x, y: net.evaluate(x, y, loss=loss)):
        with pytest.raises(error, match=text):
            run(X, labels)
    np.testing.assert_array_equal(net.flat.data, before)


@pytest.mark.parametrize(
    ("weights", "error", "text"),
    [
        (np.ones(5), ValueError, r"one weight for each of the 12: received the shape \(5,\)"),
        (-np.ones(12), ValueError, "finite and not negative: received -1.0 at 0"),
        (["a"] * 12, TypeError, "sample_weight must hold real numbers"),
    ],
)
def test_bad_weights_are_refused(weights, error, text):
    with pytest.raises(error, match=text):
        cnnc.Trainer(network(), cnnc.SGD(0.1)).step(X, CLASSES, sample_weight=weights)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: cnnc.CrossEntropy(label_smoothing=1), r"label_smoothing must be in \[0, 1\): received 1"),
        (lambda: cnnc.CrossEntropy(class_weights=[-1, 1]), "class_weights must be finite and not negative"),
        (lambda: cnnc.Trainer(network(), cnnc.SGD(), cnnc.CrossEntropy(class_weights=[1, 1])),
         "one weight for each of the network's 3 classes: received 2"),
        (lambda: cnnc.Hinge(margin=0), "margin must be above 0: received 0"),
        (lambda: cnnc.Huber(delta=-1), "delta must be above 0: received -1"),
        (lambda: cnnc.Trainer(cnnc.Sequential([cnnc.Dense(1), cnnc.Sigmoid()]).build((2,)), cnnc.SGD(),
                              "binary_cross_entropy"), 'contains the sigmoid, .* ends in Sigmoid "1"'),
    ],
)  # fmt: skip
def test_bad_losses_are_refused(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_a_head_must_end_in_logits_as_well():
    head = cnnc.Auxiliary([cnnc.Dense(3), cnnc.Softmax()])
    net = cnnc.Sequential([cnnc.Dense(4), head, cnnc.Dense(3)]).build((5,))
    with pytest.raises(ValueError, match='must end in logits: received a network that ends in Softmax "1.1"'):
        cnnc.Trainer(net, cnnc.SGD())
    cnnc.Trainer(net, cnnc.SGD(), "mse")
