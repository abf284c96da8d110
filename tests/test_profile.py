"""Profiles: every step measured, counted and given to its layer; the table, the picture and the command."""

import re
import subprocess
import sys
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

import cnnc
from cnnc.profile import Profile, Roofs, StepTime, __main__, measure_roofs
from cnnc.steps import Buffer

ROOFS = Roofs(100e9, ((1 << 18, 80e9), (1 << 27, 10e9)))


def small():
    """A network with a block, a shared memory of some steps, dropout and a layer in Python."""

    class Twice(cnnc.Layer):
        def forward(self, x):
            return 2 * x

        def backward(self, dy):
            return 2 * dy

    block = cnnc.Add([[cnnc.Conv2D(4, 3, padding=1), cnnc.BatchNorm(), cnnc.ReLU()], cnnc.Identity()])
    layers = [cnnc.Conv2D(4, 3), block, cnnc.MaxPool2D(2), Twice(), cnnc.Flatten(), cnnc.Dropout(0.5), cnnc.Dense(3)]
    return cnnc.Sequential(layers).build((10, 10, 2))


@pytest.mark.parametrize("training", [False, True])
def test_every_step_belongs_to_a_layer(training):
    found = small().profile(2, training, rounds=1)
    innermost = {step.layers[-1] for step in found.steps}
    assert {"Conv2D 0", "Conv2D 1.0.0", "MaxPool2D 2", "Twice 3", "Dense 6"} <= innermost
    assert ("loss" in innermost) == ("update" in innermost) == ("Dropout 5" in innermost) == training
    assert ("Add 1", "Chain 1.0", "Conv2D 1.0.0") in {step.layers for step in found.steps}
    parts = [step.part for step in found.steps]
    assert set(parts) == ({"forward", "backward", "update"} if training else {"forward"})
    assert parts[: parts.count("forward")] == ["forward"] * parts.count("forward")
    assert all(step.seconds > 0 and step.bytes > 0 and step.least > 0 for step in found.steps)
    assert found.seconds > 0


def test_operations_are_those_of_plain_sums():
    found = small().profile(2, training=True, rounds=1)
    convolutions = [step for step in found.steps if step.layers[-1] == "Conv2D 1.0.0"]
    assert sorted(step.operation for step in convolutions) == ["correlate2d", "correlate2d_dw", "correlate2d_dx"]
    assert {step.flops for step in convolutions} == {2 * (2 * 8 * 8 * 4) * (3 * 3 * 4)}
    assert all(step.algorithm not in ("", "auto") for step in convolutions)
    (pool,) = (step for step in found.steps if step.operation == "max_pool2d")
    assert pool.flops == 2 * 4 * 4 * 4 * (2 * 2) and pool.algorithm == ""
    assert {step.flops for step in found.steps if step.layers[-1] == "Dense 6"} == {2 * 2 * 64 * 3}
    assert {step.flops for step in found.steps if step.layers[-1] == "Twice 3"} == {0}


def test_bytes_are_those_of_the_arrays():
    from cnnc.profile import costs

    x, y = Buffer((2, 3), np.float32), Buffer((2, 5), np.float32)
    step = SimpleNamespace(op=SimpleNamespace(name="dense_dx"), again=frozenset(), buffers=lambda: [x, y],
                           named_buffers=lambda: [("dy", x), ("dx", y)])  # fmt: skip
    assert costs.traffic(step) == 24 + 40
    step.again = frozenset(["dx"])
    assert costs.traffic(step) == 24 + 80
    step.op.name = "concat"
    assert costs.traffic(step) == 48


def test_the_network_stays_as_it_is():
    net = small()
    before, rng = {path: array.copy() for path, array in net.state().items()}, net.rng.copy()
    x = np.random.default_rng(0).standard_normal((2, 10, 10, 2), np.float32)
    y = net(x)
    net.profile(3, training=True, rounds=2)
    assert all(np.array_equal(array, before[path]) for path, array in net.state().items())
    np.testing.assert_array_equal(net.rng, rng)
    np.testing.assert_array_equal(net(x), y)


def test_other_losses_and_optimizers():
    net = cnnc.Sequential([cnnc.Dense(4), cnnc.Tanh()]).build((3,))
    found = net.profile(2, training=True, rounds=1, loss="mse", optimizer=cnnc.Adam())
    names = {step.operation for step in found.steps}
    assert {"adam", "dense_dw"} <= names


@pytest.mark.parametrize("bad", [0, -1, 1.5, None, "2"])
def test_bad_batches_are_refused(bad):
    with pytest.raises(ValueError, match="batch_size must be a positive int: received"):
        cnnc.models.lenet5().profile(bad)


def test_bad_rounds_and_networks_are_refused():
    with pytest.raises(ValueError, match="rounds must be a positive int: received 0"):
        cnnc.models.lenet5().profile(1, rounds=0)
    with pytest.raises(ValueError, match="must be built first"):
        cnnc.Sequential([cnnc.Dense(2)]).profile(1)


# --- roofs


