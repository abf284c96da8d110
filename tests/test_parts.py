"""Convolutions cut into parts of the batch up to their pooling compute the same bits, in less memory."""

import copy

import numpy as np
import pytest
from nets import batch

import cnnc
from cnnc import parts

N = 7
WHOLE = 1 << 60  # bytes of a part that is everything


def convolution(**settings):
    return [cnnc.Conv2D(6, 3, padding=1, **settings), cnnc.ReLU(), cnnc.Conv2D(5, 3, **settings), cnnc.Tanh()]


NETWORKS = {
    **{f"{algorithm}, max": [*convolution(algorithm=algorithm), cnnc.MaxPool2D(3, 2, padding=1)]
       for algorithm in ("auto", "direct", "winograd_6x6", "winograd_4x4")},
    **{f"{algorithm}, mean": [*convolution(algorithm=algorithm), cnnc.AvgPool2D(2, padding=1)]
       for algorithm in ("direct", "winograd_6x6")},
    "5x5": [cnnc.Conv2D(4, 5, padding="same", algorithm="winograd_6x6"), cnnc.AvgPool2D(2)],
    "pixels": [cnnc.Conv2D(8, 1), cnnc.ReLU(), cnnc.Conv2D(4, 1, groups=2), cnnc.MaxPool2D(2), cnnc.Conv2D(3, 1)],
    "depthwise": [cnnc.DepthwiseConv2D(3), cnnc.GELU(), cnnc.AvgPool2D(3, 2)],
    "normalised": [cnnc.Conv2D(9, 3, 2), cnnc.BatchNorm(), cnnc.ReLU(), cnnc.MaxPool2D(2, 1)],
    "residual": [cnnc.Conv2D(3, 1), cnnc.Add([cnnc.Conv2D(3, 3, padding=1), cnnc.Identity()]), cnnc.MaxPool2D(2)],
    "other reader": [cnnc.Conv2D(3, 3), cnnc.Concat([cnnc.MaxPool2D(3, 1, padding=1), cnnc.Identity()])],
    "branches": [cnnc.Concat([[cnnc.Conv2D(3, 3), cnnc.MaxPool2D(2)], [cnnc.Conv2D(4, 3), cnnc.AvgPool2D(2)]])],
    "a whole column": [cnnc.Conv2D(20, 3), cnnc.GlobalMaxPool()],
}  # fmt: skip


def drawn(rng):
    """One to three random convolutions with activations, then a pooling, on images of random size."""
    layers = []
    for _ in range(rng.integers(1, 4)):
        kernel = int(rng.choice([1, 3, 3, 5]))
        stride, filters = (int(n) for n in rng.integers(1, 3, 2) * (1, 6))
        algorithms = ["auto", "direct"] + ["winograd_6x6"] * (kernel > 1 and stride == 1)
        layers.append(cnnc.Conv2D(filters, kernel, stride, "same", algorithm=str(rng.choice(algorithms))))
        layers += [[], [cnnc.ReLU()], [cnnc.ReLU()], [cnnc.GELU()]][rng.integers(4)]
    pool = (cnnc.MaxPool2D, cnnc.AvgPool2D)[rng.integers(2)]
    size, stride = (int(n) for n in rng.integers(1, 4, 2))
    return [*layers, pool(size, stride, padding="same")], tuple(int(n) for n in rng.integers(3, 14, 3))


def build(name, dtype=np.float32):
    if isinstance(name, int):
        layers, shape = drawn(np.random.default_rng(name))
    else:
        layers, shape = copy.deepcopy(NETWORKS[name]), (10, 11, 4)
    return cnnc.Sequential([*layers, cnnc.Flatten(), cnnc.Dense(4)]).build(shape, dtype=dtype, seed=3)


@pytest.fixture
def cut(monkeypatch):
    """A function that has parts of at most so many bytes made, however little that pays."""

    def to(nbytes):
        monkeypatch.setattr(parts, "PART", nbytes)
        monkeypatch.setattr(parts, "DEARER", 1000.0)

    return to


