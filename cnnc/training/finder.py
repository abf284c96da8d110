"""A test of learning rates, before training."""

from typing import NamedTuple

import numpy as np

from cnnc.checks import check_count, check_seed
from cnnc.geometry import is_number
from cnnc.training import losses
from cnnc.training.optimizers import SGD
from cnnc.training.trainer import NonFiniteLoss, Trainer

__all__ = ["LearningRates", "find_learning_rate"]

SMOOTHING = 0.9  # the share of the mean loss that stays in a step
DIVERGED = 4.0  # times the best loss


class LearningRates(NamedTuple):
    """What a test of learning rates found: the rates, the smoothed loss at each, and the rate to begin with."""

    rates: np.ndarray
    losses: np.ndarray
    suggestion: float


def find_learning_rate(net, x, labels, optimizer=None, loss="cross_entropy", low=1e-6, high=10.0, steps=100,
                       batch_size=64, seed=0):  # fmt: skip
    """Trains for some steps with a rising learning rate and suggests the one where the loss falls fastest.

    The rates rise by the same factor from step to step; the losses are means over the last steps,
    m = 0.9 m + 0.1 loss, over 1 - 0.9^t. The test ends early when the loss is four times its best, or not finite. The
    network is afterwards as it was before.

    (Smith: Cyclical learning rates for training neural networks, 2017.)

    Args:
        net: the network, built or not.
        x: (N, *input_shape) images.
        labels: as for training with this loss.
        optimizer: whose rate is tested; SGD with momentum 0.9 unless given.
        loss: a name or an object, see `cnnc.Trainer`.
        low, high: the first and the last rate, 0 < low < high.
        steps: how many rates, at least 3.
        batch_size: images in a step.
        seed: of the order of the images.

    Returns:
        `LearningRates`: arrays `rates` and `losses`, and `suggestion`, a float.

    Raises:
        ValueError: for rates, counts, images or labels that break these rules, or if fewer than 3 losses were finite.

    Example:
        >>> import cnnc, numpy as np
        >>> x = np.random.default_rng(0).standard_normal((256, 4))
        >>> found = cnnc.find_learning_rate(cnnc.Sequential([cnnc.Dense(2)]), x, (x[:, 0] > 0).astype(int))
        >>> 1e-6 < found.suggestion < 10
        True
    """
    if not (is_number(low) and is_number(high) and 0 < low < high):
        raise ValueError(f"learning rates must satisfy 0 < low < high: received {low}, {high}")
    steps, batch_size = check_count(steps, "steps"), check_count(batch_size, "batch_size")
    if steps < 3:
        raise ValueError(f"steps must be at least 3: received {steps}")
    seed = check_seed(seed)
    x = net.check_images(x)
    loss = losses.get(loss)
    labels = loss.targets(labels, len(x), net.output_shape)
    kept, rng = net.flat.all.copy(), net.rng.copy()
    rates = np.geomspace(low, high, steps)
    trainer = Trainer(net, optimizer or SGD(momentum=0.9), loss)
    try:
        smooth = _test(trainer, x, labels, rates, batch_size, np.random.Generator(np.random.Philox(key=[seed, 0])))
    finally:
        net.flat.all[:] = kept
        net.rng[:] = rng
    if len(smooth) < 3:
        raise ValueError(f"at least 3 losses must be finite, begin with a lower rate: received low={low}")
    smooth, rates = np.array(smooth), rates[: len(smooth)]
    half = max(1, len(smooth) // 10)  # a slope over a fifth of the rates is more than the noise between batches
    fall = smooth[: -2 * half] - smooth[2 * half :]
    return LearningRates(rates, smooth, float(rates[half + fall.argmax()]))


def _test(trainer, x, labels, rates, batch_size, generator):
    """The smoothed losses, until they are too large."""
    smooth, mean, order = [], 0.0, np.empty(0, np.int64)
    for t, rate in enumerate(rates, start=1):
        if not len(order):
            order = generator.permutation(len(x))
        chosen, order = order[:batch_size], order[batch_size:]
        try:
            value = trainer.step(x[chosen], labels[chosen], lr=float(rate))
        except NonFiniteLoss:
            break
        mean = SMOOTHING * mean + (1 - SMOOTHING) * value
        smooth.append(mean / (1 - SMOOTHING**t))
        if smooth[-1] > DIVERGED * min(smooth):
            break
    return smooth
