"""Augmentation: random changes of a batch of images, drawn here and made in C.

A transform is called with images (N, H, W, C), bytes or real numbers, and a NumPy generator, from which it draws the
numbers of all N images at once; it returns new images. `MixUp` and `CutMix` take and return labels, too.
"""

import numpy as np

from cnnc import functional as F
from cnnc.checks import check_interval
from cnnc.data.boxes import TRIES, random_box
from cnnc.geometry import is_int, is_number

__all__ = ["Affine", "CentreCrop", "Colour", "CutMix", "Cutout", "Flip", "MixUp", "PCAColour", "PadCrop",
           "RandomResizedCrop", "Resize"]  # fmt: skip

SCALED = 16  # what no image exceeds that was scaled to 0..1 or by its mean and deviation
GREY = (0.299, 0.587, 0.114)  # how bright red, green and blue are (ITU-R BT.601)


def _pair(value, name):
    """A positive int, or two of them, as (height, width)."""
    pair = (value, value) if is_int(value) else value
    if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(is_int(v) and v > 0 for v in pair):
        raise ValueError(f"{name} must be a positive int or two of them: received {value!r}")
    return tuple(map(int, pair))


def _number(value, name, low, high):
    if not (is_number(value) and low <= value <= high):
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}: received {value!r}")
    return float(value)


def _sizes(x):
    """(N, H, W, C) of images, checked."""
    if np.ndim(x) != 4:
        raise ValueError(f"images must have the shape (N, H, W, C): received {np.shape(x)}")
    return np.shape(x)


class Flip:
    """Turns an image left to right with probability `p`.

    Example:
        >>> import numpy as np
        >>> from cnnc.data import Flip
        >>> Flip(p=1)(np.arange(3.0).reshape(1, 1, 3, 1), np.random.default_rng(0)).ravel()
        array([2., 1., 0.])
    """

    def __init__(self, p=0.5):
        self.p = _number(p, "p", 0, 1)

    def __call__(self, x, rng):
        n, h, w, _ = _sizes(x)
        return F.windows(x, np.zeros((n, 2), np.int64), (h, w), mirror=rng.random(n) < self.p)


class PadCrop:
    """Shifts an image by up to `padding` pixels in each direction: pads it on all sides and cuts the size out again.

    Args:
        padding: pixels, a positive int.
        mode: what stands beyond the edge: "constant" is `fill`, "reflect" the image mirrored at its edge pixels.
        fill: a number, or one for each channel.

    (He, Zhang, Ren, Sun: Deep residual learning for image recognition, 2016, section 4.2, with 4 pixels for CIFAR.)

    Example:
        >>> import numpy as np
        >>> from cnnc.data import PadCrop
        >>> PadCrop(2)(np.ones((8, 32, 32, 3), np.uint8), np.random.default_rng(0)).shape
        (8, 32, 32, 3)
    """

    def __init__(self, padding, mode="constant", fill=0):
        if not is_int(padding) or padding < 1:
            raise ValueError(f"padding must be a positive int: received {padding!r}")
        if mode not in ("constant", "reflect"):
            raise ValueError(f'mode must be "constant" or "reflect": received {mode!r}')
        self.padding, self.mode, self.fill = int(padding), mode, fill

    def __call__(self, x, rng):
        n, h, w, _ = _sizes(x)
        origin = rng.integers(-self.padding, self.padding + 1, (n, 2))
        return F.windows(x, origin, (h, w), fill=self.fill, padding=self.mode)


