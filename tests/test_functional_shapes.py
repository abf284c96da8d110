"""What the functions that change shapes refuse."""

import numpy as np
import pytest

from cnnc import functional

IMAGES, FILTERS = np.ones((2, 5, 5, 4)), np.ones((3, 3, 4, 6))
SPREAD = np.ones((3, 3, 6, 4))  # filters of a transposed convolution onto 6 channels
REFUSED = [
    ("multiply", (np.ones(3), np.ones((3, 1))), {}, r"a and b must have one shape, received \(3,\) and \(3, 1\)"),
    ("multiply_backward", (np.ones(2), np.ones(3), np.ones(3)), {}, r"output's shape \(3,\), received \(2,\)"),
    ("multiply_channels", (IMAGES, np.ones((2, 3))), {}, r"a factor \(N, C\) for each channel .*received \(2, 3\)"),
    ("multiply_channels", (np.ones(4), np.ones((1, 4))), {}, r"for each channel of x, \(4,\), received \(1, 4\)"),
    ("multiply_channels_backward", (IMAGES, IMAGES, np.ones((1, 4))), {}, r"received \(1, 4\)"),
    ("pad2d", (IMAGES[0], 1), {}, r"x must have 4 dimensions, received the shape \(5, 5, 4\)"),
    ("pad2d", (IMAGES, "same"), {}, "padding must be ints .*received 'same'"),
    ("pad2d", (IMAGES, (1, 2, 3)), {}, r"padding must be .*received \(1, 2, 3\)"),
    ("pad2d", (IMAGES, 1), {"mode": "edge"}, "mode must be one of zero, reflect, replicate, circular, received 'edge'"),
    ("pad2d", (IMAGES, 5), {"mode": "reflect"}, "reflect padding must be smaller than the side 5, received 5"),
    ("pad2d", (IMAGES, (0, 6)), {"mode": "circular"}, r"at most the side 5, received \(0, 6\)"),
    ("pad2d", (IMAGES[:0], 1), {}, r"at least 1, received \(0, 5, 5, 4\)"),
    ("pad2d_backward", (IMAGES, IMAGES, 1), {}, r"output's shape \(2, 7, 7, 4\), received \(2, 5, 5, 4\)"),
    ("upsample2d", (IMAGES, 0), {}, "scale must be .*received 0"),
    ("upsample2d", (IMAGES, 2), {"mode": "bicubic"}, "mode must be one of nearest, bilinear, received 'bicubic'"),
    ("upsample2d", (IMAGES, 2), {"align_corners": True}, "must be False unless the mode is bilinear, received True"),
    ("upsample2d_backward", (IMAGES, IMAGES, 2), {}, r"output's shape \(2, 10, 10, 4\), received"),
    ("adaptive_avg_pool2d", (IMAGES, (2, 0)), {}, r"size must be .*received \(2, 0\)"),
    ("adaptive_avg_pool2d_backward", (IMAGES, IMAGES, 2), {}, r"output's shape \(2, 2, 2, 4\), received"),
    ("conv_transpose2d", (IMAGES, FILTERS), {}, r"the C = 4 channels .*received \(3, 3, 4, 6\)"),
    ("conv_transpose2d", (IMAGES, SPREAD, np.ones(5)), {}, r"must have the shape \(6,\), received \(5,\)"),
    ("conv_transpose2d", (IMAGES, SPREAD), {"padding": "same"}, "padding must be ints .*received 'same'"),
    ("conv_transpose2d", (IMAGES, SPREAD), {"padding": 4}, "leave some of the output, received 4 for -1x-1"),
    ("conv_transpose2d", (IMAGES, SPREAD), {"output_padding": 1}, "than the stride or the dilation, received 1"),
    ("conv_transpose2d", (IMAGES, SPREAD), {"output_padding": 0.5}, r"output_padding must be .*received 0\.5"),
    ("conv_transpose2d_backward", (IMAGES, IMAGES, SPREAD), {}, r"output's shape \(2, 7, 7, 6\), received"),
    ("correlate1d", (IMAGES, FILTERS), {}, r"signals must have the shape \(N, L, C\), received \(2, 5, 5, 4\)"),
    ("correlate1d", (IMAGES[0], FILTERS), {}, r"the shape \(KL, C / groups, K\), received \(3, 3, 4, 6\)"),
    ("correlate1d", (IMAGES[0], FILTERS[0]), {"stride": (1, 2)}, r"stride must be an int .*received \(1, 2\)"),
    ("correlate1d_backward", (IMAGES[0], IMAGES[0], FILTERS[0]), {}, r"output's shape \(5, 3, 6\), received"),
    ("correlate3d", (IMAGES, FILTERS), {}, r"volumes must have the shape \(N, D, H, W, C\), received \(2, 5, 5, 4\)"),
    ("correlate3d", (IMAGES[None], FILTERS[None]), {"padding": (1, 1)}, r"for each of 3 axes, received \(1, 1\)"),
    ("correlate3d", (IMAGES[None], FILTERS[None]), {"algorithm": "fft"}, "algorithm must be one of .*received 'fft'"),
    ("max_pool1d", (IMAGES, 2), {}, r"signals must have the shape \(N, L, C\), received \(2, 5, 5, 4\)"),
    ("avg_pool1d", (IMAGES[0], 6), {}, "kernel 6 does not fit its 5 input"),
    ("max_pool3d", (IMAGES[None], (2, 2)), {}, r"size must be an int or 3 ints .*received \(2, 2\)"),
    ("avg_pool3d", (IMAGES[None], 2), {"padding": 2}, "at most half the size 2x2x2, received 2"),
    ("max_pool3d_backward", (IMAGES[None], IMAGES[None], 2), {}, r"output's shape \(1, 1, 2, 2, 4\), received"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arrays", "arguments", "message"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refusals(name, arrays, arguments, message):
    with pytest.raises(ValueError, match=rf"^{name}: .*{message}"):
        getattr(functional, name)(*arrays, **arguments)
