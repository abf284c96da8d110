"""What a network looks at: gradients of its outputs with respect to images and layers, and maps made of them.

All of it is about inference: running statistics, no dropout, no auxiliary heads.
"""

import numpy as np

from cnnc.functional import resize_boxes
from cnnc.geometry import is_int
from cnnc.layers import Auxiliary
from cnnc.layers.containers import Chain
from cnnc.tape import Tape

__all__ = ["grad_cam", "gradients", "layer_at", "receptive_field", "saliency"]


def layer_at(net, layer):
    """The layer of a network that is meant by itself, by its path ("3", "3.0.1") or by its position (3, or -1).

    Raises:
        ValueError: if there is none.

    Example:
        >>> import cnnc
        >>> net = cnnc.models.lenet5()
        >>> cnnc.explain.layer_at(net, "3").title
        'Conv2D "3"'
    """
    if is_int(layer) and -len(net.layers) <= layer < len(net.layers):
        return net.layers[layer]
    for each in net.walk():
        if each is not net and (each is layer or each.path == layer):
            return each
    raise ValueError(f"layer must be a layer of the network, its path or its position: received {layer!r}")


def gradients(net, x, dy, layers=()):
    """Gradients of sum(dy * y), y = net(x) in inference, with respect to the images and to what layers compute.

    Args:
        net: a built network.
        x: (N, *input_shape) images. The gradient of bytes is that of the scaled ones.
        dy: (N, *output_shape), how much each output counts.
        layers: layers, or their paths or positions, whose outputs are wanted. Of a layer that is used again, it is the
            last output.

    Returns:
        (dx, {path: (output, gradient)}): dx has the shape of x, output and gradient that of the layer's output.

    Raises:
        ValueError: for shapes that do not fit, or layers that are not in the network.
        LayerError: for a layer inside an auxiliary head, or written in NumPy and used twice.
        TypeError: for a layer in NumPy without `backward`.

    Example:
        >>> import cnnc, numpy as np
        >>> net = cnnc.Sequential([cnnc.Rescale(3.0), cnnc.ReLU()])
        >>> dx, inside = cnnc.explain.gradients(net, np.array([[2.0, -2.0]]), np.array([[1.0, 1.0]]), layers=[0])
        >>> dx.tolist(), [each.tolist() for each in inside["0"]]
        ([[3.0, 0.0]], [[[6.0, -6.0]], [[1.0, 0.0]]])
    """
    x, dy = net.check_images(x), np.asarray(dy)
    if dy.shape != (len(x), *net.output_shape):
        raise ValueError(f"dy must have the shape of the output, {(len(x), *net.output_shape)}: received {dy.shape}")
    layers = tuple(layer_at(net, layer) for layer in layers)
    dtype = net.input_dtype(x)
    with net._lock:
        key = "gradients", len(x), dtype, tuple(layer.path for layer in layers)
        run = net._arena.run(key, lambda team: _plan(net, len(x), dtype, layers, team))
        run.fill("x", x)
        run.fill("dy", dy)
        run.program.run()
        inside = {layer.path: (run[layer.path].copy(), run[f"d{layer.path}"].copy()) for layer in layers}
        return run["dx"].copy(), inside


def _plan(net, n, dtype, layers, team):
    """The plan of inference and its gradients for a batch of `n`, and its buffers by name; "d" is before gradients."""
    net.flat  # noqa: B018 - the parameters have memory from here on
    tape = Tape(net.dtype, differentiable=True)
    source, x = net.record_input(tape, n, dtype)
    x.needs_grad = True
    y = net.apply(tape, x)
    scaled = x if x.dtype == net.dtype else tape.trace[0][1]  # bytes go to a Rescale, and their gradient ends there
    outputs = {id(layer): buffer for layer, buffer in tape.trace}
    named = {"x": source, "dy": tape.upstream(y), "dx": tape.keep(tape.grad(scaled))}
    for layer in layers:
        layer.expect(id(layer) in outputs, "the layer must take part in inference", "a part of an auxiliary head")
        named[layer.path] = tape.keep(outputs[id(layer)])
        named[f"d{layer.path}"] = tape.keep(tape.grad(outputs[id(layer)]))
    return tape.plan(team), named


def saliency(net, x, classes=None):
    """How much the score of a class depends on each pixel: S = max over channels of |d y[n, class] / d x[n]|.

    (Simonyan, Vedaldi, Zisserman: Deep inside convolutional networks: visualising image classification models and
    saliency maps, 2013.) The score is the network's output for the class: a logit, unless the network ends in a
    Softmax, whose gradient vanishes where it is sure.

    Args:
        net: a built network of images with outputs (K,).
        x: (N, H, W, C) images.
        classes: an int, or N of them: whose score. Those that the network takes the images for unless given.

    Returns:
        (N, H, W), numbers of the network's type, 0 or more.

    Raises:
        ValueError: for images that do not fit, classes out of range, or a network that has no classes.

    Example:
        >>> import cnnc, numpy as np
        >>> net = cnnc.Sequential([cnnc.Flatten(), cnnc.Dense(2)]).build((2, 2, 1))
        >>> net.parameters()["1.weight"][:, 1] = [0, -2, 1, 0]
        >>> cnnc.explain.saliency(net, np.ones((1, 2, 2, 1)), classes=1)
        array([[[0., 2.],
                [1., 0.]]], dtype=float32)
    """
    x = check_images(net, x)
    dx, _ = gradients(net, x, _scores(net, x, classes))
    return np.abs(dx).max(axis=-1)


