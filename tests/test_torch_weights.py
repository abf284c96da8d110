"""Weights in PyTorch's layouts: what goes where, what comes back, and what is refused."""

import pickle

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from test_matching import NETWORKS

import cnnc
from cnnc import models


def network(dtype=np.float32):
    return cnnc.Sequential([
        cnnc.Conv2D(4, (2, 3), use_bias=False), cnnc.ReLU(), cnnc.Conv2D(6, 3, groups=2, padding=1),
        cnnc.Add([[cnnc.Conv2D(6, 1), cnnc.Tanh()], cnnc.Conv2D(6, 3, padding=1)]),
        cnnc.Flatten(), cnnc.Dropout(0.1), cnnc.Dense(5), cnnc.Tanh(), cnnc.Dense(5),
    ]).build((6, 5, 2), seed=3, dtype=dtype)  # fmt: skip


def numbered(shapes):
    """Name -> array, every number another one."""
    starts = np.cumsum([0, *(int(np.prod(s)) for s in shapes.values())])
    return {n: np.arange(i, i + np.prod(s)).reshape(s) / 64 for (n, s), i in zip(shapes.items(), starts, strict=False)}


THEIRS = {
    "stem.weight": (4, 2, 2, 3), "grouped.weight": (6, 2, 3, 3), "grouped.bias": (6,),
    "left.weight": (6, 6, 1, 1), "left.bias": (6,), "right.weight": (6, 6, 3, 3), "right.bias": (6,),
    "fc1.weight": (5, 90), "fc1.bias": (5,), "fc2.weight": (5, 5), "fc2.bias": (5,),
}  # fmt: skip


def test_layouts():
    net, weights = network(), numbered(THEIRS)
    report = cnnc.load_torch_weights(net, weights)
    ours = net.parameters()
    assert [(row.name, row.path) for row in report] == list(zip(weights, ours, strict=True))
    for name, path in zip(weights, ours, strict=True):
        w, received = weights[name], ours[path]
        for place in np.ndindex(w.shape):
            if name == "fc1.weight":  # (out, c * H * W + h * W + w)
                k, (c, h, v) = place[0], np.unravel_index(place[1], (6, 5, 3))
                here = (h * 3 * 6 + v * 6 + c, k)
            else:
                here = place if w.ndim == 1 else (*place[2:], place[1], place[0])
            assert received[here] == w[place]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_written_and_read_is_the_same(tmp_path, dtype):
    net, other = network(dtype), network(dtype)
    written = cnnc.save_torch_weights(net, tmp_path / "w")
    stored = load_file(tmp_path / "w")
    assert stored.keys() == written.keys() == net.state().keys()
    assert all(np.array_equal(stored[n], a) and stored[n].dtype == dtype for n, a in written.items())
    for source in (tmp_path / "w", str(tmp_path / "w"), written, stored):
        for array in other.parameters().values():
            array[...] = 0
        report = cnnc.load_torch_weights(other, source)
        assert all(row.name == row.path for row in report)
        assert all(np.array_equal(a, other.parameters()[path]) for path, a in net.parameters().items())


def test_written_arrays_are_copies():
    net = cnnc.Sequential([cnnc.Dense(2)]).build((3,))
    cnnc.save_torch_weights(net)["0.bias"][...] = 7
    assert not net.parameters()["0.bias"].any()


def test_a_flatten_inside_branches_and_before_layers_that_keep_vectors():
    net = cnnc.Sequential([
        cnnc.Concat([[cnnc.MaxPool2D(2), cnnc.Flatten()], [cnnc.Flatten(), cnnc.Dense(3)], cnnc.Flatten()]),
        cnnc.Tanh(), cnnc.Dense(2),
    ]).build((4, 4, 2), seed=1)  # fmt: skip
    rows = cnnc.save_torch_weights(net)["2.weight"].T
    ours = net.parameters()["2.weight"]
    first = ours[:8].reshape(2, 2, 2, 2).transpose(2, 0, 1, 3).reshape(8, 2)
    last = ours[11:].reshape(4, 4, 2, 2).transpose(2, 0, 1, 3).reshape(32, 2)
    np.testing.assert_array_equal(rows, np.concatenate([first, ours[8:11], last]))


def test_a_layer_used_twice_is_one_module():
    twice = cnnc.Dense(3)
    net = cnnc.Sequential([twice, cnnc.Tanh(), twice]).build((3,), seed=0)
    assert list(cnnc.save_torch_weights(net)) == ["0.weight", "0.bias"]


def test_counters_are_not_needed_and_all_prefixes_may_be_one():
    net = network()
    weights = {f"module.{n}": a for n, a in numbered(THEIRS).items()} | {"module.bn.num_batches_tracked": np.int64(3)}
    report = cnnc.load_torch_weights(net, weights)
    assert report[-1] == ("module.bn.num_batches_tracked", None, (), "not needed")
    assert str(report).splitlines()[:2] == ["name                           path          shape",
                                            "module.stem.weight             0.weight      (4, 2, 2, 3)"]  # fmt: skip


