"""Which module of a weight file belongs to which layer: from shapes, names and order.

Names such as "layer1.0.conv1" are paths in a tree. Networks are written so that what has a common prefix runs together:
a subtree of n modules covers n layers that follow each other. Inside a subtree, parts that differ in a number (conv1,
conv2) or a single letter (inception4a, inception4b) stand in that order; parts that differ in a word (conv3,
downsample) may stand in any order, since the alphabet knows nothing of networks. Among the orders that give every
layer a module of its shapes, the best is the one in which most subtrees cover exactly a container of layers.
"""

import itertools
import re
from collections import Counter

MOST_STATES = 4096  # of one subtree; more means that hardly anything tells its parts apart


class Ambiguous(ValueError):
    """Two ways to match are equally good; `position` is the first layer where they differ, `names` its modules."""

    def __init__(self, position, names):
        super().__init__(f"ambiguous between {names[0]} and {names[1]}")
        self.position, self.names = position, names


def natural(name):
    """A sorting key that reads numbers as numbers: layer1.2 before layer1.10."""
    return [[(isinstance(t, str), t) for t in _tokens(part)] for part in name.split(".")]


def _tokens(part):
    """ "inception4a" as ("inception", 4, "a")."""
    return tuple(int(t) if t.isdecimal() else t for t in re.findall(r"[0-9]+|[^0-9_\-]+", part))


def comes_before(a, b):
    """Whether the numbers in two names say that `a` comes before `b`; False both ways when they say nothing."""
    for one, other in zip(map(_tokens, a.split(".")), map(_tokens, b.split(".")), strict=False):
        for x, y in zip(one, other, strict=False):
            if x == y:
                continue
            counted = isinstance(x, int) and isinstance(y, int)
            lettered = isinstance(x, str) and isinstance(y, str) and len(x) == len(y) == 1
            return (counted or lettered) and x < y
        if len(one) != len(other):  # conv, conv1
            return len(one) < len(other) and isinstance(other[len(one)], int)
    return False


class _Node:
    """A prefix, or at a leaf the name of a module."""

    def __init__(self, part=""):
        self.part = part
        self.name = None
        self.children = {}
        self.size = 0
        self.found = {}  # what `_fit` found, by position

    def add(self, name):
        node = self
        node.size += 1
        for part in [*name.split("."), ""]:  # a module may stand beside modules inside it
            node = node.children.setdefault(part, _Node(part))
            node.size += 1
        node.name = name

    def earlier(self):
        """For each child a bit mask of the children that must come before it."""
        parts = list(self.children)
        return [sum(1 << i for i, other in enumerate(parts) if comes_before(other, part)) for part in parts]


def _better(a, b):
    """The better of two results (score, orders); both orders where they are equally good."""
    if a is None or b is None or a[0] != b[0]:
        return max((r for r in (a, b) if r is not None), key=lambda r: r[0])
    return a[0], (a[1] + b[1])[:2]


def _fit(node, start, wanted, modules, spans):
    """(score, up to two orders of names) of a subtree that covers the layers from `start`; None if nothing fits."""
    if start not in node.found:
        if node.name is not None:
            node.found[start] = (0, [(node.name,)]) if modules[node.name] == wanted[start] else None
        else:
            node.found[start] = _arranged(node, start, wanted, modules, spans)
    return node.found[start]


def _arranged(node, start, wanted, modules, spans):
    """The children one after the other, in the best order."""
    children, earlier = list(node.children.values()), node.earlier()
    states = {0: (0, [()], start)}  # children placed, as a bit mask -> score, orders, next position
    for _ in children:
        longer = {}
        for placed, (score, orders, position) in states.items():
            for i, child in enumerate(children):
                if placed >> i & 1 or earlier[i] & ~placed:
                    continue
                inner = _fit(child, position, wanted, modules, spans)
                if inner is not None:
                    both = [a + b for a in orders for b in inner[1]][:2]
                    known = longer.get(placed | 1 << i)
                    best = _better(known and known[:2], (score + inner[0], both))
                    longer[placed | 1 << i] = *best, position + child.size
        if len(longer) > MOST_STATES:
            raise Ambiguous(start, [child.part for child in children[:2]])
        states = longer
    if not states:
        return None
    ((score, orders, end),) = states.values()
    return score + ((start, end) in spans and len(children) > 1), orders


def match(wanted, modules, spans, in_order=False):
    """Names of modules in the order of the layers that they belong to.

    Args:
        wanted: a signature (anything hashable) for each layer, in the order of the network.
        modules: name -> signature, as often each as in `wanted`.
        spans: (start, end) of each container: the layers inside it.
        in_order: whether the order of `modules` is known to be that of a network, and not of the alphabet.

    Raises:
        Ambiguous: if names, shapes and order leave a choice.
    """
    if in_order and list(modules.values()) == list(wanted):
        return list(modules)
    root = _Node()
    for name in modules:
        root.add(name)
    try:
        found = _fit(root, 0, wanted, modules, spans)
        if found is not None and len(found[1]) == 2:
            position = next(i for i, (a, b) in enumerate(zip(*found[1], strict=True)) if a != b)
            raise Ambiguous(position, [order[position] for order in found[1]])
    except Ambiguous:
        if not in_order:
            raise
        found = None
    return list(found[1][0]) if found is not None else _by_signature(wanted, modules, in_order)


def _by_signature(wanted, modules, in_order):
    """Each layer takes the next module of its signature."""
    queues = {}
    for name in modules if in_order else sorted(modules, key=natural):
        queues.setdefault(modules[name], []).append(name)
    for signature, names in queues.items():
        for a, b in itertools.pairwise(names):
            if not (in_order or comes_before(a, b)):
                raise Ambiguous(list(wanted).index(signature), [a, b])
    return [queues[signature].pop(0) for signature in wanted]


def fitting(modules, layers):
    """The names in `modules` and in `layers`, both name -> signature, that have a partner in the other.

    Where one side has more of a signature, those that stand together with a misfit go, as an auxiliary head does when
    the other side has none; where that does not help, all of that signature go.
    """
    modules, layers = _without_misfits(modules, layers), _without_misfits(layers, modules)
    have, want = Counter(modules.values()), Counter(layers.values())
    return [[n for n in side if have[side[n]] == want[side[n]]] for side in (modules, layers)]


def _without_misfits(ours, theirs):
    have, want = Counter(ours.values()), Counter(theirs.values())
    odd = {group for name, signature in ours.items() if not want[signature] for group in _groups(name)}
    return {n: s for n, s in ours.items() if want[s] and (have[s] <= want[s] or not odd.intersection(_groups(n)))}


def _groups(name):
    """The prefixes of a name: "a" and "a.b" of "a.b.c"."""
    parts = name.split(".")
    return {".".join(parts[:i]) for i in range(1, len(parts))}
