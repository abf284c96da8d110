"""The recorded training step: losses, determinism, memory, and what happens when it goes wrong."""

import ctypes
import gc
import os
import signal
import threading
import time
import tracemalloc

import numpy as np
import pytest

import cnnc


def problem(n=32, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, 28, 28, 1)).astype(np.float32), rng.integers(0, 10, n)


def weights_after(steps, seed=3, layers=None, n=32):
    net = layers() if layers else cnnc.models.lenet5()
    net.build((28, 28, 1), seed=seed)
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.05, momentum=0.9, weight_decay=1e-4, nesterov=True))
    x, labels = problem(n)
    for _ in range(steps):
        trainer.step(x, labels)
    return net.flat.data.copy()


def busy_network():
    """Every kind of layer whose backward pass has sums over images."""
    return cnnc.Sequential([
        cnnc.Conv2D(8, 3, padding=1), cnnc.ReLU(), cnnc.MaxPool2D(3, stride=2, padding=1),
        cnnc.Add([cnnc.Identity(), [cnnc.Conv2D(8, 3, padding=1, groups=8), cnnc.ELU()]]),
        cnnc.Concat([[cnnc.Conv2D(12, 1), cnnc.LeakyReLU()], cnnc.AvgPool2D(3, stride=1, padding=1)]),
        cnnc.Dropout(0.3), cnnc.Conv2D(16, 3, stride=2), cnnc.Sigmoid(), cnnc.Flatten(), cnnc.Dense(10),
    ])  # fmt: skip


@pytest.mark.parametrize("layers", [None, busy_network], ids=["lenet5", "busy"])
def test_weights_are_the_same_bits_for_any_number_of_threads(layers, threads):
    results = []
    for n in (1, 2, 3, 7, 2):
        threads(n)
        results.append(weights_after(4, layers=layers).tobytes())
    assert len(set(results)) == 1


def test_overfits_a_small_batch():
    net = cnnc.models.lenet5().build((28, 28, 1), seed=0)
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.05, momentum=0.9))
    x, labels = problem(16)
    losses = [trainer.step(x, labels) for _ in range(150)]
    assert losses[-1] < 0.05 < losses[0]
    assert trainer.hits == 16
    assert net.evaluate(x, labels)["accuracy"] == 1.0


def test_one_hot_rows_train_like_classes():
    x, labels = problem(8)
    ends = []
    for given in (labels, np.eye(10)[labels]):
        net = cnnc.models.lenet5().build((28, 28, 1), seed=0)
        trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.05))
        ends.append([trainer.step(x, given) for _ in range(3)])
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-6)


def test_the_loss_is_that_of_evaluate():
    x, labels = problem(8)
    net = cnnc.models.lenet5().build((28, 28, 1), seed=0)
    before = net.evaluate(x, labels, metrics=("loss", "accuracy", "top5"))
    assert cnnc.Trainer(net, cnnc.SGD(lr=0.0)).step(x, labels) == pytest.approx(before["loss"], rel=1e-5)
    assert before["accuracy"] <= before["top5"] <= 1


