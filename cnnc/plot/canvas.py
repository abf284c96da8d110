"""What all pictures share: figures without pyplot, colours, images as they are shown, and grids of them."""

import math

import numpy as np

INK, QUIET = "#1f2933", "#7b8794"
BLUE, ORANGE = "#0072b2", "#d55e00"  # from the eight that Okabe and Ito chose for all kinds of sight
SIGNED, AMOUNT, HEAT = "RdBu_r", "viridis", "inferno"  # colour maps: around 0, from 0 up, over a picture
DPI = 100


def new_figure(width, height):
    """An empty figure of so many inches, whose parts make room for each other."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("pictures need matplotlib, an extra: pip install cnnc[plot]") from None
    return Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")


def saved(figure, path):
    """The figure, saved if there is a path."""
    if path is not None:
        figure.savefig(path)
    return figure


def title(axes, text, size=9):
    """A title at the left, in ink."""
    axes.set_title(text, fontsize=size, color=INK, loc="left", pad=4)


def panels(count, width, height, columns=None, side=1.3, above=0.35):
    """A figure with `count` axes without ticks, in rows, for images of that width and height; returns (figure, axes).

    Args:
        count: how many.
        width, height: of an image, pixels; only their ratio matters.
        columns: in a row; as many as rows or somewhat more unless given.
        side: inches of the longer side of an image.
        above: inches for a title.
    """
    columns = columns or _columns(count)
    rows = -(-count // columns)
    scale = side / max(width, height)
    least = 0.45  # inches, of images that are long and thin
    figure = new_figure(columns * (max(width * scale, least) + 0.1), rows * (max(height * scale, least) + above) + 0.1)
    all_axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in all_axes:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
    for axes in all_axes[count:]:
        axes.remove()
    return figure, all_axes[:count]


def _columns(count):
    """Of the numbers of columns from square to twice as wide as high, the one that leaves fewest places empty."""
    if count <= 4:
        return count
    return min(range(math.ceil(math.sqrt(count)), math.isqrt(2 * count) + 2), key=lambda n: -count % n)


def check_names(classes, count):
    """Names of `count` classes as texts: their numbers unless given."""
    names = [str(name) for name in (range(count) if classes is None else classes)]
    if len(names) < count:
        raise ValueError(f"classes must have a name for each of {count}: received {len(names)}")
    return names


def pictures(x):
    """Images as they are shown: (N, H, W, 3) from 0 to 1.

    Bytes are divided by 255, numbers from 0 to 1 stay. Other numbers, such as normalised images, are scaled image by
    image, from the smallest to the largest.

    Args:
        x: (N, H, W), (N, H, W, 1) or (N, H, W, 3), real numbers.

    Raises:
        ValueError: for another shape.
        TypeError: for what is not real numbers.
    """
    x = np.asarray(x)
    if x.dtype.kind not in "buif":
        raise TypeError(f"images must be real numbers: received dtype {x.dtype}")
    if x.ndim == 3:
        x = x[..., None]
    if x.ndim != 4 or x.shape[-1] not in (1, 3) or not x.size:
        raise ValueError(f"images to show must be gray or red, green, blue, (N, H, W), (N, H, W, 1) or (N, H, W, 3): "
                         f"received the shape {x.shape}")  # fmt: skip
    if x.dtype == np.uint8:
        shown = x / 255
    else:
        shown = x.astype(np.float64)
        if not (shown.min() >= 0 and shown.max() <= 1):
            low, high = (f(shown, axis=(1, 2, 3), keepdims=True) for f in (np.nanmin, np.nanmax))
            shown = (shown - low) / np.where(high > low, high - low, 1)
    return np.repeat(shown, 3, axis=-1) if x.shape[-1] == 1 else shown


def batch_of(net, images, shown=None):
    """(batch as the network takes it, the same as it is shown) of images (N, H, W, C) or of a single one.

    `shown` are the images as they should be drawn, perhaps of another size, if not as the network takes them.
    """
    images, shown = np.asarray(images), np.asarray(images if shown is None else shown)
    if images.ndim == len(net._built().input_shape):
        images, shown = images[None], shown[None]
    x, drawn = net.check_images(images), pictures(shown)
    if len(x) != len(drawn):
        raise ValueError(f"there must be a picture to show for each of {len(x)} images: received {len(drawn)}")
    return x, drawn


def limit(values):
    """The largest size among finite values, for a scale that is symmetric around 0; 1 if all are 0."""
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0)) or 1.0


def signed_or_not(values):
    """Settings for drawing numbers: colours around 0 if some are negative, else from 0 up."""
    signed, largest = np.nanmin(values) < 0, limit(values)
    return {"cmap": SIGNED if signed else AMOUNT, "vmin": -largest if signed else 0, "vmax": largest}


def scale(figure, drawn, axes):
    """Adds the scale of a drawn map beside axes."""
    bar = figure.colorbar(drawn, ax=axes, shrink=0.8, aspect=30, pad=0.02)
    bar.ax.tick_params(labelsize=7, colors=INK)
    bar.outline.set_visible(False)
