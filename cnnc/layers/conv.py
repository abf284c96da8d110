"""Convolution layers."""

from cnnc import geometry, ops
from cnnc.layers.base import Layer, layer, macs_of
from cnnc.parameters import Parameter

__all__ = ["Conv1D", "Conv2D", "Conv3D", "DepthwiseConv2D", "SeparableConv2D"]


class Convolution(Layer):
    """What the convolutions share: they are all correlations of images, and say in `as_images` of which."""

    rank = 2

    def declare(self, shape):
        *lengths, channels = self.images(shape, self.rank)
        self.expect(geometry.is_int(self.filters) and self.filters > 0, "filters must be a positive int", self.filters)
        self.expect(geometry.is_int(self.groups) and self.groups > 0, "groups must be a positive int", self.groups)
        kernel = geometry.sizes(self.kernel, "kernel", self.rank)
        filters = (*kernel, max(1, channels // self.groups), self.filters)
        self._window, y_shape = geometry.convolution(
            (1, *lengths, channels), filters, None, self.stride, self.padding, self.dilation, self.groups, self.rank
        )
        ops.check_algorithm(self.algorithm, self._window, self.groups)
        self.weight = Parameter(filters, self.init)
        if self.use_bias:
            self.bias = Parameter((self.filters,), "zeros")
        return y_shape[1:]

    def as_images(self, tape, x):
        """The input as images, the filters on them, the filters' gradient, and the window on images."""
        return x, self.weight, tape.grad(self.weight), self._window

    def record(self, tape, x):
        images, w, dw, window = self.as_images(tape, x)
        bias = self.bias if self.use_bias else None
        y = tape.new((images.shape[0], *window.output(*images.shape[1:3]), self.filters))
        fields = ops.conv_fields(window, algorithm=self.algorithm)
        tape.forward("correlate2d", x=images, w=w, b=bias, y=y, **fields, **ops.conv_ending())
        dy, db = tape.grad(y), tape.grad(bias)
        if self.rank == 3:  # where a layer is used twice, db adds up but dw, of the stacked filters, does not
            tape.backward("bias_add_db", dy=dy, db=db)
            db = None
        tape.backward("correlate2d_dw", dy=dy, x=images, dw=dw, db=db, **fields)
        tape.backward("correlate2d_dx", dy=dy, w=w, dx=tape.grad(images), **fields)
        return y.reshape((x.shape[0], *self.output_shape))

    def window(self):
        return self._window.kernel, self._window.stride, self._window.dilation

    def sees(self, spans):
        return geometry.seen(self._window, spans, self.input_shape[:-1])

    def macs(self):
        return macs_of(self.output_shape, macs_of(self.weight.shape[:-1], 1))


@layer
class FilterBank(Convolution):
    """The settings of Conv1D, Conv2D and Conv3D."""

    filters: int
    kernel: int | tuple
    stride: int | tuple = 1
    padding: int | tuple | str = 0
    dilation: int | tuple = 1
    groups: int = 1
    use_bias: bool = True
    init: str = "glorot_uniform"
    algorithm: str = "auto"


@layer
class Conv2D(FilterBank):
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
        algorithm: "auto" for the fastest, "direct" for plain summation, "winograd_6x6" or "winograd_4x4" for Winograd's
            on tiles of that size: kernels of 3x3, on the larger tiles also 5x5, stride 1, dilation 1, one group.

    Raises:
        LayerError: when built on an input that is not images, that the kernel does not fit or groups do not divide.

    Example:
        >>> import cnnc
        >>> net = cnnc.Sequential([cnnc.Conv2D(10, 5, padding=2)]).build((32, 32, 3), seed=0)
        >>> net.output_shape, net.count_parameters()
        ((32, 32, 10), 760)
    """


@layer
class Conv1D(FilterBank):
    """A bank of K filters on signals, such as sound or text: Conv2D on images of one row.

    y[n,i,k] = b[k] + sum over u, c of x[n, i*s + u - p, c] * w[u,c,k]

    Input (N, L, C), output (N, OL, K); weight (KL, C / groups, K), bias (K,).

    Args:
        filters, stride, dilation, groups, use_bias, init, algorithm: as for Conv2D, along one axis.
        kernel: the length of a filter.
        padding: zeros around the signal: int, (before, after), "valid" or "same"; (p, 0) lets no output see what
            comes after it.

    Raises:
        LayerError: when built on an input that is not signals (L, C), or as Conv2D.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.Conv1D(8, 3, padding=(2, 0))]).build((100, 2)).output_shape
        (100, 8)
    """

    rank = 1

    def as_images(self, tape, x):
        def one_row(buffer, at):
            return buffer and buffer.reshape((*buffer.shape[:at], 1, *buffer.shape[at:]))

        w, dw = tape.buffer(self.weight), tape.grad(self.weight)
        return one_row(x, 1), one_row(w, 0), one_row(dw, 0), self._window.part(None, 0)


@layer
class Conv3D(FilterBank):
    """A bank of K filters on volumes, such as films or scans.

    y[n,h,i,j,k] = b[k] + sum over t, u, v, c of x[n, h*s + t - p, i*s + u - p, j*s + v - p, c] * w[t,u,v,c,k]

    Input (N, D, H, W, C), output (N, OD, OH, OW, K); weight (KD, KH, KW, C / groups, K), bias (K,). It is Conv2D on
    every output frame, whose channels are those of the KD input frames that it sees. (Tran, Bourdev, Fergus,
    Torresani, Paluri: Learning spatiotemporal features with 3D convolutional networks, 2015.)

    Args:
        filters, groups, use_bias, init, algorithm: as for Conv2D.
        kernel, stride, dilation: int, or (frames, rows, columns).
        padding: zeros around the volume: int, an int or (before, after) for each axis, "valid" or "same".

    Raises:
        LayerError: when built on an input that is not volumes (D, H, W, C), or as Conv2D.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.Conv3D(8, 3, padding=1)]).build((16, 32, 32, 3)).output_shape
        (16, 32, 32, 8)
    """

    rank = 3

    def as_images(self, tape, x):
        n, frames, filters = x.shape[0], self.output_shape[0], self.weight.shape
        stacks = tape.new((n, frames, *x.shape[2:4], filters[0] * x.shape[4]))
        fields = ops.frame_fields(self._window, self.groups)
        tape.forward("stack_frames", x=x, y=stacks, **fields)
        tape.backward("stack_frames_dx", dy=tape.grad(stacks), dx=tape.grad(x), **fields)

        taps, stacked, joined = ops.filter_shapes(filters)
        w, dw = tape.new(stacked), tape.grad(self.weight)
        fields = ops.filter_fields(filters)
        tape.forward("stack_frames", x=tape.buffer(self.weight).reshape(taps), y=w, **fields)
        tape.backward("stack_frames_dx", dy=tape.grad(w), dx=dw and dw.reshape(taps), **fields)
        w = w.reshape(joined)
        return stacks.reshape((n * frames, *stacks.shape[2:])), w, tape.grad(w), self._window.part(1, 2)


@layer
class DepthwiseConv2D(Convolution):
    """Every channel has filters of its own: Conv2D with as many groups as channels.

    y[n,i,j,c*m+k] = b[c*m+k] + sum over u, v of x[n, i*s + u - p, j*s + v - p, c] * w[u,v,0,c*m+k]

    Input (N, H, W, C), output (N, OH, OW, C * m); weight (KH, KW, 1, C * m), bias (C * m,).
    (Howard et al.: MobileNets, 2017.)

    Args:
        kernel, stride, padding, dilation, use_bias, init, algorithm: as for Conv2D.
        multiplier: m, the number of filters of a channel.

    Raises:
        LayerError: as Conv2D.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.DepthwiseConv2D(3, padding=1)]).build((32, 32, 16)).count_parameters()
        160
    """

    kernel: int | tuple
    multiplier: int = 1
    stride: int | tuple = 1
    padding: int | tuple | str = 0
    dilation: int | tuple = 1
    use_bias: bool = True
    init: str = "glorot_uniform"
    algorithm: str = "auto"

    def declare(self, shape):
        whole = geometry.is_int(self.multiplier) and self.multiplier > 0
        self.expect(whole, "multiplier must be a positive int", self.multiplier)
        self.groups = geometry.checked_size(self.images(shape)[-1:])
        self.filters = self.groups * self.multiplier
        return super().declare(shape)


@layer
class SeparableConv2D(Layer):
    """A DepthwiseConv2D without bias, then a Conv2D of single pixels: filters in space, then sums over channels.

    Input (N, H, W, C), output (N, OH, OW, K); parameters 0.weight (KH, KW, 1, C * multiplier), 1.weight
    (1, 1, C * multiplier, K) and 1.bias (K,). (Chollet: Xception: Deep learning with depthwise separable convolutions,
    2017.)

    Args:
        filters: K, the number of filters of single pixels.
        kernel, stride, padding, dilation, multiplier: of the depthwise filters.
        use_bias: whether to add a bias in the end.
        init, algorithm: of both, as for Conv2D.

    Raises:
        LayerError: as Conv2D.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.SeparableConv2D(8, 3, use_bias=False)]).build((9, 9, 4)).count_parameters()
        68
    """

    filters: int
    kernel: int | tuple
    stride: int | tuple = 1
    padding: int | tuple | str = 0
    dilation: int | tuple = 1
    multiplier: int = 1
    use_bias: bool = True
    init: str = "glorot_uniform"
    algorithm: str = "auto"

    def __post_init__(self):
        common = {"init": self.init, "algorithm": self.algorithm}
        window = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}
        self._depthwise = DepthwiseConv2D(self.kernel, self.multiplier, use_bias=False, **window, **common)
        self._pointwise = Conv2D(self.filters, 1, use_bias=self.use_bias, **common)

    def children(self):
        return self._depthwise, self._pointwise

    def declare(self, shape):
        self.expect(geometry.is_int(self.filters) and self.filters > 0, "filters must be a positive int", self.filters)
        shape = self._depthwise.build_at(f"{self.path}.0", self.images(shape))
        return self._pointwise.build_at(f"{self.path}.1", shape)

    def record(self, tape, x):
        return self._pointwise.apply(tape, self._depthwise.apply(tape, x))
