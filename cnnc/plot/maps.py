"""What is inside a network and where it looks: filters, activation maps, saliency, Grad-CAM, receptive fields."""

import math

import numpy as np

from cnnc import explain
from cnnc.checks import check_count
from cnnc.layers import ConvTranspose2D
from cnnc.plot import canvas

__all__ = ["activation_maps", "filters", "grad_cam", "receptive_field", "saliency"]

TILE = 12  # pixels in a mosaic that a filter has at least, so that the gaps are thin beside it


def filters(net, layer=None, count=64, path=None):
    """The filters that a convolution learned.

    Filters of three channels are drawn in colour, with gray for 0. Of one channel, each is a tile; of others, each is a
    row with a tile for every channel. All share one scale, symmetric around 0.

    Args:
        net: a built network.
        layer: a layer with filters (KH, KW, C, K), or a ConvTranspose2D with (KH, KW, K, C); its path or its position;
            the first one unless given.
        count: the most filters to draw, and the most channels of each.
        path: where to save the figure; None does not.

    Returns:
        A matplotlib Figure with one panel, and a scale where tiles are not in colour.

    Raises:
        ValueError: for a network or a layer without filters, or a count that is not a positive int.
        ImportError: if matplotlib is missing.

    Example:
        >>> import cnnc
        >>> figure = cnnc.plot.filters(cnnc.models.lenet5())
        >>> figure.axes[0].get_title(loc="left")
        'Conv2D "0": 6 filters 5x5'
    """
    count = check_count(count, "count")
    layer = _with_filters(net, layer)
    w = np.array(layer.weight.data, np.float64)
    if isinstance(layer, ConvTranspose2D):
        layer.expect(layer.groups == 1, "a layer whose filters are drawn must not have groups", layer.groups)
        w = w.swapaxes(2, 3)  # its weight is that of the convolution whose gradient it computes
    rows, columns, channels, number = w.shape
    w, largest = w[:, :, :count, :count], canvas.limit(w)
    if channels == 3:
        tiles = np.moveaxis(0.5 + w / (2 * largest), 3, 0)
        how, gap, across = {}, 1.0, math.ceil(math.sqrt(1.6 * len(tiles)))
    else:
        tiles = w.transpose(3, 2, 0, 1).reshape(-1, rows, columns)
        how, gap = {"cmap": canvas.SIGNED, "vmin": -largest, "vmax": largest}, np.nan
        across = w.shape[2] if channels > 1 else math.ceil(math.sqrt(1.6 * len(tiles)))
    picture = _mosaic(tiles, across, gap)
    width = min(9, max(3.5, 0.45 * across))
    figure = canvas.new_figure(width, min(20, width * picture.shape[0] / picture.shape[1]) + 0.5)
    axes = figure.subplots()
    axes.set_axis_off()
    drawn = axes.imshow(picture, interpolation="nearest", **how)
    text = f"{layer.title}: {_some(w.shape[3], number)} filters {rows}x{columns}"
    if channels not in (1, 3):
        text += f",\na row each: {_some(w.shape[2], channels)} channels"
    canvas.title(axes, text)
    if channels != 3:
        canvas.scale(figure, drawn, axes)
    return canvas.saved(figure, path)


def activation_maps(net, image, layer, count=16, shown=None, path=None):
    """What a layer computes of an image: the image, and a map for each of the layer's channels.

    Maps share one scale: from 0 up, or symmetric around 0 where some numbers are negative.

    Args:
        net: a built network.
        image: (H, W, C) or (1, H, W, C), as the network takes it.
        layer: a layer with images as its output, such as a convolution or a residual block, its path or its position.
        count: how many channels to draw at most, the first ones.
        shown: the image as it should be drawn, of any size, if not as the network takes it.
        path: where to save the figure; None does not.

    Returns:
        A matplotlib Figure: a panel for the image, one for each channel, and a scale.

    Raises:
        ValueError: for what is not one image, or not such a layer.
        ImportError: if matplotlib is missing.

    Example:
        >>> import cnnc
        >>> (x, labels), test = cnnc.data.digits()
        >>> len(cnnc.plot.activation_maps(cnnc.models.lenet5(), x[0], layer=1, count=5).axes)
        7
    """
    count, (x, drawn) = check_count(count, "count"), canvas.batch_of(net, image, shown)
    if len(x) != 1:
        raise ValueError(f"image must be a single one: received {len(x)}")
    layer = explain.layer_at(net, layer)
    height, width, channels = layer.images(layer.output_shape)
    outputs = net.activations(x)
    layer.expect(layer.path in outputs, "it must take part in inference", "a part of an auxiliary head")
    maps = outputs[layer.path][0, ..., :count]
    figure, (first, *others) = canvas.panels(1 + maps.shape[-1], width, height)
    first.imshow(drawn[0], **_over(maps[None]))
    canvas.title(first, "image", 8)
    for number, axes in enumerate(others):
        last = axes.imshow(maps[..., number], interpolation="nearest", **canvas.signed_or_not(maps))
        canvas.title(axes, str(number), 8)
    figure.suptitle(
        f"{layer.title}: {_some(maps.shape[-1], channels)} maps {height}x{width}", fontsize=9, color=canvas.INK
    )
    canvas.scale(figure, last, [first, *others])
    return canvas.saved(figure, path)


