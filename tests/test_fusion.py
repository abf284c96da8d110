"""Fused steps compute the same, and what inference keeps of the parameters is never older than they are."""

import copy

import numpy as np
import pytest
from nets import batch, random_network

import cnnc
from cnnc import geometry, ops
from cnnc import tape as tape_module
from cnnc.fusion import Fusion

SHAPE = (9, 8, 3)


def unfused(steps, kept, training, shelf):
    return Fusion(steps, kept, shelf)


def block(filters=6, shortcut=None):
    """A residual block with normalisations, as in ResNet."""
    main = [cnnc.Conv2D(filters, 3, padding="same", use_bias=False), cnnc.BatchNorm(), cnnc.ReLU(),
            cnnc.Conv2D(filters, 3, padding="same"), cnnc.BatchNorm()]  # fmt: skip
    return [cnnc.Add([main, shortcut or cnnc.Identity()]), cnnc.ReLU()]


NETWORKS = {
    "plain": [cnnc.Conv2D(5, 3), cnnc.Tanh(), cnnc.AvgPool2D(2), cnnc.Flatten(), cnnc.Dense(7), cnnc.Sigmoid()],
    "normalised": [cnnc.Conv2D(5, 3), cnnc.BatchNorm(), cnnc.LeakyReLU(), cnnc.LayerNorm(), cnnc.ELU()],
    "x-slopes": [cnnc.Conv2D(5, 3), cnnc.GELU(), cnnc.Conv2D(4, 1), cnnc.BatchNorm(), cnnc.SiLU()],
    "identity": [cnnc.Conv2D(6, 3, padding=1), *block(), *block(), cnnc.Tanh()],
    "projection": [*block(6, [cnnc.Conv2D(6, 1), cnnc.BatchNorm()]), *block(8, cnnc.Conv2D(8, 1))],
    "sums of three": [cnnc.Add([cnnc.Identity(), cnnc.BatchNorm(), [cnnc.ReLU(), cnnc.BatchNorm()]]), cnnc.ReLU()],
    "sum with itself": [cnnc.BatchNorm(), cnnc.Add([cnnc.Identity(), cnnc.Identity()]), cnnc.ReLU()],
    "before the sum": [cnnc.Add([[cnnc.BatchNorm(), cnnc.ReLU(), cnnc.Conv2D(3, 1)], cnnc.Identity()])] * 2,
    "pooled": [cnnc.Conv2D(5, 3), cnnc.ReLU(), cnnc.MaxPool2D(3, 2), cnnc.Conv2D(4, 1), cnnc.ReLU(), cnnc.MaxPool2D(2),
               cnnc.Conv2D(3, 1), cnnc.ReLU(), cnnc.Add([cnnc.MaxPool2D(1), cnnc.Identity()])],
    "frozen": [cnnc.Conv2D(6, 3, padding=1), *block(), cnnc.Dropout(0.4)],
    "concat": [cnnc.Concat([[cnnc.Conv2D(4, 1), cnnc.BatchNorm(), cnnc.ReLU()], cnnc.MaxPool2D(3, 1, padding=1)])],
    "dense": [cnnc.Flatten(), cnnc.Dense(20), cnnc.BatchNorm(), cnnc.ReLU(), cnnc.Dense(5, use_bias=False),
              cnnc.BatchNorm(use_scale=False)],
}  # fmt: skip


def build(name, dtype=np.float32):
    net = random_network(np.random.default_rng(name)) if isinstance(name, int) else None
    if net is None:
        net = cnnc.Sequential([*copy.deepcopy(NETWORKS[name]), cnnc.Flatten(), cnnc.Dense(4)])
    net.build(SHAPE if not isinstance(name, int) else net.input_shape, seed=3, dtype=dtype)
    rng = np.random.default_rng(5)
    for path, array in net.state().items():
        if array.ndim == 1:
            array[...] = rng.uniform(0.5, 1.5, array.shape) if "var" in path else rng.standard_normal(array.shape)
    if name == "frozen":
        for layer in net.walk():
            layer.trainable = not isinstance(layer, cnnc.BatchNorm)
    return net


def trained(name, dtype):
    """The bits of three training steps, with parts of batches: losses, gradients, state."""
    net = build(name, dtype)
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.1, momentum=0.9), accumulate=2)
    x, labels = batch(net.input_shape, 6, dtype), np.array([0, 3, 1, 2, 0, 1])
    found = []
    for _ in range(3):
        found.append(np.float64(trainer.step(x, labels)))
        found.extend(trainer.gradients().values())
    return [np.asarray(array).tobytes() for array in (*found, *net.state().values())]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [*NETWORKS, *range(20)])
def test_training_gives_the_same_bits(name, dtype, monkeypatch):
    fused = trained(name, dtype)
    monkeypatch.setattr(tape_module, "fuse", unfused)
    assert fused == trained(name, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [*NETWORKS, *range(20)])
def test_inference_gives_the_same_numbers(name, dtype, monkeypatch):
    x = batch(build(name).input_shape, 3, dtype)
    fused = build(name, dtype)(x)
    every = build(name, dtype).activations(x)
    monkeypatch.setattr(tape_module, "fuse", unfused)
    net = build(name, dtype)
    tolerance = {"rtol": 1e-3, "atol": 2e-4} if dtype == np.float32 else {"rtol": 1e-9, "atol": 1e-10}
    np.testing.assert_allclose(fused, net(x), **tolerance)
    for path, array in net.activations(x).items():
        assert array.tobytes() == every[path].tobytes()


