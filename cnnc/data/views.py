"""Several views of an image, over which predictions are averaged."""

import numpy as np

from cnnc import functional as F
from cnnc.data.transforms import CentreCrop, Flip

__all__ = ["TenCrop", "mirrored"]


def mirrored(x):
    """[x, x turned left to right], for images (N, H, W, C).

    Example:
        >>> import numpy as np
        >>> from cnnc.data import mirrored
        >>> [view.ravel().tolist() for view in mirrored(np.array([1.0, 2.0]).reshape(1, 1, 2, 1))]
        [[1.0, 2.0], [2.0, 1.0]]
    """
    return [x, Flip(p=1)(x, np.random.default_rng(0))]


class TenCrop:
    """The four corners and the middle of an image, `size` pixels each, and all five turned left to right.

    The mean over them is taken of what the network gives: end it in a Softmax to average probabilities.

    (Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional neural networks, 2012, section 4.1.)

    Args:
        size: an int or (height, width).

    Example:
        >>> import cnnc
        >>> net = cnnc.Sequential([cnnc.Flatten(), cnnc.Dense(10)]).build((24, 24, 1))
        >>> x, labels = cnnc.data.digits()[1]
        >>> net.predict(x, views=cnnc.data.TenCrop(24)).shape
        (360, 10)
    """

    def __init__(self, size):
        self.centre = CentreCrop(size)

    def __call__(self, x):
        h, w = self.centre.size
        middle = self.centre(x)  # refuses a crop that does not fit
        bottom, right = x.shape[1] - h, x.shape[2] - w
        corners = [F.windows(x, corner, (h, w)) for corner in ((0, 0), (0, right), (bottom, 0), (bottom, right))]
        return [view for crop in (*corners, middle) for view in mirrored(crop)]
