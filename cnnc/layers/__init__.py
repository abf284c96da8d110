"""Layers: what a network is made of."""

from cnnc.layers.activations import *
from cnnc.layers.base import *
from cnnc.layers.containers import *
from cnnc.layers.conv import *
from cnnc.layers.conv_transpose import *
from cnnc.layers.dense import *
from cnnc.layers.excite import *
from cnnc.layers.maxout import *
from cnnc.layers.noise import *
from cnnc.layers.norm import *
from cnnc.layers.pool import *
from cnnc.layers.prelu import *
from cnnc.layers.resample import *

__all__ = [name for name, value in globals().items() if callable(value) and name[0] != "_"]
