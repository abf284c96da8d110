"""Networks with few parameters: SqueezeNet, MobileNet, DenseNet."""

from cnnc.geometry import is_int
from cnnc.layers import (
    AvgPool2D,
    BatchNorm,
    Concat,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    GlobalAvgPool,
    Identity,
    MaxPool2D,
    ReLU,
)
from cnnc.models.blocks import convolution, dropped, scaled
from cnnc.network import Sequential

__all__ = ["densenet_cifar", "mobilenet", "squeezenet"]


def squeezenet(classes=1000, input_shape=(224, 224, 3), width=1.0, dropout=0.5):
    """SqueezeNet: fire modules, which squeeze the channels by 1x1 and expand them by 1x1 and 3x3 convolutions.

    1,248,424 parameters, 50 times fewer than AlexNet's. ReLU follows the first convolution and those of the fire
    modules, as the paper says. Some implementations put one after the last convolution, too: a class whose scores have
    all become 0 then learns no more.
    (Iandola et al.: SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size, 2016.)

    Args:
        classes: the number of outputs.
        input_shape: (H, W, C), at least 21 x 21.
        width: a factor of the numbers of filters.
        dropout: the rate before the last convolution.

    Example:
        >>> import cnnc
        >>> cnnc.models.squeezenet().count_parameters()
        1248424
    """

    def fire(squeeze, expand):
        expand = scaled(expand, width)
        return [
            *convolution(scaled(squeeze, width), 1),
            Concat([convolution(expand, 1), convolution(expand, 3, padding=1)]),
        ]

    def pool():
        return MaxPool2D(3, 2, ceil=True)

    return Sequential([
        *convolution(scaled(96, width), 7, stride=2), pool(),
        *fire(16, 64), *fire(16, 64), *fire(32, 128), pool(),
        *fire(32, 128), *fire(48, 192), *fire(48, 192), *fire(64, 256), pool(),
        *fire(64, 256), *dropped(dropout), Conv2D(classes, 1), GlobalAvgPool(),
    ]).build(input_shape)  # fmt: skip


def mobilenet(classes=1000, input_shape=(224, 224, 3), width=1.0, dropout=0.001):
    """MobileNet, first version: depthwise convolutions, one filter a channel, each followed by a 1x1 convolution.

    4,231,976 parameters.
    (Howard et al.: MobileNets: Efficient convolutional neural networks for mobile vision applications, 2017.)

    Args:
        classes: the number of outputs.
        input_shape: (H, W, C), at least 32 x 32.
        width: a factor of the numbers of filters, the paper's alpha.
        dropout: the rate before the last layer.

    Example:
        >>> import cnnc
        >>> cnnc.models.mobilenet().count_parameters()
        4231976
    """
    layers = convolution(scaled(32, width), 3, True, stride=2, padding=1)
    stages = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
    for filters, stride in stages:
        layers += [
            DepthwiseConv2D(3, stride=stride, padding=1, use_bias=False), BatchNorm(), ReLU(),
            *convolution(scaled(filters, width), 1, True),
        ]  # fmt: skip
    return Sequential([*layers, GlobalAvgPool(), *dropped(dropout), Dense(classes)]).build(input_shape)


def densenet_cifar(depth=40, growth=12, classes=10, input_shape=(32, 32, 3), width=1.0, dropout=0.0, bottleneck=False):
    """DenseNet for CIFAR: every layer of a block sees the outputs of all layers before it.

    1,019,722 parameters for depth 40 and growth 12; with bottlenecks 769,162 for depth 100 and growth 12.
    (Huang, Liu, van der Maaten, Weinberger: Densely connected convolutional networks, 2017.)

    Args:
        depth: layers with weights: 3 n + 4, with bottlenecks 6 n + 4.
        growth: the channels that each layer adds.
        classes: the number of outputs.
        input_shape: (H, W, C).
        width: a factor of the growth and of the first layer's filters.
        dropout: the rate after each convolution but the first.
        bottleneck: DenseNet-BC: a 1x1 convolution before each 3x3 one, and half the channels between blocks.

    Example:
        >>> import cnnc
        >>> cnnc.models.densenet_cifar().count_parameters()
        1019722
    """
    convolutions = 2 if bottleneck else 1
    if not is_int(depth) or depth < 4 + 3 * convolutions or (depth - 4) % (3 * convolutions):
        raise ValueError(f"depth must be {3 * convolutions} n + 4: received {depth!r}")
    growth = scaled(growth, width)

    def conv(filters, kernel, **settings):
        """Normalisation and ReLU come first here."""
        layer = Conv2D(filters, kernel, init="he_normal", use_bias=False, **settings)
        return [BatchNorm(), ReLU(), layer, *dropped(dropout)]

    channels = 2 * growth if bottleneck else scaled(16, width)
    layers = [Conv2D(channels, 3, padding=1, init="he_normal", use_bias=False)]
    for block in range(3):
        if block:
            channels = channels // 2 if bottleneck else channels
            layers += [*conv(channels, 1), AvgPool2D(2)]
        for _ in range((depth - 4) // (3 * convolutions)):
            squeeze = conv(4 * growth, 1) if bottleneck else []
            layers.append(Concat([Identity(), [*squeeze, *conv(growth, 3, padding=1)]]))
            channels += growth
    return Sequential([*layers, BatchNorm(), ReLU(), GlobalAvgPool(), Dense(classes)]).build(input_shape)
