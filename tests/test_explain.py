"""Gradients in inference: of every layer against finite differences, of whole networks beside PyTorch, and maps."""

import numpy as np
import pytest
from nets import Probe, batch, random_network
from rows import ROWS
from table import numerical_gradient

import cnnc
from cnnc import explain

EVERY = [pytest.param(*row[:2], id=f"{name}-{row[1]}") for name, rows in ROWS.items() for row in rows[:2]]


def filled(net, seed=1):
    """The network with random parameters and running statistics."""
    rng = np.random.default_rng(seed)
    for path, array in net.state().items():
        array[...] = rng.uniform(0.5, 1.5, array.shape) if "running" in path else rng.standard_normal(array.shape)
    return net


def upstream(net, n):
    return np.random.default_rng(3).standard_normal((n, *net.output_shape))


def check_images(net, x):
    """The gradient of the images against finite differences."""
    dy = upstream(net, len(x))
    dx, inside = explain.gradients(net, x, dy)
    assert not inside
    np.testing.assert_allclose(dx, numerical_gradient(lambda: np.vdot(dy, net(x)), x), rtol=1e-3, atol=1e-5)


# --- gradients -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "shape"), EVERY)
def test_gradient_of_every_layer(make, shape):
    """Of its input, and of its output: a layer after it adds numbers to that."""
    net = cnnc.Sequential([make(), Probe(), cnnc.Tanh()]).build(shape, dtype=np.float64)
    x = batch(shape, 1, np.float64)
    filled(net)
    check_images(net, x)
    dy = upstream(net, 1)
    _, inside = explain.gradients(net, x, dy, [0])
    output, gradient = inside["0"]
    offset = net.parameters()["1.offset"]
    np.testing.assert_array_equal(np.tanh(output + offset).round(12), net(x).round(12))
    expected = numerical_gradient(lambda: np.vdot(dy, net(x)), offset)
    np.testing.assert_allclose(gradient[0], expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("seed", range(12))
def test_gradient_of_random_networks(seed):
    """Fused and not: which layers are looked at does not change a bit."""
    net = random_network(np.random.default_rng(seed))
    net = filled(net.build(net.input_shape, dtype=np.float64))
    x, dy = batch(net.input_shape, 2, np.float64), upstream(net, 2)
    check_images(net, x)
    layers = [layer for layer in net.walk() if layer is not net]
    dx, inside = explain.gradients(net, x, dy, layers)
    np.testing.assert_array_equal(dx, explain.gradients(net, x, dy)[0])
    activations = net.activations(x)
    for path, (output, gradient) in inside.items():
        alone, its_gradient = explain.gradients(net, x, dy, [path])[1][path]
        np.testing.assert_array_equal(output, activations.get(path, output))
        np.testing.assert_array_equal(output, alone)
        np.testing.assert_array_equal(gradient, its_gradient)


@pytest.mark.parametrize(
    "make",
    [
        lambda: cnnc.models.lenet5(input_shape=(12, 12, 1)),
        lambda: cnnc.models.vgg(11, batch_norm=True, classes=3, input_shape=(32, 32, 3), width=0.02),
        lambda: cnnc.models.googlenet(classes=3, input_shape=(32, 32, 3), width=0.05, heads=False),
        lambda: cnnc.models.resnet_cifar(8, input_shape=(8, 8, 3), width=0.25),
        lambda: cnnc.models.mobilenet(classes=3, input_shape=(32, 32, 3), width=0.05),
    ],
    ids=["lenet5", "vgg", "googlenet", "resnet_cifar", "mobilenet"],
)
def test_gradient_of_networks(make):
    """At some pixels: of all of them, differences would take minutes."""
    net = make()
    net = net.build(net.input_shape, dtype=np.float64)
    x, dy = batch(net.input_shape, 2, np.float64), upstream(net, 2)
    dx, _ = explain.gradients(net, x, dy)
    for pixel in np.random.default_rng(0).integers(0, dx.size, 20):
        expected = numerical_gradient(lambda: np.vdot(dy, net(x)), x.reshape(-1)[pixel : pixel + 1])
        np.testing.assert_allclose(dx.reshape(-1)[pixel], expected[0], rtol=1e-3, atol=1e-6)


def test_they_leave_no_trace():
    """Parameters, running statistics, gradients of training and random numbers stay, whatever layers do."""
    make = [Probe(), cnnc.Conv2D(4, 3), cnnc.BatchNorm(), cnnc.Dropout(0.5), cnnc.Flatten(), cnnc.Dense(3)]
    net = cnnc.Sequential(make).build((5, 5, 2), seed=0)
    x = batch((5, 5, 2))
    before = explain.gradients(net, x, upstream(net, 3))[0]  # no gradients have memory yet
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.1))
    trainer.step(x, [0, 1, 2])
    seen = {**net.state(), **{f"d{path}": gradient for path, gradient in trainer.gradients().items()}, "rng": net.rng}
    kept = {name: array.copy() for name, array in seen.items()}
    after = explain.gradients(net, x, upstream(net, 3))[0]
    assert not np.array_equal(before, after)
    for name, array in seen.items():
        np.testing.assert_array_equal(array, kept[name], err_msg=name)
    assert trainer.step(x, [0, 1, 2]) > 0
    assert not np.array_equal(trainer.gradients()["0.offset"], kept["d0.offset"])


