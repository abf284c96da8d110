"""Pooling layers: one value for each window of each channel, and no parameters."""

from cnnc import geometry, ops
from cnnc.layers.base import Layer, layer

__all__ = ["AvgPool2D", "MaxPool2D"]


class Pool2D(Layer):
    """What both poolings share: the window and its fields in C."""

    def declare(self, shape):
        height, width, channels = self.images(shape)
        self._window, y_shape = geometry.pooling(
            (1, height, width, channels), self.size, self.stride, self.padding, self.ceil
        )
        return y_shape[1:]

    def window(self):
        return self._window.kernel, self._window.stride, self._window.dilation


@layer
class MaxPool2D(Pool2D):
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

    size: int | tuple
    stride: int | tuple | None = None
    padding: int | tuple | str = 0
    ceil: bool = False

    def record(self, tape, x):
        y = tape.new((x.shape[0], *self.output_shape))
        name, dtype = ops.index_field(self._window)
        window = ops.pool_fields(self._window)
        index = {name: tape.new(y.shape, dtype)} if tape.training and x.needs_grad else {}
        tape.forward("max_pool2d", x=x, y=y, **index, **window)
        tape.backward("max_pool2d_dx", dy=tape.grad(y), dx=tape.grad(x), **index, **window)
        return y


@layer
class AvgPool2D(Pool2D):
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

    size: int | tuple
    stride: int | tuple | None = None
    padding: int | tuple | str = 0
    ceil: bool = False
    count_include_pad: bool = True

    def record(self, tape, x):
        y = tape.new((x.shape[0], *self.output_shape))
        window = ops.mean_fields(self._window, self.count_include_pad)
        tape.forward("avg_pool2d", x=x, y=y, **window)
        tape.backward("avg_pool2d_dx", dy=tape.grad(y), dx=tape.grad(x), **window)
        return y