class Tensor:
    """Like PyTorch's: it has a gradient and lies elsewhere."""

    def __init__(self, array):
        self.array = array

    def detach(self):
        return self

    def cpu(self):
        return self.array


def test_tensors_are_taken():
    net = cnnc.Sequential([cnnc.Dense(2, use_bias=False)]).build((1,))
    cnnc.load_torch_weights(net, {"weight": Tensor(np.full((2, 1), 5.0))})
    assert (net.parameters()["0.weight"] == 5).all()
    cnnc.load_torch_weights(net, {"weight": [[1.0], [2.0]]})
    assert net.parameters()["0.weight"].tolist() == [[1, 2]]


# --- refusals


def changed(**changes):
    """The weights with some replaced, or left out where None."""
    weights = {**numbered(THEIRS), **{name.replace("__", "."): array for name, array in changes.items()}}
    return {name: array for name, array in weights.items() if array is not None}


REFUSED = {
    "shape": (changed(left__weight=np.zeros((6, 6, 2, 2))), ValueError,
              r'^weights: Conv2D "3\.0\.0": the module must have weight \(6, 6, 1, 1\), bias \(6,\): '
              r'received "left" with weight \(6, 6, 2, 2\), bias \(6,\)$'),
    "layout": (changed(fc1__weight=np.zeros((90, 5))), ValueError,
               r'^weights: Dense "6": .* weight \(5, 90\).*: received "fc1" with weight \(90, 5\)'),
    "missing module": (changed(fc2__weight=None, fc2__bias=None), ValueError,
                       r'^weights: Dense "8": a module with weight \(5, 5\), bias \(5,\) must be there: received none'),
    "missing array": (changed(fc2__bias=None), ValueError,
                      r'^weights: Dense "8": .* weight \(5, 5\), bias \(5,\): received "fc2" with weight \(5, 5\)$'),
    "one more array": (changed(stem__bias=np.zeros(4)), ValueError,
                       r'Conv2D "0".*received "stem" with .* bias \(4,\)$'),
    "one more module": (changed(fc3__weight=np.zeros((3, 5))), ValueError,
                        r'^weights: every module must belong to a layer: received "fc3" with weight \(3, 5\) besides$'),
    "one more of a shape": (changed(fc3__weight=np.zeros((5, 5)), fc3__bias=np.zeros(5)), ValueError,
                            r'must belong to a layer: received "fc3" with'),
    "not an array": (changed(fc2__bias={"a": 1}), TypeError, '^"fc2.bias" must be an array of numbers: received dict'),
    "ragged": (changed(fc2__bias=[[1], [1, 2]]), TypeError, '"fc2.bias" must be an array'),
    "complex": (changed(fc2__bias=np.zeros(5, complex)), TypeError, "received ndarray, dtype complex128"),
    "nothing": ({}, ValueError, r'Conv2D "0": a module with weight \(4, 2, 2, 3\) must be there: received none'),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_named_and_nothing_is_written(case):
    weights, error, text = REFUSED[case]
    net = network()
    before = {path: array.copy() for path, array in net.parameters().items()}
    with pytest.raises(error, match=text):
        cnnc.load_torch_weights(net, weights)
    assert all(np.array_equal(array, before[path]) for path, array in net.parameters().items())


def test_names_that_leave_a_choice_are_refused():
    net = cnnc.Sequential([cnnc.Dense(3, use_bias=False), cnnc.Dense(3, use_bias=False)]).build((3,))
    weights = {"decoder.weight": np.zeros((3, 3)), "encoder.weight": np.ones((3, 3))}
    with pytest.raises(ValueError, match=r'layer "0", pass a mapping .*: received both "decoder" and "encoder"'):
        cnnc.load_torch_weights(net, weights)
    cnnc.load_torch_weights(net, dict(reversed(weights.items())))
    assert (net.parameters()["0.weight"] == 1).all()


def test_what_fits_is_loaded_without_strict():
    net = network()
    before = net.parameters()["8.weight"].copy()
    weights = changed(fc2__weight=np.zeros((1000, 5)), fc2__bias=np.zeros(1000))
    report = cnnc.load_torch_weights(net, weights, strict=False)
    assert [row for row in report if row.note] == [
        ("fc2.weight", None, (1000, 5), "fits no layer"), ("fc2.bias", None, (1000,), "fits no layer"),
        (None, "8.weight", (5, 5), "unchanged"), (None, "8.bias", (5,), "unchanged"),
    ]  # fmt: skip
    assert len(report) == len(weights) + 2
    assert np.array_equal(net.parameters()["8.weight"], before)
    assert np.array_equal(net.parameters()["2.bias"], weights["grouped.bias"].astype(np.float32))
    assert "-               8.weight      (5, 5)        unchanged" in str(report)


@pytest.mark.parametrize("data", [b"PK\x03\x04" + b"\0" * 99, pickle.dumps({"weight": 1})])
def test_pickles_are_not_read(tmp_path, data):
    (tmp_path / "w.pth").write_bytes(data)
    with pytest.raises(
        ValueError, match=r"w\.pth: weights must be a safetensors file, .*received a file that torch.save"
    ):
        cnnc.load_torch_weights(network(), tmp_path / "w.pth")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "w").write_bytes(b"\0" * 99)
    with pytest.raises(ValueError, match="must be a safetensors file: received"):
        cnnc.load_torch_weights(network(), tmp_path / "w")
    with pytest.raises(FileNotFoundError):
        cnnc.load_torch_weights(network(), tmp_path / "nothing")
    head = b'{"a.weight":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'
    (tmp_path / "w").write_bytes(len(head).to_bytes(8, "little") + head + b"\0\0")
    with pytest.raises(ValueError, match='of a type that NumPy has: received "a.weight" as BF16'):
        cnnc.load_torch_weights(network(), tmp_path / "w")


