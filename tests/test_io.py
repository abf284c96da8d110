"""Saved networks: what comes back, and what is refused."""

import json
import os

import numpy as np
import pytest
from safetensors.numpy import save_file

import cnnc


class Square(cnnc.Layer):
    """A layer of the user's own."""

    def forward(self, x):
        self.x = x.copy()
        return x * x

    def backward(self, dy):
        return 2 * self.x * dy


def network():
    return cnnc.Sequential([
        cnnc.Rescale(0.01), cnnc.Conv2D(4, (3, 2), padding=((1, 0), (0, 2)), stride=2, use_bias=False), cnnc.ELU(0.5),
        cnnc.Add([cnnc.Identity(), [cnnc.Conv2D(4, 1), cnnc.LeakyReLU(0.2)]]),
        cnnc.Sequential([cnnc.MaxPool2D(2, ceil=True)]), cnnc.Concat([cnnc.Sigmoid(), cnnc.Tanh()]),
        cnnc.Dropout(0.1), cnnc.Flatten(), cnnc.Dense(3), cnnc.Softmax(),
    ]).build((9, 9, 2), seed=1)  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_saved_network_comes_back_the_same(tmp_path, dtype):
    net = network().build((9, 9, 2), seed=1, dtype=dtype)
    x = np.random.default_rng(0).standard_normal((2, 9, 9, 2))
    net.save(tmp_path / "net.safetensors")
    again = cnnc.load(tmp_path / "net.safetensors")
    np.testing.assert_array_equal(again(x), net(x))
    assert again.parameters().keys() == net.parameters().keys()
    assert again.layers[1].config() == net.layers[1].config()
    assert os.listdir(tmp_path) == ["net.safetensors"]


def test_a_layer_used_twice_comes_back_as_one(tmp_path):
    shared = cnnc.Chain([cnnc.Dense(4), cnnc.Tanh()])
    net = cnnc.Sequential([cnnc.Dense(4), cnnc.Add([shared, cnnc.Identity()]), shared, shared[0], cnnc.Dense(2)])
    net.build((3,), seed=1).save(tmp_path / "net")
    again = cnnc.load(tmp_path / "net")
    assert list(again.state()) == list(net.state())
    x = np.random.default_rng(0).standard_normal((5, 3))
    np.testing.assert_array_equal(again(x), net(x))
    assert again[2] is again[1][0]
    assert again[3] is again[2][0]


@pytest.mark.parametrize("arrange", [
    lambda s: [s, cnnc.Tanh(), s],
    lambda s: [cnnc.Add([s, [cnnc.Sigmoid(), s]]), s],
    lambda s: [cnnc.Sequential([s]), cnnc.Concat([cnnc.Identity(), [cnnc.Chain([s])]])],
])  # fmt: skip
@pytest.mark.parametrize("make", [lambda: cnnc.Dense(3), lambda: cnnc.Chain([cnnc.BatchNorm(), cnnc.Dense(3)]),
                                  lambda: cnnc.Dropout(0.5)], ids=["Dense", "Chain", "Dropout"])  # fmt: skip
def test_a_layer_used_twice_is_one_again(tmp_path, make, arrange):
    net = cnnc.Sequential([*arrange(make()), cnnc.Dense(2)]).build((3,), seed=1)
    x = np.random.default_rng(0).standard_normal((4, 3))
    net.save(tmp_path / "net")
    again = cnnc.load(tmp_path / "net")
    np.testing.assert_array_equal(again(x), net(x))
    assert list(again.state()) == list(net.state())
    assert again.summary(print_table=False) == net.summary(print_table=False)
    again.rng[:] = net.rng
    losses = [cnnc.Trainer(one, cnnc.SGD(lr=0.1)).step(x, [0, 1, 0, 1]) for one in (net, again)]
    assert losses[0] == losses[1]
    for path, array in net.state().items():
        np.testing.assert_array_equal(again.state()[path], array, err_msg=path)


def test_settings_may_be_numbers_of_numpy(tmp_path):
    size = np.int64(2)
    net = cnnc.Sequential([cnnc.MaxPool2D((size, 1), stride=size, ceil=np.bool_(True)), cnnc.Dropout(np.float32(0.5)),
                           cnnc.Flatten(), cnnc.Dense(np.int32(3))])  # fmt: skip
    net.build(np.array([4, 4, 1])).save(tmp_path / "net")
    again = cnnc.load(tmp_path / "net")
    assert again.input_shape == (4, 4, 1)
    assert again.layers[0].config() == net.layers[0].config()
    x = np.random.default_rng(0).standard_normal((2, 4, 4, 1))
    np.testing.assert_array_equal(again(x), net(x))


