"""Convolution layers."""

from cnnc import geometry, ops
from cnnc.layers.base import Layer, layer, macs_of
from cnnc.parameters import Parameter

__all__ = ["Conv2D"]


@layer
class Conv2D(Layer):
    """A bank of K filters: cross-correlation with the images plus a bias, as convolution layers compute it.

    y[n,i,j,k] = b[k] + sum over u, v, c of x[n, i*s + u - p, j*s + v - p, c] * w[u,v,c,k]

    Input (N, H, W, C), output (N, OH, OW, K) with OH = floor((H + 2p - KH) / s) + 1; weight (KH, KW, C / groups, K),
    bias (K,). (LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition, 1998.)

    Args:
        filters: K, the number of filters.
        kernel: rows and columns of a filter, int or pair.
        stride: pixels between windows, int or pair.
        padding: zeros around the image: int, pair, two pairs, "valid" or "same".
        dilation: pixels between the taps of a filter, int or pair.
        groups: channels and filters are split into this many independent parts; C for a depthwise convolution.
        use_bias: whether to add a bias.
        init: the weights' initialiser, see `cnnc.initializers`.
        algorithm: "auto" or "direct" (plain summation).

    Raises:
        LayerError: when built on an input that is not images, that the kernel does not fit or groups do not divide.

    Example:
        >>> import cnnc
        >>> net = cnnc.Sequential([cnnc.Conv2D(10, 5, padding=2)]).build((32, 32, 3), seed=0)
        >>> net.output_shape, net.count_parameters()
        ((32, 32, 10), 760)
    """

    filters: int
    kernel: int | tuple
    stride: int | tuple = 1
    padding: int | tuple | str = 0
    dilation: int | tuple = 1
    groups: int = 1
    use_bias: bool = True
    init: str = "glorot_uniform"
    algorithm: str = "auto"

    def declare(self, shape):
        height, width, channels = self.images(shape)
        self.expect(self.algorithm in ("auto", "direct"), 'algorithm must be "auto" or "direct"', self.algorithm)
        self.expect(geometry.is_int(self.filters) and self.filters > 0, "filters must be a positive int", self.filters)
        self.expect(geometry.is_int(self.groups) and self.groups > 0, "groups must be a positive int", self.groups)
        kernel = geometry.pair(self.kernel, "kernel")
        filters = (*kernel, max(1, channels // self.groups), self.filters)
        self._window, y_shape = geometry.convolution(
            (1, height, width, channels), filters, None, self.stride, self.padding, self.dilation, self.groups
        )
        self.weight = Parameter(filters, self.init)
        if self.use_bias:
            self.bias = Parameter((self.filters,), "zeros")
        return y_shape[1:]

    def record(self, tape, x):
        window = ops.conv_fields(self._window)
        bias = self.bias if self.use_bias else None
        y = tape.new((x.shape[0], *self.output_shape))
        tape.forward("correlate2d", x=x, w=self.weight, b=bias, y=y, **window)
        dy, dw, db = tape.grad(y), tape.grad(self.weight), tape.grad(bias)
        tape.backward("correlate2d_dw", dy=dy, x=x, dw=dw, db=db, **window)
        tape.backward("correlate2d_dx", dy=dy, w=self.weight, dx=tape.grad(x), **window)
        return y

    def window(self):
        return self._window.kernel, self._window.stride, self._window.dilation

    def macs(self):
        return macs_of(self.output_shape, macs_of(self.weight.shape[:3], 1))
