"""Squeeze and excitation: channels weighted by what the whole image holds."""

from cnnc.geometry import is_int
from cnnc.layers.activations import ReLU, Sigmoid
from cnnc.layers.base import Layer, layer
from cnnc.layers.containers import Identity, Multiply
from cnnc.layers.dense import Dense
from cnnc.layers.pool import GlobalAvgPool

__all__ = ["SqueezeExcite"]


@layer
class SqueezeExcite(Layer):
    """y[n,i,j,c] = x[n,i,j,c] * g[n,c], with g = sigmoid(W2 relu(W1 mean of x over i, j + b1) + b2).

    (Hu, Shen, Sun: Squeeze-and-excitation networks, 2018.)

    Args:
        reduction: W1 leads to C / reduction units, at least one.

    Raises:
        LayerError: when built with a reduction that is not a positive int.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.SqueezeExcite(4)]).build((6, 6, 8)).count_parameters()
        42
    """

    reduction: int = 16

    def children(self):
        return vars(self).get("_gated", ())

    def declare(self, shape):
        self.expect(is_int(self.reduction) and self.reduction > 0, "reduction must be a positive int", self.reduction)
        units = max(1, shape[-1] // self.reduction)
        gate = [GlobalAvgPool(), Dense(units), ReLU(), Dense(shape[-1]), Sigmoid()]
        self._gated = (Multiply([Identity(), gate]),)
        return self._gated[0].build_at(f"{self.path}.0", shape)

    def record(self, tape, x):
        return self._gated[0].apply(tape, x)