def heap_in_use():
    """Bytes handed out by malloc in this process, or None where the C library cannot say."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallinfo2"):
        return None
    names = ["arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"]
    info = type("mallinfo2", (ctypes.Structure,), {"_fields_": [(name, ctypes.c_size_t) for name in names]})
    libc.mallinfo2.restype = info
    found = libc.mallinfo2()
    return found.uordblks + found.hblkhd


def test_steps_do_not_allocate():
    net = cnnc.models.lenet5().build((28, 28, 1), seed=0)
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.05, momentum=0.9))
    x, labels = problem()
    for _ in range(5):
        trainer.step(x, labels)
        net.predict(x)
    arena = net._arena.memory.ctypes.data
    tracemalloc.start()
    used = []
    for _ in range(3):
        for _ in range(100):
            trainer.step(x, labels)
        gc.collect()
        used.append((tracemalloc.get_traced_memory()[0], heap_in_use()))
    tracemalloc.stop()
    (_, _), (python, heap), (python_after, heap_after) = used
    assert python_after - python < 1024  # a hundred steps that keep one object of even 16 bytes would show
    assert heap is None or heap_after - heap < 4096
    assert net._arena.memory.ctypes.data == arena


def test_a_step_is_one_call_into_c():
    net = cnnc.models.lenet5()
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.05))
    assert len(trainer.run(8, np.float32, False).program.parts) == 1
    plan, _ = net.plan_inference(8, np.float32, 1)
    assert all(step.op is not None for step in plan.steps)


def nan_problem():
    x, labels = problem(4)
    x[0, 0, 0, 0] = np.nan
    return x, labels


def test_a_nan_loss_stops_and_leaves_the_parameters():
    net = cnnc.models.lenet5().build((28, 28, 1), seed=0)
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.05, momentum=0.9))
    x, labels = problem(4)
    trainer.step(x, labels)
    before = net.flat.data.copy()
    with pytest.raises(cnnc.NonFiniteLoss, match=r"step 1 with learning rate 0.05 .* input .* received nan"):
        trainer.step(*nan_problem())
    np.testing.assert_array_equal(net.flat.data, before)
    assert np.isfinite(trainer.step(x, labels))


def test_a_diverging_network_names_the_first_layer():
    net = cnnc.Sequential([cnnc.Dense(4), cnnc.Dense(3)]).build((2,), seed=0)
    net.parameters()["1.weight"][...] = 1e38
    with pytest.raises(cnnc.NonFiniteLoss, match='first layer whose output is not finite is Dense "1"'):
        cnnc.Trainer(net, cnnc.SGD(lr=1.0)).step(np.full((2, 2), 100.0), [0, 1])
    net.parameters()["0.weight"][0, 0] = np.inf
    with pytest.raises(cnnc.NonFiniteLoss, match='the parameter "0.weight" is not finite'):
        cnnc.Trainer(net, cnnc.SGD(lr=1.0)).step(np.full((2, 2), 100.0), [0, 1])


@pytest.mark.parametrize(
    ("labels", "error", "text"),
    [
        ([0, 1, 2, 10], ValueError, r"\[0, 10\): received 10 at position 3"),
        ([0, -1, 2, 3], ValueError, r"received -1 at position 1"),
        ([0, 1], ValueError, "4 images: received 2"),
        ([0.5, 1, 2, 3], TypeError, "integer classes"),
        (np.ones((4, 3)), ValueError, r"\(N, 10\): received \(4, 3\)"),
        (np.full((4, 10), np.nan), ValueError, "finite"),
        (["a", "b", "c", "d"], TypeError, "integer classes"),
    ],
)
def test_bad_labels_are_refused_before_anything_happens(labels, error, text):
    net = cnnc.models.lenet5()
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.05))
    before = net.flat.data.copy()
    x, _ = problem(4)
    with pytest.raises(error, match=text):
        trainer.step(x, labels)
    with pytest.raises(error, match=text):
        net.fit(x, labels, progress=False)
    np.testing.assert_array_equal(net.flat.data, before)


def test_softmax_layer_and_cross_entropy_do_not_go_together():
    net = cnnc.Sequential([cnnc.Dense(3), cnnc.Softmax()]).build((2,))
    with pytest.raises(ValueError, match='received a network that ends in Softmax "1"'):
        cnnc.Trainer(net, cnnc.SGD())


def test_gradients_have_the_parameters_names():
    net = cnnc.models.lenet5()
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.0))
    trainer.step(*problem(4))
    gradients = trainer.gradients()
    assert gradients.keys() == net.parameters().keys()
    assert all(np.abs(g).max() > 0 for g in gradients.values())


@pytest.fixture
def ctrl_c():
    """Ctrl-C raises KeyboardInterrupt, also where the shell started us in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_stops_soon_and_leaves_the_network_usable(ctrl_c):
    layers = [cnnc.Conv2D(32, 3, padding=1) for _ in range(3)]
    net = cnnc.Sequential([*layers, cnnc.Flatten(), cnnc.Dense(10)]).build((28, 28, 1))
    x, labels = problem(256)
    sent = []

    def interrupt():
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    net.fit(x, labels, batch_size=64, progress=False)
    timer = threading.Timer(0.3, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        net.fit(x, labels, epochs=10_000, batch_size=64, progress=False)
    assert time.perf_counter() - sent[0] < 1.0  # 0.2 s on an idle machine
    assert np.isfinite(net.flat.data).all()
    assert net(x[:2]).shape == (2, 10)
    net.fit(x[:64], labels[:64], progress=False)


def test_a_trainers_programs_go_when_it_goes():
    net = cnnc.models.lenet5()
    x, labels = problem(4)
    for lr in (0.1, 0.0, 0.1, 0.0):
        before = net.flat.data.copy()
        cnnc.Trainer(net, cnnc.SGD(lr=lr, momentum=0.9)).step(x, labels)
        assert (net.flat.data != before).any() == (lr > 0)
    gc.collect()
    assert not net._arena._recorded
    assert not net._arena._runs


class Following(cnnc.Layer):
    """Keeps a running mean of single samples, as batch normalisation does of batches."""

    def declare(self, shape):
        self.mean = cnnc.Parameter(shape, "zeros", learned=False)
        return shape

    def record(self, tape, x):
        if tape.training:
            tape.update("lerp", x=x, y=self.mean, scale=1.0, rate=0.5)
        return x


def test_a_bad_part_of_a_batch_leaves_no_trace_of_the_parts_before():
    net = cnnc.Sequential([Following(), cnnc.Dense(3)]).build((6,), seed=0)
    trainer = cnnc.Trainer(net, cnnc.SGD(0.1, momentum=0.9), accumulate=4, ema=0.5)
    x = np.random.default_rng(0).standard_normal((4, 6))
    trainer.step(x, [0, 1, 2, 0])
    assert np.abs(net.state()["0.mean"]).min() > 0
    before, state = net.flat.all.copy(), trainer.state_dict()
    x[2] = np.nan
    with pytest.raises(cnnc.NonFiniteLoss, match="step 1 .* input of the network is not finite"):
        trainer.step(x, [0, 1, 2, 0])
    np.testing.assert_array_equal(net.flat.all, before)
    for name in ("step", "optimizer.velocity", "average"):
        np.testing.assert_array_equal(trainer.state_dict()[name], state[name])


def test_parts_need_the_memory_of_one():
    net = cnnc.models.lenet5()
    arenas = []
    for accumulate in (1, 4):
        cnnc.Trainer(net, cnnc.SGD(0.1), accumulate=accumulate).step(*problem(64))
        arenas.append(net._arena.memory.size)
        net._arena = type(net._arena)()
    assert arenas[1] < 0.5 * arenas[0]


def test_a_head_costs_no_second_call_into_c():
    net = cnnc.Sequential([cnnc.Flatten(), cnnc.Auxiliary(cnnc.Dense(10)), cnnc.Dense(10)]).build((28, 28, 1))
    trainer = cnnc.Trainer(net, cnnc.Adam(clip_norm=1.0), ema=0.9)
    assert len(trainer.run(8, np.float32, False).program.parts) == 1


@pytest.mark.parametrize("optimizer", ["adam", cnnc.Adam, None])
def test_an_optimizer_must_be_one(optimizer):
    net = cnnc.Sequential([cnnc.Dense(2)]).build((3,))
    with pytest.raises(TypeError, match="optimizer must be an Optimizer, such as .*: received "):
        cnnc.Trainer(net, optimizer)


@pytest.mark.parametrize("lr", [float("nan"), float("inf"), -0.1, "fast"])
def test_a_bad_rate_leaves_the_network_as_it_was(lr):
    net = cnnc.Sequential([cnnc.Dense(2)]).build((3,))
    before = net.flat.all.copy()
    with pytest.raises(ValueError, match="learning rate of a step must be a number, 0 or more: received "):
        cnnc.Trainer(net, cnnc.SGD()).step(np.ones((1, 3)), [0], lr=lr)
    with pytest.raises(ValueError, match="learning rate of a step must be a number, 0 or more: received "):
        cnnc.Trainer(net, cnnc.SGD(lambda step, steps: lr), steps=1).step(np.ones((1, 3)), [0])
    np.testing.assert_array_equal(net.flat.all, before)


def test_a_part_that_does_not_fit_is_refused_before_the_others_run():
    net = cnnc.Sequential([cnnc.Dense(4), cnnc.BatchNorm(), cnnc.Dense(2)]).build((3,))
    before = net.flat.all.copy()
    x = np.random.default_rng(0).standard_normal((7, 3))
    with pytest.raises(cnnc.LayerError, match=r"more than one value for each channel: received \(1, 4\)"):
        cnnc.Trainer(net, cnnc.SGD(), accumulate=3).step(x, [0] * 7)  # parts of 3, 3 and 1
    np.testing.assert_array_equal(net.flat.all, before)


class Moody(cnnc.Layer):
    """Fails on the second part that it sees."""

    seen = 0

    def declare(self, shape):
        return shape

    def forward(self, x):
        self.seen += 1
        if self.seen == 2:
            raise RuntimeError("out of sorts")
        return x

    def backward(self, dy):
        return dy


def test_a_part_that_fails_leaves_no_trace_of_those_before():
    net = cnnc.Sequential([cnnc.BatchNorm(), Moody(), cnnc.Dense(2)]).build((3,))
    before = net.flat.all.copy()
    with pytest.raises(RuntimeError, match="out of sorts"):
        cnnc.Trainer(net, cnnc.SGD(), accumulate=2).step(np.random.default_rng(0).standard_normal((6, 3)), [0] * 6)
    np.testing.assert_array_equal(net.flat.all, before)


def test_what_is_frozen_is_read_when_a_trainer_is_made():
    def trained(meddle):
        net = cnnc.Sequential([cnnc.Dense(4), cnnc.BatchNorm(), cnnc.Dense(2)]).build((3,))
        x = np.random.default_rng(0).standard_normal((8, 3))
        trainer = cnnc.Trainer(net, cnnc.SGD(0.1, momentum=0.9))
        trainer.step(x, [0] * 8)
        if meddle:
            net[0].trainable = net[1].trainable = False
            cnnc.Trainer(net, cnnc.SGD(0.1))
        trainer.step(x[:5], [0] * 5)  # another size is recorded now
        return net.flat.all

    np.testing.assert_array_equal(trained(True), trained(False))


def test_a_network_that_is_built_again_needs_a_new_trainer():
    net = cnnc.Sequential([cnnc.Dense(2)]).build((3,))
    trainer = cnnc.Trainer(net, cnnc.SGD())
    net.build((3,), seed=1)
    with pytest.raises(ValueError, match="built again needs a new Trainer"):
        trainer.step(np.ones((1, 3)), [0])
