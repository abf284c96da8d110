"""Normalisation layers: running statistics and when they move, frozen layers, gradients that meet, large offsets."""

import numpy as np
import pytest
from nets import batch, check_gradients, randomise

import cnnc
from cnnc import functional as F
from cnnc import reference


def followed(x, steps, momentum):
    """The running mean and variance after so many steps on a batch, from 0 and 1."""
    axes = tuple(range(x.ndim - 1))
    part = 1 - (1 - momentum) ** steps
    x = x.astype(np.float64)
    return part * x.mean(axes), 1 + part * (x.var(axes, ddof=1) - 1)


@pytest.mark.parametrize("shape", [(6,), (4, 3), (5, 4, 3), (2, 3, 2, 5)], ids=str)
def test_running_statistics_follow_the_batch(shape):
    norm = cnnc.BatchNorm(momentum=0.3)
    net = cnnc.Sequential([norm, cnnc.Flatten(), cnnc.Dense(2)]).build(shape)
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.1))
    x = 3 * batch(shape, n=8) + 2
    for _ in range(4):
        trainer.step(x, np.arange(8) % 2)
    mean, var = followed(x, 4, 0.3)
    np.testing.assert_allclose(net.state()["0.running_mean"], mean, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(net.state()["0.running_var"], var, rtol=1e-5)
    assert "0.running_mean" not in net.parameters()
    assert net.count_parameters() == sum(p.size for p in net.parameters().values())
    y = net.activations(x)["0"]
    affine = [net.state()[f"0.{name}"] for name in ("running_mean", "running_var", "weight", "bias")]
    np.testing.assert_allclose(y, F.batch_norm_inference(x, *affine), rtol=0, atol=1e-5)


def test_in_training_the_batch_is_normalised_and_the_program_sees_new_weights():
    """The loss of a step is that of the batch's own statistics, whatever the running ones are."""
    net = cnnc.Sequential([cnnc.BatchNorm()]).build((3,))
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.0))
    x, labels = 5 * batch((3,), n=6) - 7, [0, 1, 2, 0, 1, 2]
    for scale in (1.0, -2.0):
        net.parameters()["0.weight"][...] = scale
        expected = F.cross_entropy(F.batch_norm(x, np.full(3, scale)), labels)
        assert trainer.step(x, labels) == pytest.approx(expected, rel=1e-5)


def test_a_loss_that_is_not_finite_leaves_the_running_statistics():
    net = cnnc.Sequential([cnnc.BatchNorm(), cnnc.Dense(2)]).build((3,))
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.1))
    trainer.step(batch((3,), n=4), [0, 1, 0, 1])
    before = {path: array.copy() for path, array in net.state().items()}
    with pytest.raises(cnnc.NonFiniteLoss):
        trainer.step(np.full((4, 3), np.nan), [0, 1, 0, 1])
    for path, array in net.state().items():
        np.testing.assert_array_equal(array, before[path])


def test_a_frozen_layer_uses_running_statistics_and_hands_its_gradient_on():
    def made(frozen):
        norm = cnnc.BatchNorm()
        net = cnnc.Sequential([cnnc.Dense(3), norm, cnnc.Tanh(), cnnc.Dense(2)])
        randomise(net.build((4,), dtype=np.float64))
        net.state()["1.running_mean"][...] = [0.5, -1.0, 2.0]
        net.state()["1.running_var"][...] = [2.0, 0.5, 1.0]
        norm.trainable = not frozen
        return net, cnnc.Trainer(net, cnnc.SGD(lr=0.5))

    x, labels = batch((4,), n=6, dtype=np.float64), [0, 1] * 3
    net, trainer = made(frozen=True)
    before = {path: array.copy() for path, array in net.state().items()}
    logits = net(x)
    assert trainer.step(x, labels) == pytest.approx(F.cross_entropy(logits, labels), rel=1e-12)
    moved = {path for path, array in net.state().items() if not np.array_equal(array, before[path])}
    assert moved == {"0.weight", "0.bias", "3.weight", "3.bias"}

    net, trainer = made(frozen=True)
    trainer.optimizer.lr = 0.0
    trainer.step(x, labels)
    gradient, weight, eps = trainer.gradients()["0.weight"].copy(), net.parameters()["0.weight"], 1e-6
    kept = weight[1, 2]
    losses = []
    for weight[1, 2] in (kept + eps, kept - eps):
        losses.append(F.cross_entropy(net(x), labels))
    assert gradient[1, 2] == pytest.approx((losses[0] - losses[1]) / (2 * eps), rel=1e-5)


