"""The benchmark: its cases and its statistics are right, and a wrong result is not timed."""

import math
import time

import numpy as np
import pytest

import cnnc
from benchmarks import cases, memory, networks, runtimes, table, timing

SMALL = [
    cases.Convolution("plain", 2, 3, 9, 4, 3, 1, 1),
    cases.Convolution("strided", 3, 2, 11, 5, 5, 2, 2),
    cases.Convolution("depthwise", 2, 8, 6, 8, 3, 1, 1, 8),
    cases.Dense("dense", 3, 7, 5),
    cases.Pooling("mean", "avg", 2, 3, 8, 2, 2),
    cases.Pooling("largest", "max", 2, 3, 9, 3, 2),
    cases.Activation("tanh", "tanh", (2, 3, 4, 5)),
    cases.Activation("relu", "relu", (2, 3, 4, 5)),
    cases.CrossEntropy("loss", 6, 10),
]


@pytest.mark.parametrize(("case", "step"), [pytest.param(c, s, id=f"{c.name}-{s}") for c in SMALL for s in c.steps])
def test_ours_is_what_the_reference_says(case, step):
    results = case.ours(step)()
    assert all(result.dtype in (np.float32, np.float64) for result in results)
    assert timing.check("cnnc", results, case.expected(step), case.tolerance(step)) < 1e-5
    assert case.tolerance(step) < 1e-4
    amount, unit = case.work(step)
    assert amount > 0 and unit in (cases.FLOP, cases.BYTE)


def test_work_of_a_convolution_counts_multiplications_and_additions():
    case = cases.Convolution("count", 2, 6, 8, 4, 3, 1, 1, 2)
    assert case.work("forward") == (2 * (2 * 8 * 8 * 4) * (3 * 3 * 3), cases.FLOP)


def test_the_list_of_layers():
    names = [name for _, name, *_ in cases.LAYERS]
    assert len(set(names)) == len(names)
    assert sum(family is cases.Convolution for family, *_ in cases.LAYERS) == 21
    assert {family.__name__ for family, *_ in cases.LAYERS} == {type(case).__name__ for case in SMALL}


# --- checking


def test_error_is_relative_to_the_largest_number():
    truth = (np.array([10.0, 1.0]), np.array([2.0]))
    assert timing.error_of((np.array([10.0, 1.5]), np.array([2.0])), truth) == pytest.approx(0.05)
    assert timing.error_of((np.array([10.0, np.nan]), np.array([2.0])), truth) == math.inf
    assert timing.error_of((np.array([10.0]), np.array([2.0])), truth) == math.inf


@pytest.mark.parametrize("wrong", [[1.0, 2.1], [1.0, np.nan], [1.0]])
@pytest.mark.parametrize("who", ["cnnc", "peer"])
def test_a_wrong_result_is_not_timed(wrong, who):
    calls = {"cnnc": 0, "peer": 0}

    def contender(name):
        def call():
            calls[name] += 1
            return (np.array(wrong if name == who else [1.0, 2.0]),)

        return call

    others = {"peer": (contender("peer"), lambda result: result)}
    with pytest.raises(timing.WrongResult, match=f"{who} is wrong, not timed"):
        timing.compare(contender("cnnc"), others, (np.array([1.0, 2.0]),), 1e-3, rounds=3)
    assert max(calls.values()) == 1  # called for the check only


def test_right_results_are_timed():
    def call():
        return (np.array([1.0, 2.0]),)

    found = timing.compare(call, {"peer": (call, lambda result: result)}, call(), 0.0, rounds=1)
    assert found["error"] == 0 and found["peer_error"] == {"peer": 0} and found["ratio"] > 0


# --- timing


class Clock:
    """Time that only calls and sleeps spend."""

    now = 0.0

    def __call__(self):
        return self.now

    def spend(self, seconds):
        self.now += seconds


def test_turns_alternate_and_fast_calls_are_repeated(monkeypatch):
    monkeypatch.setattr(timing, "preemptions", lambda: 0)
    clock, order = Clock(), []

    def contender(name, seconds):
        def call():
            order.append(name)
            clock.spend(seconds)

        return call

    calls = {"a": contender("a", 0.25), "b": contender("b", 1.0)}
    turns = timing.interleave(calls, rounds=3, seconds=1.0, pause=5.0, clock=clock, sleep=clock.spend)
    assert [turn.seconds for turn in turns["a"]] == [0.25] * 3
    assert [turn.seconds for turn in turns["b"]] == [1.0] * 3
    one_round = "a" + "aaaa" + "b" + "b"  # a call that is not timed, then a turn of a second
    assert "".join(order).endswith(3 * one_round)


def test_a_disturbed_turn_is_tried_again(monkeypatch):
    clock, count = Clock(), iter([0, 3, 3, 4, 4, 4, 4, 9, 9, 9])  # before and after each turn
    monkeypatch.setattr(timing, "preemptions", lambda: next(count))
    durations = iter([1.0] * 4 + [1.0, 9.0, 1.0, 8.0, 1.0, 7.0, 1.0, 9.0, 1.0, 2.0])

    def call():
        clock.spend(next(durations))

    turns = timing.interleave({"a": call}, rounds=2, seconds=1.0, patience=50.0, clock=clock, sleep=clock.spend)
    assert [(turn.seconds, turn.disturbed) for turn in turns["a"]] == [(7.0, 0), (2.0, 0)]