class CentreCrop:
    """The middle `size` pixels, an int or (height, width).

    Example:
        >>> import numpy as np
        >>> from cnnc.data import CentreCrop
        >>> CentreCrop(2)(np.arange(16.0).reshape(1, 4, 4, 1)).ravel()
        array([ 5.,  6.,  9., 10.])
    """

    def __init__(self, size):
        self.size = _pair(size, "size")

    def __call__(self, x, rng=None):
        _, h, w, _ = _sizes(x)
        if h < self.size[0] or w < self.size[1]:
            raise ValueError(f"a crop of {self.size} must fit the images: received {h}x{w} pixels")
        return F.windows(x, ((h - self.size[0]) // 2, (w - self.size[1]) // 2), self.size)


class Resize:
    """Images of `size` pixels, an int or (height, width): averages with a triangle as wide as a new pixel.

    Example:
        >>> import numpy as np
        >>> from cnnc.data import Resize
        >>> Resize((1, 2))(np.array([0.0, 2.0, 6.0, 8.0]).reshape(1, 1, 4, 1)).shape
        (1, 1, 2, 1)
    """

    def __init__(self, size):
        self.size = _pair(size, "size")

    def __call__(self, x, rng=None):
        return F.resize_boxes(x, (0, 0, *_sizes(x)[1:3]), self.size)


class RandomResizedCrop:
    """A part of the image of random area and aspect, resized to `size`.

    Args:
        size: an int or (height, width).
        area: the smallest and the largest share of the image.
        aspect: the smallest and the largest width over height; the logarithm is drawn evenly.

    Where no part inside the image was found in 10 tries, it is the largest one in the middle whose aspect is allowed.

    (Szegedy and others: Going deeper with convolutions, 2015, section 6.)

    Example:
        >>> import numpy as np
        >>> from cnnc.data import RandomResizedCrop
        >>> RandomResizedCrop(24)(np.ones((8, 32, 32, 3), np.uint8), np.random.default_rng(0)).shape
        (8, 24, 24, 3)
    """

    def __init__(self, size, area=(0.08, 1.0), aspect=(3 / 4, 4 / 3)):
        self.size = _pair(size, "size")
        self.area, self.aspect = check_interval(area, "area", 0, 1), check_interval(aspect, "aspect", 0, 100)

    def __call__(self, x, rng):
        n, h, w, _ = _sizes(x)
        boxes = [random_box(w, h, numbers, self.area, self.aspect) for numbers in rng.random((n, TRIES, 4))]
        left, top, right, bottom = np.array(boxes).reshape(n, 4).T
        return F.resize_boxes(x, np.stack([top, left, bottom - top, right - left], axis=1), self.size)


class Affine:
    """Turns, shifts, scales and shears images a little about their middle.

    Each number is drawn evenly: the angle from -degrees to degrees, the shift of each axis from -shift to shift times
    its length, the scale between two bounds (logarithm), the shear's angle from -shear to shear degrees.

    Args:
        degrees: the largest angle.
        shift: the largest shift, as a share of height and width.
        scale: the least and the largest magnification.
        shear: the largest angle by which columns lean.
        fill: what stands outside the image, a number or one for each channel.

    (Simard, Steinkraus, Platt: Best practices for convolutional neural networks, 2003.)

    Example:
        >>> import numpy as np
        >>> from cnnc.data import Affine
        >>> Affine(degrees=10, shift=0.1, scale=(0.9, 1.1))(np.ones((8, 28, 28, 1)), np.random.default_rng(0)).shape
        (8, 28, 28, 1)
    """

    def __init__(self, degrees=0.0, shift=0.0, scale=(1.0, 1.0), shear=0.0, fill=0):
        self.degrees, self.shear = _number(degrees, "degrees", 0, 180), _number(shear, "shear", 0, 80)
        self.shift, self.scale, self.fill = _number(shift, "shift", 0, 1), check_interval(scale, "scale", 0, 100), fill

    def __call__(self, x, rng):
        n, h, w, _ = _sizes(x)
        angle, lean = np.radians(rng.uniform(-1, 1, (2, n)) * [[self.degrees], [self.shear]])
        shift = rng.uniform(-self.shift, self.shift, (n, 2)) * (h, w)
        scale = np.exp(rng.uniform(*np.log(self.scale), n))
        cos, sin, lean = np.cos(angle), np.sin(angle), np.tan(lean)
        # in = middle + A (out - middle - shift), A a shear after a turn, over the magnification
        a = np.stack([cos, sin, lean * cos - sin, lean * sin + cos], axis=1).reshape(n, 2, 2) / scale[:, None, None]
        middle = np.array([(h - 1) / 2, (w - 1) / 2])
        moved = middle - (a @ (middle + shift)[:, :, None])[:, :, 0]
        return F.warp(x, np.concatenate([a, moved[:, :, None]], axis=2), fill=self.fill)


def _grey(channels):
    """How much each channel counts in the brightness of a pixel."""
    return np.array(GREY) if channels == 3 else np.full(channels, 1 / channels)


class Colour:
    """Changes brightness, contrast and saturation, each by a factor drawn evenly from 1 - amount to 1 + amount.

    With g the brightness of a pixel and m its mean over the image, saturation s makes y = s x + (1 - s) g, contrast
    c then c y + (1 - c) m, and brightness b times all of it. Bytes stay in 0..255, real numbers are not cut.

    (Howard: Some improvements on deep convolutional neural network based image classification, 2013.)

    Example:
        >>> import numpy as np
        >>> from cnnc.data import Colour
        >>> Colour(0.4, 0.4, 0.4)(np.ones((8, 32, 32, 3), np.uint8), np.random.default_rng(0)).dtype
        dtype('uint8')
    """

    def __init__(self, brightness=0.0, contrast=0.0, saturation=0.0):
        self.amounts = [_number(brightness, "brightness", 0, 1), _number(contrast, "contrast", 0, 1),
                        _number(saturation, "saturation", 0, 1)]  # fmt: skip

    def __call__(self, x, rng):
        n, _, _, channels = _sizes(x)
        b, c, s = (1 + rng.uniform(-1, 1, (3, n)) * np.array(self.amounts)[:, None])[:, :, None]
        grey = _grey(channels)
        mean = F.channel_means(x) @ grey if self.amounts[1] else np.zeros(n)
        matrix = (b * c)[:, :, None] * (s[:, :, None] * np.eye(channels) + (1 - s)[:, :, None] * grey)
        return F.recolour(x, matrix, np.repeat(b * (1 - c) * mean[:, None], channels, axis=1))


def _unit(images):
    """What 1 is in images of that type."""
    return 255 if images.dtype == np.uint8 else 1


class PCAColour:
    """AlexNet's change of colour: adds a random amount of each principal colour to all pixels of an image.

    The offset is sum_i a_i l_i v_i, with v_i and l_i the eigenvectors and eigenvalues of the covariance of the
    channels over all pixels of `images`, and a_i normal with standard deviation `std`. Bytes count in units of 255;
    other numbers must be scaled already, for an offset grows with the square of their unit.

    (Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional neural networks, 2012, section 4.1.)

    Args:
        images: (N, H, W, C) of the training set, or enough of them: bytes, or real numbers from -16 to 16.
        std: of the random amounts.

    Raises:
        ValueError: for images of another shape or scale, or a std that is not from 0 to 10.

    Example:
        >>> import numpy as np
        >>> from cnnc.data import PCAColour
        >>> x = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)).astype(np.uint8)
        >>> PCAColour(x)(x, np.random.default_rng(0)).shape
        (8, 32, 32, 3)
    """

    def __init__(self, images, std=0.1):
        self.std = _number(std, "std", 0, 10)
        if not isinstance(images, np.ndarray) or images.ndim != 4 or not images.size:
            raise ValueError(f"images must be an array (N, H, W, C): received {np.shape(images)}")
        channels = images.shape[3]
        sums, products, count = np.zeros(channels), np.zeros((channels, channels)), images.size // channels
        parts = min(len(images), -(-images.size // (1 << 22)))  # of a few MB
        for part in np.array_split(images, parts):
            pixels = part.reshape(-1, channels).astype(np.float64) / _unit(images)
            if not np.abs(pixels).max() <= SCALED:
                raise ValueError(f"images must be bytes, or scaled to numbers from {-SCALED} to {SCALED}: received "
                                 f"{images.dtype} from {part.min():g} to {part.max():g}")  # fmt: skip
            sums += pixels.sum(axis=0)
            products += pixels.T @ pixels
        values, vectors = np.linalg.eigh(products / count - np.outer(sums, sums) / count**2)
        self.colours = vectors * np.maximum(values, 0)  # a column each

    def __call__(self, x, rng):
        amounts = rng.normal(0, self.std, (len(x), len(self.colours)))
        return F.recolour(x, np.eye(len(self.colours)), amounts @ self.colours.T * _unit(x))


class Cutout:
    """Covers a square of `size` pixels, an int or (height, width), at a random place; it may lie partly outside.

    (DeVries, Taylor: Improved regularization of convolutional neural networks with cutout, 2017.)

    Example:
        >>> import numpy as np
        >>> from cnnc.data import Cutout
        >>> float(Cutout(4)(np.ones((1, 32, 32, 1)), np.random.default_rng(0)).sum())
        1008.0
    """

    def __init__(self, size, fill=0):
        self.size, self.fill = _pair(size, "size"), fill

    def __call__(self, x, rng):
        n, h, w, _ = _sizes(x)
        centre = rng.integers(0, (h, w), (n, 2))
        box = np.concatenate([centre - np.array(self.size) // 2, np.broadcast_to(self.size, (n, 2))], axis=1)
        return F.paste(x, -1, box, fill=self.fill)


class MixUp:
    """Blends each image with another of the batch: x = s x_i + (1 - s) x_j, labels the same; s from Beta(alpha, alpha).

    (Zhang, Cisse, Dauphin, Lopez-Paz: mixup: Beyond empirical risk minimization, 2018.)

    Example:
        >>> import numpy as np
        >>> from cnnc.data import MixUp
        >>> x, labels = MixUp(0.2)(np.ones((8, 4, 4, 1)), np.eye(8), np.random.default_rng(0))
        >>> np.allclose(labels.sum(axis=1), 1)
        True
    """

    mixes = True

    def __init__(self, alpha=0.2):
        self.alpha = _number(alpha, "alpha", 1e-3, 1e3)

    def __call__(self, x, labels, rng):
        labels = _rows(labels, len(x))
        share, partner = rng.beta(self.alpha, self.alpha, len(x)), rng.permutation(len(x))
        return F.blend(x, partner, share), _mixed(labels, partner, share)


class CutMix:
    """Pastes a box of another image of the batch into each; labels are mixed by area.

    The box has the image's aspect and, before it is cut at the edges, the share 1 - s of its area, s from
    Beta(alpha, alpha).

    (Yun, Han, Oh, Chun, Choe, Yoo: CutMix, 2019.)

    Example:
        >>> import numpy as np
        >>> from cnnc.data import CutMix
        >>> x, labels = CutMix()(np.ones((8, 4, 4, 1)), np.eye(8), np.random.default_rng(0))
        >>> np.allclose(labels.sum(axis=1), 1)
        True
    """

    mixes = True

    def __init__(self, alpha=1.0):
        self.alpha = _number(alpha, "alpha", 1e-3, 1e3)

    def __call__(self, x, labels, rng):
        n, h, w, _ = _sizes(x)
        labels = _rows(labels, n)
        side = np.sqrt(1 - rng.beta(self.alpha, self.alpha, n))
        size = np.rint(side[:, None] * (h, w)).astype(np.int64)
        first = rng.integers(0, (h, w), (n, 2)) - size // 2
        last = np.minimum(first + size, (h, w))
        first = np.maximum(first, 0)
        size, partner = np.maximum(last - first, 0), rng.permutation(n)
        x = F.paste(x, partner, np.concatenate([first, size], axis=1))
        return x, _mixed(labels, partner, 1 - size.prod(axis=1) / (h * w))


def _rows(labels, n):
    """Labels that can be mixed: rows of real numbers, checked."""
    labels = np.asarray(labels)
    if labels.dtype.kind not in "buif" or labels.ndim < 2 or len(labels) != n:
        raise ValueError(f"labels to mix must be {n} rows of numbers: received {labels.dtype} {labels.shape}")
    return labels if labels.dtype.kind == "f" else labels.astype(np.float64)  # whole numbers have no shares


def _mixed(labels, partner, share):
    """Rows of probabilities, mixed as their images were."""
    share = share.astype(labels.dtype).reshape(-1, *[1] * (labels.ndim - 1))
    return share * labels + (1 - share) * labels[partner]
