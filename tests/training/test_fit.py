"""The loop over epochs: history, order, callbacks, what it prints."""

import itertools

import numpy as np
import pytest

import cnnc


def problem(n=70):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, n)
    return (np.eye(3)[labels] * 200 + rng.integers(0, 50, (n, 3))).astype(np.uint8), labels


def network():
    return cnnc.Sequential([cnnc.Dense(8), cnnc.Tanh(), cnnc.Dense(3)])


def test_history_and_learning():
    x, labels = problem()
    net = network()
    history = net.fit(x, labels, epochs=5, batch_size=16, optimizer=cnnc.SGD(lr=0.1, momentum=0.9),
                      validation_data=(x, labels), progress=False)  # fmt: skip
    assert set(history) == {"loss", "accuracy", "seconds", "val_loss", "val_accuracy"}
    assert all(len(values) == 5 for values in history.values())
    assert history["loss"][-1] < history["loss"][0]
    assert history["val_accuracy"][-1] > 0.9
    assert net.evaluate(x, labels)["accuracy"] == history["val_accuracy"][-1]


@pytest.mark.parametrize("kind", ["uint8", "float32", "float64", "list", "memmap"])
def test_every_kind_of_images_trains_alike(kind, tmp_path):
    x, labels = problem()
    scaled = (x / 255).astype(np.float32)
    images = {"uint8": x, "float32": scaled, "float64": scaled.astype(np.float64), "list": scaled.tolist()}.get(kind)
    if kind == "memmap":
        np.save(tmp_path / "x.npy", x)
        images = np.load(tmp_path / "x.npy", mmap_mode="r")
    net, other = network(), network()
    history = net.fit(images, labels, epochs=2, batch_size=16, progress=False)
    expected = other.fit(x, labels, epochs=2, batch_size=16, progress=False)
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-5)


def test_same_seed_same_weights_and_other_seed_other_order():
    x, labels = problem()
    weights = []
    for seed in (1, 1, 2):
        net = network().build((3,), seed=0)
        net.fit(x, labels, batch_size=16, seed=seed, progress=False)
        weights.append(net.flat.data.copy())
    np.testing.assert_array_equal(weights[0], weights[1])
    assert (weights[0] != weights[2]).any()


def test_callbacks_see_each_epoch_and_can_stop():
    x, labels = problem()
    seen = []

    def watch(epoch, logs):
        seen.append((epoch, logs["loss"]))
        return epoch == 1

    history = network().fit(x, labels, epochs=10, callbacks=[watch], progress=False)
    assert [epoch for epoch, _ in seen] == [0, 1]
    assert len(history["loss"]) == 2


def test_a_log_gets_a_line_an_epoch(capsys):
    x, labels = problem()
    network().fit(x, labels, epochs=2, validation_data=(x, labels))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("epoch 1/2: loss ") and "images/s" in lines[0] and "validation" in lines[0]


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"epochs": 0}, "epochs must be a positive int: received 0"),
        ({"batch_size": 1.5}, "batch_size must be a positive int: received 1.5"),
        ({"loss": "hinge"}, "loss must be one of cross_entropy: received 'hinge'"),
        ({"validation_data": 3}, "validation_data must be"),
    ],
)
def test_bad_settings_are_refused(settings, text):
    x, labels = problem()
    with pytest.raises(ValueError, match=text):
        network().fit(x, labels, progress=False, **settings)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: cnnc.SGD(lr=-1), "learning rate"),
        (lambda: cnnc.SGD(lr=float("nan")), "learning rate"),
        (lambda: cnnc.SGD(momentum=1.0), "momentum"),
        (lambda: cnnc.SGD(weight_decay=-1), "weight_decay"),
        (lambda: cnnc.SGD(nesterov=True), "nesterov"),
        (lambda: cnnc.Cosine(0.0), "start > 0"),
        (lambda: cnnc.Cosine(0.1, end=0.2), "end <= start"),
        (lambda: cnnc.Cosine(0.1, warmup=1.0), "warmup"),
    ],
)
def test_bad_optimizers_are_refused(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_a_schedule_without_a_number_of_steps_says_so():
    net = network().build((3,))
    with pytest.raises(ValueError, match="number of steps"):
        cnnc.Trainer(net, cnnc.SGD(cnnc.Cosine(0.1))).step(np.ones((1, 3)), [0])


def test_cosine_rises_then_falls():
    schedule = cnnc.Cosine(0.1, end=0.01, warmup=0.1)
    rates = [schedule(step, 100) for step in range(101)]
    assert rates[0] < rates[5] < rates[10] == pytest.approx(0.1)
    assert all(a >= b for a, b in itertools.pairwise(rates[10:]))
    assert rates[100] == pytest.approx(0.01)
