"""Normalisation layers: mean and variance taken out, a learned scale and shift put in their place."""

import math

from cnnc import geometry
from cnnc.geometry import is_number
from cnnc.layers.base import Layer, layer
from cnnc.ops import ending
from cnnc.parameters import Parameter

__all__ = ["BatchNorm", "GroupNorm", "InstanceNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


class Normalisation(Layer):
    """What they share: a scale `weight` and a shift `bias` for each channel, and the operation `normalise`."""

    kind = None  # which values share a mean, see `geometry.normalisation`
    weight = bias = None

    def declare(self, shape):
        self.expect(len(shape) > 0, "the input must have channels", shape)
        self.expect(is_number(self.eps) and self.eps > 0, "eps must be a finite number above 0", self.eps)
        self.cut((2, *shape))
        if self.use_scale:
            self.weight = Parameter(shape[-1:], "ones")
        if getattr(self, "use_shift", False):
            self.bias = Parameter(shape[-1:], "zeros")
        return shape

    def cut(self, shape):
        """(images, groups) of a batch of that shape."""
        return geometry.normalisation(shape, self.kind, getattr(self, "groups", 1))

    def record(self, tape, x):
        return self.normalise(tape, x)[0]

    def normalise(self, tape, x):
        """Records the normalisation of x by its own mean and variance: returns (y, mean, variance)."""
        images, groups = self.cut(x.shape)
        y = tape.like(x)
        fields = {"gamma": self.weight, "beta": self.bias, "N": images, "G": groups,
                  "centred": int(self.kind != "rms"), "eps": self.eps, **ending()}  # fmt: skip
        if tape.differentiable:
            fields.update((name, tape.new((images, groups))) for name in ("mean", "low", "var"))
        tape.forward("normalise", x=x, y=y, **fields)
        tape.backward("normalise_dx", dy=tape.grad(y), x=x, dx=tape.grad(x), dgamma=tape.grad(self.weight),
                      dbeta=tape.grad(self.bias), **fields)  # fmt: skip
        return y, fields.get("mean"), fields.get("var")


@layer
class BatchNorm(Normalisation):
    """Batch normalisation, channel by channel: y = (x - mean) / sqrt(var + eps) * weight + bias.

    Input and output (N, ..., C): images, vectors, anything with channels last. In training, mean and variance are those
    of the batch over all axes but the last, and running ones follow them: running += momentum * (new - running), the
    new variance being the unbiased one (divided by one value less). In inference, and in training while the layer is
    frozen (`trainable = False`), the running ones are used. A step whose loss is not finite leaves them as they were.
    (Ioffe, Szegedy: Batch normalization: accelerating deep network training by reducing internal covariate shift,
    2015.)

    Parameters: `weight` and `bias` (C,), learned; `running_mean` and `running_var` (C,), state.

    Args:
        momentum: how fast the running statistics move, from 0 to 1.
        eps: added to the variance, above 0.
        use_scale: whether there is a weight.
        use_shift: whether there is a bias.

    Raises:
        LayerError: when built with settings outside their range; when trained on a single value for each channel.

    Example:
        >>> import cnnc
        >>> net = cnnc.Sequential([cnnc.Conv2D(8, 3, use_bias=False), cnnc.BatchNorm(), cnnc.ReLU()])
        >>> sorted(net.build((28, 28, 1)).state())
        ['0.weight', '1.bias', '1.running_mean', '1.running_var', '1.weight']
    """

    momentum: float = 0.1
    eps: float = 1e-5
    use_scale: bool = True
    use_shift: bool = True

    kind = "batch"

    def declare(self, shape):
        self.expect(is_number(self.momentum) and 0 <= self.momentum <= 1, "momentum must be from 0 to 1", self.momentum)
        shape = super().declare(shape)
        self.running_mean = Parameter(shape[-1:], "zeros", learned=False)
        self.running_var = Parameter(shape[-1:], "ones", learned=False)
        return shape

    def record(self, tape, x):
        if not tape.training or self.frozen:
            return self.record_inference(tape, x)
        values = math.prod(x.shape[:-1])
        self.expect(values > 1, "a training batch must hold more than one value for each channel", x.shape)
        y, mean, var = self.normalise(tape, x)
        tape.update("lerp", x=mean, y=self.running_mean, scale=1.0, rate=self.momentum)
        tape.update("lerp", x=var, y=self.running_var, scale=values / (values - 1), rate=self.momentum)
        return y

    def record_inference(self, tape, x):
        """Records the normalisation of x by the running statistics, which are constants to its gradient."""
        y = tape.like(x)
        fields = {"mean": self.running_mean, "var": self.running_var, "gamma": self.weight, "beta": self.bias,
                  "eps": self.eps, **ending()}  # fmt: skip
        tape.forward("normalise_by", x=x, y=y, **fields)
        tape.backward("normalise_by_dx", dy=tape.grad(y), dx=tape.grad(x), **fields)  # for x alone
        return y


@layer
class LayerNorm(Normalisation):
    """Layer normalisation: every position of every image by the mean and variance of its own channels.

    y = (x - mean) / sqrt(var + eps) * weight + bias, along the last axis. Input and output (N, ..., C), C at least 2.
    (Ba, Kiros, Hinton: Layer normalization, 2016.)

    Args:
        eps: added to the variance, above 0.
        use_scale: whether there is a weight (C,).
        use_shift: whether there is a bias (C,).

    Raises:
        LayerError: when built with eps not above 0 or on a single channel.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.LayerNorm(eps=1e-12)])([[1.0, 3.0]])
        array([[-1.,  1.]], dtype=float32)
    """

    eps: float = 1e-5
    use_scale: bool = True
    use_shift: bool = True

    kind = "layer"


@layer
class RMSNorm(Normalisation):
    """Normalisation by the root of the mean square: y = x / sqrt(mean of x**2 + eps) * weight, along the last axis.

    Input and output (N, ..., C). (Zhang, Sennrich: Root mean square layer normalization, 2019.)

    Args:
        eps: added to the mean square, above 0.
        use_scale: whether there is a weight (C,).

    Raises:
        LayerError: when built with eps not above 0.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.RMSNorm(eps=1e-12)])([[1.0, 7.0]])
        array([[0.2, 1.4]], dtype=float32)
    """

    eps: float = 1e-6
    use_scale: bool = True

    kind = "rms"


@layer
class GroupNorm(Normalisation):
    """Group normalisation: each group of neighbouring channels of an image by its own mean and variance.

    y = (x - mean) / sqrt(var + eps) * weight + bias, over the pixels and channels of a group. Input and output
    (N, ..., C). (Wu, He: Group normalization, 2018.)

    Args:
        groups: a divisor of C.
        eps: added to the variance, above 0.
        use_scale: whether there is a weight (C,).
        use_shift: whether there is a bias (C,).

    Raises:
        LayerError: when built with groups that do not divide the channels or hold a single value, or eps not above 0.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.GroupNorm(2, eps=1e-12)])([[1.0, 3.0, 20.0, 10.0]])
        array([[-1.,  1.,  1., -1.]], dtype=float32)
    """

    groups: int
    eps: float = 1e-5
    use_scale: bool = True
    use_shift: bool = True

    kind = "group"


@layer
class InstanceNorm(Normalisation):
    """Instance normalisation: each channel of each image by its own mean and variance.

    y = (x - mean) / sqrt(var + eps), times weight plus bias where it has them: as in the paper and in PyTorch, it has
    none unless asked to. Input and output (N, ..., C). (Ulyanov, Vedaldi, Lempitsky: Instance normalization: the
    missing ingredient for fast stylization, 2016.)

    Args:
        eps: added to the variance, above 0.
        use_scale: whether there is a weight (C,).
        use_shift: whether there is a bias (C,).

    Raises:
        LayerError: when built on a single pixel or with eps not above 0.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.InstanceNorm(eps=1e-12)])([[[1.0], [3.0]]]).ravel()
        array([-1.,  1.], dtype=float32)
    """

    eps: float = 1e-5
    use_scale: bool = False
    use_shift: bool = False

    kind = "instance"


@layer
class LocalResponseNorm(Layer):
    """Local response normalisation: y = x * s**-beta with s[c] = k + alpha / size * sum of x[j]**2.

    The sum goes over the channels j from c - size // 2 to c + (size - 1) // 2 that there are, at the same pixel. Input
    and output (N, ..., C). (Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional neural
    networks, 2012, with their constants. They do not divide alpha by the size; PyTorch and Caffe do, and so do we, so
    that weights and results compare.)

    Args:
        size: of the window, channels, an int from 1 to 65536.
        alpha: at least 0.
        beta: the power, at least 0.
        k: above 0.

    Raises:
        LayerError: when built with settings outside their range.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.LocalResponseNorm(size=3, alpha=3.0, beta=1.0, k=1.0)])([[1.0, 0.0, 1.0]])
        array([[0.5, 0. , 0.5]], dtype=float32)
    """

    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 2.0

    def declare(self, shape):
        self.expect(len(shape) > 0, "the input must have channels", shape)
        size = geometry.is_int(self.size) and 1 <= self.size <= 2**16
        self.expect(size, "size must be an int from 1 to 65536", self.size)
        for name in ("alpha", "beta"):
            value = getattr(self, name)
            self.expect(is_number(value) and value >= 0, f"{name} must be a finite number of at least 0", value)
        self.expect(is_number(self.k) and self.k > 0, "k must be a finite number above 0", self.k)
        return shape

    def record(self, tape, x):
        y = tape.like(x)
        settings = {"window": self.size, "alpha": float(self.alpha), "power": float(self.beta), "k": float(self.k)}
        tape.forward("local_response", x=x, y=y, **settings)
        tape.backward("local_response_dx", dy=tape.grad(y), x=x, dx=tape.grad(x), **settings)
        return y
