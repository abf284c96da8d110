"""Mean and standard deviation of images, in one pass and in little memory."""

import numpy as np

from cnnc.geometry import is_int

CHUNK = 1 << 19  # numbers at once; 4 MiB as float64
SEED = 0  # of a source's random crops


def mean_std(x):
    """The mean and standard deviation of each channel, what `(x - mean) / std` needs.

    `mean_c = 1/M sum x_c`, `std_c = sqrt(1/M sum (x_c - mean_c)^2)` over all M pixels of all images, in the units of x.

    Images are taken in parts, so that neither a memory-mapped array nor a folder of images is ever in memory as a
    whole. The parts are put together as T. F. Chan, G. H. Golub, R. J. LeVeque: Updating formulae and a pairwise
    algorithm for computing sample variances, COMPSTAT 1982, which loses no digits where the mean is large.

    Args:
        x: array (N, H, W, C) of any real dtype, or a source of images such as `ImageFolder`, which is decoded once.

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
    x = x if source else np.asanyarray(x)  # a memory-mapped file stays one
    shape = (len(x), *x.shape) if source else np.shape(x)
    if len(shape) != 4 or 0 in shape:
        raise ValueError(f"images must be (N, H, W, C), each at least 1, or a source of them, received shape {shape}")
    if np.dtype(x.dtype).kind not in "buif":
        raise ValueError(f"images must be real numbers, received {x.dtype}")
    rng = np.random.default_rng(SEED)
    count, mean, squares = 0, np.zeros(shape[-1]), np.zeros(shape[-1])
    step = max(1, CHUNK // int(np.prod(shape[1:])))
    for first in range(0, shape[0], step):
        index = np.arange(first, min(first + step, shape[0]))
        images = x.read(index, rng) if source else x[first : first + step]
        part = np.asarray(images, np.float64).reshape(-1, shape[-1])
        middle = part.mean(axis=0)
        part = part - middle
        apart = middle - mean
        share = len(part) / (count + len(part))
        squares += np.square(part, out=part).sum(axis=0) + apart**2 * count * share
        mean += apart * share
        count += len(part)
    return mean, np.sqrt(squares / count)


def whitening(x, size=2, eps=5e-4):
    """Filters whose outputs are uncorrelated and of equal variance on patches of x: a layer that need not learn.

    With C = V diag(l) V^T the second moments of all size x size patches, the filters are the columns of
    `V / sqrt(l + eps)`, and their negatives, so that an activation behind them loses nothing.

    (Coates, Ng: Learning feature representations with k-means, 2012, section 3.1.)

    Args:
        x: array (N, H, W, C), as the layer will see it; some thousand images are enough.
        size: int, pixels a side of a filter.
        eps: float, added to the variances, so that what hardly varies is not blown up.

    Returns:
        float32 array (size, size, C, 2 * size * size * C), the weights of a `cnnc.Conv2D`.

    Raises:
        ValueError: when x is not images of at least size x size pixels, size no positive int, or eps not above 0.

    >>> from cnnc.data import digits, whitening
    >>> (x, _), _ = digits()
    >>> whitening(x / 255).shape
    (2, 2, 1, 8)
    """
    x = np.asarray(x)
    if not is_int(size) or size < 1:
        raise ValueError(f"size must be a positive int, received {size!r}")
    if x.ndim != 4 or not x.size or size > min(x.shape[1:3]):
        raise ValueError(f"images must be (N, H, W, C) of at least {size} pixels a side, received {x.shape}")
    if not eps > 0:
        raise ValueError(f"eps must be above 0, received {eps}")
    length = size * size * x.shape[3]
    moments, count = np.zeros((length, length)), 0
    for part in np.array_split(x, -(-x.size * size * size // CHUNK)):
        patches = np.lib.stride_tricks.sliding_window_view(part, (size, size), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
        patches = patches.reshape(-1, length).astype(np.float64)
        moments += patches.T @ patches
        count += len(patches)
    variances, directions = np.linalg.eigh(moments / max(1, count))
    filters = directions / np.sqrt(variances + eps)
    return np.concatenate([filters, -filters], axis=1).reshape(size, size, x.shape[3], 2 * length).astype(np.float32)
