"""Pooling layers: one value for each window of each channel, and no parameters."""

from cnnc import geometry, ops
from cnnc.layers.base import Layer, layer

__all__ = [
    "AvgPool1D", "AvgPool2D", "AvgPool3D", "GlobalAvgPool", "GlobalMaxPool", "MaxPool1D", "MaxPool2D", "MaxPool3D",
]  # fmt: skip


def record_max(tape, x, window):
    """Records the maxima of a window's stages on images; returns the last one's output."""
    for part, x_shape, y_shape in ops.pool_stages(window, x.shape):
        x, y = x.reshape(x_shape), tape.new(y_shape)
        name, dtype = ops.index_field(part)
        fields = ops.pool_fields(part)
        index = {name: tape.new(y_shape, dtype)} if tape.differentiable and x.needs_grad else {}
        tape.forward("max_pool2d", x=x, y=y, **index, **fields)
        tape.backward("max_pool2d_dx", dy=tape.grad(y), dx=tape.grad(x), **index, **fields)
        x = y
    return x


def record_mean(tape, x, window, count_include_pad=True):
    """Records the means of a window's stages on images; returns the last one's output."""
    for part, x_shape, y_shape in ops.pool_stages(window, x.shape):
        x, y = x.reshape(x_shape), tape.new(y_shape)
        fields = ops.mean_fields(part, count_include_pad)
        tape.forward("avg_pool2d", x=x, y=y, **fields)
        tape.backward("avg_pool2d_dx", dy=tape.grad(y), dx=tape.grad(x), **fields, **ops.ending())
        x = y
    return x


class Pool(Layer):
    """What all poolings share: the window."""

    rank = 2

    def declare(self, shape):
        shape = self.images(shape, self.rank)
        self._window, y_shape = geometry.pooling(
            (1, *shape), self.size, self.stride, self.padding, self.ceil, self.rank
        )
        return y_shape[1:]

    def window(self):
        return self._window.kernel, self._window.stride, self._window.dilation

    def sees(self, spans):
        return geometry.seen(self._window, spans, self.input_shape[:-1])


@layer
class MaxPool(Pool):
    """The settings of MaxPool1D, MaxPool2D and MaxPool3D."""

    size: int | tuple
    stride: int | tuple | None = None
    padding: int | tuple | str = 0
    ceil: bool = False

    def record(self, tape, x):
        return record_max(tape, x, self._window).reshape((x.shape[0], *self.output_shape))


@layer
class AvgPool(Pool):
    """The settings of AvgPool1D, AvgPool2D and AvgPool3D."""

    size: int | tuple
    stride: int | tuple | None = None
    padding: int | tuple | str = 0
    ceil: bool = False
    count_include_pad: bool = True

    def record(self, tape, x):
        y = record_mean(tape, x, self._window, self.count_include_pad)
        return y.reshape((x.shape[0], *self.output_shape))


@layer
class MaxPool2D(MaxPool):
    """The largest value of each window: y = max over u, v of x[n, i*s + u - p, j*s + v - p, c].

    Input (N, H, W, C), output (N, OH, OW, C). The gradient goes to the first largest value in reading order. Padding
    never wins. (Scherer, Mueller, Behnke: Evaluation of pooling operations, 2010.)

    Args:
        size: rows and columns of the window, int or pair.
        stride: pixels between windows; `size` unless given.
        padding: int, pair, two pairs or "same"; at most half the size.
        ceil: round the output size up, so that a last window may hang over the edge.

    Raises:
        LayerError: when built on an input that is not images or smaller than the window.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.MaxPool2D(2)]).build((32, 32, 16)).output_shape
        (16, 16, 16)
    """


@layer
class AvgPool2D(AvgPool):
    """The mean of each window.

    y = sum over u, v of x[n, i*s + u - p, j*s + v - p, c] / number of elements of the window

    Input (N, H, W, C), output (N, OH, OW, C). (The subsampling of LeCun et al., 1998, without its coefficient.)

    Args:
        size: rows and columns of the window, int or pair.
        stride: pixels between windows; `size` unless given.
        padding: int, pair, two pairs or "same"; at most half the size.
        ceil: round the output size up, so that a last window may hang over the edge.
        count_include_pad: whether padding counts as elements of the window.

    Raises:
        LayerError: when built on an input that is not images or smaller than the window.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.AvgPool2D(2)]).build((28, 28, 6)).output_shape
        (14, 14, 6)
    """


