"""Where the boxes of a diagram stand: a network from top to bottom, branches side by side, in pixels."""

from dataclasses import dataclass, field, replace

from cnnc.geometry.windows import times
from cnnc.layers import Auxiliary, Flatten, Identity, Reshape

LINE = 15  # of text
ARROW = 18  # between boxes
APART = 16  # between branches
LANE = 10  # beside a line alone
MARGIN = 12
LETTER = 6.1  # about the width of a letter
ROOM = 16  # beside a text, both sides together


@dataclass
class Box:
    """A box with lines of text; `kind` tells its colour, `note` all about the layer."""

    x: float
    y: float
    width: float
    height: float
    lines: list
    kind: str
    note: str


@dataclass
class Line:
    """A way of numbers through points (x, y), with or without a head."""

    points: list
    arrow: bool = True


@dataclass
class Block:
    """Boxes and lines around a way straight down from (0, 0), where numbers enter, to (0, height).

    They reach from -left to right. `foot` is the box in which the way ends, if it does not go on as a line.
    """

    left: float = 0
    right: float = 0
    height: float = 0
    boxes: list = field(default_factory=list)
    lines: list = field(default_factory=list)
    foot: Box | None = None

    def put(self, block, x, y):
        """Adds what is in another block, moved."""
        self.boxes += [replace(box, x=box.x + x, y=box.y + y) for box in block.boxes]
        self.lines += [replace(line, points=[(a + x, b + y) for a, b in line.points]) for line in block.lines]
        self.left, self.right = max(self.left, block.left - x), max(self.right, block.right + x)

    def add(self, box, y):
        """Adds a box in the middle, with its top at y; the way ends in it."""
        self.foot = replace(box, x=-box.width / 2, y=y)
        self.boxes.append(self.foot)
        self.left, self.right = max(self.left, box.width / 2), max(self.right, box.width / 2)
        self.height = y + box.height

    def line(self, *points, arrow=True):
        self.lines.append(Line(list(points), arrow))


def placed(net):
    """(width, height, boxes, lines) of the diagram of a built network."""
    net = net._built()
    whole = _stack([net], _Words(), [_box([f"input {times(net.input_shape)}"], "input", "input")])
    drawing = Block()
    drawing.put(whole, whole.left + MARGIN, MARGIN)
    return whole.left + whole.right + 2 * MARGIN, whole.height + 2 * MARGIN, drawing.boxes, drawing.lines


class _Words:
    """What boxes say; parameters that layers share are counted once."""

    def __init__(self):
        self._counted = set()

    def box(self, layer):
        """The box of a layer without layers inside."""
        name = f"{layer.path} {type(layer).__name__}".strip()
        window = layer.window()
        if window and window[0] != layer.input_shape[:-1]:
            kernel, stride, _ = window
            name += f" {times(kernel)}"
            name += f" /{times(dict.fromkeys(stride))}" if any(step != 1 for step in stride) else ""
        own = {id(p): p.size for p in layer.own_parameters().values() if p.learned}
        size = sum(n for key, n in own.items() if key not in self._counted)
        self._counted.update(own)
        count = [f"{size:,} parameters"] if size else ["shared"] if own else []
        kind = _kind(layer)
        shape = [times(layer.output_shape)] if kind != "strip" or layer.output_shape != layer.input_shape else []
        lines = [", ".join([name, *shape, *count])] if kind == "strip" else [name, ", ".join(shape + count)]
        return _box(lines, kind, repr(layer))


def _kind(layer):
    """What a layer is in the eyes of somebody who draws it."""
    window = None if isinstance(layer, (Flatten, Reshape)) else layer.window()
    if any(p.learned and len(p.shape) > 1 for p in layer.own_parameters().values()):
        return "convolution" if window else "dense"
    return "pooling" if window else "strip"


def _box(lines, kind, note):
    width = ROOM + LETTER * max(map(len, lines))
    return Box(0, 0, width, LINE * len(lines) + (4 if len(lines) == 1 else 8), lines, kind, note)


def _steps(layers):
    """Layers one after the other, those inside chains among them."""
    for layer in layers:
        if hasattr(layer, "join") or isinstance(layer, Auxiliary) or not layer.children():
            yield layer
        else:
            yield from _steps(layer.children())


def _stack(layers, words, boxes=()):
    """Boxes, then layers, one below the other. Boxes are of one width; strips hang below what is there."""
    parts = [*boxes, *(_part(layer, words) for layer in _steps(layers) if not isinstance(layer, Identity))]
    wide = max((part.width for part in parts if isinstance(part, Box)), default=0)
    whole = Block(left=LANE, right=LANE)
    for part in parts:
        if isinstance(part, Box) and part.kind == "strip" and whole.foot:
            whole.add(replace(part, width=max(part.width, whole.foot.width)), whole.height)
            continue
        y = whole.height + (ARROW if whole.height else 0)
        if whole.height:
            whole.line((0, whole.height), (0, y), arrow=isinstance(part, Box))
        if isinstance(part, Box):
            whole.add(replace(part, width=wide), y)
        else:
            whole.put(part, 0, y)
            whole.height = y + part.height
            whole.foot = part.foot
    return whole


def _part(layer, words):
    """The box of a layer, or the block of one with layers inside."""
    if isinstance(layer, Auxiliary):
        return _aside(layer, words)
    return _branches(layer, words) if layer.children() else words.box(layer)


def _branches(layer, words):
    """Branches side by side, and what joins them as a bar below."""
    stacks = [_stack([child], words) for child in layer.children()]
    bar = _box([f"{layer.path} {type(layer).__name__}, {times(layer.output_shape)}"], "join", repr(layer))
    wide = sum(stack.left + stack.right for stack in stacks) + APART * (len(stacks) - 1)
    top, bottom = ARROW, 2 * ARROW + max(stack.height for stack in stacks)
    whole, x, ways = Block(), -wide / 2, []
    for stack in stacks:
        x += stack.left
        ways.append(x)
        whole.put(stack, x, top)
        whole.line((x, 0), (x, top if stack.height else bottom))
        if stack.height:
            whole.line((x, top + stack.height), (x, bottom))
        x += stack.right + APART
    whole.line((min(ways), 0), (max(ways), 0), arrow=False)
    whole.add(replace(bar, width=max(bar.width, wide)), bottom)
    return whole


def _aside(layer, words):
    """The way past an auxiliary head, which stands at the right."""
    title = _box([f"{layer.path} Auxiliary, weight {layer.weight:g}"], "strip", repr(layer))
    head = _stack(layer.children(), words, [title])
    whole, x = Block(height=head.height + 2 * ARROW), LANE + APART + head.left
    whole.put(head, x, ARROW)
    whole.left = max(whole.left, LANE)
    whole.line((0, 0), (0, whole.height), arrow=False)
    whole.line((0, 0), (x, 0), (x, ARROW))
    return whole
