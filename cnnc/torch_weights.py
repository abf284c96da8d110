"""Weights in PyTorch's names and layouts: read into a network, and written from one. Nothing in a file is executed."""

import contextlib
import os
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from cnnc.io import opened, write_tensors
from cnnc.layers import Auxiliary, Concat, Flatten
from cnnc.layers.containers import Branches
from cnnc.matching import Ambiguous, fitting, match, natural

COUNTERS = "num_batches_tracked"  # PyTorch counts batches for a kind of averaging that is not used here


class Row(NamedTuple):
    """What became of one array: `name` there, `path` here, its `shape` there; one of the two is None if unused."""

    name: str | None
    path: str | None
    shape: tuple
    note: str


class Report(list):
    """What went where: a list of rows (name, path, shape, note) that prints as a table."""

    def __str__(self):
        cells = [("name", "path", "shape", ""), *((r.name or "-", r.path or "-", str(r.shape), r.note) for r in self)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)


class Slot(NamedTuple):
    """A parameter, and how PyTorch keeps it: filters (K, C, ...), matrices (out, in), vectors as they are.

    `order` says at which place PyTorch has each of the layer's inputs, where a Flatten has read (H, W, C) here and
    (C, H, W) there.
    """

    path: str
    parameter: object
    order: np.ndarray | None

    @property
    def shape(self):
        shape = self.parameter.shape
        return (*shape[:-3:-1], *shape[:-2])

    def to_torch(self, array):
        if self.order is not None:
            array = array[np.argsort(self.order)]
        rank = array.ndim
        return array if rank == 1 else array.transpose(rank - 1, rank - 2, *range(rank - 2))

    def from_torch(self, array):
        array = array if array.ndim == 1 else array.transpose(*range(2, array.ndim), 1, 0)
        return array if self.order is None else array[self.order]


# --- the network's side


def _flattened(layer, order, seen):
    """Notes in `seen` the order in which PyTorch has each layer's input vector; returns that of the output's.

    An order is an array: for each element here its place there. None: the same place.
    """
    seen.setdefault(id(layer), order)
    if isinstance(layer, Flatten):
        shape = layer.input_shape
        places = np.arange(np.prod(shape)).reshape(shape[-1], *shape[:-1])
        return np.moveaxis(places, 0, -1).ravel() if len(shape) > 1 else order
    if isinstance(layer, Branches):
        outputs = [_flattened(child, order, seen) for child in layer.children()]
        return _side_by_side(layer, outputs) if isinstance(layer, Concat) else outputs[0]
    before = order
    for child in layer.children():
        order = _flattened(child, order, seen)
    if isinstance(layer, Auxiliary):  # a head on the side: what follows sees its input
        return before
    mixes = any(len(parameter.shape) > 1 for parameter in layer.own_parameters().values())  # as a dense layer does
    return order if layer.children() or (layer.output_shape == layer.input_shape and not mixes) else None


def _side_by_side(layer, orders):
    """The order of vectors one after the other."""
    if all(order is None for order in orders):
        return None
    sizes = [child.output_shape[0] for child in layer.children()]
    starts = np.cumsum([0, *sizes[:-1]])
    return np.concatenate([start + (np.arange(size) if order is None else order)
                           for start, size, order in zip(starts, sizes, orders, strict=True)])  # fmt: skip


def _modules(net):
    """(modules, spans): path -> {name there: Slot} of each layer with parameters, and what each container holds."""
    orders, modules, spans, taken = {}, {}, set(), set()
    _flattened(net, None, orders)

    def visit(layer):
        start = len(modules)
        slots, own = {}, layer.own_parameters()
        rank = max((len(parameter.shape) for parameter in own.values()), default=0)
        for name, parameter in own.items():
            if id(parameter) not in taken:
                taken.add(id(parameter))
                inward = len(parameter.shape) == rank  # a matrix has an axis of inputs, the bias beside it has none
                order = orders[id(layer)] if inward else None
                order = order if order is not None and parameter.shape[0] == len(order) else None
                slots[name] = Slot(f"{layer.path}.{name}".lstrip("."), parameter, order)
        if slots:
            modules[layer.path] = slots
        for child in layer.children():
            visit(child)
        if layer.children():
            spans.add((start, len(modules)))

    visit(net)
    return modules, spans


# --- the file's side