@layer
class MaxPool1D(MaxPool):
    """The largest value of each window of signals.

    Input (N, L, C), output (N, OL, C).

    Args:
        size, stride, padding, ceil: as for MaxPool2D, along one axis.

    Raises:
        LayerError: when built on an input that is not signals or smaller than the window.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.MaxPool1D(2)]).build((100, 8)).output_shape
        (50, 8)
    """

    rank = 1


@layer
class MaxPool3D(MaxPool):
    """The largest value of each window of volumes.

    Input (N, D, H, W, C), output (N, OD, OH, OW, C).

    Args:
        size, stride, padding, ceil: as for MaxPool2D, along three axes.

    Raises:
        LayerError: when built on an input that is not volumes or smaller than the window.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.MaxPool3D(2)]).build((16, 32, 32, 8)).output_shape
        (8, 16, 16, 8)
    """

    rank = 3


@layer
class AvgPool1D(AvgPool):
    """The mean of each window of signals.

    Input (N, L, C), output (N, OL, C).

    Args:
        size, stride, padding, ceil, count_include_pad: as for AvgPool2D, along one axis.

    Raises:
        LayerError: when built on an input that is not signals or smaller than the window.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.AvgPool1D(2)]).build((100, 8)).output_shape
        (50, 8)
    """

    rank = 1


@layer
class AvgPool3D(AvgPool):
    """The mean of each window of volumes.

    Input (N, D, H, W, C), output (N, OD, OH, OW, C).

    Args:
        size, stride, padding, ceil, count_include_pad: as for AvgPool2D, along three axes.

    Raises:
        LayerError: when built on an input that is not volumes or smaller than the window.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.AvgPool3D(2)]).build((16, 32, 32, 8)).output_shape
        (8, 16, 16, 8)
    """

    rank = 3


class GlobalPool(Layer):
    """What both global poolings share: one window over all pixels of a channel."""

    def declare(self, shape):
        self.expect(len(shape) > 1, "the input must have pixels, such as images (H, W, C)", tuple(shape))
        self._window = geometry.Window((geometry.checked_size(shape[:-1]), 1))
        return shape[-1:]

    def one_column(self, x):
        """Images of any rank as images of one column."""
        return x.reshape((x.shape[0], self._window.kernel[0], 1, x.shape[-1]))

    def window(self):
        rank = len(self.input_shape) - 1
        return self.input_shape[:-1], (1,) * rank, (1,) * rank


@layer
class GlobalMaxPool(GlobalPool):
    """The largest value of each channel: y[n,c] = max over all pixels of x[n,...,c].

    Input signals (N, L, C), images (N, H, W, C) or volumes (N, D, H, W, C), output (N, C). The gradient goes to the
    first largest value in reading order.

    Raises:
        LayerError: when built on vectors.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.GlobalMaxPool()])([[[[1.0], [4.0]], [[3.0], [2.0]]]])
        array([[4.]], dtype=float32)
    """

    def record(self, tape, x):
        return record_max(tape, self.one_column(x), self._window).reshape((x.shape[0], *self.output_shape))


@layer
class GlobalAvgPool(GlobalPool):
    """The mean of each channel: y[n,c] = mean over all pixels of x[n,...,c].

    Input signals (N, L, C), images (N, H, W, C) or volumes (N, D, H, W, C), output (N, C).
    (Lin, Chen, Yan: Network in network, 2014.)

    Raises:
        LayerError: when built on vectors.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.GlobalAvgPool()])([[[[1.0], [4.0]], [[3.0], [2.0]]]])
        array([[2.5]], dtype=float32)
    """

    def record(self, tape, x):
        return record_mean(tape, self.one_column(x), self._window).reshape((x.shape[0], *self.output_shape))
