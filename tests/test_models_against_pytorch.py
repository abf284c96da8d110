"""Every network of cnnc.models beside the same network of PyTorch, where that is installed.

Small inputs here; `python tests/test_models_against_pytorch.py` compares them at their full sizes and
widths, and takes names of networks as arguments.
"""

import pathlib
import sys
import time
from functools import partial

import numpy as np
import pytest

import cnnc

pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")

import torch

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))  # as a script it finds only what is beside it

from benchmarks.torch_twin import Auxiliary, from_torch, gradients, to_torch, twin

models = cnnc.models

# Name -> (function that makes the network, the input shape and the settings to test it with).
SMALL, THIN = (32, 32, 3), {"width": 0.25}
NETWORKS = {
    "mlp": (models.mlp, (28, 28, 1), {}),
    "lenet5": (models.lenet5, (28, 28, 1), {}),
    "alexnet": (models.alexnet, (67, 67, 3), THIN),
    "alexnet, groups": (partial(models.alexnet, 2), (67, 67, 3), THIN),
    **{f"vgg {depth}": (partial(models.vgg, depth), SMALL, THIN) for depth in (11, 13, 16, 19)},
    "vgg 16, batch norm": (partial(models.vgg, 16, batch_norm=True), (64, 64, 3), THIN),
    "googlenet": (models.googlenet, (64, 64, 3), THIN),
    "googlenet, heads": (partial(models.googlenet, heads=True), (160, 160, 3), THIN),
    "googlenet, batch norm": (partial(models.googlenet, batch_norm=True), (64, 64, 3), THIN),
    "googlenet, batch norm, heads": (partial(models.googlenet, batch_norm=True, heads=True), (224, 224, 3), THIN),
    **{f"resnet {depth}": (partial(models.resnet, depth), (64, 64, 3), THIN) for depth in (18, 50)},
    **{f"resnet_cifar {depth}": (partial(models.resnet_cifar, depth), SMALL, {}) for depth in (20, 110)},
    "squeezenet": (models.squeezenet, (64, 64, 3), THIN),
    "mobilenet": (models.mobilenet, (64, 64, 3), THIN),
    "densenet_cifar": (models.densenet_cifar, SMALL, {"depth": 16}),
    "densenet_cifar, bottleneck": (partial(models.densenet_cifar, depth=40, bottleneck=True), SMALL, {"depth": 22}),
}
DEEPER = {  # of the same builders: at full size only
    **{f"resnet {depth}": (partial(models.resnet, depth),) for depth in (34, 101, 152)},
    **{f"resnet_cifar {depth}": (partial(models.resnet_cifar, depth),) for depth in (32, 44, 56)},
    "densenet_cifar, bottleneck, 100": (partial(models.densenet_cifar, 100, bottleneck=True),),
}


def difference(actual, expected, least):
    """The largest difference, in units of the largest number but of at least `least`."""
    return np.abs(actual - expected).max() / max(np.abs(expected).max(), least)


def cross_entropy(net, module, x, labels):
    """The loss of a network and of its heads, each with its weight."""
    logits = [module(x), *(part.logits for part in module.modules() if isinstance(part, Auxiliary))]
    weights = [1.0, *(layer.weight for layer in net.walk() if type(layer).__name__ == "Auxiliary")]
    losses = [torch.nn.functional.cross_entropy(part, labels) for part in logits]
    return sum(weight * loss for weight, loss in zip(weights, losses, strict=True))


def problem(net):
    """Two images and their labels."""
    x = np.random.default_rng(0).standard_normal((2, *net.input_shape))
    return x.astype(net.dtype), np.arange(2) % net.output_shape[0]


def compare_outputs(net):
    """The largest difference of the logits, in units of the largest."""
    x, _ = problem(net)
    return difference(net(x), from_torch(twin(net).eval()(to_torch(x))), 0)


def compare_gradients(net):
    """(the largest difference of a gradient in units of its largest number, the parameter's path)."""
    for layer in net.walk():
        if hasattr(layer, "rate"):
            layer.rate = 0.0  # dropping depends on random numbers
    x, labels = problem(net)
    module = twin(net).train()
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.0))
    loss = trainer.step(x, labels)
    expected = cross_entropy(net, module, to_torch(x), torch.from_numpy(labels))
    expected.backward()
    np.testing.assert_allclose(loss, expected.item(), rtol=1e-4)
    theirs, ours = gradients(net, module), trainer.gradients()
    least = 1e-6 * max(np.abs(gradient).max() for gradient in theirs.values())  # of a sum that is 0 but for rounding
    return max((difference(ours[path], gradient, least), path) for path, gradient in theirs.items())


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_and_gradients(name):
    """Gradients in float64: in float32, rounding puts some units on the other side of 0, where slopes differ."""
    make, shape, settings = NETWORKS[name]
    net = make(input_shape=shape, **settings)
    assert compare_outputs(net) < 1e-4
    assert compare_gradients(net.build(shape, dtype=np.float64)) < (1e-7, "")


def main(names):
    networks = {**NETWORKS, **DEEPER}
    for name in names or networks:
        start = time.perf_counter()
        net = networks[name][0]()
        output, single = compare_outputs(net), compare_gradients(net)[0]
        double, path = compare_gradients(net.build(net.input_shape, dtype=np.float64))
        assert output < 1e-3, output
        assert double < 1e-3, path
        print(f"{name:32} float32: logits differ by {output:.0e}, gradients by {single:.0e}; float64: gradients by "
              f"{double:.0e} of their scale; {time.perf_counter() - start:.0f} s", flush=True)  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
