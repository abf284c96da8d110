"""A network on any number of images: predictions, and metrics of them."""

import numpy as np

from cnnc import metrics as metrics_module
from cnnc.checks import check_count
from cnnc.training import get_loss, judged


def predict(net, x, batch_size=256, views=None):
    """See `cnnc.Sequential.predict`."""
    return np.concatenate([y for y, _ in _answers(net, x, None, batch_size, None, views)])


def evaluate(net, x, labels=None, metrics=None, batch_size=256, loss="cross_entropy", views=None):
    """See `cnnc.Sequential.evaluate`."""
    loss = get_loss(loss)
    names = loss.metrics if metrics is None else (metrics,) if isinstance(metrics, str) else metrics
    for name in names:
        if name != "loss" and (not loss.classes or metrics_module.get(name) is None):
            raise ValueError(f'"{loss.name}" has no metric but "loss": received {name!r}')
    answers = zip(*_answers(net, x, labels, batch_size, loss, views), strict=True)
    return metrics_module.evaluate(*map(np.concatenate, answers), names, loss.value)


def _answers(net, x, labels, batch_size, loss, views):
    """(outputs, labels) of each batch; outputs are means over the views of an image."""
    loader, labels = judged(net, x, labels, loss, views, check_count(batch_size, "batch_size"))
    for batch in loader.batches(labels):
        outputs = [net(view) for view in ([batch.x] if views is None else views(batch.x))]
        yield outputs[0] if views is None else np.mean(outputs, axis=0, dtype=net.dtype), batch.labels
