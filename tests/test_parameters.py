"""Parameters: learned and not, frozen and not, and how they lie in the flat buffers."""

import tracemalloc

import numpy as np
import pytest
from nets import batch

import cnnc
from cnnc import initializers


class Centred(cnnc.Layer):
    """Subtracts a stored mean and adds a learned offset."""

    def declare(self, shape):
        self.mean = cnnc.Parameter(shape, "ones", learned=False)
        self.offset = cnnc.Parameter(shape, "zeros")
        return shape

    def forward(self, x):
        return x - self.mean.data + self.offset.data

    def backward(self, dy):
        self.offset.grad += dy.sum(axis=0)
        return dy


def network():
    return cnnc.Sequential([cnnc.Dense(4), Centred(), cnnc.Tanh(), cnnc.Dense(3)]).build((5,), seed=0)


def train(net, steps=2):
    """Trains a little; returns the paths of what changed."""
    before = {path: array.copy() for path, array in net.state().items()}
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.1, momentum=0.9))
    for _ in range(steps):
        trainer.step(batch((5,)), [0, 1, 2])
    return {path for path, array in net.state().items() if (array != before[path]).any()}


def test_state_is_saved_but_not_learned(tmp_path):
    net = network()
    learned = ["0.weight", "0.bias", "1.offset", "3.weight", "3.bias"]
    assert list(net.parameters()) == learned
    assert list(net.state()) == [*learned[:2], "1.mean", *learned[2:]]
    assert net.count_parameters() == 5 * 4 + 4 + 4 + 4 * 3 + 3
    assert train(net) == set(learned)
    net.state()["1.mean"][...] = 7
    net.save(tmp_path / "net")
    again = cnnc.load(tmp_path / "net", custom={"Centred": Centred})
    assert (again.state()["1.mean"] == 7).all()
    np.testing.assert_array_equal(again(batch((5,))), net(batch((5,))))


def test_flat_buffers_hold_matrices_then_vectors_then_state():
    flat = network().flat
    order = sorted(flat.named, key=flat.offsets.get)
    assert order == ["0.weight", "3.weight", "0.bias", "1.offset", "3.bias", "1.mean"]
    assert flat.length == flat.offsets["1.mean"] < flat.all.size
    assert [run[1:] for run in flat.runs()] == [(1.0, True), (1.0, False)]
    assert flat.runs()[0][0] == slice(0, flat.offsets["0.bias"])


@pytest.mark.parametrize("frozen", [(0,), (1,), (3,), (0, 1), (0, 1, 3)])
def test_frozen_layers_stay(frozen):
    net = network()
    for i in frozen:
        net.layers[i].trainable = False
    changed = train(net)
    assert {path.split(".")[0] for path in changed} == {"0", "1", "3"} - {str(i) for i in frozen}
    for i in frozen:
        net.layers[i].trainable = True
    assert len(train(net)) == 5


def test_nothing_is_computed_for_frozen_first_layers():
    net = cnnc.models.lenet5()
    steps = [len(cnnc.Trainer(net, cnnc.SGD()).plan(2, np.float32, False, 1)[0].steps)]
    for layer in net.layers[:6]:
        layer.trainable = False
    steps.append(len(cnnc.Trainer(net, cnnc.SGD()).plan(2, np.float32, False, 1)[0].steps))
    assert steps[1] <= steps[0] - 6  # the data gradients of four layers, the weight gradients of two


def test_freezing_and_factors_reach_the_layers_inside():
    inner = cnnc.Dense(4)
    net = cnnc.Sequential([cnnc.Add([[cnnc.Sequential([inner])], cnnc.Dense(4)]), cnnc.Dense(3)]).build((5,))
    net.layers[0].lr_scale, inner.lr_scale = 0.5, 0.25
    net.settle()
    assert [run[1] for run in net.flat.runs()] == [0.125, 0.5, 1.0, 0.125, 0.5, 1.0]
    net.layers[0].trainable = False
    net.settle()
    assert inner.frozen
    assert [run[1] for run in net.flat.runs()] == [1.0, 1.0]
    net.layers[1].trainable = False
    net.settle()
    assert net.flat.runs() == []


@pytest.mark.parametrize(("name", "value"), [("trainable", 2), ("lr_scale", -1.0), ("lr_scale", float("nan"))])
def test_settings_are_checked_when_a_trainer_is_made(name, value):
    net = network()
    setattr(net.layers[3], name, value)
    with pytest.raises(cnnc.LayerError, match=f'Dense "3": {name} must be .*: received {value}'):
        cnnc.Trainer(net, cnnc.SGD())


# --- starting values


@pytest.mark.parametrize("name", [name for name in initializers.BY_NAME if name.endswith(("normal", "uniform"))])
def test_starting_values_are_drawn_in_pieces(name):
    """The same numbers as at once, in little more memory than their own."""
    shape = (3, initializers.PIECE // 2 + 5)
    fan_in, fan_out = shape
    variance = {"glorot": 2 / (fan_in + fan_out), "he": 2 / fan_in, "lecun": 1 / fan_in}[name.split("_")[0]]
    tracemalloc.start()
    found = initializers.BY_NAME[name](shape, np.random.default_rng(3))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    rng, limit = np.random.default_rng(3), (3 * variance) ** 0.5
    exact = rng.uniform(-limit, limit, shape) if "uniform" in name else rng.standard_normal(shape) * variance**0.5
    np.testing.assert_array_equal(found, exact.astype(np.float32))
    assert found.dtype == np.float32 and peak < found.nbytes + 2.5 * 8 * initializers.PIECE
