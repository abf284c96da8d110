"""Optimizers: settings, and the numbers that a row of csrc/optim/optimizers.h reads in each step."""

import dataclasses
import math

import numpy as np

from cnnc.training.update import Optimizer, settings

__all__ = ["LARS", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "NAdam", "RMSProp"]


@settings
class SGD(Optimizer):
    """Stochastic gradient descent with momentum, as PyTorch counts it.

    g = dw + weight_decay * w;  v = momentum * v + g;  w = w - lr * v, with nesterov w = w - lr * (g + momentum * v)

    (Polyak 1964; Nesterov 1983; Sutskever et al.: On the importance of initialization and momentum, 2013.)

    Args:
        lr: the learning rate or a schedule.
        momentum: in [0, 1).
        nesterov: look ahead along the momentum.
        weight_decay, decay_vectors, clip_value, clip_norm: see `Optimizer`.

    Raises:
        ValueError: for a value outside its range.

    Example:
        >>> import cnnc
        >>> cnnc.SGD(lr=0.05, momentum=0.9).momentum
        0.9
    """

    momentum: float = 0.0
    nesterov: bool = False

    op = "sgd"

    def __post_init__(self):
        super().__post_init__()
        if self.nesterov and not self.momentum:
            raise ValueError(f"nesterov needs a momentum above 0: received {self.momentum!r}")

    @property
    def states(self):
        return ("velocity" if self.momentum else None,)

    def numbers(self, t, lr, decay):
        return lr, self.momentum, decay, self.nesterov


@settings
class Adagrad(Optimizer):
    """A rate of its own for each weight, from all its gradients: q = q + g^2;  w = w - lr g / (sqrt(q) + epsilon).

    (Duchi, Hazan, Singer: Adaptive subgradient methods, 2011.) g holds weight_decay * w.

    Args:
        lr, weight_decay, decay_vectors, clip_value, clip_norm: see `Optimizer`.
        epsilon: added to the root.

    Example:
        >>> import cnnc
        >>> cnnc.Adagrad().epsilon
        1e-10
    """

    epsilon: float = 1e-10
    op, states = "adagrad", ("sum",)

    def numbers(self, t, lr, decay):
        return lr, decay, self.epsilon


@settings
class RMSProp(Optimizer):
    """A rate of its own for each weight, from the mean square of its last gradients.

    q = rho q + (1 - rho) g^2;  v = momentum v + g / (sqrt(q) + epsilon);  w = w - lr v; with `centered` the mean of
    the gradients, m = rho m + (1 - rho) g, is taken out of the square: sqrt(q - m^2). g holds weight_decay * w.

    (Tieleman, Hinton: Lecture 6.5, rmsprop, Coursera, 2012; Graves: Generating sequences with recurrent neural
    networks, 2013.)

    Args:
        lr: the learning rate or a schedule.
        rho: the share of the mean that stays in a step, in [0, 1); PyTorch's alpha.
        momentum: in [0, 1).
        centered: whether to divide by the deviation from the mean.
        epsilon: added to the root.
        weight_decay, decay_vectors, clip_value, clip_norm: see `Optimizer`.

    Example:
        >>> import cnnc
        >>> cnnc.RMSProp(momentum=0.9).states
        ('square', None, 'velocity')
    """

    rho: float = 0.99
    momentum: float = 0.0
    centered: bool = False
    epsilon: float = 1e-8

    op = "rmsprop"

    @property
    def states(self):
        return "square", "mean" if self.centered else None, "velocity" if self.momentum else None

    def numbers(self, t, lr, decay):
        return lr, decay, 1 - self.rho, (1 - self.rho) * self.centered, self.momentum, self.epsilon


@settings
class Adadelta(Optimizer):
    """Steps as long as the last steps were, in the direction of the gradient over its root mean square.

    q = rho q + (1 - rho) g^2;  d = sqrt(a + epsilon) / sqrt(q + epsilon) g;  a = rho a + (1 - rho) d^2;  w = w - lr d

    (Zeiler: ADADELTA, an adaptive learning rate method, 2012.) g holds weight_decay * w.

    Args:
        lr: a factor of the steps, or a schedule.
        rho: the share of the means that stays in a step, in [0, 1).
        epsilon: added under the roots.
        weight_decay, decay_vectors, clip_value, clip_norm: see `Optimizer`.

    Example:
        >>> import cnnc
        >>> cnnc.Adadelta().lr
        1.0
    """

    lr: float = 1.0
    rho: float = 0.9
    epsilon: float = 1e-6

    op = "adadelta"
    states = ("square", "step")

    def numbers(self, t, lr, decay):
        return lr, decay, 1 - self.rho, self.epsilon