def saliency(net, images, labels=None, classes=None, shown=None, path=None):
    """Images beside their saliency maps: how much the score of a class depends on each pixel.

    (Simonyan, Vedaldi, Zisserman, 2013; see `cnnc.explain.saliency`.)

    Args:
        net: a built network of images with outputs (K,).
        images: (H, W, C) or (N, H, W, C), as the network takes them.
        labels: an int, or N of them: whose score. Those that the network takes the images for unless given.
        classes: K names.
        shown: the images as they should be drawn, of any size, if not as the network takes them.
        path: where to save the figure; None does not.

    Returns:
        A matplotlib Figure: a row for each image, its panel and that of its map.

    Raises:
        ValueError: as `cnnc.explain.saliency`, or for names or pictures that are too few.
        ImportError: if matplotlib is missing.

    Example:
        >>> import cnnc
        >>> (x, labels), test = cnnc.data.digits()
        >>> len(cnnc.plot.saliency(cnnc.models.lenet5(), x[:2], labels[:2]).axes)
        4
    """
    x, drawn, labels, names = _scored(net, images, labels, classes, shown)
    maps = explain.saliency(net, x, labels)
    figure, all_axes = _pairs(drawn)
    for axes, values, label in zip(all_axes[1::2], maps, labels, strict=True):
        axes.imshow(
            values, cmap=canvas.HEAT, vmin=0, vmax=canvas.limit(values), interpolation="nearest", **_over(drawn)
        )
        canvas.title(axes, f"pixels that count for {names[label]}")
    return canvas.saved(figure, path)


def grad_cam(net, images, labels=None, layer=None, classes=None, shown=None, path=None):
    """Images, and again with what counts for a class laid over them: dark red to yellow, on gray.

    (Selvaraju et al., 2017; see `cnnc.explain.grad_cam`.)

    Args:
        net, images, labels, classes, shown, path: as for `saliency`.
        layer: whose maps are weighted: a layer with images as its output, its path or its position. Unless given, the
            last one before the network pools images into classes.

    Returns:
        A matplotlib Figure: a row for each image, its panel and that with the map over it.

    Raises:
        ValueError: as `cnnc.explain.grad_cam`, or for names or pictures that are too few.
        ImportError: if matplotlib is missing.

    Example:
        >>> import cnnc
        >>> (x, labels), test = cnnc.data.digits()
        >>> len(cnnc.plot.grad_cam(cnnc.models.lenet5(), x[0]).axes)
        2
    """
    x, drawn, labels, names = _scored(net, images, labels, classes, shown)
    maps = explain.grad_cam(net, x, labels, layer)
    figure, all_axes = _pairs(drawn)
    gray = 0.3 + 0.6 * drawn.mean(axis=-1)
    for number, axes in enumerate(all_axes[1::2]):
        heat = maps[number] / canvas.limit(maps[number])
        axes.imshow(gray[number], cmap="gray", vmin=0, vmax=1)
        axes.imshow(heat, cmap=canvas.HEAT, vmin=0, vmax=1, alpha=0.75 * np.sqrt(heat), interpolation="bilinear",
                    **_over(drawn))  # fmt: skip
        canvas.title(axes, f"where it sees {names[labels[number]]}")
    return canvas.saved(figure, path)


