"""Transposed convolution."""

from cnnc import geometry, ops
from cnnc.layers.base import Layer, layer, macs_of
from cnnc.parameters import Parameter

__all__ = ["ConvTranspose2D"]


@layer
class ConvTranspose2D(Layer):
    """Spreads every pixel over the output by K filters: a Conv2D run backwards, which enlarges images by its stride.

    y[n, i*s + u - p, j*s + v - p, k] sums all x[n,i,j,c] * w[u,v,k,c] that land there, plus b[k]

    Input (N, H, W, C), output (N, OH, OW, K) with OH = (H - 1) * s - 2p + KH + output_padding; weight
    (KH, KW, K / groups, C), bias (K,). Its forward pass is the data gradient of a Conv2D, and that its forward pass.
    (Dumoulin, Visin: A guide to convolution arithmetic for deep learning, 2016.)

    Args:
        filters: K, the number of output channels.
        kernel: rows and columns of a filter, int or pair.
        stride: output pixels between the windows of neighbouring inputs, int or pair.
        padding: output pixels cut off at the sides: int, pair or two pairs.
        output_padding: output pixels added at the end, int or pair, fewer than the stride or the dilation.
        dilation: output pixels between the taps of a filter, int or pair.
        groups: channels and filters are split into this many independent parts.
        use_bias: whether to add a bias.
        init: the weights' initialiser, see `cnnc.initializers`.

    Raises:
        LayerError: when built on an input that is not images, or where a setting breaks its rule.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.ConvTranspose2D(8, 4, stride=2, padding=1)]).build((7, 7, 16)).output_shape
        (14, 14, 8)
    """

    filters: int
    kernel: int | tuple
    stride: int | tuple = 1
    padding: int | tuple = 0
    output_padding: int | tuple = 0
    dilation: int | tuple = 1
    groups: int = 1
    use_bias: bool = True
    init: str = "glorot_uniform"

    def declare(self, shape):
        shape = self.images(shape)
        self.expect(geometry.is_int(self.filters) and self.filters > 0, "filters must be a positive int", self.filters)
        self.expect(geometry.is_int(self.groups) and self.groups > 0, "groups must be a positive int", self.groups)
        self.expect(self.filters % self.groups == 0, f"groups must divide filters {self.filters}", self.groups)
        filters = (*geometry.pair(self.kernel, "kernel"), self.filters // self.groups, shape[-1])
        self._window, y_shape = geometry.transposed(
            (1, *shape), filters, None, self.stride, self.padding, self.output_padding, self.dilation, self.groups
        )
        self.weight = Parameter(filters, self.init)
        if self.use_bias:
            self.bias = Parameter((self.filters,), "zeros")
        return y_shape[1:]

    def record(self, tape, x):
        fields = ops.conv_fields(self._window)
        y = tape.new((x.shape[0], *self.output_shape))
        tape.forward("correlate2d_dx", dy=x, w=self.weight, dx=y, **fields)
        if self.use_bias:
            tape.forward("bias_add", x=y, b=self.bias, y=y)
            tape.backward("bias_add_db", dy=tape.grad(y), db=tape.grad(self.bias))
        dy, dx = tape.grad(y), tape.grad(x)
        tape.backward("correlate2d_dw", dy=x, x=dy, dw=tape.grad(self.weight), db=None, **fields)
        if dx is not None:
            part = tape.new(x.shape)  # correlate2d overwrites, but a gradient may be a sum
            tape.backward("add", a=part, b=None, y=dx, **ops.ending())
            tape.backward("correlate2d", x=dy, w=self.weight, b=None, y=part, **fields, **ops.conv_ending())
        return y

    def window(self):
        return geometry.enlarged(self._window)

    def sees(self, spans):
        return geometry.seen_enlarged(self._window, spans, self.input_shape[:-1])

    def macs(self):
        return macs_of(self.input_shape, macs_of(self.weight.shape[:-1], 1))
