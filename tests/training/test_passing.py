"""Gradients that are used as soon as they are there and not kept: the same weights, in less memory."""

import numpy as np
import pytest

import cnnc
from cnnc import strips
from cnnc.layers.base import layer
from cnnc.parameters import Parameter
from cnnc.training import trainer as trainer_module


@layer
class BiasFirst(cnnc.Dense):
    """A dense layer whose bias is updated before its weight."""

    def declare(self, shape):
        self.bias = Parameter((self.units,), "zeros")
        self.weight = Parameter((shape[0], self.units), self.init)
        return (self.units,)


def _twins(optimizer, keep_gradients, **settings):
    """A network with parameters large and small, shared, frozen and in NumPy, and its trainer."""
    shared = cnnc.Dense(64)
    net = cnnc.Sequential([cnnc.Conv2D(8, 3), cnnc.BatchNorm(), cnnc.Tanh(), cnnc.Flatten(), cnnc.Dense(64), shared,
                           cnnc.Tanh(), shared, cnnc.Dense(9), cnnc.Tanh(), cnnc.Dense(4)])  # fmt: skip
    net.build((9, 9, 2), seed=0)
    net.layers[8].trainable = False
    return net, cnnc.Trainer(net, optimizer, keep_gradients=keep_gradients, **settings)


@pytest.mark.parametrize("optimizer", [
    cnnc.SGD(lr=0.1, momentum=0.9, weight_decay=0.01), cnnc.SGD(lr=0.1, clip_norm=0.5),
    cnnc.Adam(lr=0.01, clip_value=0.02), cnnc.LARS(lr=1.0, momentum=0.9),
])  # fmt: skip
@pytest.mark.parametrize("strip", [1000, 1 << 22])
def test_gradients_that_are_not_kept_give_the_same_weights(optimizer, strip, monkeypatch):
    monkeypatch.setattr(trainer_module, "LARGE", 1000)
    monkeypatch.setattr(strips, "STRIP", strip)
    x, labels = np.random.default_rng(0).standard_normal((6, 9, 9, 2)), np.arange(6) % 4
    nets = []
    for keep in (True, False):
        net, trainer = _twins(optimizer, keep, ema=0.9)
        assert (len(trainer.passing) == 2) == (not keep and optimizer.clip_norm is None)
        losses = [trainer.step(x, labels) for _ in range(4)]
        nets.append([losses, *(array.tobytes() for array in (*net.state().values(), trainer.average.array))])
    assert nets[0] == nets[1]


def test_gradients_that_are_not_kept_cannot_be_asked_for(monkeypatch):
    monkeypatch.setattr(trainer_module, "LARGE", 1000)
    _, trainer = _twins(cnnc.SGD(), False)
    with pytest.raises(ValueError, match="keep_gradients=True"):
        trainer.gradients()
    assert cnnc.Trainer(trainer.net, cnnc.SGD(), keep_gradients=False, accumulate=2).gradients()


def test_gradients_that_are_not_kept_need_no_memory():
    net = cnnc.Sequential([cnnc.Dense(3000), cnnc.ReLU(), cnnc.Dense(3000), cnnc.ReLU(), cnnc.Dense(10)]).build((3000,))
    kept, passing = (
        cnnc.Trainer(net, cnnc.SGD(), keep_gradients=keep).plan(4, np.float32, one_hot=False, team=1)[0]
        for keep in (True, False)
    )
    assert passing.activations < kept.activations + 2 * strips.STRIP
    names = [step.op.name for step in passing.steps if step.op.name in ("dense_dw", "sgd")]
    cuts = 2 * -(-4 * 3000 * 3000 // strips.STRIP)
    assert names == ["dense_dw", *["dense_dw", "sgd"] * cuts, "sgd", "sgd"]  # the last layer is small


@pytest.mark.parametrize("make", [cnnc.Dense, BiasFirst])
@pytest.mark.parametrize("features", [1, 3, 40])
def test_strips_of_a_wide_layer_and_a_large_bias(make, features, monkeypatch):
    monkeypatch.setattr(trainer_module, "LARGE", 1000)
    monkeypatch.setattr(strips, "STRIP", 1000)
    x, labels = np.random.default_rng(0).standard_normal((6, features)), np.arange(6) % 4
    weights = []
    for keep in (True, False):
        net = cnnc.Sequential([make(1200), cnnc.Tanh(), cnnc.Dense(4)]).build((features,), seed=0)
        trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.1), keep_gradients=keep)
        losses = [trainer.step(x, labels) for _ in range(3)]
        weights.append([losses, *(array.tobytes() for array in net.state().values())])
    assert weights[0] == weights[1]
