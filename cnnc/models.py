"""Networks of the literature, by name."""

from cnnc.layers import AvgPool2D, Conv2D, Dense, Flatten, Tanh
from cnnc.network import Sequential


def lenet5(classes=10, input_shape=(28, 28, 1)):
    """LeNet-5: two convolutions with average pooling, three dense layers, tanh between them.

    61,706 parameters on 28 x 28 x 1 images. The paper's 32 x 32 input is the padding of the first layer here; its
    partly connected second convolution and radial output layer are a full convolution and a dense layer.
    (LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition, 1998.)

    Args:
        classes: the number of outputs.
        input_shape: (H, W, C), at least 12 x 12.

    Returns:
        A built `Sequential` that ends in logits; `build` again to choose another seed.

    Example:
        >>> import cnnc
        >>> cnnc.models.lenet5().count_parameters()
        61706
    """
    return Sequential([
        Conv2D(6, 5, padding=2), Tanh(), AvgPool2D(2),
        Conv2D(16, 5), Tanh(), AvgPool2D(2),
        Flatten(), Dense(120), Tanh(), Dense(84), Tanh(), Dense(classes),
    ]).build(input_shape)  # fmt: skip
