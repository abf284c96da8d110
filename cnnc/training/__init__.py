"""Training: optimizers, schedules, losses, the trainer and the loop over epochs."""

from importlib import import_module

from cnnc.training.average import *
from cnnc.training.finder import *
from cnnc.training.fit import fit
from cnnc.training.loading import judged
from cnnc.training.losses import *
from cnnc.training.losses import get as get_loss
from cnnc.training.optimizers import *
from cnnc.training.schedules import *
from cnnc.training.trainer import *
from cnnc.training.update import *

_MODULES = ("average", "finder", "losses", "optimizers", "schedules", "trainer", "update")
__all__ = [name for module in _MODULES for name in import_module(f"{__name__}.{module}").__all__]
