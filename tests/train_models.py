"""Every network of cnnc.models can be trained: `python tests/train_models.py` in a checkout (about an hour).

First each network learns 16 images by heart, until its loss is below 0.05, the large ones at a reduced input size. Then
the networks of the lecture take one training step at their full input size. Lines tell steps, seconds and memory.
Names of networks as arguments select some.
"""

import sys
import time
from functools import partial

import numpy as np

import cnnc

models = cnnc.models

# Name -> (function that makes the network, the input shape to learn at, Adam's learning rate).
SMALL, MEDIUM = (32, 32, 3), (64, 64, 3)
OVERFIT = {
    "mlp": (models.mlp, (28, 28, 1), 0.001),
    "lenet5": (models.lenet5, (28, 28, 1), 0.01),
    "alexnet": (models.alexnet, (67, 67, 3), 0.0001),
    "alexnet, groups": (partial(models.alexnet, 2), (67, 67, 3), 0.0001),
    **{f"vgg {depth}": (partial(models.vgg, depth), SMALL, 1e-4) for depth in (11, 13, 16, 19)},
    "vgg 16, batch norm": (partial(models.vgg, 16, batch_norm=True), SMALL, 0.001),
    "googlenet": (models.googlenet, MEDIUM, 0.0003),
    "googlenet, batch norm": (partial(models.googlenet, batch_norm=True), MEDIUM, 0.001),
    "googlenet, heads": (partial(models.googlenet, heads=True), (160, 160, 3), 0.0003),
    **{f"resnet {depth}": (partial(models.resnet, depth), MEDIUM, 1e-3) for depth in (18, 34, 50, 101, 152)},
    **{f"resnet_cifar {depth}": (partial(models.resnet_cifar, depth), SMALL, 3e-3) for depth in (20, 32, 44, 56, 110)},
    "squeezenet": (models.squeezenet, MEDIUM, 0.0003),
    "mobilenet": (models.mobilenet, MEDIUM, 0.001),
    "densenet_cifar": (models.densenet_cifar, SMALL, 0.003),
}
FULL_SIZE = {  # name -> function that makes the network
    "alexnet": models.alexnet,
    "vgg 16": partial(models.vgg, 16),
    "googlenet, heads": partial(models.googlenet, heads=True),
    "resnet 18": partial(models.resnet, 18),
    "resnet 50": partial(models.resnet, 50),
}
BATCH = 8


def images(net, n):
    """Random images and labels: nothing but learning by heart tells them apart."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, *net.input_shape)).astype(np.float32)
    return x, np.arange(n) % net.output_shape[0]


def overfit(net, lr, most=500):
    """Trains on 16 images until the loss is below 0.05; returns (steps, loss)."""
    x, labels = images(net, 16)
    trainer = cnnc.Trainer(net, cnnc.Adam(lr=lr))
    for step in range(1, most + 1):
        loss = trainer.step(x, labels)
        if loss < 0.05:
            return step, loss
    raise AssertionError(f"the loss must fall below 0.05 in {most} steps: received {loss}")


def full_step(net):
    """(loss, seconds) of the second training step: the first one also makes its plan."""
    x, labels = images(net, BATCH)
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.001, momentum=0.9))
    trainer.step(x, labels)
    start = time.perf_counter()
    return trainer.step(x, labels), time.perf_counter() - start


def size(net):
    return "x".join(map(str, net.input_shape))


def main(names):
    for name, (make, shape, lr) in OVERFIT.items():
        if not names or name in names:
            net = make(classes=10, input_shape=shape)
            for layer in net.walk():
                if hasattr(layer, "rate"):
                    layer.rate = 0.0  # dropout is there to keep networks from learning by heart
            start = time.perf_counter()
            steps, loss = overfit(net, lr)
            seconds = time.perf_counter() - start
            print(
                f"{name:28} {size(net):10} 16 images: loss {loss:.3f} after {steps} steps, {seconds:.0f} s", flush=True
            )
    for name, make in FULL_SIZE.items():
        if not names or name in names:
            net = make()
            memory = net.memory(BATCH, training=True)["total"] / 2**30
            loss, seconds = full_step(net)
            print(
                f"{name:28} {size(net):10} batch {BATCH}: loss {loss:.3f}, {seconds:.2f} s, {memory:.2f} GiB",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
