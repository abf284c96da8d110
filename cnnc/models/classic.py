"""From the regular network to VGG: layers one after the other."""

from cnnc.layers import (
    AvgPool2D,
    Conv2D,
    Dense,
    Flatten,
    LocalResponseNorm,
    MaxPool2D,
    ReLU,
    Tanh,
)
from cnnc.models.blocks import convolution, dropped, one_of, scaled
from cnnc.network import Sequential

__all__ = ["alexnet", "lenet5", "mlp", "vgg"]

VGG = {  # convolutions of 64, 128, 256, 512 and 512 filters
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


def _dense(units, dropout):
    """Dense layers with ReLU, each after dropout."""
    return [layer for n in units for layer in (*dropped(dropout), Dense(n, init="he_normal"), ReLU())]


def mlp(hidden=(300, 100), classes=10, input_shape=(28, 28, 1), width=1.0, dropout=0.0):
    """The regular network: every unit is connected to every pixel, and then to every unit before it.

    266,610 parameters with 300 and 100 hidden units on 28 x 28 images, four times those of LeNet-5, which errs less.
    (LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition, 1998, figure 9.)

    Args:
        hidden: units of the hidden layers.
        classes: the number of outputs.
        input_shape: of an image, (H, W, C).
        width: a factor of the hidden units.
        dropout: the rate before each hidden layer.

    Example:
        >>> import cnnc
        >>> cnnc.models.mlp((300, 100)).count_parameters(), cnnc.models.lenet5().count_parameters()
        (266610, 61706)
    """
    units = [scaled(n, width) for n in hidden]
    return Sequential([Flatten(), *_dense(units, dropout), Dense(classes)]).build(input_shape)


def lenet5(classes=10, input_shape=(28, 28, 1), width=1.0, dropout=0.0):
    """LeNet-5: two convolutions with average pooling, three dense layers, tanh between them.

    61,706 parameters on 28 x 28 x 1 images. The paper's 32 x 32 input is the padding of the first layer here; its
    partly connected second convolution and radial output layer are a full convolution and a dense layer.
    (LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition, 1998.)

    Args:
        classes: the number of outputs.
        input_shape: (H, W, C), at least 12 x 12.
        width: a factor of the numbers of filters and units.
        dropout: the rate before the last layer.

    Example:
        >>> import cnnc
        >>> cnnc.models.lenet5().count_parameters()
        61706
    """
    c1, c3, c5, f6 = (scaled(n, width) for n in (6, 16, 120, 84))
    return Sequential([
        Conv2D(c1, 5, padding=2), Tanh(), AvgPool2D(2),
        Conv2D(c3, 5), Tanh(), AvgPool2D(2),
        Flatten(), Dense(c5), Tanh(), Dense(f6), Tanh(), *dropped(dropout), Dense(classes),
    ]).build(input_shape)  # fmt: skip


def alexnet(groups=1, classes=1000, input_shape=(224, 224, 3), width=1.0, dropout=0.5):
    """AlexNet: five convolutions, overlapping max pooling, two dense layers with dropout.

    `groups=2` is the paper's network: 60,965,224 parameters, its second, fourth and fifth convolution in two halves as
    on its two processors, local response normalisation after the first two.
    (Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional neural networks, 2012.)
    `groups=1` is the single tower without normalisation: 61,100,840 parameters.
    (Krizhevsky: One weird trick for parallelizing convolutional neural networks, 2014.)

    Args:
        groups: 1 or 2.
        classes: the number of outputs.
        input_shape: (H, W, C), at least 63 x 63. The paper's 224 with padding 2 is what others call 227 without.
        width: a factor of the numbers of filters and units.
        dropout: the rate before each of the two dense layers.

    Example:
        >>> import cnnc
        >>> cnnc.models.alexnet().count_parameters()
        61100840
    """
    one_of(groups, (1, 2), "groups")
    filters = (64, 192, 384, 256, 256) if groups == 1 else (96, 256, 384, 384, 256)
    c1, c2, c3, c4, c5 = (scaled(n, width, groups) for n in filters)

    def norm():
        return [LocalResponseNorm()] if groups == 2 else []

    return Sequential([
        *convolution(c1, 11, stride=4, padding=2), *norm(), MaxPool2D(3, 2),
        *convolution(c2, 5, padding=2, groups=groups), *norm(), MaxPool2D(3, 2),
        *convolution(c3, 3, padding=1),
        *convolution(c4, 3, padding=1, groups=groups),
        *convolution(c5, 3, padding=1, groups=groups), MaxPool2D(3, 2),
        Flatten(), *_dense([scaled(4096, width)] * 2, dropout), Dense(classes),
    ]).build(input_shape)  # fmt: skip


def vgg(depth=16, classes=1000, input_shape=(224, 224, 3), width=1.0, dropout=0.5, batch_norm=False):
    """VGG: 3x3 convolutions all the way, twice the filters after each 2x2 pooling.

    Parameters for depth 11, 13, 16 and 19: 132,863,336; 133,047,848; 138,357,544; 143,667,240.
    (Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition, 2015.)

    Args:
        depth: layers with weights: 11, 13, 16 or 19 (the paper's A, B, D and E).
        classes: the number of outputs.
        input_shape: (H, W, C), at least 32 x 32.
        width: a factor of the numbers of filters and units.
        dropout: the rate after each of the two dense layers of 4,096 units.
        batch_norm: normalise between each convolution and its ReLU. Later than the paper; convolutions keep their
            biases, as in the weights that others publish.

    Example:
        >>> import cnnc
        >>> cnnc.models.vgg(16).count_parameters()
        138357544
    """
    layers = []
    for filters, count in zip((64, 128, 256, 512, 512), VGG[one_of(depth, VGG, "depth")], strict=True):
        for _ in range(count):
            layers += convolution(scaled(filters, width), 3, batch_norm, use_bias=True, padding=1)
        layers.append(MaxPool2D(2))
    layers.append(Flatten())
    for _ in range(2):
        layers += [Dense(scaled(4096, width), init="he_normal"), ReLU(), *dropped(dropout)]
    return Sequential([*layers, Dense(classes)]).build(input_shape)
