"""The loop over epochs: history, order, callbacks, what it prints."""

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
    assert set(history) == {"loss", "accuracy", "lr", "seconds", "val_loss", "val_accuracy"}
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
        ({"loss": "mode"}, "loss must be one of cross_entropy, .*, hinge: received 'mode'"),
        ({"loss": 3}, "loss must be a name or a Loss: received 3"),
        ({"accumulate": 0}, "accumulate must be a positive int: received 0"),
        ({"ema": 1.0}, r"ema must be in \(0, 1\), .*: received 1.0"),
        ({"sample_weight": [1.0]}, r"one weight for each of the 70: received the shape \(1,\)"),
        ({"sample_weight": [-1.0] * 70}, "finite and not negative: received -1.0 at 0"),
        ({"validation_data": 3}, "validation_data must be"),
        ({"seed": -1}, "seed must be an int from 0 to .*: received -1"),
    ],
)
def test_bad_settings_are_refused(settings, text):
    x, labels = problem()
    with pytest.raises(ValueError, match=text):
        network().fit(x, labels, progress=False, **settings)


def test_a_schedule_without_a_number_of_steps_says_so():
    net = network().build((3,))
    with pytest.raises(ValueError, match="number of steps"):
        cnnc.Trainer(net, cnnc.SGD(cnnc.Cosine(0.1))).step(np.ones((1, 3)), [0])


def test_regression_has_a_loss_and_no_accuracy(capsys):
    x = np.random.default_rng(0).standard_normal((100, 3))
    y = x @ np.array([[1.0, 0.5], [0.0, -1.0], [2.0, 0.0]]) + 0.5
    net = cnnc.Sequential([cnnc.Dense(2)])
    history = net.fit(x, y, epochs=20, batch_size=20, loss="mse", optimizer=cnnc.SGD(0.1), validation_data=(x, y))
    assert set(history) == {"loss", "lr", "seconds", "val_loss"}
    assert history["val_loss"][-1] < 1e-3
    assert "accuracy" not in capsys.readouterr().out
    assert net.evaluate(x, y, loss="mse") == {"loss": history["val_loss"][-1]}
    with pytest.raises(ValueError, match='"mse" has no metric but "loss": received \'accuracy\''):
        net.evaluate(x, y, metrics=("loss", "accuracy"), loss="mse")


def test_weights_count_samples_as_often_as_they_say():
    x, labels = problem(30)
    often = np.arange(30) % 3
    net, other = network().build((3,), seed=0), network().build((3,), seed=0)
    net.fit(x, labels, batch_size=30, sample_weight=often, progress=False)
    other.fit(np.repeat(x, often, axis=0), np.repeat(labels, often), batch_size=60, progress=False)
    np.testing.assert_allclose(net.flat.data, other.flat.data, rtol=0, atol=1e-6)


def test_accumulated_batches_are_large_batches():
    x, labels = problem()  # 70 images: the last batch is smaller
    ends = []
    for batch_size, accumulate in ((32, 1), (8, 4)):
        net = network().build((3,), seed=0)
        history = net.fit(x, labels, epochs=3, batch_size=batch_size, accumulate=accumulate, progress=False)
        ends.append((net.flat.data.copy(), history["loss"], history["accuracy"]))
    for a, b in zip(*ends, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_moving_average_is_what_remains():
    x, labels = problem()
    net = network().build((3,), seed=0)
    history = net.fit(x, labels, epochs=2, ema=0.9, validation_data=(x, labels), progress=False)
    assert net.evaluate(x, labels)["loss"] == history["val_loss"][-1]


def test_a_plateau_lowers_the_rate():
    x, labels = problem()
    schedule = cnnc.ReduceOnPlateau(0.1, factor=0.5, patience=0, monitor="accuracy", better="more")
    history = network().fit(x, labels, epochs=12, optimizer=cnnc.SGD(schedule), progress=False)
    assert history["lr"][0] == 0.1 > history["lr"][-1]
    with pytest.raises(ValueError, match="monitor must be one of loss, accuracy, lr, seconds: received 'val_loss'"):
        network().fit(x, labels, optimizer=cnnc.SGD(cnnc.ReduceOnPlateau(0.1)), progress=False)


def test_a_plateau_of_what_is_not_measured_is_refused_before_training():
    x, labels = problem()
    net = network().build((3,))
    before = net.flat.all.copy()
    schedule = cnnc.Warmup(cnnc.ReduceOnPlateau(0.1), 3)
    with pytest.raises(ValueError, match="monitor must be one of loss, accuracy, lr, seconds: received 'val_loss'"):
        net.fit(x, labels, optimizer=cnnc.SGD(schedule), progress=False)
    np.testing.assert_array_equal(net.flat.all, before)


def test_a_last_batch_that_is_too_small_is_refused_before_training():
    x, labels = problem(9)
    net = cnnc.Sequential([cnnc.Dense(4), cnnc.BatchNorm(), cnnc.Dense(3)]).build(x.shape[1:])
    before = net.flat.all.copy()
    with pytest.raises(cnnc.LayerError, match="more than one value for each channel"):
        net.fit(x, labels, batch_size=4, progress=False)
    np.testing.assert_array_equal(net.flat.all, before)
    net.fit(x, labels, batch_size=3, progress=False)


@pytest.mark.parametrize("callbacks", [print, ["print"], None])
def test_callbacks_must_be_functions(callbacks):
    x, labels = problem()
    with pytest.raises(TypeError, match=r"callbacks must be a list of functions \(epoch, logs\): received "):
        network().fit(x, labels, callbacks=callbacks, progress=False)


def test_numpys_true_stops_training_as_well():
    x, labels = problem()
    history = network().fit(x, labels, epochs=3, callbacks=[lambda epoch, logs: np.float64(1) > 0], progress=False)
    assert len(history["loss"]) == 1