def test_a_network_that_is_not_built_is_refused():
    net = cnnc.Sequential([cnnc.Dense(2)])
    for call in (cnnc.save_torch_weights, lambda net: cnnc.load_torch_weights(net, {})):
        with pytest.raises(ValueError, match="must be built first"):
            call(net)


def test_half_precision_is_converted(tmp_path):
    net = cnnc.Sequential([cnnc.Dense(2)]).build((3,))
    save_file({"fc.weight": np.ones((2, 3), np.float16), "fc.bias": np.ones(2, np.float16)}, tmp_path / "w")
    cnnc.load_torch_weights(net, tmp_path / "w")
    assert net([[1, 2, 3]]).tolist() == [[7, 7]]


# --- networks under the names that others gave them

NAMED = {
    "resnet18": lambda: models.resnet(18, width=0.25),
    "resnet50": lambda: models.resnet(50, width=0.25),
    "resnet152": lambda: models.resnet(152, width=0.125),
    "googlenet": lambda: models.googlenet(width=0.25),
    "googlenet, batch norm": lambda: models.googlenet(width=0.25, batch_norm=True),
    "googlenet, heads": lambda: models.googlenet(width=0.25, heads=True),
    "googlenet, batch norm, heads": lambda: models.googlenet(width=0.25, batch_norm=True, heads=True),
    "vgg16": lambda: models.vgg(16, width=0.125, input_shape=(32, 32, 3)),
    "vgg16, batch norm": lambda: models.vgg(16, width=0.125, input_shape=(32, 32, 3), batch_norm=True),
}


def renamed(net, modules):
    """The weights of a network under other names of its modules, in the order of the alphabet."""
    weights, names = {}, {}
    for name, array in cnnc.save_torch_weights(net).items():
        module, leaf = name.rsplit(".", 1)
        names.setdefault(module, modules[len(names) % len(modules)][0])
        weights[f"{names[module]}.{leaf}"] = array
    assert list(names.values()) == [name for name, _ in modules]
    return dict(sorted(weights.items()))


def filled(net, seed):
    rng = np.random.default_rng(seed)
    for array in net.state().values():
        array[...] = rng.standard_normal(array.shape)
    return net


@pytest.mark.parametrize("name", NAMED)
def test_networks_by_the_names_of_others(name):
    net, other = filled(NAMED[name](), 1), filled(NAMED[name](), 2)
    cnnc.load_torch_weights(other, renamed(net, NETWORKS[name][0]))
    assert all(np.array_equal(array, other.state()[path]) for path, array in net.state().items())


def test_heads_of_one_side_only_are_left_out():
    with_heads, without = filled(NAMED["googlenet, heads"](), 1), filled(NAMED["googlenet"](), 2)
    weights = renamed(with_heads, NETWORKS["googlenet, heads"][0])
    with pytest.raises(ValueError, match="every module must belong to a layer"):
        cnnc.load_torch_weights(without, weights)
    report = cnnc.load_torch_weights(without, weights, strict=False)
    assert {row.name.split(".")[0] for row in report if row.note} == {"aux1", "aux2"}
    heads = tuple(f"{layer.path}." for layer in with_heads.walk() if isinstance(layer, cnnc.Auxiliary))
    main = [path for path in with_heads.state() if not path.startswith(heads)]
    assert len(main) == len(without.state())
    for path, array in zip(main, without.state().values(), strict=True):
        assert np.array_equal(with_heads.state()[path], array)
