"""Residual networks: blocks that add their input to their output."""

from cnnc.geometry import is_int
from cnnc.layers import Add, Dense, GlobalAvgPool, Identity, MaxPool2D, PadChannels, ReLU
from cnnc.models.blocks import convolution, dropped, one_of, scaled
from cnnc.network import Sequential

__all__ = ["resnet", "resnet_cifar"]

RESNET = {  # blocks of 64, 128, 256 and 512 filters
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}


def _projection(filters, kernel, **settings):
    """A convolution and its normalisation, without the ReLU that comes after the addition."""
    return convolution(filters, kernel, batch_norm=True, **settings)[:-1]


def _basic(filters, stride):
    """Two 3x3 convolutions."""
    return [*convolution(filters, 3, True, stride=stride, padding=1), *_projection(filters, 3, padding=1)]


def _bottleneck(filters, stride):
    """1x1 to fewer channels, 3x3, 1x1 to four times as many."""
    return [
        *convolution(filters, 1, True),
        *convolution(filters, 3, True, stride=stride, padding=1),
        *_projection(4 * filters, 1),
    ]


def resnet(depth=50, classes=1000, input_shape=(224, 224, 3), width=1.0, dropout=0.0):
    """ResNet: residual blocks with batch normalisation, of two layers up to depth 34 and of three from 50 on.

    Parameters for depth 18, 34, 50, 101 and 152: 11,689,512; 21,797,672; 25,557,032; 44,549,160; 60,192,808.
    (He, Zhang, Ren, Sun: Deep residual learning for image recognition, 2016.) Where the image shrinks, the 3x3
    convolution of a block takes the stride, and a 1x1 convolution is the shortcut (the paper's option B).

    Args:
        depth: layers with weights: 18, 34, 50, 101 or 152.
        classes: the number of outputs.
        input_shape: (H, W, C), at least 32 x 32.
        width: a factor of the numbers of filters.
        dropout: the rate before the last layer.

    Example:
        >>> import cnnc
        >>> cnnc.models.resnet(18).count_parameters()
        11689512
    """
    blocks = RESNET[one_of(depth, RESNET, "depth")]
    block, growth = (_basic, 1) if depth < 50 else (_bottleneck, 4)
    layers = [*convolution(scaled(64, width), 7, True, stride=2, padding=3), MaxPool2D(3, 2, 1)]
    channels = scaled(64, width)
    for stage, count in enumerate(blocks):
        filters = scaled(64 * 2**stage, width)
        for i in range(count):
            stride = 2 if i == 0 and stage > 0 else 1
            changes = stride > 1 or channels != growth * filters
            shortcut = _projection(growth * filters, 1, stride=stride) if changes else Identity()
            layers += [Add([block(filters, stride), shortcut]), ReLU()]
            channels = growth * filters
    return Sequential([*layers, GlobalAvgPool(), *dropped(dropout), Dense(classes)]).build(input_shape)


def resnet_cifar(depth=20, classes=10, input_shape=(32, 32, 3), width=1.0, dropout=0.0):
    """The residual network for CIFAR: three stages of 16, 32 and 64 filters, shortcuts without parameters.

    269,722 parameters for depth 20. Where the image shrinks, the shortcut takes every second pixel and pads the
    channels with zeros (the paper's option A).
    (He, Zhang, Ren, Sun: Deep residual learning for image recognition, 2016, section 4.2.)

    Args:
        depth: layers with weights, 6 n + 2: 20, 32, 44, 56, 110 in the paper.
        classes: the number of outputs.
        input_shape: (H, W, C).
        width: a factor of the numbers of filters.
        dropout: the rate before the last layer.

    Example:
        >>> import cnnc
        >>> cnnc.models.resnet_cifar(20).count_parameters()
        269722
    """
    if not is_int(depth) or depth < 8 or depth % 6 != 2:
        raise ValueError(f"depth must be 6 n + 2: received {depth!r}")
    layers = convolution(scaled(16, width), 3, True, padding=1)
    channels = scaled(16, width)
    for stage in range(3):
        filters = scaled(16 * 2**stage, width)
        for i in range((depth - 2) // 6):
            stride = 2 if i == 0 and stage > 0 else 1
            if stride == 1:
                shortcut = Identity()
            else:
                extra = filters - channels
                shortcut = [MaxPool2D(1, stride), PadChannels(extra // 2, extra - extra // 2)]
            layers += [Add([_basic(filters, stride), shortcut]), ReLU()]
            channels = filters
    return Sequential([*layers, GlobalAvgPool(), *dropped(dropout), Dense(classes)]).build(input_shape)
