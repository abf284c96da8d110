"""Layers inside layers, layers used twice, and layers that users write in NumPy."""

import numpy as np
import pytest
from nets import batch, check_gradients, random_network, randomise

import cnnc
from cnnc import functional as F

IMAGE = (4, 5, 2)


def net_of(*layers, shape=IMAGE):
    return randomise(cnnc.Sequential(layers).build(shape))


# --- branches ----------------------------------------------------------------------------------------------


def test_add_of_any_number_of_branches():
    x = batch(IMAGE)
    for n in range(1, 5):
        branches = [cnnc.LeakyReLU(0.1 * (i + 1)) for i in range(n)]
        expected = sum(F.leaky_relu(x, 0.1 * (i + 1)).astype(np.float64) for i in range(n))
        np.testing.assert_allclose(net_of(cnnc.Add(branches))(x), expected, rtol=0, atol=1e-6)
        check_gradients([cnnc.Add([cnnc.LeakyReLU(0.1 * (i + 1)) for i in range(n)])], (3, 2))


def test_add_of_the_input_to_itself():
    x = batch(IMAGE)
    np.testing.assert_array_equal(net_of(cnnc.Add([cnnc.Identity(), cnnc.Identity()]))(x), 2 * x)
    check_gradients([cnnc.Add([cnnc.Identity()] * 3)], (3,))
    check_gradients([cnnc.Concat([cnnc.Identity()] * 2)], (3,))


def test_residual_block():
    block = [cnnc.Conv2D(2, 3, padding=1), cnnc.ReLU(), cnnc.Conv2D(2, 3, padding=1)]
    net = net_of(cnnc.Add([cnnc.Identity(), block]), cnnc.ReLU())
    w1, b1, w2, b2 = net.parameters().values()
    x = batch(IMAGE)
    inner = F.correlate2d(F.relu(F.correlate2d(x, w1, b1, padding=1)), w2, b2, padding=1)
    np.testing.assert_allclose(net(x), F.relu(x + inner), rtol=0, atol=1e-5)
    assert list(net.parameters()) == ["0.1.0.weight", "0.1.0.bias", "0.1.2.weight", "0.1.2.bias"]


def test_inception_block():
    def layers():
        return [cnnc.Tanh(), cnnc.Concat([
            cnnc.Conv2D(2, 1),
            [cnnc.Conv2D(2, 1), cnnc.ReLU(), cnnc.Conv2D(3, 3, padding=1)],
            [cnnc.MaxPool2D(3, stride=1, padding=1), cnnc.Conv2D(1, 1)],
        ])]  # fmt: skip

    assert net_of(*layers()).output_shape == (4, 5, 6)
    check_gradients(layers(), (3, 4, 2))


def test_branches_in_branches():
    def layers():
        inner = cnnc.Concat([[cnnc.Tanh()], cnnc.Add([cnnc.Identity(), [cnnc.Conv2D(2, 1), cnnc.Sigmoid()]])])
        return [cnnc.Add([[inner, cnnc.Conv2D(2, 1)], cnnc.Identity(), cnnc.Softmax()])]

    check_gradients(layers(), (3, 3, 2))
    assert net_of(*layers()).output_shape == IMAGE


@pytest.mark.parametrize("seed", range(12))
def test_random_networks_have_right_gradients(seed):
    net = random_network(np.random.default_rng(seed), blocks=3)
    check_gradients(net.layers[:-2], (3, 2, 3))


def test_networks_in_networks():
    inner = cnnc.Sequential([cnnc.Conv2D(3, 3), cnnc.ReLU()])
    outer = net_of(inner, cnnc.Sequential([cnnc.Flatten(), cnnc.Sequential([cnnc.Dense(2)])]))
    assert list(outer.parameters()) == ["0.0.weight", "0.0.bias", "1.1.0.weight", "1.1.0.bias"]
    flat = net_of(cnnc.Conv2D(3, 3), cnnc.ReLU(), cnnc.Flatten(), cnnc.Dense(2))
    x = batch(IMAGE)
    assert outer(x).tobytes() == flat(x).tobytes()
    check_gradients([cnnc.Sequential([cnnc.Conv2D(2, 2), cnnc.Sequential([cnnc.Tanh()])])], (3, 3, 2))


def test_nested_networks_are_saved_and_loaded(tmp_path):
    net = net_of(cnnc.Add([cnnc.Sequential([cnnc.Conv2D(2, 1), cnnc.ELU()]), [cnnc.Tanh(), cnnc.Identity()]]))
    net.save(tmp_path / "net.safetensors")
    loaded = cnnc.load(tmp_path / "net.safetensors")
    assert loaded(batch(IMAGE)).tobytes() == net(batch(IMAGE)).tobytes()


