"""Mean and standard deviation of images, in one pass and in little memory."""

import numpy as np

CHUNK = 1 << 19  # numbers at once; 4 MiB as float64
SEED = 0  # of a source's random crops


def mean_std(x, map=map):
    """The mean and standard deviation of each channel, what `(x - mean) / std` needs.

    `mean_c = 1/M sum x_c`, `std_c = sqrt(1/M sum (x_c - mean_c)^2)` over all M pixels of all images, in the units of x.

    Images are taken in parts, so that neither a memory-mapped array nor a folder of images is ever in memory as a
    whole. The parts are put together as T. F. Chan, G. H. Golub, R. J. LeVeque: Updating formulae and a pairwise
    algorithm for computing sample variances, COMPSTAT 1982, which loses no digits where the mean is large.

    Args:
        x: array (N, H, W, C) of any real dtype, or a source of images such as `ImageFolder`, which is decoded once.
        map: what a source applies its decoding with, for instance the map of a ThreadPoolExecutor.

    Returns:
        Two arrays (C,) of float64.

    Raises:
        ValueError: when x is neither, or has no images.

    >>> import numpy as np
    >>> from cnnc.data import digits, mean_std
    >>> (x, _), _ = digits()
    >>> mean, std = mean_std(x)
    >>> np.round(mean, 3), np.round(std, 3)
    (array([34.295]), array([76.324]))
    """
    source = hasattr(x, "read")
    shape = (len(x), *x.shape) if source else np.shape(x)
    if len(shape) != 4 or 0 in shape:
        raise ValueError(f"images must be (N, H, W, C), each at least 1, or a source of them, received shape {shape}")
    if np.dtype(x.dtype).kind not in "uif":
        raise ValueError(f"images must be real numbers, received {x.dtype}")
    rng = np.random.default_rng(SEED)
    count, mean, squares = 0, np.zeros(shape[-1]), np.zeros(shape[-1])
    step = max(1, CHUNK // int(np.prod(shape[1:])))
    for first in range(0, shape[0], step):
        index = np.arange(first, min(first + step, shape[0]))
        images = x.read(index, rng, map=map) if source else x[first : first + step]
        part = np.asarray(images, np.float64).reshape(-1, shape[-1])
        middle = part.mean(axis=0)
        part = part - middle
        apart = middle - mean
        share = len(part) / (count + len(part))
        squares += np.square(part, out=part).sum(axis=0) + apart**2 * count * share
        mean += apart * share
        count += len(part)
    return mean, np.sqrt(squares / count)
