"""cnnc: convolutional neural networks on CPUs.

Images are NumPy arrays (N, H, W, C). `cnnc.Sequential` builds networks out of layers, `net.fit` trains them,
`cnnc.functional` has every operation on plain arrays, and `cnnc.reference` says in plain NumPy what each computes.
"""

from cnnc import initializers, metrics
from cnnc.config import show_config
from cnnc.io import load
from cnnc.layers import *
from cnnc.network import Sequential
from cnnc.ops import get_num_threads, set_num_threads
from cnnc.parameters import Parameter
from cnnc.training import *

__version__ = "0.1.0"

# What only some programs use must not slow down the import for all: name -> module, and name in it if not the module.
_ON_FIRST_USE = {
    "data": ("cnnc.data", None),
    "explain": ("cnnc.explain", None),
    "functional": ("cnnc.functional", None),
    "models": ("cnnc.models", None),
    "plot": ("cnnc.plot", None),
    "reference": ("cnnc.reference", None),
    "load_torch_weights": ("cnnc.torch_weights", "load_torch_weights"),
    "save_torch_weights": ("cnnc.torch_weights", "save_torch_weights"),
}


def __getattr__(name):
    if name in _ON_FIRST_USE:
        from importlib import import_module

        module, inside = _ON_FIRST_USE[name]
        value = import_module(module)
        return getattr(value, inside) if inside else value
    raise AttributeError(f"module 'cnnc' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_ON_FIRST_USE})