def grad_cam(net, x, classes=None, layer=None):
    """Where a network sees a class: the channels of a layer, weighted by how much the class's score depends on them.

    map = max(0, sum over k of a_k * A[..., k]), where A is the layer's output and a_k the mean of
    d y[n, class] / d A[..., k] over all pixels. (Selvaraju et al.: Grad-CAM: Visual explanations from deep networks via
    gradient-based localization, 2017.)

    Args:
        net, x, classes: as for `saliency`.
        layer: a layer with images as its output, its path or its position. Unless given, the last one that learns
            filters, with what follows up to the next pooling: normalisation, activation, the sum of a residual block.

    Returns:
        (N, H, W), numbers of the network's type, 0 or more: the layer's map enlarged bilinearly to the images.

    Raises:
        ValueError: as `saliency`, and for a network without such a layer.
        LayerError: for a layer whose output is not images.

    Example:
        >>> import cnnc, numpy as np
        >>> net = cnnc.models.lenet5()
        >>> cnnc.explain.grad_cam(net, np.zeros((2, 28, 28, 1), np.uint8), classes=7).shape
        (2, 28, 28)
    """
    x = check_images(net, x)
    layer = last_features(net) if layer is None else layer_at(net, layer)
    layer.images(layer.output_shape)
    _, inside = gradients(net, x, _scores(net, x, classes), [layer])
    maps, slopes = inside[layer.path]
    found = np.einsum("nijk,nk->nij", maps, slopes.mean(axis=(1, 2))).clip(min=0)
    return resize_boxes(found[..., None], (0, 0, *found.shape[1:]), x.shape[1:3])[..., 0]


def last_features(net):
    """The layer that `grad_cam` looks at unless told: the last images before the network pools them into classes."""
    found, follows = None, False
    for layer in _in_order(net):
        images = len(layer.output_shape) == 3 and max(layer.output_shape[:2]) > 1
        if images and any(_learns_filters(inner) for inner in layer.walk()):
            follows = True
        elif layer.window() or found is None or layer.output_shape != found.output_shape:
            follows = False
        found = layer if follows else found
    if found is None:
        raise ValueError("the network must have a layer that learns filters: received one without")
    return found


def receptive_field(net, layer, position=None):
    """The pixels of the input on which one place of a layer's output depends, as far as they lie in the image.

    Args:
        net: a built network.
        layer: a layer, its path or its position.
        position: of the output, (row, column) on images, from 0; the middle unless given.

    Returns:
        A slice for each axis, (rows, columns) on images: `image[receptive_field(...)]` is what is seen.

    Raises:
        ValueError: for a layer that is not in the network, or a place that its output does not have.

    Example:
        >>> import cnnc
        >>> net = cnnc.Sequential([cnnc.Conv2D(4, 3), cnnc.MaxPool2D(2)]).build((10, 10, 1))
        >>> cnnc.explain.receptive_field(net, 1, (0, 2))
        (slice(0, 4, None), slice(4, 8, None))
    """
    layer = layer_at(net._built(), layer)
    lengths = layer.output_shape[:-1]
    place = tuple(n // 2 for n in lengths) if position is None else position
    whole = np.shape(place) == (len(lengths),) and all(map(is_int, place))
    if not whole or not all(0 <= i < n for i, n in zip(place, lengths, strict=True)):
        raise ValueError(f"position must be a place of {layer.title}'s output {lengths}: received {position!r}")
    spans = _seen_by(net, layer, tuple((int(i), int(i)) for i in place))
    return tuple(slice(first, last + 1) for first, last in spans)


def _seen_by(around, layer, spans):
    """What a layer, itself or inside `around`, sees of the input of `around`; None if it is not there."""
    if around is layer:
        return layer.sees(spans)
    for number, child in enumerate(around.children()):
        seen = _seen_by(child, layer, spans)
        if seen is not None:
            before = () if hasattr(around, "join") else around.children()[:number]  # branches see the input itself
            for each in reversed(before):
                seen = each.sees(seen)
            return seen
    return None


def _in_order(chain):
    """The layers that inference passes through one after the other; branches side by side are one of them."""
    for layer in chain.children():
        if isinstance(layer, Chain):
            yield from () if isinstance(layer, Auxiliary) else _in_order(layer)
        else:
            yield layer


def _learns_filters(layer):
    return layer.window() is not None and any(p.learned for p in layer.own_parameters().values())


def check_images(net, x):
    """Checked images, for a network of images that has classes."""
    x = net.check_images(x)
    if len(net.input_shape) != 3 or len(net.output_shape) != 1:
        raise ValueError(f"the network must take images (H, W, C) to scores of classes (K,): received one from "
                         f"{net.input_shape} to {net.output_shape}")  # fmt: skip
    return x


def check_classes(net, x, classes):
    """The class whose score counts for each image: those given, or those that the network takes images for."""
    n, count = len(x), net.output_shape[0]
    classes = np.asarray(net(x).argmax(axis=1) if classes is None else classes)
    if classes.dtype.kind not in "iu" or classes.shape not in ((), (n,)):
        raise ValueError(f"classes must be an int or one for each of {n} images: received {classes!r}")
    if ((classes < 0) | (classes >= count)).any():
        raise ValueError(f"classes must be in [0, {count}): received {classes}")
    return np.broadcast_to(classes, n)


def _scores(net, x, classes):
    """The gradient of each image's score of its class: 1 at the class."""
    return np.eye(net.output_shape[0], dtype=net.dtype)[check_classes(net, x, classes)]
