"""Saving and loading: one safetensors file, parameters as tensors and layers as JSON. Nothing in it runs."""

import contextlib
import os

import numpy as np

from cnnc import layers as layer_module
from cnnc.geometry import checked_size, is_int
from cnnc.layers.containers import Container
from cnnc.network import Sequential

FORMAT = 1
CLASSES = {name: getattr(layer_module, name) for name in layer_module.__all__ if name not in ("Layer", "LayerError")}
CLASSES["Sequential"] = Sequential


def _describe(layer, done):
    """A layer as plain data. `done` numbers those described so far by id: one that is used again is its number."""
    if id(layer) in done:
        return {"again": done[id(layer)]}
    import json  # in functions: most programs neither save nor load

    inside = {"layers": [_describe(child, done) for child in layer.children()]} if isinstance(layer, Container) else {}
    settings = {k: v for k, v in layer.config().items() if not callable(v)}
    for name, value in settings.items():
        try:
            json.dumps(value, default=_plain)
        except TypeError:
            raise TypeError(f"{layer.title}: settings must be plain numbers, texts and tuples to be saved: "
                            f"received {name} = {value!r}") from None  # fmt: skip
    done[id(layer)] = len(done)
    return {"type": type(layer).__name__, **settings, **inside}


def _plain(value):
    """A NumPy number as Python's."""
    if not isinstance(value, np.generic):
        raise TypeError
    return value.item()


def _tuples(value):
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def _make(description, classes, done, depth=0):
    """The layer that plain data describes; `done` lists those made so far."""
    if isinstance(description, dict) and description.keys() == {"again"}:
        number = description["again"]
        if not is_int(number) or not 0 <= number < len(done):
            raise ValueError(f"a layer used again must be one of the {len(done)} before it: received {number!r}")
        return done[number]
    if not isinstance(description, dict) or not isinstance(description.get("type"), str) or depth > 100:
        raise ValueError(f"a layer's description must be an object with a type: received {str(description)[:80]!r}")
    settings = dict(description)
    kind = settings.pop("type")
    if kind not in classes:
        raise ValueError(f"layer types must be known ({', '.join(sorted(classes))}) or be given in custom=: "
                         f"received {kind!r}")  # fmt: skip
    cls, inside = classes[kind], []
    if issubclass(cls, Container):
        children = settings.pop("layers", None)
        if not isinstance(children, list):
            raise ValueError(f"{kind} must list its layers: received {str(children)[:80]!r}")
        inside = [[_make(child, classes, done, depth + 1) for child in children]]
    try:
        done.append(cls(*inside, **{name: _tuples(value) for name, value in settings.items()}))
    except TypeError:
        raise ValueError(f"{kind} cannot be made with these settings: received {settings!r}") from None
    return done[-1]


def write_tensors(path, tensors, metadata=None):
    """Writes a safetensors file through a temporary file beside it: the old file stays until the new one is whole."""
    import tempfile  # here, because it imports ten more modules

    from safetensors.numpy import save as to_bytes

    data = to_bytes(tensors, metadata=metadata)
    path = os.fspath(path)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".cnnc-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def save(net, path):
    """Writes a network to `path`; the file appears whole or not at all."""
    import json

    about = {"format": FORMAT, "input_shape": net.input_shape, "network": _describe(net, {})}
    write_tensors(path, net.state(), metadata={"cnnc": json.dumps(about, default=_plain)})


@contextlib.contextmanager
def opened(path):
    """A safetensors file to read from."""
    from safetensors import SafetensorError, safe_open

    with open(path, "rb"):
        pass  # a missing file is an OSError here, whatever safetensors says
    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except SafetensorError as error:
        raise ValueError(f"{path} must be a safetensors file: received one that fails with {error}") from None


def load(path, custom=None):
    """Reads a network that `net.save` wrote: layers and parameters. Nothing in the file is executed.

    Args:
        path: of the safetensors file.
        custom: name -> class, for layers of your own.

    Returns:
        A built `Sequential`.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is not such a file, or its parameters do not fit its layers.

    Example:
        >>> import cnnc, tempfile, os
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "net.safetensors")
        ...     cnnc.Sequential([cnnc.Dense(2)]).build((3,)).save(path)
        ...     cnnc.load(path).count_parameters()
        8
    """
    path = os.fspath(path)
    with opened(path) as file:
        net = _network(path, (file.metadata() or {}).get("cnnc"), {**CLASSES, **(custom or {})})
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
        wanted = {name: parameter.shape for name, parameter in net._named.items()}
        if shapes != wanted:
            odd = sorted(n for n in shapes.keys() | wanted.keys() if shapes.get(n) != wanted.get(n))[0]
            raise ValueError(f"{path}: parameters must fit the layers, {odd} as {wanted.get(odd)}: "
                             f"received {shapes.get(odd)}")  # fmt: skip
        tensors = {name: file.get_tensor(name) for name in shapes}
    dtypes = {tensor.dtype for tensor in tensors.values()} or {np.dtype(np.float32)}
    if len(dtypes) > 1 or not dtypes <= {np.dtype(np.float32), np.dtype(np.float64)}:
        raise ValueError(f"{path}: parameters must be all float32 or all float64: received {sorted(map(str, dtypes))}")
    net.prepare(dtypes.pop(), seed=None)
    for name, array in net.state().items():
        array[...] = tensors[name]
    return net


def _network(path, text, classes):
    """The network that the file's JSON describes, laid out but without memory."""
    import json

    if text is None:
        raise ValueError(f"{path} must be a network saved by cnnc: received a file without its description")
    try:
        about = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"{path}: the network's description must be JSON: received {text[:80]!r}") from None
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise ValueError(f"{path}: the description's format must be {FORMAT}: received {text[:80]!r}")
    shape = about.get("input_shape")
    if not isinstance(shape, list):
        raise ValueError(f"{path}: the input shape must be a list: received {shape!r}")
    checked_size(shape)
    net = _make(about.get("network"), classes, [])
    if not isinstance(net, Sequential):
        raise ValueError(f"{path}: the network must be a Sequential: received {type(net).__name__}")
    net.lay_out(shape)
    return net
