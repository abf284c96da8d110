"""Normalisation by mean and variance: of a batch, a layer, an image's channels or groups of them."""

import numpy as np

from cnnc.functional._arrays import gradient, public, ready, real
from cnnc.geometry import is_number, normalisation
from cnnc.ops import ending, op

__all__ = [
    "batch_norm", "batch_norm_backward", "batch_norm_inference", "batch_norm_inference_backward", "group_norm",
    "group_norm_backward", "instance_norm", "instance_norm_backward", "layer_norm", "layer_norm_backward", "rms_norm",
    "rms_norm_backward",
]  # fmt: skip


def _vector(values, name, channels):
    if values is None:
        return None
    values = real(values, name)
    if values.shape != (channels,):
        raise ValueError(f"{name} must have one number for each of {channels} channels, received the shape "
                         f"{values.shape}")  # fmt: skip
    return values


def _checked(x, gamma, beta, eps):
    x = real(x, "x")
    if x.ndim == 0:
        raise ValueError(f"x must have at least one axis, received the shape {x.shape}")
    if not (is_number(eps) and eps > 0):
        raise ValueError(f"eps must be a finite number above 0, received {eps!r}")
    return x, _vector(gamma, "gamma", x.shape[-1]), _vector(beta, "beta", x.shape[-1])


def _arguments(x, gamma, beta, eps, kind, groups=1):
    """Checked arrays, and the settings of the operation."""
    x, gamma, beta = _checked(x, gamma, beta, eps)
    images, groups = normalisation(x.shape, kind, groups)
    return x, gamma, beta, {"N": images, "G": groups, "centred": int(kind != "rms"), "eps": float(eps), **ending()}


def _given(x, mean, var, gamma, beta, eps):
    x, gamma, beta = _checked(x, gamma, beta, eps)
    mean, var = (_vector(real(v, name), name, x.shape[-1]) for v, name in ((mean, "mean"), (var, "var")))
    if (var < 0).any():
        raise ValueError(f"var must be at least 0, received {var.min()}")
    return x, mean, var, gamma, beta


def _normalise(x, gamma, beta, settings):
    x, gamma, beta = ready(x, gamma, beta)
    y = np.empty_like(x)
    op("normalise")(x=x, gamma=gamma, beta=beta, y=y, **settings)
    return y


def _normalise_backward(dy, x, gamma, settings):
    dy, x, gamma = ready(gradient(dy, x.shape), x, gamma)
    statistics = {name: np.empty((settings["N"], settings["G"]), x.dtype) for name in ("mean", "low", "var")}
    op("normalise")(x=x, **statistics, **settings)
    return _gradients("normalise_dx", dy=dy, x=x, gamma=gamma, **statistics, **settings)


def _gradients(name, x, **fields):
    dx, dgamma, dbeta = np.empty_like(x), np.empty(x.shape[-1], x.dtype), np.empty(x.shape[-1], x.dtype)
    op(name)(x=x, dx=dx, dgamma=dgamma, dbeta=dbeta, accumulate_dx=0, accumulate=0, accumulate_dresidual=0,
             **fields)  # fmt: skip
    return dx, dgamma, dbeta


@public
def batch_norm(x, gamma=None, beta=None, eps=1e-5):
    """Batch normalisation as in training: `y = (x - mean) / sqrt(var + eps) * gamma + beta`, channel by channel.

    Mean and (biased) variance are those of the channel in x, over all axes but the last. (Ioffe, Szegedy: Batch
    normalization, 2015.)

    Args:
        x: (N, ..., C), real numbers, more than one for each channel.
        gamma: scale (C,), or None for 1.
        beta: shift (C,), or None for 0.
        eps: added to the variance, above 0.

    Returns:
        float32 or float64 with the shape of x.

    Raises:
        ValueError: when shapes do not belong together, an argument breaks its rule, or there is nothing to average.
        TypeError: when an array does not hold real numbers.

    >>> batch_norm([[1, 5], [3, 5]], eps=1e-12).round(6).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """
    x, gamma, beta, settings = _arguments(x, gamma, beta, eps, "batch")
    return _normalise(x, gamma, beta, settings)


@public
def batch_norm_backward(dy, x, gamma=None, eps=1e-5):
    """Gradients of batch_norm: with z the normalised x, `dbeta = sum of dy` and `dgamma = sum of dy * z`.

    `dx = gamma / sqrt(var + eps) * (dy - mean of dy - z * mean of dy * z)`, means over all axes but the last.

    Args:
        dy: gradient of the output, with the shape of x, real numbers.
        x, gamma, eps: as given to batch_norm.

    Returns:
        (dx, dgamma, dbeta), float32 or float64, with the shapes of x, (C,) and (C,).

    Raises:
        ValueError, TypeError: as batch_norm, and when dy does not have the shape of x.

    >>> [d.tolist() for d in batch_norm_backward([[1], [2]], [[0], [2]], eps=3)]
    [[[-0.1875], [0.1875]], [0.5], [3.0]]
    """
    x, gamma, _, settings = _arguments(x, gamma, None, eps, "batch")
    return _normalise_backward(dy, x, gamma, settings)


