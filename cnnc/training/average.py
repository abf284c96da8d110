"""A moving average of a network's weights, and its use in their place."""

from cnnc.geometry import is_number

__all__ = ["Average"]


class Average:
    """An exponential moving average of all that a network's state holds: a = decay * a + (1 - decay) * w.

    It starts as the weights are and moves after each step of its trainer. As a context manager it puts the averages in
    the place of the weights; afterwards the weights are back.

    (Polyak, Juditsky: Acceleration of stochastic approximation by averaging, 1992.)

    Args:
        flat: the network's flat buffers.
        decay: the share that stays in a step, in (0, 1).

    Attributes:
        array: the flat averages.

    Raises:
        ValueError: for a decay outside its range.

    Example:
        >>> import cnnc
        >>> net = cnnc.Sequential([cnnc.Dense(2)]).build((3,), seed=0)
        >>> trainer = cnnc.Trainer(net, cnnc.SGD(), ema=0.999)
        >>> loss = trainer.step([[1.0, 2.0, 3.0]], [1])
        >>> with trainer.average:
        ...     smooth = net([[1.0, 2.0, 3.0]])  # evaluate, predict and save work as well
        >>> trainer.average.state().keys() == net.state().keys()
        True
    """

    def __init__(self, flat, decay):
        if not (is_number(decay) and 0 < decay < 1):
            raise ValueError(f"ema must be in (0, 1), the share that stays in a step: received {decay!r}")
        self.flat, self.decay = flat, float(decay)
        self.array = flat.all.copy()
        self._inside = False

    def record(self, tape):
        """Records the average's move towards the weights."""
        tape.update("lerp", x=self.flat.memory, y=self.array, scale=1.0, rate=1 - self.decay)

    def state(self):
        """Path -> array, of the averages: live views."""
        return {path: self.flat.view(self.array, path) for path in self.flat.named}

    def keep(self):
        """Copies the averages into the network for good."""
        self.flat.all[:] = self.array

    def _swap(self):
        kept = self.flat.all.copy()
        self.flat.all[:] = self.array
        self.array[:] = kept

    def __enter__(self):
        if self._inside:
            raise ValueError("the averages must not be put in the weights' place twice: received a second `with`")
        self._inside = True
        self._swap()
        return self

    def __exit__(self, *error):
        self._swap()
        self._inside = False