def test_bytes_have_the_gradient_of_the_scaled_images():
    rng = np.random.default_rng(0)
    x, scaling = rng.integers(0, 256, (2, 6, 6, 3), np.uint8), cnnc.Rescale(1 / 128, -1.0)
    rest = [cnnc.Conv2D(4, 3), cnnc.ReLU(), cnnc.Flatten(), cnnc.Dense(2)]
    net = cnnc.Sequential(rest).build((6, 6, 3))
    dy = upstream(net, 2)
    expected = explain.gradients(net, x / np.float32(255), dy)[0]
    np.testing.assert_allclose(explain.gradients(net, x, dy)[0], expected, rtol=0, atol=1e-6)
    net = cnnc.Sequential([scaling, *rest]).build((6, 6, 3))
    expected = explain.gradients(net, x.astype(np.float32), dy)[0] * 128
    np.testing.assert_allclose(explain.gradients(net, x, dy)[0], expected, rtol=0, atol=1e-6)


def test_bytes_are_scaled_before_branches_that_scale():
    x = np.random.default_rng(0).integers(0, 256, (2, 3), np.uint8)
    for branches in ([cnnc.Rescale(2.0), cnnc.Rescale(3.0)], [cnnc.Rescale(4.0), cnnc.Identity()]):
        net = cnnc.Sequential([cnnc.Add(branches)]).build((3,))
        np.testing.assert_allclose(net(x), x / np.float32(51), rtol=1e-6)
        np.testing.assert_array_equal(explain.gradients(net, x, np.ones((2, 3)))[0], np.full((2, 3), 5.0))


def test_threads_do_not_change_the_bits(threads):
    net = cnnc.models.resnet_cifar(8)
    x, dy = batch((32, 32, 3), 4), upstream(net, 4)
    one = explain.gradients(net, x, dy)[0]
    threads(3)
    assert one.tobytes() == explain.gradients(net, x, dy)[0].tobytes()


# --- maps ----------------------------------------------------------------------------------------------------


def small():
    layers = [cnnc.Conv2D(4, 3), cnnc.BatchNorm(), cnnc.ReLU(), cnnc.MaxPool2D(2), cnnc.Flatten(), cnnc.Dense(3)]
    return filled(cnnc.Sequential(layers).build((8, 10, 2), dtype=np.float64))


def test_saliency_is_the_largest_slope_of_the_score():
    net = small()
    x = batch((8, 10, 2), 3, np.float64)
    for classes, each in ((None, net(x).argmax(axis=1)), (2, [2, 2, 2]), ([0, 2, 1], [0, 2, 1])):
        slopes = numerical_gradient(lambda each=each: net(x)[range(3), each].sum(), x)
        found = explain.saliency(net, x, classes)
        assert found.shape == (3, 8, 10)
        np.testing.assert_allclose(found, np.abs(slopes).max(axis=-1), rtol=1e-3, atol=1e-5)