def inferred(name, dtype):
    net = build(name, dtype)
    return net(batch(net.input_shape, N, dtype)).tobytes()


def trained(name, dtype):
    """The bits of losses, gradients and state after two steps."""
    net = build(name, dtype)
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.1, momentum=0.9))
    losses = [np.float64(trainer.step(batch(net.input_shape, N, dtype), np.arange(N) % 4)) for _ in range(2)]
    found = [*losses, *trainer.gradients().values(), *net.state().values()]
    return [np.asarray(array).tobytes() for array in found]


@pytest.mark.parametrize("compute", [inferred, trained])
@pytest.mark.parametrize("name", [*NETWORKS, *range(30)])
def test_parts_give_the_same_bits(compute, name, cut, threads):
    for dtype in (np.float32, np.float64):
        cut(WHOLE)
        whole = compute(name, dtype)
        for team, nbytes in ((1, 1), (2, 7000), (3, 1), (7, 1000)):
            threads(team)
            cut(nbytes)
            assert compute(name, dtype) == whole


@pytest.mark.parametrize("name", NETWORKS)
def test_parts_give_the_same_bits_on_every_level(name, cut, isa):
    cut(WHOLE)
    whole = inferred(name, np.float32), trained(name, np.float32)
    cut(1)
    assert (inferred(name, np.float32), trained(name, np.float32)) == whole


def operations(net, training=False, n=N):
    if training:
        plan, _ = cnnc.Trainer(net, cnnc.SGD()).plan(n, np.float32, one_hot=False, team=1)
    else:
        plan, _ = net.plan_inference(n, np.float32, 1)
    return [step.op.name for step in plan.steps if step.part == "forward"]


def test_a_run_of_convolutions_is_cut_with_its_pooling(cut):
    cut(1)
    net = build("direct, max")
    assert operations(net) == ["correlate2d", "correlate2d", "max_pool2d"] * N + ["dense"]
    assert operations(net, n=1) == ["correlate2d", "correlate2d", "max_pool2d", "dense"]
    image = 10 * 11 * 6 * 4  # bytes of the larger result
    cut(3 * image)
    assert operations(net) == ["correlate2d", "correlate2d", "max_pool2d"] * 3 + ["dense"]
    cut(4 * image)
    assert operations(net) == ["correlate2d", "correlate2d", "max_pool2d", "dense"]


def test_training_packs_filters_once(cut):
    cut(1)
    net = cnnc.Sequential([cnnc.Conv2D(8, 3), cnnc.ReLU(), cnnc.MaxPool2D(2), cnnc.Flatten()]).build((8, 8, 3))
    found = operations(net, training=True)[: 1 + 2 * N]
    assert found == ["correlate2d_pack", *["correlate2d", "max_pool2d"] * N]


def test_what_the_gradient_reads_stays_whole(cut):
    cut(1)
    net = cnnc.Sequential([cnnc.Conv2D(8, 3), cnnc.Tanh(), cnnc.AvgPool2D(2), cnnc.Flatten()]).build((8, 8, 3))
    assert operations(net, training=True)[:2] == ["correlate2d", "avg_pool2d"]


def test_filters_that_parts_would_transform_again_stay_with_the_whole():
    net = cnnc.Sequential([cnnc.Conv2D(256, 3, padding=1), cnnc.MaxPool2D(3, 2)]).build((13, 13, 384))
    assert operations(net, n=32) == ["correlate2d", "max_pool2d"]


def test_parts_need_less_memory(cut):
    net = cnnc.Sequential([cnnc.Conv2D(16, 3), cnnc.ReLU(), cnnc.Conv2D(16, 3), cnnc.MaxPool2D(2)]).build((64, 64, 3))
    plan, _ = net.plan_inference(64, np.float32, 1)
    cut(WHOLE)
    whole, _ = net.plan_inference(64, np.float32, 1)
    assert plan.activations < 0.4 * whole.activations
