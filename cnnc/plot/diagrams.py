"""Diagrams of networks: boxes with names, shapes and parameters, branches side by side. As SVG without matplotlib."""

from html import escape

from cnnc.plot.canvas import INK, QUIET, new_figure, saved
from cnnc.plot.layout import LINE, placed

__all__ = ["diagram", "diagram_svg"]

FONT = 11  # pixels
DOTS = 100  # pixels of the layout to an inch
FILL = {"convolution": "#cfe3f3", "pooling": "#cdeade", "dense": "#fbdfc8", "join": "#ead7ea", "strip": "#f1f3f5",
        "input": "#ffffff"}  # fmt: skip
HEAD = 4  # pixels: half the width of an arrow's head


def diagram_svg(net, path=None):
    """A diagram of a network as the text of an SVG file.

    A layer that changes shapes is a box: its path, name and window (3x3, /2 for a stride of 2), its output's shape and
    its parameters. What works on single numbers or normalises is a strip below. Branches of Add, Multiply and Concat
    stand side by side over a bar; an Identity is a line; auxiliary heads stand at the right.

    Args:
        net: a built network.
        path: where to save the text; None does not.

    Returns:
        The text. Pointing at a box shows the layer's settings.

    Raises:
        ValueError: if the network is not built.
        OSError: if the file cannot be written.

    Example:
        >>> import cnnc
        >>> text = cnnc.plot.diagram_svg(cnnc.models.lenet5())
        >>> text.startswith("<svg") and "0 Conv2D 5x5" in text
        True
    """
    width, height, boxes, lines = placed(net)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="sans-serif" font-size="{FONT}" text-anchor="middle">',
        f'<rect width="{width:g}" height="{height:g}" fill="white"/>',
    ]
    for line in lines:
        points = " ".join(f"{x:g},{y:g}" for x, y in line.points)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{QUIET}"/>')
        if line.arrow:
            head = " ".join(f"{x:g},{y:g}" for x, y in _head(line))
            parts.append(f'<polygon points="{head}" fill="{QUIET}"/>')
    for box in boxes:
        parts.append(f'<g><title>{escape(box.note)}</title><rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" '
                     f'height="{box.height:g}" fill="{FILL[box.kind]}" stroke="{QUIET}"/>')  # fmt: skip
        for number, text in enumerate(box.lines):
            y = _middle(box, number) + 0.35 * FONT  # of the letters' foot
            parts.append(f'<text x="{box.x + box.width / 2:g}" y="{y:g}" fill="{INK}">{escape(text)}</text>')
        parts.append("</g>")
    text = "\n".join([*parts, "</svg>"]) + "\n"
    if path is not None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return text


def diagram(net, path=None):
    """The same diagram as a figure.

    Args:
        net: a built network.
        path: where to save the figure; None does not.

    Returns:
        A matplotlib Figure with one panel.

    Raises:
        ValueError: if the network is not built.
        ImportError: if matplotlib is missing.

    Example:
        >>> import cnnc
        >>> figure = cnnc.plot.diagram(cnnc.models.lenet5())
        >>> len(figure.axes)
        1
    """
    width, height, boxes, lines = placed(net)
    figure = new_figure(width / DOTS, height / DOTS)
    from matplotlib.patches import Polygon, Rectangle

    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    for line in lines:
        axes.plot(*zip(*line.points, strict=True), color=QUIET, linewidth=0.8)
        if line.arrow:
            axes.add_patch(Polygon(_head(line), facecolor=QUIET, linewidth=0))
    for box in boxes:
        axes.add_patch(Rectangle((box.x, box.y), box.width, box.height, facecolor=FILL[box.kind], edgecolor=QUIET,
                                 linewidth=0.8, zorder=3))  # fmt: skip
        for number, text in enumerate(box.lines):
            axes.text(box.x + box.width / 2, _middle(box, number), text, ha="center", va="center", color=INK, zorder=4,
                      fontsize=0.9 * FONT * 72 / DOTS, parse_math=False)  # fmt: skip
    return saved(figure, path)


def _middle(box, number):
    """The height of the middle of a line of a box."""
    return box.y + (box.height - LINE * len(box.lines)) / 2 + LINE * (number + 0.5)


def _head(line):
    """The head of an arrow that points down."""
    x, y = line.points[-1]
    return (x - HEAD, y - 2 * HEAD), (x + HEAD, y - 2 * HEAD), (x, y)