def test_containers_hold_layers():
    net = cnnc.Sequential([cnnc.ReLU(), cnnc.Add([cnnc.Tanh()])])
    assert len(net) == 2
    assert isinstance(net[1][0], cnnc.Tanh)
    for wrong in ([], [1], [cnnc.ReLU], [None]):
        for container in (cnnc.Sequential, cnnc.Add, cnnc.Concat):
            with pytest.raises(cnnc.LayerError, match=r"must be a layer|at least one layer"):
                container(wrong)
    with pytest.raises(cnnc.LayerError, match="at least one layer"):
        cnnc.Add([[]])


# --- a layer used twice ----------------------------------------------------------------------------------------


def test_a_shared_layer_has_its_parameters_once():
    shared = cnnc.Conv2D(2, 3, padding=1)
    net = net_of(shared, cnnc.Tanh(), shared)
    assert net.count_parameters() == 3 * 3 * 2 * 2 + 2
    w, b = net.parameters().values()
    x = batch(IMAGE)
    expected = F.correlate2d(F.tanh(F.correlate2d(x, w, b, padding=1)), w, b, padding=1)
    np.testing.assert_allclose(net(x), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("arrange", [
    lambda s: [s, cnnc.Tanh(), s],
    lambda s: [cnnc.Add([s, [cnnc.Sigmoid(), s]])],
    lambda s: [cnnc.Concat([s, s, cnnc.Identity()])],
])  # fmt: skip
def test_gradients_of_shared_layers_add_up(arrange):
    check_gradients(arrange(cnnc.Conv2D(2, 3, padding=1)), (3, 4, 2))
    check_gradients(arrange(cnnc.Dense(3)), (3,))


def test_a_shared_layer_must_see_one_shape():
    shared = cnnc.Dense(3)
    with pytest.raises(cnnc.LayerError, match=r'^Dense "0": .*used again must see \(4,\) again: received \(3,\)$'):
        cnnc.Sequential([shared, shared]).build((4,))


@pytest.mark.parametrize("frozen_first", [True, False])
@pytest.mark.parametrize(("setting", "value"), [("trainable", False), ("lr_scale", 2.0)])
def test_the_places_of_a_shared_layer_must_agree_on_its_training(setting, value, frozen_first):
    shared = cnnc.Dense(3)
    relu = cnnc.ReLU()  # has nothing to train
    around = cnnc.Chain([shared, relu])
    net = cnnc.Sequential([around, shared, relu] if frozen_first else [shared, relu, around]).build((3,))
    cnnc.Trainer(net, cnnc.SGD())
    setattr(around, setting, value)
    with pytest.raises(cnnc.LayerError, match=r'^Dense "0[.0]*": a layer used again must get the same .*received'):
        cnnc.Trainer(net, cnnc.SGD())
    setattr(around, setting, getattr(cnnc.Layer, setting))
    setattr(shared, setting, value)
    cnnc.Trainer(net, cnnc.SGD())


# --- a layer in two networks --------------------------------------------------------------------------------------


def test_the_network_built_last_has_the_layer():
    shared, x = cnnc.Dense(3), batch((3,))
    first = cnnc.Sequential([shared, cnnc.Tanh()]).build((3,), seed=1)
    trainer, y = cnnc.Trainer(first, cnnc.SGD()), first(x)
    second = cnnc.Sequential([shared]).build((3,), seed=2)
    np.testing.assert_array_equal(second(x), F.dense(x, *second.parameters().values()))
    np.testing.assert_array_equal(first(x), y)  # recorded before, on its own parameters
    for act in (lambda: first(x[:1]), lambda: trainer.step(x, [0, 1, 2]), lambda: first.memory(2)):
        with pytest.raises(cnnc.LayerError, match=r"those it was built with, and in no other built since.*received"):
            act()
    np.testing.assert_array_equal(first.build((3,), seed=1)(x), y)


def test_a_network_inside_another_has_no_parameters_of_its_own():
    inner = cnnc.Sequential([cnnc.Dense(3)])
    inner(batch((4,)))
    outer = cnnc.Sequential([inner, cnnc.Tanh()]).build((4,))
    with pytest.raises(ValueError, match="must be built first.*received a part of another network"):
        inner(batch((4,)))
    assert outer(batch((4,))).shape == (3, 3)


def test_layers_added_after_building_are_refused():
    net = cnnc.Sequential([cnnc.Dense(3)]).build((4,))
    net.layers.append(cnnc.Dense(2))
    with pytest.raises(cnnc.LayerError, match=r"^Dense: a network's layers must be those it was built with"):
        net(batch((4,)))
    assert net.build((4,))(batch((4,))).shape == (3, 2)


def test_a_network_that_failed_to_build_may_still_be_built_by_use():
    net = cnnc.Sequential([cnnc.Conv2D(2, 3), cnnc.Flatten(), cnnc.Dense(2)])
    for wrong in [(2, 2, 1), (4, 4)]:
        with pytest.raises(cnnc.LayerError):
            net.build(wrong)
        assert net(batch((4, 4, 1))).shape == (3, 2)


# --- layers in NumPy ---------------------------------------------------------------------------------------------


class Square(cnnc.Layer):
    def forward(self, x):
        self.x = x.copy()
        return x * x

    def backward(self, dy):
        return 2 * self.x * dy


class Scale(cnnc.Layer):
    """y = x * scale, with one parameter for each channel."""

    def declare(self, shape):
        self.scale = cnnc.Parameter(shape[-1:], "zeros")
        return shape

    def forward(self, x):
        self.x = x.copy()
        return x * self.scale.data

    def backward(self, dy):
        self.scale.grad += (dy * self.x).reshape(-1, self.scale.size).sum(axis=0)
        return dy * self.scale.data


def test_a_layer_in_numpy_runs_between_others():
    net = net_of(cnnc.Conv2D(3, 2), Square(), cnnc.ReLU(), Scale())
    w, b, scale = net.parameters().values()
    x = batch(IMAGE)
    np.testing.assert_allclose(net(x), F.correlate2d(x, w, b) ** 2 * scale, rtol=1e-5, atol=1e-5)
    assert net.summary(print_table=False)[1]["output_shape"] == (3, 4, 3)


@pytest.mark.parametrize("shape", [(1,), (4,), (2, 3), (3, 2, 2), (1, 4, 3)])
@pytest.mark.parametrize("make", [
    lambda: [Square()],
    lambda: [Scale()],
    lambda: [cnnc.Tanh(), Square(), cnnc.Sigmoid(), Scale()],
    lambda: [cnnc.Add([Square(), cnnc.Identity(), [Scale(), cnnc.Tanh()]])],
])  # fmt: skip
def test_gradients_of_layers_in_numpy(make, shape):
    check_gradients(make(), shape)


def test_a_layer_in_numpy_that_changes_its_shape_and_type():
    class Halve(cnnc.Layer):
        def forward(self, x):
            return x[..., ::2].astype(np.float64).tolist()

        def backward(self, dy):
            return np.stack([dy, np.zeros_like(dy)], axis=-1).reshape(len(dy), -1).tolist()

    check_gradients([Halve()], (6,))
    net = cnnc.Sequential([Halve()]).build((6,))
    assert net.output_shape == (3,)
    np.testing.assert_array_equal(net(batch((6,))), batch((6,))[:, ::2])


def test_a_layer_in_numpy_is_saved_by_its_name(tmp_path):
    net = net_of(Scale())
    net.save(tmp_path / "net.safetensors")
    with pytest.raises(ValueError, match="received 'Scale'"):
        cnnc.load(tmp_path / "net.safetensors")
    loaded = cnnc.load(tmp_path / "net.safetensors", custom={"Scale": Scale})
    assert loaded(batch(IMAGE)).tobytes() == net(batch(IMAGE)).tobytes()


def test_what_a_layer_in_numpy_returns_is_checked():
    class Wrong(cnnc.Layer):
        def forward(self, x):
            return x[:1]

        def backward(self, dy):
            return dy[:, :1]

    net = cnnc.Sequential([Wrong()]).build((4,))
    with pytest.raises(cnnc.LayerError, match=r'^Wrong "0": forward must return .*received \(1, 4\)'):
        net(batch((4,)))
    net = cnnc.Sequential([cnnc.Dense(4), Wrong(), cnnc.Dense(2)]).build((4,))
    with pytest.raises(cnnc.LayerError, match=r'^Wrong "1": backward must return .*received \(1, 1\)'):
        cnnc.Trainer(net, cnnc.SGD()).step(batch((4,), n=1), [0])


def test_a_layer_in_numpy_is_not_trained_in_two_places():
    square = Square()
    net = cnnc.Sequential([square, square, cnnc.Dense(2)]).build((4,))
    assert net(batch((4,))).shape == (3, 2)
    with pytest.raises(cnnc.LayerError, match=r'^Square "0": a layer in NumPy remembers one input'):
        cnnc.Trainer(net, cnnc.SGD()).step(batch((4,)), [0, 1, 0])


def test_a_layer_without_backward_serves_inference_alone():
    class Forward(cnnc.Layer):
        def forward(self, x):
            return x + 1

    net = cnnc.Sequential([cnnc.Dense(2), Forward()]).build((4,))
    assert net(batch((4,))).shape == (3, 2)
    with pytest.raises(TypeError, match=r"Forward must implement backward"):
        cnnc.Trainer(net, cnnc.SGD()).step(batch((4,)), [0, 1, 0])
    with pytest.raises(TypeError, match=r"must implement record, or forward"):
        cnnc.Sequential([cnnc.Layer()]).build((4,))
