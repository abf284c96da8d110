"""What users hand to fit, evaluate and predict, as one kind of thing: a loader that fits the network."""

import numpy as np


def streams(x):
    """Whether x is a loader or a source, which have labels of their own; arrays have none."""
    return hasattr(x, "batches") or hasattr(x, "read")


def loader_for(net, x, labels, loss=None, views=None, **settings):
    """The loader that x is or that is made of it, and its labels, checked.

    Args:
        net: the network, which is built if need be.
        x: images, a source of images, or a loader.
        labels: those of the images; None for a loader, and where a source has them.
        loss: which labels must fit; None if nobody looks at them.
        views: what makes several batches of one, if that is what the network gets.
        settings: of a loader that is made here.

    Raises:
        TypeError, ValueError: for images or labels that do not fit, or labels beside a loader.
    """
    from cnnc.data.loader import Loader  # not before it is used: what it imports takes milliseconds

    if isinstance(x, Loader):
        if labels is not None:
            raise ValueError(f"a loader has labels of its own: received {type(labels).__name__} beside it")
        loader = x
    else:
        if not streams(x):
            x = net.check_images(x) if views is None else np.asarray(x)
            labels = np.zeros(len(x)) if loss is None else loss.targets(labels, len(x), net.output_shape)
            settings["prefetch"] = 0  # what takes microseconds is not worth waking a thread for
        loader = Loader(x, labels, **settings)
    sample = np.zeros((1, *loader.shape), loader.dtype)
    for view in [sample] if views is None else views(sample):
        net.check_images(view)
    labels = loader.labels
    return loader, labels if loss is None else loss.targets(labels, len(labels), net.output_shape)