def _arrays(path_or_mapping):
    """(where it is from, name -> array, whether the order of names means something)."""
    if isinstance(path_or_mapping, Mapping):
        arrays = {str(name): _array(str(name), value) for name, value in path_or_mapping.items()}
        return "weights", arrays, list(arrays) != sorted(arrays)
    path = os.fspath(path_or_mapping)
    with open(path, "rb") as file:
        head = file.read(9)
    if head[8:] != b"{" and (head[:2] == b"PK" or head[:1] == b"\x80"):
        raise ValueError(f"{path}: weights must be a safetensors file, since reading a pickle may run what is in it; "
                         "convert it with safetensors.torch.save_file(torch.load(path, weights_only=True), new_path): "
                         "received a file that torch.save or pickle wrote")  # fmt: skip
    with opened(path) as file:
        return path, {name: _array(name, _tensor(path, file, name)) for name in file.keys()}, False  # noqa: SIM118


def _tensor(path, file, name):
    """A tensor of a file; NumPy has no type for some, such as bfloat16, unless another package adds it."""
    with contextlib.suppress(TypeError):
        tensor = file.get_tensor(name)
        if tensor.dtype.kind in "fiub":
            return tensor
    dtype = file.get_slice(name).get_dtype()
    raise ValueError(f'{path}: weights must be of a type that NumPy has: received "{name}" as {dtype}')


def _array(name, value):
    """Anything like an array, PyTorch's tensors with gradients and elsewhere than in main memory included."""
    try:
        array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f'"{name}" must be an array: received {type(value).__name__} ({error})') from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f'"{name}" must be an array of numbers: received {type(value).__name__}, dtype {array.dtype}')
    return array


def _split(name):
    """The module and the name in it."""
    module, _, leaf = name.rpartition(".")
    return module, leaf


def _grouped(arrays):
    """Module -> {name in it: array}, without counters of batches."""
    modules = {}
    for name, array in arrays.items():
        module, leaf = _split(name)
        if leaf != COUNTERS:
            modules.setdefault(module, {})[leaf] = array
    return modules


def _signature(module):
    """What must agree: names and shapes."""
    return frozenset((leaf, tuple(array.shape)) for leaf, array in module.items())


# --- reading


def load_torch_weights(net, path_or_mapping, strict=True):
    """Fills a network with weights that PyTorch trained, or that are stored in its layouts.

    Filters turn from (K, C, KH, KW) into (KH, KW, C, K), those of transposed convolutions from (C, K, KH, KW) into
    (KH, KW, K, C), one and three dimensions likewise; matrices from (out, in) into (in, out), with rows in the order
    of (H, W, C) instead of (C, H, W) after a Flatten; vectors stay, running statistics among them. The arrays with a
    common prefix are a module. Modules and layers are matched by shapes and order: modules with a common prefix belong
    to layers that follow each other, and numbers count (layer1.2 stands before layer1.10). Names need not be those of
    this network, nor the order of the file that of its layers. All is checked before anything is written.

    Args:
        net: a built network.
        path_or_mapping: path of a safetensors file, or names -> arrays (such as a `state_dict`), whose order counts
            where it is not that of the alphabet.
        strict: whether every parameter must be found and every array used; False loads what fits and reports the rest.

    Returns:
        A `Report`: a list of rows (name, path, shape, note) that prints as a table.

    Raises:
        OSError: if the file cannot be read.
        TypeError: if the mapping holds something else than arrays of numbers.
        ValueError: if it is not a safetensors file (a pickle is never read); if something does not fit, is missing or
            left over, naming the first; if names, shapes and order leave a choice.

    Example:
        >>> import cnnc, numpy as np
        >>> net = cnnc.Sequential([cnnc.Conv2D(8, 3), cnnc.Flatten(), cnnc.Dense(2)]).build((4, 4, 1))
        >>> weights = {"stem.weight": np.ones((8, 1, 3, 3)), "stem.bias": np.zeros(8),
        ...            "head.weight": np.ones((2, 32)), "head.bias": np.ones(2)}
        >>> print(cnnc.load_torch_weights(net, weights))
        name         path      shape
        stem.weight  0.weight  (8, 1, 3, 3)
        stem.bias    0.bias    (8,)
        head.weight  2.weight  (2, 32)
        head.bias    2.bias    (2,)
    """
    source, arrays, in_order = _arrays(path_or_mapping)
    theirs = _grouped(arrays)
    net.count_parameters()  # raises if the network is not built
    ours, spans = _modules(net)
    signatures = [{name: _signature(module) for name, module in side.items()} for side in (theirs, ours)]
    names, paths = fitting(*signatures)
    if strict and (len(names) < len(theirs) or len(paths) < len(ours)):
        raise ValueError(f"{source}: {_misfit(net, theirs, ours)}")
    pairs = _matched(source, *signatures, names, paths, _narrowed(spans, ours, paths), in_order)
    report, values = Report(), {}
    for name, path in pairs.items():
        for leaf, slot in ours[path].items():
            array = theirs[name][leaf]
            values[slot.path] = slot.from_torch(array)
            report.append(Row(f"{name}.{leaf}".lstrip("."), slot.path, array.shape, ""))
    report.extend(_unused(arrays, ours, pairs))
    with net._lock:
        state = net.state()
        for path, value in values.items():
            state[path][...] = value
    return report


