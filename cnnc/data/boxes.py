"""Parts of an image: the one in the middle, and random ones."""

import math

TRIES = 10  # at a random part that lies inside the image


def centre_box(width, height, size=7):
    """(left, top, right, bottom) in the middle: size x size pixels when the shorter side is size * 8 // 7.

    >>> centre_box(70, 100)
    (4.375, 19.375, 65.625, 80.625)
    """
    side = min(width, height) * size / max(size, size * 8 // 7)
    return _within(width, height, side, side, 0.5, 0.5)


def random_box(width, height, numbers, area, aspect):
    """(left, top, right, bottom) of the first of the boxes drawn that lies inside the image.

    Where none does, it is the largest box in the middle whose ratio is allowed.

    (Szegedy and others: Going deeper with convolutions, 2015, section 6.)

    Args:
        width, height: of the image.
        numbers: float array (tries, 4), each from 0 to 1: the draws of area, ratio and place.
        area: the least and the largest share of the image.
        aspect: the least and the largest ratio of width to height; a ratio is as likely as its inverse.
    """
    low, high = map(math.log, aspect)
    for share, ratio, across, down in numbers.tolist():
        pixels = width * height * (area[0] + share * (area[1] - area[0]))
        form = math.exp(low + ratio * (high - low))
        wide, tall = math.sqrt(pixels * form), math.sqrt(pixels / form)
        if wide <= width and tall <= height:
            return _within(width, height, wide, tall, across, down)
    form = min(max(width / height, aspect[0]), aspect[1])
    return _within(width, height, min(width, height * form), min(height, width / form), 0.5, 0.5)


def _within(width, height, wide, tall, across, down):
    """The box of that size, so far across and down from 0 to 1."""
    left, top = (width - wide) * across, (height - tall) * down
    return left, top, left + wide, top + tall
