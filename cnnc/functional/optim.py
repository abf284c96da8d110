"""The update rule of stochastic gradient descent."""

import numpy as np

from cnnc.functional._arrays import public, ready, real
from cnnc.geometry import is_number
from cnnc.ops import op

__all__ = ["sgd"]


@public
def sgd(param, grad, velocity=None, lr=0.01, momentum=0.0, weight_decay=0.0, nesterov=False):
    """One step of gradient descent, with momentum (Polyak's, or Nesterov's) and weight decay.

    `g = grad + weight_decay * param`, `v = momentum * velocity + g`, then `param - lr * v`; with Nesterov's look-ahead
    `param - lr * (g + momentum * v)`.

    Sutskever, Martens, Dahl, Hinton: On the importance of initialization and momentum in deep learning, ICML 2013.

    Args:
        param, grad: of the same shape, real numbers.
        velocity: v of the step before, same shape, or None before the first step, which is zeros.
        lr: learning rate, at least 0.
        momentum: share of the velocity that stays, at least 0.
        weight_decay: pull towards zero, at least 0.
        nesterov: whether to look ahead.

    Returns:
        (param, velocity), new float32 or float64 arrays.

    Raises:
        ValueError: when shapes differ, or a number is negative or not finite.
        TypeError: when an array does not hold real numbers.

    >>> param, velocity = sgd([1.0], [2.0], lr=0.25, momentum=0.5)
    >>> param.tolist(), velocity.tolist()
    ([0.5], [2.0])
    """
    for value, name in ((lr, "lr"), (momentum, "momentum"), (weight_decay, "weight_decay")):
        if not (is_number(value) and value >= 0):
            raise ValueError(f"{name} must be a finite number of at least 0, received {value!r}")
    param, grad = real(param, "param"), real(grad, "grad")
    velocity = np.zeros(param.shape, np.float32) if velocity is None else real(velocity, "velocity")
    if not param.shape == grad.shape == velocity.shape:
        raise ValueError(
            f"param, grad and velocity must have one shape, received {param.shape}, {grad.shape} and {velocity.shape}"
        )
    param, grad, velocity = ready(param, grad, velocity)
    param, velocity = param.copy(), velocity.copy()  # updated in place
    numbers = np.zeros(8)
    numbers[:4] = lr, momentum, weight_decay, bool(nesterov)  # as csrc/optim/optimizers.h lists them
    op("sgd")(grad=grad, param=param, s0=velocity, numbers=numbers)
    return param, velocity
