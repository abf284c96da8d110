"""Layers: what a network is made of."""

from cnnc.layers.activations import ELU, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from cnnc.layers.base import Layer, LayerError
from cnnc.layers.containers import Add, Chain, Concat, Identity
from cnnc.layers.conv import Conv2D
from cnnc.layers.dense import Dense, Flatten
from cnnc.layers.noise import Dropout, Rescale
from cnnc.layers.pool import AvgPool2D, MaxPool2D

__all__ = [
    "ELU", "Add", "AvgPool2D", "Chain", "Concat", "Conv2D", "Dense", "Dropout", "Flatten", "Identity", "Layer",
    "LayerError", "LeakyReLU", "MaxPool2D", "ReLU", "Rescale", "Sigmoid", "Softmax", "Tanh",
]  # fmt: skip
