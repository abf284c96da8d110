"""What several builders share: convolutions with what follows them, and scaled numbers of channels."""

from cnnc.geometry import is_int, is_number
from cnnc.layers import BatchNorm, Conv2D, Dropout, ReLU


def scaled(channels, width, multiple=1):
    """The number of channels times `width`, rounded to a multiple of `multiple` and never 0."""
    if not is_int(channels) or channels < 1:
        raise ValueError(f"a number of channels or units must be a positive int: received {channels!r}")
    if not is_number(width) or width <= 0:
        raise ValueError(f"width must be a number above 0: received {width!r}")
    return max(1, round(channels * width / multiple)) * multiple


def convolution(filters, kernel, batch_norm=False, use_bias=None, **settings):
    """A convolution and its ReLU, with batch normalisation between them if asked for.

    Normalisation has a shift of its own, so the convolution before it has no bias unless `use_bias` says so.
    """
    use_bias = not batch_norm if use_bias is None else use_bias
    layer = Conv2D(filters, kernel, init="he_normal", use_bias=use_bias, **settings)
    return [layer, *([BatchNorm()] if batch_norm else []), ReLU()]


def dropped(rate):
    """A dropout layer, or none for a rate of 0."""
    return [Dropout(rate)] if rate else []


def one_of(value, choices, name):
    """Raises ValueError unless `value` is among the choices."""
    if not is_int(value) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}: received {value!r}")
    return value
