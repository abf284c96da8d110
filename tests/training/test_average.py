"""Averages of weights, the state of a trainer, the test of learning rates."""

import numpy as np
import pytest

import cnnc

RNG = np.random.default_rng(0)
X = RNG.standard_normal((64, 6))
LABELS = (X[:, 0] > 0) + (X[:, 1] > 0)


def network():
    return cnnc.Sequential([cnnc.Dense(16), cnnc.Dropout(0.2), cnnc.Tanh(), cnnc.Dense(3)]).build((6,), seed=0)


def test_the_average_follows_the_weights():
    net = network()
    trainer = cnnc.Trainer(net, cnnc.SGD(0.1), ema=0.9)
    expected = net.flat.data.astype(np.float64)
    for _ in range(10):
        trainer.step(X, LABELS)
        expected = 0.9 * expected + 0.1 * net.flat.data
    np.testing.assert_allclose(trainer.average.array, expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(trainer.average.state()["0.weight"], net.flat.view(trainer.average.array, "0.weight"))


def test_the_average_takes_the_weights_place(tmp_path):
    net = network()
    trainer = cnnc.Trainer(net, cnnc.SGD(0.5), ema=0.9)
    for _ in range(5):
        trainer.step(X, LABELS)
    before, average = net.flat.all.copy(), trainer.average.array.copy()
    with trainer.average:
        np.testing.assert_array_equal(net.flat.all, average)
        smooth, found = net(X), net.evaluate(X, LABELS)
        net.save(tmp_path / "net")
        with pytest.raises(ValueError, match="twice"), trainer.average:
            pass
    np.testing.assert_array_equal(net.flat.all, before)
    np.testing.assert_array_equal(trainer.average.array, average)
    np.testing.assert_array_equal(cnnc.load(tmp_path / "net")(X), smooth)
    trainer.average.keep()
    assert net.evaluate(X, LABELS) == found


@pytest.mark.parametrize("ema", [0, 1.0, -0.1, "0.9", float("nan")])
def test_bad_averages_are_refused(ema):
    with pytest.raises(ValueError, match=r"ema must be in \(0, 1\), .*: received"):
        cnnc.Trainer(network(), cnnc.SGD(), ema=ema)


def trainer_of(net):
    schedule = cnnc.Warmup(cnnc.ReduceOnPlateau(0.01, patience=0), 3)
    return cnnc.Trainer(net, cnnc.AdamW(schedule, clip_norm=1.0), ema=0.9, accumulate=2)


def advance(trainer, steps):
    for _ in range(steps):
        trainer.step(X, LABELS)
        trainer.optimizer.lr.note({"val_loss": 1.0})


def test_a_trainer_continues_from_its_state_to_the_same_bits():
    net = network()
    trainer = trainer_of(net)
    advance(trainer, 4)
    kept, state = {path: array.copy() for path, array in net.state().items()}, trainer.state_dict()
    advance(trainer, 4)
    other = network()
    for path, array in other.state().items():
        array[...] = kept[path]
    again = trainer_of(other)
    again.load_state_dict(state)
    advance(again, 4)
    np.testing.assert_array_equal(other.flat.all, net.flat.all)
    for name, value in trainer.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], value)


def test_a_state_of_another_trainer_is_refused():
    trainer = trainer_of(network())
    state = trainer.state_dict()
    before = trainer.state_dict()
    with pytest.raises(ValueError, match="this trainer's state is average, .*: received rng, step"):
        trainer.load_state_dict({"step": 1, "rng": state["rng"]})
    with pytest.raises(ValueError, match=r"average must have the shape .*: received \(3,\)"):
        trainer.load_state_dict({**state, "average": np.zeros(3)})
    for name, value in trainer.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_the_test_of_learning_rates_leaves_the_network_as_it_was():
    net = network()
    before, rng = net.flat.all.copy(), net.rng.copy()
    found = cnnc.find_learning_rate(net, X, LABELS, low=1e-5, high=1e3, steps=80, batch_size=16)
    np.testing.assert_array_equal(net.flat.all, before)
    np.testing.assert_array_equal(net.rng, rng)
    assert len(found.rates) == len(found.losses) <= 80
    np.testing.assert_allclose(found.rates[1:] / found.rates[:-1], (1e8) ** (1 / 79))
    assert found.suggestion in found.rates
    assert 1e-3 < found.suggestion < 10
    history = net.fit(X, LABELS, epochs=3, batch_size=16, progress=False,
                      optimizer=cnnc.SGD(found.suggestion, momentum=0.9))  # fmt: skip
    assert history["loss"][-1] < found.losses[0]
    again = cnnc.find_learning_rate(network(), X, LABELS, low=1e-5, high=1e3, steps=80, batch_size=16)
    np.testing.assert_array_equal(again.losses, found.losses)


def test_the_test_of_learning_rates_knows_other_losses_and_optimizers():
    y = X @ RNG.standard_normal((6, 3))
    found = cnnc.find_learning_rate(network(), X, y, cnnc.Adam(), loss="mse", steps=30)
    assert found.losses.min() < found.losses[0]


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"low": 0}, "0 < low < high: received 0, 10.0"),
        ({"low": 1.0, "high": 0.1}, "0 < low < high: received 1.0, 0.1"),
        ({"steps": 2}, "steps must be at least 3: received 2"),
        ({"batch_size": 0}, "batch_size must be a positive int: received 0"),
        ({"low": 1e30, "high": 1e32}, "begin with a lower rate: received low=1e\\+30"),
    ],
)
def test_bad_tests_of_learning_rates_are_refused(settings, text):
    net = network()
    before = net.flat.all.copy()
    with pytest.raises(ValueError, match=text):
        cnnc.find_learning_rate(net, X, LABELS, **settings)
    np.testing.assert_array_equal(net.flat.all, before)