def test_summary_is_the_ratio_of_medians_to_the_best_of_the_others():
    def turns(*seconds):
        made = []
        for value in seconds:
            turn = timing.Turn.__new__(timing.Turn)
            turn.seconds, turn.disturbed = value, int(value > 50)
            made.append(turn)
        return made

    times = {"cnnc": turns(1.0, 2.0, 99.0), "slow": turns(8.0, 9.0, 9.0), "best": turns(3.0, 6.0, 7.0)}
    found = timing.summarise(times)
    assert (found["seconds"], found["peer"], found["peer_seconds"]) == (2.0, "best", 6.0)
    assert (found["ratio"], found["ratio_min"]) == (3.0, 3.0)
    assert found["disturbed"] == pytest.approx(1 / 9)
    assert "ratio" not in timing.summarise({"cnnc": turns(1.0)})


# --- tables


def test_numbers_have_three_digits():
    shown = [table.number(value) for value in (0.012345, 1.2345, 123.45, 12345.6, 0, None)]
    assert shown == ["0.0123", "1.23", "123", "12346", "0", "-"]


def test_geometric_mean():
    assert table.geometric_mean([0.5, 2.0, 8.0]) == pytest.approx(2.0)
    assert table.geometric_mean([]) is None


def test_means_by_family_and_step():
    rows = [{"family": "Convolution", "step": "data", "name": name, "ratio": ratio, "ratio_min": ratio}
            for name, ratio in (("one", 1.0), ("two", 4.0))]  # fmt: skip
    (line,) = table.means([*rows, {"family": "Convolution", "step": "data", "wrong": "two is wrong"}])
    assert line == "Convolution, data: 2.00 over 2 (fastest rounds 2.00), least 1.00 (one)"


def test_lines_of_the_table():
    result = {"name": "one", "shape": "1x2", "step": "forward", "work": (3e9, cases.FLOP), "seconds": 0.02,
              "error": 2e-7, "peer": "NCHW", "peer_seconds": 0.05, "ratio": 2.5}  # fmt: skip
    cells = table.layer_cells(result)
    assert cells == ["one", "1x2", "forward", "20.0", "150", "50.0", "NCHW", "2.50", "2e-07"]
    title, line = table.plain(table.LAYER, table.LAYER), table.plain(table.LAYER, cells)
    assert title.index("cnnc ms") + len("cnnc ms") == line.index("20.0") + len("20.0")
    assert table.markdown(table.LAYER, [cells]).splitlines()[2].startswith("| one | 1x2 | forward | 20.0 | 150 |")
    assert table.layer_cells({**result, "wrong": "no"})[3] == "wrong"
    alone = {key: value for key, value in result.items() if not key.startswith(("peer", "ratio"))}
    assert table.layer_cells(alone)[5:8] == ["-", "", "-"]


def test_the_line_about_disturbance():
    assert table.disturbance([{"disturbed": 0.0}, {"wrong": "x"}]) is None
    assert table.disturbance([{"disturbed": 0.5}]).startswith("other processes disturbed 50% of the turns")


def test_the_line_about_the_machine(monkeypatch):
    monkeypatch.setattr(table.os, "environ", {"OMP_WAIT_POLICY": "passive", "HOME": "/"})
    line = table.machine(2, "avx2", {"cnnc": "1.0", "NumPy": "2.0"})
    assert "2 threads OMP_WAIT_POLICY=passive, avx2; cnnc 1.0, NumPy 2.0, Python 3." in line


def test_lines_of_networks():
    result = {"name": "LeNet-5", "step": "infer", "images": 2, "seconds": 0.5, "error": 2e-7, "ratio": 2.5,
              "peer": "OpenVINO", "tried": {"PyTorch NCHW": 4.0, "PyTorch compiled NCHW": 2.0, "OpenVINO": 1.1},
              "times": {"cnnc": [0.5], "OpenVINO": [1.0, 1.25, 1.5]},
              "bytes": {"cnnc": 10_000_000, "PyTorch NCHW": 300_000_000, "OpenVINO": 200_000_000}}  # fmt: skip
    cells = table.network_cells(result)
    assert cells == ["LeNet-5", "infer", "2", "500", "4.00", "~1.00", "-", "1.60", "OpenVINO", "2.50", "2e-07", "10.0",
                     "200"]  # fmt: skip
    assert len(table.network_cells({**result, "wrong": "no"})) == len(cells) == len(table.NETWORK)


# --- networks


@pytest.mark.parametrize("mode", networks.MODES)
@pytest.mark.parametrize("name", ["LeNet-5", "MNIST CNN"])
def test_networks_compute_as_in_float64(name, mode):
    found = networks.measure(name, mode, 4, [], rounds=1, threads=1)
    assert found["error"] < networks.TOLERANCE and found["seconds"] > 0


