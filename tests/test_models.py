"""Networks of the literature: input, output and published number of parameters; and changing their heads."""

import numpy as np
import pytest
from nets import batch

import cnnc
from cnnc import models

IMAGENET = (224, 224, 3)
CIFAR = (32, 32, 3)
# builder, arguments, input shape, classes, parameters
NETWORKS = [
    ("mlp", {"hidden": (300, 100)}, (28, 28, 1), 10, 266_610),
    ("lenet5", {}, (28, 28, 1), 10, 61_706),
    ("alexnet", {}, IMAGENET, 1000, 61_100_840),
    ("alexnet", {"groups": 2}, IMAGENET, 1000, 60_965_224),
    ("vgg", {"depth": 11}, IMAGENET, 1000, 132_863_336),
    ("vgg", {"depth": 13}, IMAGENET, 1000, 133_047_848),
    ("vgg", {"depth": 16}, IMAGENET, 1000, 138_357_544),
    ("vgg", {"depth": 19}, IMAGENET, 1000, 143_667_240),
    ("vgg", {"depth": 11, "batch_norm": True}, IMAGENET, 1000, 132_868_840),
    ("vgg", {"depth": 13, "batch_norm": True}, IMAGENET, 1000, 133_053_736),
    ("vgg", {"depth": 16, "batch_norm": True}, IMAGENET, 1000, 138_365_992),
    ("vgg", {"depth": 19, "batch_norm": True}, IMAGENET, 1000, 143_678_248),
    ("googlenet", {}, IMAGENET, 1000, 6_998_552),
    ("googlenet", {"batch_norm": True}, IMAGENET, 1000, 7_005_832),
    ("resnet", {"depth": 18}, IMAGENET, 1000, 11_689_512),
    ("resnet", {"depth": 34}, IMAGENET, 1000, 21_797_672),
    ("resnet", {"depth": 50}, IMAGENET, 1000, 25_557_032),
    ("resnet", {"depth": 101}, IMAGENET, 1000, 44_549_160),
    ("resnet", {"depth": 152}, IMAGENET, 1000, 60_192_808),
    ("resnet_cifar", {"depth": 20}, CIFAR, 10, 269_722),
    ("resnet_cifar", {"depth": 32}, CIFAR, 10, 464_154),
    ("resnet_cifar", {"depth": 44}, CIFAR, 10, 658_586),
    ("resnet_cifar", {"depth": 56}, CIFAR, 10, 853_018),
    ("resnet_cifar", {"depth": 110}, CIFAR, 10, 1_727_962),
    ("squeezenet", {}, IMAGENET, 1000, 1_248_424),
    ("mobilenet", {}, IMAGENET, 1000, 4_231_976),
    ("densenet_cifar", {}, CIFAR, 10, 1_019_722),
    ("densenet_cifar", {"depth": 100, "bottleneck": True}, CIFAR, 10, 769_162),
]


@pytest.mark.parametrize(("name", "arguments", "shape", "classes", "parameters"), NETWORKS)
def test_published_sizes(name, arguments, shape, classes, parameters):
    net = getattr(models, name)(**arguments)
    assert net.input_shape == shape
    assert net.output_shape == (classes,)
    assert net.count_parameters() == parameters
    assert net.summary(print_table=False)[-1]["parameters"] == parameters


def test_every_builder_has_its_size_here():
    assert {name for name, *_ in NETWORKS} == set(models.__all__)


SMALL = [
    ("mlp", {}, (12, 12, 2)),
    ("lenet5", {}, (16, 14, 2)),
    ("alexnet", {"groups": 2}, (67, 71, 1)),
    ("vgg", {"depth": 11, "batch_norm": True}, (33, 35, 3)),
    ("googlenet", {"heads": True}, (160, 160, 1)),
    ("resnet", {"depth": 18}, (40, 33, 3)),
    ("resnet", {"depth": 50}, (33, 40, 2)),
    ("resnet_cifar", {"depth": 8}, (13, 9, 3)),
    ("squeezenet", {}, (33, 37, 2)),
    ("mobilenet", {}, (37, 33, 1)),
    ("densenet_cifar", {"depth": 10, "bottleneck": True}, (11, 14, 3)),
]


