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
    from cnnc.data.loader import Images, Loader  # not before it is used: what it imports takes milliseconds

    if isinstance(x, Loader) and labels is not None:
        raise ValueError(f"a loader has labels of its own: received {type(labels).__name__} beside it")
    arrays = not streams(x)
    if arrays:
        x = Images(net.check_images(x) if views is None else x)
    _check_views(net, x, views)  # builds the network, which tells what labels must be
    if arrays:
        labels = None if loss is None else loss.targets(labels, len(x), net.output_shape)
        settings["prefetch"] = 0  # what takes microseconds is not worth waking a thread for
    loader = x if isinstance(x, Loader) else Loader(x, np.zeros(len(x)) if loss is None else labels, **settings)
    labels = loader.labels
    if loss is None:
        return loader, labels
    labels = loss.targets(labels, len(labels), net.output_shape)
    if loader.mixes:
        loss.targets(sample_of(net, loader, labels), 1, net.output_shape)
    return loader, labels


def judged(net, x, labels, loss, views=None, batch_size=256):
    """`loader_for` images that are looked at in their own order and compared with labels of their own.

    Raises:
        TypeError, ValueError: as there, and for a loader that mixes images.
    """
    loader, labels = loader_for(net, x, labels, loss, views, batch_size=batch_size, order="sequential")
    if loader.mixes:
        raise ValueError("images that a network is judged by must not be mixed: received a loader that mixes them")
    return loader, labels


def sample_of(net, loader, labels):
    """One label such as the batches of the loader have, where mixed classes are rows of probabilities."""
    return np.eye(1, *net.output_shape) if loader.mixes and labels.ndim == 1 else labels[:1]


def _check_views(net, images, views):
    """Raises what views of such images, and the network, would make of a batch."""
    sample = np.zeros((1, *images.shape), images.dtype)
    made = [sample] if views is None else list(views(sample))
    for view in made:
        net.check_images(view)
    if not made or any(len(view) != 1 for view in made):
        raise ValueError(f"views must make batches as long as the one they get, at least one of them: "
                         f"received {len(made)} of {[len(view) for view in made]} images from 1")  # fmt: skip