def test_a_training_batch_of_one_value_is_refused():
    net = cnnc.Sequential([cnnc.Dense(3), cnnc.BatchNorm()]).build((4,))
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.1))
    rule = r'^BatchNorm "1": a training batch must hold more than one value for each channel: received \(1, 3\)'
    with pytest.raises(cnnc.LayerError, match=rule):
        trainer.step(batch((4,), n=1), [0])
    trainer.step(batch((4,), n=2), [0, 1])
    assert net(batch((4,), n=1)).shape == (1, 3)


def test_running_statistics_are_saved(tmp_path):
    net = cnnc.Sequential([cnnc.Conv2D(3, 3), cnnc.BatchNorm(), cnnc.Flatten(), cnnc.Dense(2)]).build((5, 5, 1))
    x = batch((5, 5, 1), n=4) + 3
    cnnc.Trainer(net, cnnc.SGD(lr=0.1)).step(x, [0, 1, 0, 1])
    net.save(tmp_path / "net.safetensors")
    loaded = cnnc.load(tmp_path / "net.safetensors")
    assert loaded(x).tobytes() == net(x).tobytes()
    assert loaded.state().keys() == net.state().keys()
    for path, array in net.state().items():
        np.testing.assert_array_equal(loaded.state()[path], array)


MAKERS = [cnnc.BatchNorm, cnnc.LayerNorm, cnnc.RMSNorm, lambda: cnnc.GroupNorm(2), cnnc.InstanceNorm,
          lambda: cnnc.LocalResponseNorm(alpha=1.0)]  # fmt: skip


@pytest.mark.parametrize("make", MAKERS)
def test_gradients_that_meet_are_added(make):
    """The input's gradient is added to another branch's while the parameters' are written for the first time; and the
    other way round where one layer is used twice."""
    check_gradients([cnnc.Add([cnnc.Identity(), make()])], (2, 3, 4))
    check_gradients([cnnc.Add([make(), cnnc.Identity()])], (2, 3, 4))
    shared = make()
    check_gradients([shared, cnnc.Tanh(), shared, cnnc.Add([cnnc.Identity(), shared])], (2, 2, 4))


@pytest.mark.parametrize("make", MAKERS)
def test_threads_do_not_change_bits(make, threads, isa):
    x, labels = batch((17, 17, 12), n=20), np.arange(20) % 5
    results = []
    for team in (1, 2, 3, 7):
        threads(team)
        net = cnnc.Sequential([make(), cnnc.AvgPool2D(17), cnnc.Flatten(), cnnc.Dense(5)]).build(x.shape[1:])
        trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.1))
        losses = [trainer.step(x, labels) for _ in range(3)]
        results.append([losses, *(array.tobytes() for array in net.state().values()), net(x).tobytes()])
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize("offset", [1e4, -3e6])
@pytest.mark.parametrize(("function", "shape"), [
    (F.batch_norm, (4, 60, 60, 3)), (F.batch_norm, (300, 70)), (F.layer_norm, (9, 333)), (F.instance_norm, (2, 40, 5)),
    (lambda x: F.group_norm(x, groups=2), (2, 9, 9, 8)),
])  # fmt: skip
def test_large_offsets_cost_no_accuracy(function, shape, offset, isa):
    """What is left of the noise is what float32 holds of x; from there on nothing more is lost."""
    x = (offset + 8 * batch(shape[1:], n=shape[0])).astype(np.float32)
    np.testing.assert_allclose(function(x), function(x.astype(np.float64)), rtol=0, atol=2e-5)


def test_a_first_pixel_far_from_the_others_costs_no_accuracy(isa):
    x = batch((50, 50, 3), n=2) + 1e4
    x[:, :2] = 0
    exact = F.batch_norm(x.astype(np.float64))
    np.testing.assert_allclose(F.batch_norm(x), exact, rtol=0, atol=1e-6 * np.abs(exact).max() + 1e-5)


def test_constant_channels_become_the_shift(isa):
    x = np.full((3, 7, 7, 5), 1e6 / 3, np.float32)
    np.testing.assert_array_equal(F.batch_norm(x, beta=np.arange(5)), np.broadcast_to(np.arange(5.0), x.shape))


def test_a_channel_that_is_not_finite_leaves_the_others(isa):
    for channels in (2, 5, 40, 90):
        x = batch((7, channels), n=9)
        x[3, 2, 1] = np.nan
        bad = np.arange(channels) == 1
        y, exact = (module.batch_norm(x) for module in (F, reference))
        np.testing.assert_array_equal(np.isnan(y), np.broadcast_to(bad, x.shape))
        np.testing.assert_allclose(y, exact, rtol=0, atol=1e-5)
        y = F.layer_norm(x)
        assert np.isnan(y[3, 2]).all()
        assert np.isnan(y).sum() == channels


def test_inference_runs_in_place():
    for make in MAKERS:
        net = cnnc.Sequential([cnnc.ReLU(), make()]).build((8, 8, 4))
        assert net.memory(16)["activations"] == 16 * 8 * 8 * 4 * 4
