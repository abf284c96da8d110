"""Losses: what training makes small. A loss records its operations on the tape after the last layer."""

import numpy as np

from cnnc.layers import Softmax


class CrossEntropy:
    """Mean softmax cross-entropy of logits: L = -1/N sum over n, k of t[n,k] log softmax(z)[n,k].

    t is one-hot for integer labels, or the given rows. dL/dz = (softmax(z) * sum over k of t - t) / N.
    """

    name = "cross_entropy"

    def check(self, net):
        """Raises ValueError if the network's last layer does not fit this loss."""
        last = [layer for layer in net.walk() if not layer.children()][-1]
        if isinstance(last, Softmax):
            raise ValueError(f'the loss "cross_entropy" contains the softmax, the network must end in logits: '
                             f"received a network that ends in {last.title}")  # fmt: skip

    def record(self, tape, logits, labels):
        """Records loss and gradient; returns the buffers of the loss (float64) and of the number of hits (int64)."""
        n, _ = logits.shape
        target = {"labels": labels} if labels.dtype == np.int32 else {"target": labels}
        p = tape.like(logits)
        loss, hits = tape.new((1,), np.float64), tape.new((1,), np.int64)
        row_loss = tape.new((n,), np.float64)
        tape.forward("cross_entropy", x=logits, p=p, row_loss=row_loss, loss=loss, hits=hits, smoothing=0.0, **target)
        tape.forward("check_finite", x=loss)
        tape.backward("cross_entropy_dx", p=p, dx=tape.grad(logits), smoothing=0.0, weight=1.0, **target)
        return loss, hits


LOSSES = {loss.name: loss for loss in (CrossEntropy,)}


def get(loss):
    """The loss of that name, or the loss itself."""
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}: received {loss!r}")
        return LOSSES[loss]()
    return loss