@public
def batch_norm_inference(x, mean, var, gamma=None, beta=None, eps=1e-5):
    """Batch normalisation as in inference, by statistics that are given: a scale and a shift for each channel.

    `y = (x - mean) / sqrt(var + eps) * gamma + beta`

    Args:
        x: (..., C), real numbers.
        mean, var: running statistics (C,); var at least 0.
        gamma, beta, eps: as for batch_norm.

    Returns:
        float32 or float64 with the shape of x.

    Raises:
        ValueError: when shapes do not belong together or an argument breaks its rule.
        TypeError: when an array does not hold real numbers.

    >>> batch_norm_inference([[1, 5], [3, 5]], mean=[1, 1], var=[1, 4], eps=1e-12).round(6).tolist()
    [[0.0, 2.0], [2.0, 2.0]]
    """
    x, mean, var, gamma, beta = ready(*_given(x, mean, var, gamma, beta, eps))
    y = np.empty_like(x)
    op("normalise_by")(x=x, mean=mean, var=var, gamma=gamma, beta=beta, y=y, eps=float(eps), **ending())
    return y


@public
def batch_norm_inference_backward(dy, x, mean, var, gamma=None, eps=1e-5):
    """Gradients of batch_norm_inference, the statistics being constants: `dx = dy * gamma / sqrt(var + eps)`.

    With z the normalised x, `dgamma = sum of dy * z` and `dbeta = sum of dy`.

    Args:
        dy: gradient of the output, with the shape of x, real numbers.
        x, mean, var, gamma, eps: as given to batch_norm_inference.

    Returns:
        (dx, dgamma, dbeta), float32 or float64, with the shapes of x, (C,) and (C,).

    Raises:
        ValueError, TypeError: as batch_norm_inference, and when dy does not have the shape of x.

    >>> [d.tolist() for d in batch_norm_inference_backward([[1], [2]], [[0], [2]], [1], [1], eps=3)]
    [[[0.5], [1.0]], [0.5], [3.0]]
    """
    x, mean, var, gamma, _ = _given(x, mean, var, gamma, None, eps)
    dy, x, mean, var, gamma = ready(gradient(dy, x.shape), x, mean, var, gamma)
    return _gradients("normalise_by_dx", dy=dy, x=x, mean=mean, var=var, gamma=gamma, eps=float(eps),
                      **ending())  # fmt: skip


@public
def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    """Layer normalisation: `y = (x - mean) / sqrt(var + eps) * gamma + beta`, along the last axis.

    Every position is normalised by the mean and (biased) variance of its own channels. (Ba, Kiros, Hinton: Layer
    normalization, 2016.)

    Args:
        x: (..., C), real numbers, C at least 2.
        gamma, beta, eps: as for batch_norm.

    Returns:
        float32 or float64 with the shape of x.

    Raises:
        ValueError, TypeError: as batch_norm.

    >>> layer_norm([[1, 3], [20, 10]], eps=1e-12).round(6).tolist()
    [[-1.0, 1.0], [1.0, -1.0]]
    """
    x, gamma, beta, settings = _arguments(x, gamma, beta, eps, "layer")
    return _normalise(x, gamma, beta, settings)


@public
def layer_norm_backward(dy, x, gamma=None, eps=1e-5):
    """Gradients of layer_norm: with z the normalised x, `dbeta = sum of dy` and `dgamma = sum of dy * z`.

    `dx = (gamma * dy - mean of gamma * dy - z * mean of gamma * dy * z) / sqrt(var + eps)`, means along the last axis.

    Args:
        dy: gradient of the output, with the shape of x, real numbers.
        x, gamma, eps: as given to layer_norm.

    Returns:
        (dx, dgamma, dbeta), float32 or float64, with the shapes of x, (C,) and (C,).

    Raises:
        ValueError, TypeError: as layer_norm, and when dy does not have the shape of x.

    >>> [d.tolist() for d in layer_norm_backward([1, 2], [0, 2], eps=3)]
    [[-0.1875, 0.1875], [-0.5, 1.0], [1.0, 2.0]]
    """
    x, gamma, _, settings = _arguments(x, gamma, None, eps, "layer")
    return _normalise_backward(dy, x, gamma, settings)


@public
def rms_norm(x, gamma=None, eps=1e-6):
    """Normalisation by the root of the mean square: `y = x / sqrt(mean of x**2 + eps) * gamma`, along the last axis.

    Layer normalisation that subtracts nothing. (Zhang, Sennrich: Root mean square layer normalization, 2019.)

    Args:
        x: (..., C), real numbers.
        gamma: scale (C,), or None for 1.
        eps: added to the mean square, above 0.

    Returns:
        float32 or float64 with the shape of x.

    Raises:
        ValueError, TypeError: as batch_norm.

    >>> rms_norm([[1.0, 7.0]], eps=1e-12).round(6).tolist()
    [[0.2, 1.4]]
    """
    x, gamma, _, settings = _arguments(x, gamma, None, eps, "rms")
    return _normalise(x, gamma, None, settings)