def operations(net, training=False):
    if training:
        plan, _ = cnnc.Trainer(net, cnnc.SGD()).plan(3, np.float32, one_hot=False, team=1)
    else:
        plan, _ = net.plan_inference(3, np.float32, 1)
    return [step.op.name for step in plan.steps]


def test_a_residual_network_is_convolutions_alone():
    net = build("projection")
    assert operations(net) == ["correlate2d"] * 6 + ["dense"]


def test_branches_of_convolutions_write_where_they_are_stacked():
    branches = [
        [cnnc.Conv2D(4, 1), cnnc.ReLU()],
        [cnnc.Conv2D(5, 3, padding=1), cnnc.BatchNorm()],
        cnnc.MaxPool2D(3, 1, 1),
    ]
    net = cnnc.Sequential([cnnc.Concat(branches), cnnc.Conv2D(3, 1)]).build(SHAPE)
    assert operations(net).count("concat") == 1


def test_training_has_no_passes_of_activations_and_sums():
    names = operations(build("identity"), training=True)
    assert not {"relu", "relu_dx", "add"} & set(names)
    assert names.count("normalise") == names.count("normalise_dx") == 4


# --- what is kept of the parameters ------------------------------------------------------------------------------


def fresh(net, x):
    """What a network with the same state computes that has kept nothing."""
    twin = build("identity")
    for path, array in twin.state().items():
        array[...] = net.state()[path]
    return twin(x)


def write_by_path(net):
    net.parameters()["0.weight"][0, 0] += 1


def write_a_slice(net):
    part = net.state()["1.0.1.running_mean"][2:]
    net(batch(SHAPE))
    part[...] = 3


def write_flat(net):
    net.flat.all[:] *= 1.5


def write_the_attribute(net):
    net.layers[0].bias.data[1] = -2


def train(net):
    cnnc.Trainer(net, cnnc.Adam(lr=0.01)).step(batch(SHAPE), [0, 1, 2])


def fit(net):
    net.fit(batch(SHAPE, 8), np.arange(8) % 4, batch_size=4, progress=False)


@pytest.mark.parametrize("change", [write_by_path, write_a_slice, write_flat, write_the_attribute, train, fit])
def test_inference_follows_the_parameters(change):
    net, x = build("identity"), batch(SHAPE)
    before = net(x)
    change(net)
    after = net(x)
    assert (after != before).any()
    assert after.tobytes() == fresh(net, x).tobytes()


def test_a_view_that_is_kept_may_be_written_at_any_time():
    net, x = build("identity"), batch(SHAPE)
    weight = net.parameters()["0.weight"][1:]
    for _ in range(3):
        weight += 0.5
        assert net(x).tobytes() == fresh(net, x).tobytes()
    transposed = weight.T
    del weight
    transposed *= 2
    assert net(x).tobytes() == fresh(net, x).tobytes()


class Blur(cnnc.Layer):
    """A convolution with an array that is no parameter."""

    def declare(self, shape):
        self.kernel = np.ones((3, 3, shape[-1], 32), np.float32)
        return (*shape[:-1], 32)

    def record(self, tape, x):
        window, y_shape = geometry.convolution(x.shape, self.kernel.shape, padding="same")
        y = tape.new(y_shape)
        fields = {**ops.conv_fields(window), **ops.conv_ending()}
        tape.forward("correlate2d", x=x, w=self.kernel, b=None, y=y, **fields)
        return y


def test_an_array_that_is_no_parameter_may_be_written_at_any_time():
    blur = Blur()
    net, x = cnnc.Sequential([blur, cnnc.BatchNorm()]).build(SHAPE), batch(SHAPE)
    before = net(x)
    blur.kernel *= 2
    np.testing.assert_array_equal(net(x), 2 * before)


def test_averages_that_take_the_place_of_weights_are_seen():
    net, x = build("identity"), batch(SHAPE)
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.5), ema=0.9)
    for _ in range(3):
        trainer.step(x, [0, 1, 2])
    weights = net(x)
    with trainer.average:
        average = net(x)
        assert average.tobytes() == fresh(net, x).tobytes()
    assert net(x).tobytes() == weights.tobytes() != average.tobytes()


@pytest.mark.parametrize("sizes", [(2, 200), (200, 2), (100, 200), (200, 100)])
def test_batch_sizes_that_want_filters_packed_otherwise_get_their_own(sizes, isa):
    """Winograd's filters are kept transformed for a few tiles, and plain for many of so many channels."""
    net = cnnc.Sequential([cnnc.Conv2D(128, 3, padding=1)]).build((7, 7, 64), seed=0)
    x, (weight, bias) = batch((7, 7, 64), 200), net.parameters().values()
    expected = cnnc.functional.correlate2d(x, weight, bias, padding=1, algorithm="direct")
    for n in sizes:
        np.testing.assert_allclose(net(x[:n]), expected[:n], rtol=0, atol=1e-4)


def test_what_is_kept_is_computed_once_for_all_batch_sizes(monkeypatch):
    net = build("identity")
    net(batch(SHAPE, 1))
    kept = {id(item) for item in net._arena.shelf.values()}
    net(batch(SHAPE, 5))
    assert kept == {id(item) for item in net._arena.shelf.values()}
    computed = []
    for item in net._arena.shelf.values():
        monkeypatch.setattr(item, "_compute", lambda *arrays: computed.append(arrays))
    net(batch(SHAPE, 1))
    net(batch(SHAPE, 5))
    assert not computed
    net.parameters()
    net(batch(SHAPE, 5))
    net(batch(SHAPE, 1))
    assert len(computed) == len(kept) > 0
