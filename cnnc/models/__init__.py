"""Networks of the literature, by name: built out of layers, with no kernels of their own.

Each builder returns a built `Sequential` that ends in logits; `build` again to choose another seed or element type.
All take `classes`, `input_shape` (H, W, C), `width`, a factor of the number of channels, and, where the paper drops
units, `dropout`, the rate.

To train a network on other classes, give it another head with `net.with_head`, and freeze layers by
`layer.trainable = False` or slow them down by `layer.lr_scale`.
"""

from importlib import import_module

from cnnc.models.classic import *
from cnnc.models.compact import *
from cnnc.models.googlenet import *
from cnnc.models.resnet import *

_MODULES = ("classic", "compact", "googlenet", "resnet")
__all__ = [name for module in _MODULES for name in import_module(f"{__name__}.{module}").__all__]