@settings
class Adam(Optimizer):
    """Momentum over the root of the mean square, both corrected for having started at zero.

    m = beta1 m + (1 - beta1) g;  q = beta2 q + (1 - beta2) g^2
    w = w - lr (m / (1 - beta1^t)) / (sqrt(q / (1 - beta2^t)) + epsilon)

    (Kingma, Ba: Adam, a method for stochastic optimization, 2015.) g holds weight_decay * w.

    Args:
        lr: the learning rate or a schedule.
        beta1, beta2: the shares of the means that stay in a step, in [0, 1).
        epsilon: added to the root.
        weight_decay, decay_vectors, clip_value, clip_norm: see `Optimizer`.

    Example:
        >>> import cnnc
        >>> cnnc.Adam(lr=3e-4).beta2
        0.999
    """

    lr: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    op = "adam"
    states = ("mean", "square")
    decoupled = False

    def _decay(self, lr, decay):
        """(what is added to the gradient, what is taken off the weight), as shares of the weight."""
        return (0.0, lr * decay) if self.decoupled else (decay, 0.0)

    def numbers(self, t, lr, decay):
        return (lr / (1 - self.beta1**t), *self._decay(lr, decay), 1 - self.beta1, 1 - self.beta2,
                1 / math.sqrt(1 - self.beta2**t), self.epsilon)  # fmt: skip


@settings
class AdamW(Adam):
    """Adam whose weight decay does not pass through the means: w = w - lr * weight_decay * w, then Adam's step.

    (Loshchilov, Hutter: Decoupled weight decay regularization, 2019.)

    Args:
        lr, beta1, beta2, epsilon: as of `Adam`.
        weight_decay: the share of a weight that a step takes off, over lr.
        decay_vectors, clip_value, clip_norm: see `Optimizer`.

    Example:
        >>> import cnnc
        >>> cnnc.AdamW().weight_decay
        0.01
    """

    _: dataclasses.KW_ONLY
    weight_decay: float = 0.01

    decoupled = True


@settings
class NAdam(Adam):
    """Adam that looks ahead along its momentum, as Nesterov's does.

    mu(t) = beta1 (1 - 0.96^(momentum_decay t) / 2);  P(t) = mu(1) ... mu(t);  m, q as in Adam
    w = w - lr (mu(t+1) m / (1 - P(t+1)) + (1 - mu(t)) g / (1 - P(t))) / (sqrt(q / (1 - beta2^t)) + epsilon)

    (Dozat: Incorporating Nesterov momentum into Adam, 2016.) g holds weight_decay * w.

    Args:
        lr, beta1, beta2, epsilon: as of `Adam`.
        momentum_decay: how fast the momentum rises to beta1, 0 or more.
        weight_decay, decay_vectors, clip_value, clip_norm: see `Optimizer`.

    Example:
        >>> import cnnc
        >>> cnnc.NAdam().lr
        0.002
    """

    lr: float = 0.002
    momentum_decay: float = 0.004

    op = "nadam"

    def _mu(self, t):
        return self.beta1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay))

    def numbers(self, t, lr, decay):
        last = min(t, 1 + int(-40 / math.log(self.beta1))) if self.beta1 else 1  # past it P(t) < e^-40 counts as 0
        product = float(self._mu(np.arange(1, last + 1)).prod())
        now, after = self._mu(t), self._mu(t + 1)
        return (lr * (1 - now) / (1 - product), lr * after / (1 - product * after), decay, 1 - self.beta1,
                1 - self.beta2, 1 / math.sqrt(1 - self.beta2**t), self.epsilon)  # fmt: skip


@settings
class LARS(Optimizer):
    """Momentum with a rate for each layer, in proportion to the length of its weights over that of their gradient.

    r = trust |w| / (|g| + weight_decay |w|), 1 where a length is 0;  v = momentum v + lr r (g + weight_decay w)
    w = w - v

    (You, Gitman, Ginsburg: Large batch training of convolutional networks, 2017.) Parameters that weight decay does
    not reach have r = 1.

    Args:
        lr: the learning rate or a schedule.
        momentum: in [0, 1).
        trust: how much of a weight's length a step may be, over lr.
        weight_decay, decay_vectors, clip_value, clip_norm: see `Optimizer`.

    Example:
        >>> import cnnc
        >>> cnnc.LARS(lr=1.0, momentum=0.9, weight_decay=5e-4).trust
        0.001
    """

    momentum: float = 0.0
    trust: float = 0.001

    op = "lars"
    states = ("velocity",)
    apart = True

    def numbers(self, t, lr, decay):
        return lr, self.momentum, decay

    def record(self, tape, param, grad, numbers, states, decays):
        if decays:
            of_param, of_grad = tape.new((1,), np.float64), tape.new((1,), np.float64)
            tape.update("sum_squares", x=param, sum=of_param)
            tape.update("sum_squares", x=grad, sum=of_grad)
            tape.update("lars_rate", param_squares=of_param, grad_squares=of_grad, numbers=numbers, trust=self.trust)
        super().record(tape, param, grad, numbers, states, decays)