@public
def rms_norm_backward(dy, x, gamma=None, eps=1e-6):
    """Gradients of rms_norm: with z the normalised x, `dgamma = sum of dy * z`.

    `dx = (gamma * dy - z * mean of gamma * dy * z) / sqrt(mean of x**2 + eps)`, means along the last axis.

    Args:
        dy: gradient of the output, with the shape of x, real numbers.
        x, gamma, eps: as given to rms_norm.

    Returns:
        (dx, dgamma), float32 or float64, with the shapes of x and (C,).

    Raises:
        ValueError, TypeError: as rms_norm, and when dy does not have the shape of x.

    >>> [d.round(6).tolist() for d in rms_norm_backward([1.0, 2.0], [1, 7], eps=1e-12)]
    [[0.14, -0.02], [0.2, 2.8]]
    """
    x, gamma, _, settings = _arguments(x, gamma, None, eps, "rms")
    return _normalise_backward(dy, x, gamma, settings)[:2]


@public
def group_norm(x, gamma=None, beta=None, *, groups, eps=1e-5):
    """Group normalisation: `y = (x - mean) / sqrt(var + eps) * gamma + beta`, image by image and group by group.

    The channels are cut into groups of neighbours, which are normalised by the mean and (biased) variance of all their
    pixels in one image. (Wu, He: Group normalization, 2018.)

    Args:
        x: (N, ..., C), real numbers, more than one for each group of an image.
        gamma, beta, eps: as for batch_norm.
        groups: a divisor of C.

    Returns:
        float32 or float64 with the shape of x.

    Raises:
        ValueError, TypeError: as batch_norm.

    >>> group_norm([[1, 3, 20, 10]], groups=2, eps=1e-12).round(6).tolist()
    [[-1.0, 1.0, 1.0, -1.0]]
    """
    x, gamma, beta, settings = _arguments(x, gamma, beta, eps, "group", groups)
    return _normalise(x, gamma, beta, settings)


@public
def group_norm_backward(dy, x, gamma=None, *, groups, eps=1e-5):
    """Gradients of group_norm: as those of layer_norm, with means over the pixels and channels of a group.

    Args:
        dy: gradient of the output, with the shape of x, real numbers.
        x, gamma, groups, eps: as given to group_norm.

    Returns:
        (dx, dgamma, dbeta), float32 or float64, with the shapes of x, (C,) and (C,).

    Raises:
        ValueError, TypeError: as group_norm, and when dy does not have the shape of x.

    >>> [d.tolist() for d in group_norm_backward([[1, 2]], [[0, 2]], groups=1, eps=3)]
    [[[-0.1875, 0.1875]], [-0.5, 1.0], [1.0, 2.0]]
    """
    x, gamma, _, settings = _arguments(x, gamma, None, eps, "group", groups)
    return _normalise_backward(dy, x, gamma, settings)


@public
def instance_norm(x, gamma=None, beta=None, eps=1e-5):
    """Instance normalisation: group_norm with every channel a group, so that each channel of each image has its own.

    (Ulyanov, Vedaldi, Lempitsky: Instance normalization, 2016.)

    Args:
        x: (N, ..., C), real numbers, more than one pixel.
        gamma, beta, eps: as for batch_norm.

    Returns:
        float32 or float64 with the shape of x.

    Raises:
        ValueError, TypeError: as batch_norm.

    >>> instance_norm([[[1], [3]], [[20], [10]]], eps=1e-12).round(6).tolist()
    [[[-1.0], [1.0]], [[1.0], [-1.0]]]
    """
    x, gamma, beta, settings = _arguments(x, gamma, beta, eps, "instance")
    return _normalise(x, gamma, beta, settings)


@public
def instance_norm_backward(dy, x, gamma=None, eps=1e-5):
    """Gradients of instance_norm: those of group_norm with every channel a group.

    Args:
        dy: gradient of the output, with the shape of x, real numbers.
        x, gamma, eps: as given to instance_norm.

    Returns:
        (dx, dgamma, dbeta), float32 or float64, with the shapes of x, (C,) and (C,).

    Raises:
        ValueError, TypeError: as instance_norm, and when dy does not have the shape of x.

    >>> [d.tolist() for d in instance_norm_backward([[[1], [2]]], [[[0], [2]]], eps=3)]
    [[[[-0.1875], [0.1875]]], [0.5], [3.0]]
    """
    x, gamma, _, settings = _arguments(x, gamma, None, eps, "instance")
    return _normalise_backward(dy, x, gamma, settings)