def test_grad_cam_weighs_channels_by_their_mean_slope():
    net = small()
    x, classes = batch((8, 10, 2), 2, np.float64), [2, 0]
    maps, slopes = explain.gradients(net, x, np.eye(3)[classes], [2])[1]["2"]
    expected = np.maximum(0, (maps * slopes.mean(axis=(1, 2), keepdims=True)).sum(axis=-1))
    found = explain.grad_cam(net, x, classes)
    assert found.shape == (2, 8, 10)
    assert found.dtype == np.float64
    corners = np.s_[:, [0, 0, -1, -1], [0, -1, 0, -1]]  # an enlargement keeps them
    np.testing.assert_allclose(found[corners], expected[corners], rtol=0, atol=1e-12)
    assert expected.min() - 1e-12 <= found.min() <= found.max() <= expected.max() + 1e-12
    for layer in (2, "2", net[2]):
        np.testing.assert_array_equal(found, explain.grad_cam(net, x, classes, layer))
    assert not np.allclose(found, explain.grad_cam(net, x, classes, 0))


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (cnnc.models.lenet5, "4"),
        (lambda: cnnc.models.vgg(16), "29"),
        (cnnc.models.googlenet, "20"),
        (lambda: cnnc.models.resnet_cifar(20), "20"),
        (lambda: cnnc.Sequential([cnnc.SeparableConv2D(4, 3), cnnc.Chain([cnnc.ReLU()])]).build((8, 8, 3)), "1.0"),
    ],
)
def test_grad_cam_looks_at_the_last_images_before_pooling(make, path):
    assert explain.last_features(make()).path == path


REFUSED = [
    (lambda net, x: explain.gradients(net, x, np.zeros((1, 2))), "dy must have the shape of the output, .1, 3.*1, 2"),
    (lambda net, x: explain.gradients(net, x[:, 1:], np.zeros((1, 3))), "input must have the shape"),
    (lambda net, x: explain.gradients(net, x, np.zeros((1, 3)), ["9"]), "layer must be a layer.*received '9'"),
    (lambda net, x: explain.saliency(net, x, 3), r"classes must be in \[0, 3\): received 3"),
    (lambda net, x: explain.saliency(net, x, [0, 1]), r"one for each of 1 images: received array\(\[0, 1\]\)"),
    (lambda net, x: explain.saliency(net, x, 1.0), "classes must be an int"),
    (lambda net, x: explain.grad_cam(net, x, layer=5), 'Dense "5": the input must be images'),
    (lambda net, x: explain.grad_cam(net, x, layer=6), "layer must be a layer.*received 6"),
    (lambda net, x: explain.saliency(cnnc.Sequential(net[:3]).build((8, 10, 2)), x), "must take images.*to scores"),
    (lambda net, x: explain.grad_cam(cnnc.models.mlp(input_shape=(8, 10, 2)), x), "a layer that learns filters"),
]


@pytest.mark.parametrize(("ask", "pattern"), REFUSED)
def test_refusals(ask, pattern):
    with pytest.raises(ValueError, match=pattern):
        ask(small(), batch((8, 10, 2), 1))


def test_a_head_has_no_part_in_inference():
    head = cnnc.Auxiliary([cnnc.Flatten(), cnnc.Dense(3)])
    net = cnnc.Sequential([cnnc.Conv2D(4, 3), head, cnnc.Flatten(), cnnc.Dense(3)]).build((5, 5, 1))
    with pytest.raises(cnnc.LayerError, match='Dense "1.1": the layer must take part in inference'):
        explain.gradients(net, batch((5, 5, 1)), np.zeros((3, 3)), ["1.1"])
    assert explain.last_features(net).path == "0"


# --- receptive fields ------------------------------------------------------------------------------------------


FIELDS = [
    lambda: [cnnc.Conv2D(2, 3, stride=2, padding=1), cnnc.Conv2D(2, (1, 3), dilation=2)],
    lambda: [cnnc.AvgPool2D(3, 2, 1), cnnc.Tanh(), cnnc.Conv2D(2, 2, padding=((0, 1), (1, 0)))],
    lambda: [cnnc.Add([[cnnc.Conv2D(2, 3, padding=1), cnnc.Conv2D(2, 5, padding=2)], cnnc.Conv2D(2, 1)])],
    lambda: [cnnc.Conv2D(2, 3), cnnc.Auxiliary([cnnc.Flatten(), cnnc.Dense(2)]), cnnc.Conv2D(2, 2)],
    lambda: [cnnc.AvgPool2D(2), cnnc.ConvTranspose2D(2, 3, 2, 1), cnnc.Conv2D(2, 3, padding=1)],
    lambda: [cnnc.Conv2D(2, 3), cnnc.UpSample(2, "bilinear"), cnnc.ZeroPad2D(1), cnnc.AvgPool2D(3, 1)],
    lambda: [cnnc.AdaptiveAvgPool2D(4), cnnc.SeparableConv2D(2, 2)],
    lambda: [cnnc.Conv2D(2, 3), cnnc.Multiply([cnnc.Identity(), [cnnc.GlobalAvgPool(), cnnc.Dense(2)]])],
    lambda: [cnnc.Conv2D(2, 3), cnnc.Flatten(), cnnc.Dense(2)],
    lambda: [cnnc.Conv2D(2, 3), cnnc.GlobalAvgPool(), cnnc.Dense(2)],
]


