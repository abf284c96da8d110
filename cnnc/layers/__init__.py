"""Layers: what a network is made of."""

from importlib import import_module

from cnnc.layers.activations import *
from cnnc.layers.base import *
from cnnc.layers.containers import *
from cnnc.layers.conv import *
from cnnc.layers.conv_transpose import *
from cnnc.layers.dense import *
from cnnc.layers.maxout import *
from cnnc.layers.noise import *
from cnnc.layers.norm import *
from cnnc.layers.pool import *
from cnnc.layers.prelu import *
from cnnc.layers.resample import *

_MODULES = ("activations", "base", "containers", "conv", "conv_transpose", "dense", "maxout", "noise", "norm", "pool", "prelu", "resample")
__all__ = [name for module in _MODULES for name in import_module(f"{__name__}.{module}").__all__]
