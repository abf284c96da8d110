"""Training: optimizers, schedules, losses, the trainer and the loop over epochs."""

from cnnc.training.checks import check_count, check_labels
from cnnc.training.fit import fit
from cnnc.training.losses import CrossEntropy
from cnnc.training.optimizers import SGD, Optimizer
from cnnc.training.schedules import Cosine
from cnnc.training.trainer import NonFiniteLoss, Trainer

__all__ = [
    "SGD", "Cosine", "CrossEntropy", "NonFiniteLoss", "Optimizer", "Trainer", "check_count", "check_labels", "fit",
]  # fmt: skip
