"""Optimizers: a base class and one method each, which records one fused pass over the flat buffers."""

import math


class Optimizer:
    """Base of all optimizers.

    Args:
        lr: the learning rate, or a schedule: a callable (step, steps in all) -> learning rate.
    """

    def __init__(self, lr):
        if not callable(lr) and not (isinstance(lr, (int, float)) and math.isfinite(lr) and lr >= 0):
            raise ValueError(f"the learning rate must be 0 or more, or a schedule: received {lr!r}")
        self.lr = lr

    def lr_at(self, step, steps):
        """The learning rate of a step, of `steps` in all (None if that is not known)."""
        if not callable(self.lr):
            return float(self.lr)
        if steps is None:
            raise ValueError(f"a schedule needs the number of steps, Trainer(..., steps=): received {self.lr!r}")
        return float(self.lr(step, steps))

    def record(self, tape, param, grad, lr, state):
        """Records the update of the flat buffer `param`; `state(name)` is a flat buffer that starts as zeros."""
        raise TypeError(f"{type(self).__name__} must implement record")


class SGD(Optimizer):
    """Stochastic gradient descent with momentum, as PyTorch counts it.

    g = dw + weight_decay * w;  v = momentum * v + g;  w = w - lr * v, with nesterov w = w - lr * (g + momentum * v)

    (Polyak 1964; Nesterov 1983; Sutskever et al.: On the importance of initialization and momentum, 2013.)

    Args:
        lr: the learning rate or a schedule.
        momentum: in [0, 1).
        weight_decay: L2 penalty on every parameter, 0 or more.
        nesterov: look ahead along the momentum.

    Raises:
        ValueError: for a value outside its range.

    Example:
        >>> import cnnc
        >>> cnnc.SGD(lr=0.05, momentum=0.9).momentum
        0.9
    """

    def __init__(self, lr=0.01, momentum=0.0, weight_decay=0.0, nesterov=False):
        super().__init__(lr)
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be in [0, 1): received {momentum!r}")
        if not 0 <= weight_decay < math.inf:
            raise ValueError(f"weight_decay must be 0 or more: received {weight_decay!r}")
        if nesterov and not momentum:
            raise ValueError(f"nesterov needs a momentum above 0: received {momentum!r}")
        self.momentum, self.weight_decay, self.nesterov = float(momentum), float(weight_decay), bool(nesterov)

    def record(self, tape, param, grad, lr, state):
        velocity = state("velocity") if self.momentum else None
        tape.update("sgd", param=param, grad=grad, velocity=velocity, lr=lr, momentum=self.momentum,
                    weight_decay=self.weight_decay, nesterov=int(self.nesterov))  # fmt: skip
