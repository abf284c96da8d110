"""GoogLeNet: filters of three sizes and a pooling side by side."""

from cnnc.layers import (
    Auxiliary,
    AvgPool2D,
    Concat,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool,
    LocalResponseNorm,
    MaxPool2D,
    ReLU,
)
from cnnc.models.blocks import convolution, dropped, scaled
from cnnc.network import Sequential

__all__ = ["googlenet"]

# filters of: 1x1; 1x1 before 3x3, 3x3; 1x1 before 5x5, 5x5; 1x1 after the pooling (the paper's table 1)
INCEPTION = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def googlenet(classes=1000, input_shape=(224, 224, 3), width=1.0, dropout=0.4, batch_norm=False, heads=False):
    """GoogLeNet: nine inception modules, each of four branches whose outputs are stacked along the channels.

    6,998,552 parameters; 7,005,832 with batch normalisation (both without heads).
    (Szegedy et al.: Going deeper with convolutions, 2015; batch normalisation: Ioffe, Szegedy, 2015.)

    Args:
        classes: the number of outputs.
        input_shape: (H, W, C), at least 32 x 32; 160 x 160 with heads.
        width: a factor of the numbers of filters.
        dropout: the rate before the last layer.
        batch_norm: normalise between each convolution and its ReLU, not biases and local response normalisation.
        heads: the paper's two auxiliary classifiers after modules 4a and 4d, whose losses count 0.3 each in training.

    Example:
        >>> import cnnc
        >>> cnnc.models.googlenet().count_parameters()
        6998552
    """

    def conv(filters, kernel, **settings):
        return convolution(scaled(filters, width), kernel, batch_norm, **settings)

    def inception(name):
        c1, r3, c3, r5, c5, proj = INCEPTION[name]
        return Concat([
            conv(c1, 1),
            [*conv(r3, 1), *conv(c3, 3, padding=1)],
            [*conv(r5, 1), *conv(c5, 5, padding=2)],
            [MaxPool2D(3, 1, 1), *conv(proj, 1)],
        ])  # fmt: skip

    def head():
        if not heads:
            return []
        units = scaled(1024, width)
        return [Auxiliary([AvgPool2D(5, 3), *conv(128, 1), Flatten(), Dense(units, init="he_normal"), ReLU(),
                           Dropout(0.7), Dense(classes)], weight=0.3)]  # fmt: skip

    def pool():
        return MaxPool2D(3, 2, ceil=True)

    def norm():
        return [] if batch_norm else [LocalResponseNorm()]

    return Sequential([
        *conv(64, 7, stride=2, padding=3), pool(), *norm(),
        *conv(64, 1), *conv(192, 3, padding=1), *norm(), pool(),
        inception("3a"), inception("3b"), pool(),
        inception("4a"), *head(), inception("4b"), inception("4c"), inception("4d"), *head(), inception("4e"), pool(),
        inception("5a"), inception("5b"),
        GlobalAvgPool(), *dropped(dropout), Dense(classes),
    ]).build(input_shape)  # fmt: skip
