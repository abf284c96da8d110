"""Every network of cnnc.models beside the same network of PyTorch, where that is installed.

Small inputs here; `python tests/test_models_against_pytorch.py` compares them at their full sizes.
"""

import sys
import time

import numpy as np
import pytest

import cnnc

pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")

import torch
from torch_twin import Auxiliary, from_torch, gradients, to_torch, twin

# Name -> (function that makes the network, the input shape to test it at).
NETWORKS = {
    "lenet5": (cnnc.models.lenet5, (28, 28, 1)),
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


def compare(net):
    """Asserts that outputs and gradients agree for a batch of two; returns the largest difference of each."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, *net.input_shape)).astype(np.float32)
    labels = np.arange(2) % net.output_shape[0]
    module = twin(net)
    output = difference(net(x), from_torch(module.eval()(to_torch(x))), 0)
    assert output < 1e-3

    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.0))
    loss = trainer.step(x, labels)
    expected = cross_entropy(net, module.train(), to_torch(x), torch.from_numpy(labels))
    expected.backward()
    assert abs(loss - expected.item()) < 1e-3 * expected.item()
    theirs, ours = gradients(net, module), trainer.gradients()
    least = 1e-6 * max(np.abs(gradient).max() for gradient in theirs.values())
    worst = max((difference(ours[path], gradient, least), path) for path, gradient in theirs.items())
    assert worst[0] < 1e-3, worst
    return output, worst[0]


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_and_gradients(name):
    make, shape = NETWORKS[name]
    compare(make(input_shape=shape))


def main(names):
    for name in names or NETWORKS:
        start = time.perf_counter()
        output, gradient = compare(NETWORKS[name][0]())
        seconds = time.perf_counter() - start
        print(f"{name:24} output {output:.1e}, gradients {gradient:.1e} of their scale, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
