"""The rectifier with learned slopes."""

import numpy as np

from cnnc.geometry import is_number
from cnnc.layers.base import Layer, layer
from cnnc.parameters import Parameter

__all__ = ["PReLU"]


@layer
class PReLU(Layer):
    """Parametric rectified linear unit: y = x where x > 0, else w[c] * x, with a slope w for each channel c.

    dx = dy where x > 0, else w[c] * dy; dw[c] = the sum of x * dy where x <= 0. Channels are the last axis; weight (C,)
    or, if shared, (1,). (He, Zhang, Ren, Sun: Delving deep into rectifiers, 2015.)

    Args:
        shared: whether all channels have one slope.
        start: the slopes before training.

    Raises:
        LayerError: when start is not a finite number.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.PReLU()])([[-2.0, 3.0]])
        array([[-0.5,  3. ]], dtype=float32)
    """

    shared: bool = False
    start: float = 0.25

    def declare(self, shape):
        self.expect(is_number(self.start), "start must be a finite number", self.start)
        start = float(self.start)
        self.weight = Parameter((1,) if self.shared else shape[-1:], lambda shape, rng: np.full(shape, start))
        return shape

    def record(self, tape, x):
        y = tape.like(x)
        tape.forward("prelu", x=x, w=self.weight, y=y)
        tape.backward("prelu_dx", dy=tape.grad(y), x=x, w=self.weight, dx=tape.grad(x))
        tape.backward("prelu_dw", dy=tape.grad(y), x=x, dw=tape.grad(self.weight))
        return y
