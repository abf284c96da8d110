"""Layers that pad, enlarge or shrink images, without parameters."""

from cnnc import ops
from cnnc.geometry import resampling
from cnnc.layers.base import Layer, layer

__all__ = ["AdaptiveAvgPool2D", "Pad2D", "UpSample", "ZeroPad2D"]


class Resample(Layer):
    """Every output pixel is a weighted sum of input pixels, by a matrix for rows and one for columns."""

    def declare(self, shape):
        height, width, channels = self.images(shape)
        self._rows, self._columns = self.matrices((height, width))
        return len(self._rows.end), len(self._columns.end), channels

    def record(self, tape, x):
        y = tape.new((x.shape[0], *self.output_shape))
        fields = ops.resample_fields(self._rows, self._columns)
        tape.forward("resample2d", x=x, y=y, **fields)
        tape.backward("resample2d_dx", dy=tape.grad(y), dx=tape.grad(x), **fields)
        return y

    def sees(self, spans):
        return tuple(axis.sees(*span) for axis, span in zip((self._rows, self._columns), spans, strict=True))

    def macs(self):
        *_, width, channels = self.input_shape
        rows, columns = len(self._rows.index) * width, self.output_shape[0] * len(self._columns.index)
        return channels * (rows + columns)


@layer
class ZeroPad2D(Resample):
    """Zeros around the image.

    y[n,i,j,c] = x[n, i - top, j - left, c] inside the image, else 0.

    Args:
        padding: pixels, int, pair or two pairs ((top, bottom), (left, right)).

    Raises:
        LayerError: when built on an input that is not images, or for another padding.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.ZeroPad2D(((0, 1), (2, 3)))]).build((4, 4, 1)).output_shape
        (5, 9, 1)
    """

    padding: int | tuple

    def matrices(self, shape):
        return resampling.padding(shape, self.padding)

    def macs(self):
        return 0


@layer
class Pad2D(Resample):
    """Pixels of the image's own around it.

    y[n,i,j,c] = x[n, a(i - top), b(j - left), c]; on 4 pixels a b c d with 2 on each side:
    "reflect" c b a b c d c b, "replicate" a a a b c d d d, "circular" c d a b c d a b, "zero" 0 0 a b c d 0 0

    Args:
        padding: pixels, int, pair or two pairs ((top, bottom), (left, right)); smaller than the side for "reflect", at
            most the side for "circular".
        mode: one of these.

    Raises:
        LayerError: when built on an input that is not images, or a setting breaks its rule.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.Pad2D(((0, 0), (2, 2)))])([[[[1.0], [2.0], [3.0]]]]).ravel()
        array([3., 2., 1., 2., 3., 2., 1.], dtype=float32)
    """

    padding: int | tuple
    mode: str = "reflect"

    def matrices(self, shape):
        return resampling.padding(shape, self.padding, self.mode)

    def macs(self):
        return 0


@layer
class UpSample(Resample):
    """Images enlarged by whole factors.

    "nearest": y[n,i,j,c] = x[n, floor(i/s), floor(j/s), c]. "bilinear": the mean of the two nearest rows and columns,
    weighted by nearness of the pixels' centres: output i lies at (i + 1/2) / s - 1/2 on the input.

    Args:
        scale: s, int or pair.
        mode: "nearest" or "bilinear".
        align_corners: bilinear only: the outermost centres stay in place, output i lies at i * (H - 1) / (s*H - 1).

    Raises:
        LayerError: when built on an input that is not images, or for another scale or mode.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.UpSample((1, 2))])([[[[1.0], [2.0]]]]).ravel()
        array([1., 1., 2., 2.], dtype=float32)
    """

    scale: int | tuple
    mode: str = "nearest"
    align_corners: bool = False

    def matrices(self, shape):
        return resampling.upsampling(shape, self.scale, self.mode, self.align_corners)

    def window(self):
        from fractions import Fraction

        scale = tuple(Fraction(n, m) for n, m in zip(self.input_shape[:2], self.output_shape[:2], strict=True))
        return (self._rows.reach, self._columns.reach), scale, (1, 1)


@layer
class AdaptiveAvgPool2D(Resample):
    """The means of windows that cut images of any size into the same number of parts.

    y[n,i,j,c] = mean of x over rows floor(i*H/OH) to ceil((i+1)*H/OH), the end not included, and columns alike

    Input (N, H, W, C), output (N, OH, OW, C). (He, Zhang, Ren, Sun: Spatial pyramid pooling, 2014.)

    Args:
        size: OH and OW, int or pair.

    Raises:
        LayerError: when built on an input that is not images, or for another size.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.AdaptiveAvgPool2D(7)]).build((31, 45, 16)).output_shape
        (7, 7, 16)
    """

    size: int | tuple

    def matrices(self, shape):
        return resampling.adaptive(shape, self.size)

    def window(self):
        from fractions import Fraction

        stride = tuple(Fraction(n, m) for n, m in zip(self.input_shape[:2], self.output_shape[:2], strict=True))
        return (self._rows.reach, self._columns.reach), stride, (1, 1)

    def macs(self):
        return 0  # as other pooling, it sums without products