def test_roofs():
    assert ROOFS.bandwidth(1) == ROOFS.bandwidth(1 << 18) == 80e9
    assert ROOFS.bandwidth(1 << 30) == 10e9
    assert 10e9 < ROOFS.bandwidth(1 << 24) < 80e9
    assert ROOFS.least(100e9, 1) == 1.0
    assert ROOFS.least(1, 1 << 30) == (1 << 30) / 10e9


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_measured_roofs_are_those_of_a_computer(dtype, threads):
    threads(1)  # which does not wait for others on a busy machine
    roofs = measure_roofs(dtype, seconds=0.005)
    assert 1e8 < roofs.arithmetic < 1e14
    assert all(1e8 < rate < 1e13 for _, rate in roofs.memory)
    assert [size for size, _ in roofs.memory] == sorted(size for size, _ in roofs.memory)


# --- table and picture


def made():
    steps = [
        (("Add 1", "Conv2D 1.0"), "correlate2d + relu", "forward", 2e-3, 1e8, 1 << 20, "direct"),
        (("Add 1",), "add", "forward", 1e-3, 1e5, 1 << 20, ""),
        (("A layer <&> with a long name",), "in Python", "backward", 1e-3, 0, 100, ""),
        (("update",), "sgd", "update", 0.0, 0, 0, ""),
    ]
    times = tuple(StepTime(*step, least=ROOFS.least(step[4], step[5])) for step in steps)
    return Profile("training <&>", ROOFS, times, 5e-3)


def test_the_table():
    text = made().table()
    assert max(map(len, text.splitlines())) <= 120
    assert "training <&>\npeaks of this machine: 100 GFLOP/s; GB/s of memory: 80.0 on 0.262 MB, 10.0 on 134 MB" in text
    line = next(line for line in text.splitlines() if line.startswith("Conv2D 1.0"))
    cells = line.removeprefix("Conv2D 1.0").split()
    assert cells == ["correlate2d", "+", "relu", "2.000", "50", "50.0", "50", "1.049", "0.5", "50", "95.4", "direct"]
    assert "A layer <&~a long name" in text
    total = next(line for line in text.splitlines() if line.startswith("total"))
    assert total.split()[1:5] == ["3.000", "1.000", "4.000", "100"]
    assert "sum of the steps 4.000 ms; the program as a whole takes 5.000 ms" in text


def boxes(text):
    """title -> (x, y, width) of every box of a picture, which must be well-formed."""
    space = "{http://www.w3.org/2000/svg}"
    groups = ElementTree.fromstring(text).findall(f"{space}g")
    place = {group.find(f"{space}title").text: group.find(f"{space}rect").attrib for group in groups}
    return {title: tuple(float(at[name]) for name in ("x", "y", "width")) for title, at in place.items()}


def test_the_picture():
    found = boxes(made().svg())
    named = {title.split(":")[0]: place for title, place in found.items()}
    assert set(named) == {"network", "Add 1", "Conv2D 1.0", "correlate2d + relu", "add", "A layer <&> with a long name",
                          "in Python", "update", "sgd"}  # fmt: skip
    assert named["Conv2D 1.0"][2] == pytest.approx(named["network"][2] / 2)
    assert named["add"][0] == pytest.approx(named["Conv2D 1.0"][0] + named["Conv2D 1.0"][2], abs=0.02)
    assert named["network"][1] < named["Add 1"][1] < named["Conv2D 1.0"][1] < named["correlate2d + relu"][1]
    assert any("50% of the roofline; forward, 100.00 MFLOP, 1.049 MB direct" in title for title in found)


def test_the_picture_of_a_network():
    assert len(boxes(small().profile(1, training=True, rounds=1).svg())) > 20


# --- the command


def test_the_command(tmp_path):
    picture = tmp_path / "lenet.svg"
    arguments = ["lenet5", "--batch", "2", "--train", "--threads", "1", "--rounds", "1", "--svg", str(picture)]
    command = [sys.executable, "-m", "cnnc.profile", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("lenet5, training, 2 x 28x28x1, 1 thread, ")
    text = picture.read_text(encoding="utf-8")
    assert boxes(text) and "<title>lenet5, training, " in text


def test_models_by_name_and_by_file(tmp_path):
    assert __main__.network("resnet18").count_parameters() == 11_689_512
    assert __main__.network("resnet_cifar20").count_parameters() == 269_722
    assert __main__.network("vgg11").count_parameters() == 132_863_336
    net = small_and_saved(tmp_path / "net.safetensors")
    assert __main__.network(str(tmp_path / "net.safetensors")).count_parameters() == net.count_parameters()


def small_and_saved(path):
    net = cnnc.Sequential([cnnc.Dense(2)]).build((3,))
    net.save(path)
    return net


@pytest.mark.parametrize(("arguments", "message"), [
    (["lenet6"], "a model is one of .*lenet5.*resnetDEPTH.* or a .safetensors file: received 'lenet6'"),
    (["resnet19"], "depth must be one of .* received 19"),
    (["nowhere.safetensors"], "nowhere.safetensors"),
    (["lenet5", "--batch", "0"], "batch_size must be a positive int: received 0"),
    (["lenet5", "--rounds", "-1"], "rounds must be a positive int: received -1"),
    (["lenet5", "--threads", "0"], "the number of threads must be an int from 1 to 1024: received 0"),
    (["lenet5", "--batch", "many"], "invalid int value"),
])  # fmt: skip
def test_the_command_refuses(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        __main__.main(arguments)
    assert stopped.value.code == 2
    assert re.search(message, capsys.readouterr().err)