def _narrowed(spans, ours, paths):
    """The spans counted in those layers only that are matched."""
    if len(paths) == len(ours):
        return spans
    before = np.cumsum([0, *(path in set(paths) for path in ours)])
    return {(int(before[start]), int(before[end])) for start, end in spans}


def _matched(source, theirs, ours, names, paths, spans, in_order):
    """Name -> path of each module that is loaded."""
    wanted = [ours[path] for path in paths]
    try:
        found = match(wanted, {name: theirs[name] for name in names}, spans, in_order)
    except Ambiguous as error:
        a, b = error.names
        raise ValueError(f"{source}: names, shapes and order must tell which module belongs to the layer "
                         f'"{paths[error.position]}", pass a mapping in the order of the network instead: '
                         f'received both "{a}" and "{b}"') from None  # fmt: skip
    return dict(zip(found, paths, strict=True))


def _misfit(net, theirs, ours):
    """What the first layer lacks that no module fits; else the first module that fits no layer."""
    spare, paths = _beyond(theirs, ours), _beyond(ours, theirs)
    if not paths:
        return f'every module must belong to a layer: received "{spare[0]}" with {_listed(theirs[spare[0]])} besides'
    title = next(layer.title for layer in net.walk() if layer.path == paths[0])
    wanted = ours[paths[0]]
    if not spare:
        return f"{title}: a module with {_listed(wanted)} must be there: received none that is left"
    alike = max(spare, key=lambda name: _likeness(wanted, theirs[name]))  # the first of the most alike
    return f'{title}: the module must have {_listed(wanted)}: received "{alike}" with {_listed(theirs[alike])}'


def _beyond(side, other):
    """The names on one side that are more of their signature than the other side has."""
    left, names = Counter(map(_signature, other.values())), []
    for name in sorted(side, key=natural):
        signature = _signature(side[name])
        left[signature] -= 1
        if left[signature] < 0:
            names.append(name)
    return names


def _likeness(wanted, module):
    """How much a module is like what is wanted: the same names, then the same ranks, then the same shapes."""
    common = [(wanted[leaf].shape, array.shape) for leaf, array in module.items() if leaf in wanted]
    return wanted.keys() == module.keys(), sum(len(a) == len(b) for a, b in common), sum(a == b for a, b in common)


def _listed(module):
    return ", ".join(f"{leaf} {tuple(a.shape)}" for leaf, a in sorted(module.items(), key=lambda i: i[0] != "weight"))


def _unused(arrays, ours, pairs):
    """Rows for what was not loaded: arrays without a layer, then parameters without an array."""
    for name, array in arrays.items():
        module, leaf = _split(name)
        if leaf == COUNTERS:
            yield Row(name, None, array.shape, "not needed")
        elif module not in pairs:
            yield Row(name, None, array.shape, "fits no layer")
    loaded = set(pairs.values())
    for path, slots in ours.items():
        if path not in loaded:
            for slot in slots.values():
                yield Row(None, slot.path, slot.shape, "unchanged")


# --- writing


def save_torch_weights(net, path=None):
    """The inverse of `load_torch_weights`: a network's weights in PyTorch's layouts.

    The names are the paths of layers followed by PyTorch's names in a module: those of a tree of `torch.nn.Sequential`
    that is built like the network.

    Args:
        net: a built network.
        path: of a safetensors file to write; none unless given. The file appears whole or not at all.

    Returns:
        A dict name -> array, copies, in the order of the layers.

    Raises:
        OSError: if the file cannot be written.

    Example:
        >>> import cnnc
        >>> net = cnnc.Sequential([cnnc.Conv2D(8, 3), cnnc.Flatten(), cnnc.Dense(2)]).build((4, 4, 1))
        >>> {name: array.shape for name, array in cnnc.save_torch_weights(net).items()}
        {'0.weight': (8, 1, 3, 3), '0.bias': (8,), '2.weight': (2, 32), '2.bias': (2,)}
    """
    net.count_parameters()  # raises if the network is not built
    with net._lock:
        state = net.state()
        arrays = {f"{module}.{leaf}".lstrip("."): np.array(slot.to_torch(state[slot.path]), order="C")
                  for module, slots in _modules(net)[0].items() for leaf, slot in slots.items()}  # fmt: skip
    if path is not None:
        write_tensors(path, arrays)
    return arrays