def receptive_field(net, layer, position=None, image=None, path=None):
    """What one place of a layer's output sees of the input, drawn over an image.

    Args:
        net: a built network of images.
        layer: a layer, its path or its position.
        position: (row, column) of its output, from 0; the middle unless given.
        image: (H, W, C) of any size, drawn below; blank unless given.
        path: where to save the figure; None does not.

    Returns:
        A matplotlib Figure with one panel.

    Raises:
        ValueError: for a network of other things than images, a layer that is not in it, or a place that its output
            does not have.
        ImportError: if matplotlib is missing.

    Example:
        >>> import cnnc
        >>> figure = cnnc.plot.receptive_field(cnnc.models.lenet5(), layer=3, position=(4, 4))
        >>> figure.axes[0].get_title(loc="left")
        'Conv2D "3" at (4, 4)\\nsees 14x14 of 28x28 pixels'
    """
    height, width, _ = net._built().images(net.input_shape)
    layer = explain.layer_at(net, layer)
    place = tuple(n // 2 for n in layer.output_shape[:-1]) if position is None else position
    rows, columns = explain.receptive_field(net, layer, place)
    figure = canvas.new_figure(3.6, 3.6 * height / width + 0.6)
    axes = figure.subplots()
    axes.tick_params(labelsize=7, colors=canvas.QUIET)
    axes.spines[:].set_color(canvas.QUIET)
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    if image is not None:
        axes.imshow(canvas.pictures(np.asarray(image)[None])[0], extent=extent)
    veil = np.ones((height, width, 4))
    veil[..., 3] = 0.7
    veil[rows, columns, 3] = 0
    axes.imshow(veil if image is not None else np.where(veil[..., 3:] > 0, 1.0, 0.85).repeat(3, axis=2), extent=extent)
    corner = columns.start - 0.5, rows.start - 0.5
    seen = rows.stop - rows.start, columns.stop - columns.start
    axes.add_patch(
        _rectangle(corner, seen[1], seen[0], fill=False, edgecolor=canvas.ORANGE, linewidth=2, clip_on=False)
    )
    at = f" at ({', '.join(map(str, place))})" if place else ""
    canvas.title(axes, f"{layer.title}{at}\nsees {seen[0]}x{seen[1]} of {height}x{width} pixels")
    return canvas.saved(figure, path)


def _rectangle(corner, width, height, **how):
    from matplotlib.patches import Rectangle  # new_figure has told whether it is there

    return Rectangle(corner, width, height, **how)


def _with_filters(net, layer):
    """A layer with filters (KH, KW, C, K), of which the last axis counts."""
    layers = net._built().walk() if layer is None else [explain.layer_at(net, layer)]
    for each in layers:
        weight = each.own_parameters().get("weight")
        if weight is not None and len(weight.shape) == 4:
            net.flat  # noqa: B018 - parameters get their values when they are first asked for
            return each
    received = "a network without" if layer is None else explain.layer_at(net, layer).title
    raise ValueError(f"layer must have filters (KH, KW, C, K): received {received}")


def _mosaic(tiles, across, gap):
    """Tiles in rows of `across`, enlarged by a whole number, with gaps of one or two pixels between them."""
    _, height, width, *colours = tiles.shape
    factor = -(-TILE // max(height, width))
    space = 2 if factor > 1 else 1
    big = tiles.repeat(factor, axis=1).repeat(factor, axis=2)
    down = -(-len(big) // across)
    step = height * factor + space, width * factor + space
    picture = np.full((down * step[0] - space, across * step[1] - space, *colours), gap)
    for number, tile in enumerate(big):
        row, column = divmod(number, across)
        picture[row * step[0] :, column * step[1] :][: tile.shape[0], : tile.shape[1]] = tile
    return picture


def _some(drawn, count):
    return f"{drawn} of {count}" if drawn < count else f"{count}"


def _scored(net, images, labels, classes, shown):
    """(batch, the same as shown, a class for each, names of classes)."""
    x, drawn = canvas.batch_of(net, images, shown)
    explain.check_images(net, x)
    return x, drawn, explain.check_classes(net, x, labels), canvas.check_names(classes, net.output_shape[0])


def _pairs(drawn):
    """A figure of a row for each image: its panel, and one for what is made of it."""
    figure, axes = canvas.panels(2 * len(drawn), drawn.shape[2], drawn.shape[1], columns=2, side=2.2)
    for number, each in enumerate(drawn):
        axes[2 * number].imshow(each)
        canvas.title(axes[2 * number], "image" if len(drawn) == 1 else f"image {number}")
    return figure, axes


def _over(drawn):
    """Where a map lies to cover a picture of another size."""
    return {"extent": (-0.5, drawn.shape[2] - 0.5, drawn.shape[1] - 0.5, -0.5)}
