"""A profile as a picture: boxes on boxes, as wide as their time."""

from dataclasses import dataclass, field
from html import escape

WIDTH, ROW, MARGIN = 1200, 20, 10  # pixels
LETTER = 6.2  # pixels: about the width of a letter
LEGEND = 5  # boxes


@dataclass
class Box:
    """A layer or a step with what is inside it, in the order of the program."""

    name: str
    seconds: float = 0.0
    least: float = 0.0
    note: str = ""
    inside: dict = field(default_factory=dict)

    def add(self, names, step, note):
        """Adds a step under the names of its layers."""
        self.seconds += step.seconds
        self.least += step.least
        if not names:
            self.inside[len(self.inside)] = Box(step.operation, step.seconds, step.least, note)
            return
        self.inside.setdefault(names[0], Box(names[0])).add(names[1:], step, note)

    def depth(self):
        return 1 + max((box.depth() for box in self.inside.values()), default=0)


def svg(profile):
    """The text of an SVG file."""
    root = Box("network")
    for step in profile.steps:
        note = f"{step.part}, {step.flops / 1e6:.2f} MFLOP, {step.bytes / 1e6:.3f} MB {step.algorithm}"
        root.add(step.layers, step, note.strip())
    height = 2 * MARGIN + ROW * (root.depth() + 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="11">',
        f"<title>{escape(profile.title)}</title>",
        f'<text x="{MARGIN}" y="{MARGIN + 14}">{escape(profile.title)}</text>',
        *_legend(),
        *_boxes(root, MARGIN, MARGIN + 2 * ROW, (WIDTH - 2 * MARGIN) / max(root.seconds, 1e-12), root.seconds),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _boxes(box, x, y, scale, total):
    """The elements of a box and of all inside it; `scale` is in pixels a second."""
    width, share = box.seconds * scale, box.least / max(box.seconds, 1e-12)
    words = (
        f"{box.name}: {box.seconds * 1e3:.3f} ms, {box.seconds / max(total, 1e-12):.1%}; {share:.0%} of the roofline"
    )
    words += f"; {box.note}" if box.note else ""
    yield (f'<g><title>{escape(words)}</title><rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{ROW - 1}" '
           f'fill="{_colour(share)}" stroke="white" stroke-width="0.5"/>')  # fmt: skip
    letters = int((width - 6) / LETTER)
    if letters >= 3:
        name = box.name if len(box.name) <= letters else f"{box.name[: letters - 1]}…"
        yield f'<text x="{x + 3:.2f}" y="{y + 14}">{escape(name)}</text>'
    yield "</g>"
    for inner in box.inside.values():
        yield from _boxes(inner, x, y + ROW, scale, total)
        x += inner.seconds * scale


def _colour(share):
    """Red for 0, yellow for a half, green for all of the roofline."""
    return f"hsl({120 * min(max(share, 0), 1):.0f}, 70%, 65%)"


def _legend():
    """Boxes of all colours at the right."""
    left = WIDTH - MARGIN - 60 * LEGEND
    yield f'<text x="{left - 6}" y="{MARGIN + 14}" text-anchor="end">share of the roofline</text>'
    for i in range(LEGEND):
        share = i / (LEGEND - 1)
        yield f'<rect x="{left + 60 * i}" y="{MARGIN}" width="59" height="{ROW - 1}" fill="{_colour(share)}"/>'
        yield f'<text x="{left + 60 * i + 4}" y="{MARGIN + 14}">{share:.0%}</text>'