def test_own_layers_are_given_by_name(tmp_path):
    net = cnnc.Sequential([Square()]).build((2,))
    net.save(tmp_path / "net")
    with pytest.raises(ValueError, match="received 'Square'"):
        cnnc.load(tmp_path / "net")
    assert cnnc.load(tmp_path / "net", custom={"Square": Square})([[3.0, 4.0]]).tolist() == [[9.0, 16.0]]


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "net"
    network().save(path)
    old = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        network().save(path)
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["net"]


def about(**changes):
    return {"format": 1, "input_shape": [3], "network": {"type": "Sequential", "layers": [
        {"type": "Dense", "units": 2, "use_bias": True, "init": "zeros"}]}, **changes}  # fmt: skip


GOOD = {"0.weight": np.zeros((3, 2), np.float32), "0.bias": np.zeros(2, np.float32)}
deep = {"type": "Sequential", "layers": [{"type": "Identity"}]}
for _ in range(200):
    deep = {"type": "Sequential", "layers": [deep]}
MALFORMED = {
    "no description": (GOOD, None),
    "not json": (GOOD, "{"),
    "not an object": (GOOD, "[1]"),
    "other format": (GOOD, about(format=9)),
    "no input shape": (GOOD, about(input_shape=None)),
    "zero input": (GOOD, about(input_shape=[0])),
    "huge input": (GOOD, about(input_shape=[1 << 60])),
    "unknown layer": (GOOD, about(network={"type": "os.system"})),
    "layer is text": (GOOD, about(network={"type": "Sequential", "layers": ["Dense"]})),
    "no layers": (GOOD, about(network={"type": "Sequential"})),
    "empty layers": (GOOD, about(network={"type": "Sequential", "layers": []})),
    "unknown setting": (GOOD, about(network={"type": "Sequential", "layers": [{"type": "Dense", "x": 2}]})),
    "bad setting": (GOOD, about(network={"type": "Sequential", "layers": [{"type": "Dense", "units": "many"}]})),
    "huge layer": (GOOD, about(network={"type": "Sequential", "layers": [{"type": "Dense", "units": 1 << 50}]})),
    "itself again": (GOOD, about(network={"type": "Sequential", "layers": [{"again": 0}]})),
    "text again": (GOOD, about(network={"type": "Sequential", "layers": [{"type": "Identity"}, {"again": "0"}]})),
    "before the first": (GOOD, about(network={"type": "Sequential", "layers": [{"type": "Identity"}, {"again": -1}]})),
    "not a network": (GOOD, about(network={"type": "Dense", "units": 2})),
    "too deep": (GOOD, about(network=deep)),
    "missing tensor": ({"0.weight": GOOD["0.weight"]}, about()),
    "extra tensor": ({**GOOD, "1.weight": GOOD["0.weight"]}, about()),
    "other shape": ({**GOOD, "0.bias": np.zeros(3, np.float32)}, about()),
    "other dtype": ({**GOOD, "0.bias": np.zeros(2, np.int32)}, about()),
    "mixed dtypes": ({**GOOD, "0.bias": np.zeros(2, np.float64)}, about()),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_files_are_refused(case, tmp_path):
    tensors, text = MALFORMED[case]
    text = text if isinstance(text, str) or text is None else json.dumps(text)
    save_file(tensors, tmp_path / "net", metadata=None if text is None else {"cnnc": text})
    with pytest.raises(ValueError, match=r"."):
        cnnc.load(tmp_path / "net")


@pytest.mark.parametrize("data", [b"", b"\x00" * 7, b"\xff" * 64, b"PK\x03\x04" + b"\x00" * 100, b"\x80\x04K\x01."])
def test_other_files_are_refused(data, tmp_path):
    (tmp_path / "net").write_bytes(data)
    with pytest.raises(ValueError, match="must be a safetensors file"):
        cnnc.load(tmp_path / "net")


def test_truncated_files_are_refused(tmp_path):
    network().save(tmp_path / "net")
    whole = (tmp_path / "net").read_bytes()
    for keep in range(0, len(whole), 97):
        (tmp_path / "net").write_bytes(whole[:keep])
        with pytest.raises(ValueError, match="safetensors"):
            cnnc.load(tmp_path / "net")


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        cnnc.load(tmp_path / "nothing")