def test_the_networks_are_those_of_the_papers():
    sizes = {name: networks.NETWORKS[name][0]().count_parameters() for name in networks.NETWORKS}
    assert sizes == {"LeNet-5": 61_706, "MNIST CNN": 1_199_882, "ResNet-20": 269_722, "AlexNet": 61_100_840,
                     "VGG-16": 138_357_544, "GoogLeNet": 7_005_832, "ResNet-18": 11_689_512,
                     "ResNet-50": 25_557_032}  # fmt: skip
    assert networks.operations(networks.NETWORKS["ResNet-50"][0]()) == pytest.approx(2 * 4.09e9, rel=0.01)
    assert networks.batches("VGG-16", "train") == (4,) and networks.batches("VGG-16", "infer") == (1, 4)


def test_batch_statistics_are_not_trivial():
    state = networks.build("ResNet-20").state()
    assert abs(state["1.running_mean"]).max() > 0.1 and np.ptp(state["1.running_var"]) > 0.1
    wide = networks.build("ResNet-20", np.float64)
    assert wide.dtype == np.float64
    assert all(np.array_equal(array, state[path]) for path, array in wide.state().items())


@pytest.mark.parametrize(("mode", "exact"), [("train", "true_losses"), ("infer", "true_outputs")])
def test_a_network_that_computes_wrongly_is_not_timed(mode, exact, monkeypatch):
    right = getattr(networks, exact)
    monkeypatch.setattr(networks, exact, lambda *arguments: right(*arguments) + 0.1)
    with pytest.raises(timing.WrongResult, match=f"LeNet-5, {mode}, batch 2, cnnc is wrong, not timed"):
        networks.measure("LeNet-5", mode, 2, [], rounds=1, threads=1)


def contender(fast, slow):
    """What takes the place of networks.make: ours and two others, of which one is slow."""

    def make(name, *_):
        def call():
            time.sleep({"cnnc": 0.0, "fast": fast, "slow": slow}[name])
            return np.ones((1, 2))

        if name == "broken":
            raise RuntimeError("no compiler\nmore")
        return call

    return make


def test_those_that_fail_or_are_far_behind_are_left_out(monkeypatch):
    said = []
    monkeypatch.setattr(networks, "make", contender(fast=0.001, slow=0.02))
    monkeypatch.setattr(networks, "truth", lambda *_, **__: (np.ones((1, 2)), 1e-6))
    found = networks.measure("LeNet-5", "infer", 1, ["slow", "broken", "fast"], 1, 1, say=said.append)
    assert set(found["times"]) == {"cnnc", "fast"} and found["peer"] == "fast"
    assert set(found["tried"]) == set(found["peer_error"]) | {"cnnc"} == {"cnnc", "fast", "slow"}
    assert said == ["broken does not work here and is left out: RuntimeError: no compiler"]


def test_images_that_float64_cannot_afford_are_compared_with_ours(monkeypatch):
    monkeypatch.setattr(networks, "make", lambda name, *_: lambda: np.array([[1.0], [2.0 + (name != "cnnc")]]))
    monkeypatch.setattr(networks, "truth", lambda *_, **__: (np.ones((1, 1)), 1e-6))
    with pytest.raises(timing.WrongResult, match="other is wrong"):
        networks.measure("LeNet-5", "infer", 2, ["other"], 1, 1)


def test_memory_is_that_of_a_process_of_its_own():
    found = memory.peak("cnnc", "LeNet-5", "train", 2, 1)
    assert 10e6 < found < 300e6


# --- beside PyTorch and others, where they are installed


@pytest.mark.parametrize("setting", [name for name in networks.PYTORCH if "compiled" not in name])
@pytest.mark.parametrize("mode", networks.MODES)
def test_pytorch_computes_the_same(mode, setting):
    torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
    before = torch.get_num_threads()
    networks.set_num_threads(setting, 1)
    found = networks.measure("LeNet-5", mode, 3, [setting], rounds=1, threads=1)
    networks.set_num_threads(setting, before)
    assert found["peer_error"][setting] < 1e-5


@pytest.mark.parametrize("runtime", runtimes.RUNTIMES)
def test_runtimes_compute_the_same(runtime, tmp_path):
    package, load = runtimes.RUNTIMES[runtime]
    for name in ("onnx", package):
        pytest.importorskip(name, reason=f"compares with {runtime}, which is not installed")
    from benchmarks import onnx_graph

    net = cnnc.models.resnet_cifar(8, input_shape=(12, 12, 3), width=0.25)
    block = cnnc.Concat([[cnnc.Conv2D(4, 3, padding="same"), cnnc.Tanh()], cnnc.MaxPool2D(3, 1, 1)])
    net = cnnc.Sequential([*net.layers[:-2], block, cnnc.AvgPool2D(2), cnnc.Flatten(), cnnc.Dense(3)]).build(
        (12, 12, 3)
    )
    x, _ = networks.batch(net, 2)
    onnx_graph.save(net, tmp_path / "net.onnx")
    np.testing.assert_allclose(load(tmp_path / "net.onnx", x, 1)(), net(x), rtol=0, atol=1e-4)
