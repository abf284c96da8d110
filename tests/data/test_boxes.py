"""Parts of an image."""

import numpy as np
import pytest

from cnnc.data.boxes import centre_box, random_box


def test_random_boxes_lie_inside_with_the_areas_and_ratios_asked_for():
    random = np.random.default_rng(0)
    area, aspect = (0.08, 1), (3 / 4, 4 / 3)
    shares, ratios = [], []
    for width, height in ((640, 480), (100, 100), (50, 400)):
        for _ in range(500):
            left, top, right, bottom = random_box(width, height, random.random((10, 4)), area, aspect)
            assert 0 <= left < right <= width + 1e-9
            assert 0 <= top < bottom <= height + 1e-9
            wide, high = right - left, bottom - top
            assert aspect[0] - 1e-9 <= wide / high <= aspect[1] + 1e-9
            if width == 100:
                shares.append(wide * high / 1e4)
                ratios.append(np.log(wide / high))
    assert min(shares) >= 0.08
    assert 0.4 < np.mean(shares) < 0.54, "of a square, nearly uniform between the bounds"
    assert abs(np.mean(ratios)) < 0.03
    assert random_box(10, 1000, np.ones((10, 4)), (1, 1), aspect) == pytest.approx((0, 500 - 20 / 3, 10, 500 + 20 / 3))
    assert centre_box(70, 100, 7) == (4.375, 19.375, 65.625, 80.625)
