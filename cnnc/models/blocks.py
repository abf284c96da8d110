"""What several builders share: convolutions with what follows them, and scaled numbers of channels."""

from cnnc.geometry import is_int
from cnnc.layers import BatchNorm, Conv2D, Dropout, ReLU


def scaled(channels, width, multiple=1):
    """The number of channels times `width`, rounded to a multiple of `multiple` and never 0."""
    return max(1, round(channels * width / multiple)) * multiple


def convolution(filters, kernel, batch_norm=False, **settings):
    """A convolution and its ReLU: with a bias, or with batch normalisation between them, which has its own shift."""
    if not batch_norm:
        return [Conv2D(filters, kernel, init="he_normal", **settings), ReLU()]
    return [Conv2D(filters, kernel, init="he_normal", use_bias=False, **settings), BatchNorm(), ReLU()]


def dropped(rate):
    """A dropout layer, or none for a rate of 0."""
    return [Dropout(rate)] if rate else []


def one_of(value, choices, name):
    """Raises ValueError unless `value` is among the choices."""
    if not is_int(value) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}: received {value!r}")
    return value
