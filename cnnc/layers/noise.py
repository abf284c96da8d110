"""Layers that scale their input or drop parts of it."""

import numpy as np

from cnnc.geometry import is_number
from cnnc.layers.base import Layer, layer
from cnnc.ops import rescale_fields

__all__ = ["Dropout", "Rescale", "SpatialDropout"]


@layer
class Rescale(Layer):
    """y = x * scale + offset, alike or by channel; turns bytes 0..255 into numbers 0..1 by default.

    A network whose first layer is not a Rescale scales uint8 images by 1/255 itself. Rescale(1 / std, -mean / std)
    takes images with these means and standard deviations of their channels, in 0..255, to mean 0 and variance 1.

    Args:
        scale: the factor: a number, or one for each channel of the last axis (a tuple, list or array).
        offset: what is added, alike.

    Raises:
        LayerError: when built with settings that are neither a finite number nor one for each channel.

    Example:
        >>> import cnnc, numpy as np
        >>> cnnc.Sequential([cnnc.Rescale(1 / 51)])(np.array([[0, 255]], np.uint8))
        array([[0., 5.]], dtype=float32)
        >>> mean, std = np.array([100.0, 50.0]), np.array([50.0, 25.0])
        >>> cnnc.Sequential([cnnc.Rescale(1 / std, -mean / std)])(np.array([[0, 255]], np.uint8))
        array([[-2. ,  8.2]], dtype=float32)
    """

    scale: float | tuple = 1 / 255
    offset: float | tuple = 0.0

    def __post_init__(self):
        self.scale, self.offset = _plain(self.scale), _plain(self.offset)

    def declare(self, shape):
        self.settings(shape)
        return shape

    def settings(self, shape):
        """The settings, checked for an input of that shape, as the operations take them."""
        return rescale_fields(shape, self.scale, self.offset)

    def record(self, tape, x):
        settings = self.settings(x.shape)
        if x.dtype == "uint8":
            y = tape.new(x.shape)
            tape.forward("rescale_u8", x=x, y=y, **settings)
            return y
        y = tape.like(x)
        tape.forward("rescale", x=x, y=y, **settings)
        tape.backward("rescale_dx", dy=tape.grad(y), dx=tape.grad(x), scale=settings["scale"])
        return y


def _plain(value):
    """An array or a list as a tuple, which is compared and saved like any setting; anything else as it is."""
    value = value.tolist() if isinstance(value, np.ndarray) else value
    return tuple(value) if isinstance(value, list) else value


@layer
class Dropout(Layer):
    """In training y = x / (1 - rate) with probability 1 - rate, else 0; in inference y = x.

    (Srivastava et al.: Dropout, 2014.) Which elements are dropped comes from a counter (Philox4x32-10, Salmon et al.
    2011): it depends on the network's seed, the training step and the layer only.

    Args:
        rate: the probability of dropping, in [0, 1).

    Raises:
        LayerError: when built with a rate outside [0, 1).

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.Dropout(0.5)])([[1.0, 2.0]])
        array([[1., 2.]], dtype=float32)
    """

    rate: float = 0.5

    def declare(self, shape):
        self.expect(is_number(self.rate) and 0 <= self.rate < 1, "rate must be in [0, 1)", self.rate)
        return shape

    def record(self, tape, x):
        if not tape.training or self.rate == 0:
            return x
        y = tape.like(x)
        settings = {"rng": tape.rng, "stream": self.stream, "rate": float(self.rate)}
        tape.forward("dropout", x=x, y=y, **settings)
        tape.backward("dropout", x=tape.grad(y), y=tape.grad(x), **settings)
        return y


@layer
class SpatialDropout(Layer):
    """In training whole channels of an image are 0 with probability rate, else x / (1 - rate); in inference y = x.

    Neighbouring pixels of a channel tell nearly the same, so that dropping some of them alone drops little.
    (Tompson, Goroshin, Jain, LeCun, Bregler: Efficient object localization using convolutional networks, 2015.)

    Args:
        rate: the probability of dropping, in [0, 1).

    Raises:
        LayerError: when built with a rate outside [0, 1), or on vectors.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.SpatialDropout(0.5)])([[[1.0], [2.0]]]).ravel()
        array([1., 2.], dtype=float32)
    """

    rate: float = 0.5

    def declare(self, shape):
        self.expect(is_number(self.rate) and 0 <= self.rate < 1, "rate must be in [0, 1)", self.rate)
        self.expect(len(shape) > 1, "the input must have pixels, such as images (H, W, C)", tuple(shape))
        return shape

    def record(self, tape, x):
        if not tape.training or self.rate == 0:
            return x
        ones = np.ones((x.shape[0], x.shape[-1]), x.dtype)
        kept, y = tape.new(ones.shape), tape.like(x)
        tape.forward("dropout", x=ones, y=kept, rng=tape.rng, stream=self.stream, rate=float(self.rate))
        tape.forward("multiply_channels", x=x, g=kept, y=y)
        tape.backward("multiply_channels", x=tape.grad(y), g=kept, y=tape.grad(x))
        return y
