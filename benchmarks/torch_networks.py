"""Whole networks in PyTorch, with the weights of ours: training steps and inference."""

import itertools

import torch
from torch import nn
from torch.nn import functional

from benchmarks.torch_layers import FORMATS, images_of
from benchmarks.torch_twin import twin


def memory_of(setting):
    return FORMATS[setting.split()[-1]]


def is_compiled(setting):
    return "compiled" in setting


def module_of(net, setting, filled=True):
    """The network as one writes it in PyTorch, in the setting's memory format."""
    module = twin(net, filled).to(memory_format=memory_of(setting))
    for chain in module.modules():
        if isinstance(chain, nn.Sequential):
            for _, layer in itertools.pairwise(chain):
                if isinstance(layer, nn.ReLU):
                    layer.inplace = True
    return module


def forget_compiled():
    """Drops what was compiled, so that the next network's calls are not looked up among others'."""
    torch.compiler.reset()


def training(setting, net, x, labels, lr, momentum, filled=True):
    """A function that does one training step with this batch and returns the loss.

    Args:
        setting: "PyTorch", "compiled" or not, and the memory format.
        net: a built network of cnnc.
        x: (N, H, W, C) float32.
        labels: N ints.
        lr, momentum: of SGD.
        filled: whether with the weights of `net`; else with PyTorch's own.
    """
    module = module_of(net, setting, filled)
    images, labels = images_of(x, memory_of(setting)), torch.from_numpy(labels).long()
    optimizer = torch.optim.SGD(module.parameters(), lr=lr, momentum=momentum, fused=True)

    def loss_of(images, labels):
        return functional.cross_entropy(module(images), labels)

    if is_compiled(setting):
        loss_of = torch.compile(loss_of)

    def step():
        optimizer.zero_grad()
        loss = loss_of(images, labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def inference(setting, net, x, filled=True):
    """A function that returns the network's outputs for this batch."""
    module = module_of(net, setting, filled).eval()
    images = images_of(x, memory_of(setting))
    function = torch.compile(module, options={"freezing": True}) if is_compiled(setting) else module

    def call():
        with torch.inference_mode():
            return function(images).numpy()

    return call