@pytest.mark.parametrize(("name", "arguments", "shape"), SMALL)
def test_classes_shape_width_and_dropout_are_arguments(name, arguments, shape, tmp_path):
    build = getattr(models, name)
    net = build(**arguments, classes=5, input_shape=shape, width=0.125, dropout=0.0)
    x = batch(shape, n=2)
    y = net(x)
    assert y.shape == (2, 5)
    assert np.isfinite(y).all()
    assert net.count_parameters() < build(**arguments, classes=5, input_shape=shape).count_parameters()
    dropped = build(**arguments, classes=5, input_shape=shape, width=0.125, dropout=0.5)
    assert any(isinstance(layer, cnnc.Dropout) for layer in dropped.walk())
    trainer = cnnc.Trainer(dropped, cnnc.SGD(lr=0.001))
    assert np.isfinite(trainer.step(x, [0, 1]))
    net.save(tmp_path / "net")
    assert cnnc.load(tmp_path / "net")(x).tobytes() == y.tobytes()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: models.vgg(12), "depth must be one of 11, 13, 16, 19: received 12"),
        (lambda: models.resnet(20), "depth must be one of 18, 34, 50, 101, 152: received 20"),
        (lambda: models.resnet_cifar(21), r"depth must be 6 n \+ 2: received 21"),
        (lambda: models.densenet_cifar(41), r"depth must be 3 n \+ 4: received 41"),
        (lambda: models.resnet_cifar(8, width=-1), "width must be a number above 0: received -1"),
        (lambda: models.lenet5(width="wide"), "width must be a number above 0: received 'wide'"),
        (lambda: models.densenet_cifar(10, growth=0), "must be a positive int: received 0"),
        (lambda: models.mlp((300, 0.5)), "must be a positive int: received 0.5"),
        (lambda: models.alexnet(groups=3), "groups must be one of 1, 2: received 3"),
        (lambda: models.alexnet(input_shape=(40, 40, 3)), "does not fit"),
    ],
)
def test_wrong_arguments_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


# --- another head ------------------------------------------------------------------------------------------------


def test_another_head_keeps_the_other_layers():
    net = models.resnet_cifar(8, input_shape=(16, 16, 3))
    x = batch((16, 16, 3))
    y = net(x)
    other = net.with_head(cnnc.Dense(4), seed=3)
    beheaded = net.with_head(cnnc.Identity())(x)  # its normalisations are folded, those of all activations are not
    np.testing.assert_allclose(beheaded, features(net, x), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(features(other, x), features(net, x))
    assert other(x).shape == (3, 4)
    np.testing.assert_array_equal(net(x), y)
    for layer in other.layers[:-1]:
        layer.trainable = False
    before = {path: array.copy() for path, array in other.parameters().items()}
    cnnc.Trainer(other, cnnc.SGD(lr=0.1)).step(x, [0, 1, 2])
    changed = {path for path, array in other.parameters().items() if (array != before[path]).any()}
    assert changed == {f"{len(net.layers) - 1}.weight", f"{len(net.layers) - 1}.bias"}
    np.testing.assert_array_equal(net(x), y)


def features(net, x):
    return net.activations(x)[net.layers[-2].path]


@pytest.mark.parametrize("drop", [-1, 12, 1.0])
def test_a_wrong_number_of_dropped_layers_is_refused(drop):
    with pytest.raises(ValueError, match=f"drop must be an int from 0 to 11: received {drop}"):
        models.lenet5().with_head(cnnc.Dense(4), drop=drop)


def test_each_layer_has_its_learning_rate():
    net = cnnc.Sequential([cnnc.Dense(4), cnnc.Dense(3), cnnc.Dense(2)]).build((3,), seed=0)
    net.layers[1].lr_scale, net.layers[2].lr_scale = 0.1, 0
    before = {path: array.copy() for path, array in net.parameters().items()}
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.5))
    trainer.step(np.ones((2, 3)), [0, 1])
    for path, scale in {"0.weight": 1, "0.bias": 1, "1.weight": 0.1, "1.bias": 0.1, "2.weight": 0, "2.bias": 0}.items():
        step = before[path] - net.parameters()[path]
        np.testing.assert_allclose(step, 0.5 * scale * trainer.gradients()[path], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("scale", [-0.1, float("nan"), "slow", True])
def test_a_wrong_factor_of_the_learning_rate_is_refused(scale):
    net = cnnc.Sequential([cnnc.Dense(4)]).build((3,))
    net.layers[0].lr_scale = scale
    with pytest.raises(cnnc.LayerError, match='^Dense "0": lr_scale must be 0 or more: received '):
        cnnc.Trainer(net, cnnc.SGD())