@pytest.mark.parametrize("make", FIELDS)
def test_receptive_field_is_where_the_gradient_is(make):
    """With positive weights nothing cancels: what has a gradient is exactly what is seen."""
    net = cnnc.Sequential(make()).build((11, 13, 1), dtype=np.float64)
    for array in net.parameters().values():
        array[...] = 0.1
    x = np.ones((1, 11, 13, 1))
    for place in np.ndindex(net.output_shape[:-1]):
        dy = np.zeros((1, *net.output_shape))
        dy[(0, *place, 0)] = 1
        there = np.nonzero(explain.gradients(net, x, dy)[0][0, :, :, 0])
        expected = tuple(slice(axis.min(), axis.max() + 1) for axis in there)
        assert explain.receptive_field(net, -1, place) == expected, place


def test_receptive_field_inside_a_branch():
    inside = cnnc.Concat([cnnc.Conv2D(2, 5, padding=2), [cnnc.ReLU(), cnnc.Conv2D(2, 3, padding=1)]])
    net = cnnc.Sequential([cnnc.Conv2D(2, 3, stride=2), inside]).build((11, 13, 1))
    assert explain.receptive_field(net, "1.1.1", (1, 1)) == (slice(0, 7), slice(0, 7))
    assert explain.receptive_field(net, "1", (2, 2)) == (slice(0, 11), slice(0, 11))
    assert explain.receptive_field(net, "1.1.1") == explain.receptive_field(net, "1.1.1", (2, 3))
    for wrong in ((5, 0), (-1, 0), (0,), (0, 0, 0), 3, (0.0, 0)):
        with pytest.raises(ValueError, match=r"position must be a place of Concat \"1\"'s output \(5, 6\): received"):
            explain.receptive_field(net, 1, wrong)


# --- beside PyTorch --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        cnnc.models.lenet5,
        lambda: cnnc.models.alexnet(input_shape=(67, 67, 3), width=0.25),
        lambda: cnnc.models.googlenet(input_shape=(64, 64, 3), width=0.25, batch_norm=True, heads=False),
        lambda: cnnc.models.resnet_cifar(20),
        lambda: cnnc.models.resnet(18, input_shape=(64, 64, 3), width=0.25),
    ],
    ids=["lenet5", "alexnet", "googlenet", "resnet_cifar", "resnet"],
)
def test_maps_are_those_of_pytorch(make):
    torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
    from benchmarks.torch_twin import to_torch, twin

    net = make()
    net = net.build(net.input_shape, dtype=np.float64)
    rng = np.random.default_rng(0)
    for path, array in net.state().items():
        if "running" in path:
            array[...] = rng.uniform(0.5, 1.5, array.shape)
    x, classes = batch(net.input_shape, 2, np.float64), [1, 7]
    last = net.layers.index(explain.last_features(net)) + 1
    module = twin(net).eval()
    images = to_torch(x).requires_grad_()
    maps = module[:last](images)
    maps.retain_grad()
    module[last:](maps)[range(2), classes].sum().backward()
    expected = images.grad.abs().amax(dim=1).numpy()
    np.testing.assert_allclose(explain.saliency(net, x, classes), expected, rtol=0, atol=1e-9 * expected.max())
    weighted = (maps * maps.grad.mean(dim=(2, 3), keepdim=True)).sum(dim=1, keepdim=True).relu()
    expected = torch.nn.functional.interpolate(weighted, x.shape[1:3], mode="bilinear")[:, 0].detach().numpy()
    np.testing.assert_allclose(explain.grad_cam(net, x, classes), expected, rtol=0, atol=1e-9 * expected.max())
