"""Optimizers: their formulas over many steps, PyTorch's trajectories, what they leave alone, clipping, refusals."""

import numpy as np
import pytest
from table.optim import RULES

import cnnc
from cnnc.tape import Arena, Tape
from cnnc.training.optimizers import settings
from cnnc.training.update import Update

NAMES = [f"{type(rule.optimizer).__name__}-{i}" for i, rule in enumerate(RULES)]


def stepper(optimizer, dtype=np.float32):
    """A network of one matrix and one vector, and a function that updates it by given gradients."""
    net = cnnc.Sequential([cnnc.Dense(5)]).build((7,), seed=0, dtype=dtype)
    net.settle()
    net.parameters()["0.bias"][...] = np.linspace(-1, 1, 5)
    update = Update(optimizer, net.flat)
    assert not net.flat.grad.any()

    def record(team):
        tape = Tape(net.dtype, training=True)
        update.record(tape)
        return tape.plan(team), {}

    arena = Arena()

    def step(t, gradients):
        update.prepare(t, optimizer.lr_at(t, None))
        for parameter, gradient in zip(net.flat.named.values(), gradients, strict=True):
            parameter.grad[...] = gradient
        arena.run((), record).program.run()

    return net, update, step


def gradients(t):
    rng = np.random.default_rng(t)
    return [rng.standard_normal(shape) * 0.3 for shape in ((7, 5), (5,))]


@pytest.mark.parametrize("decay_vectors", [False, True])
@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_fifty_steps_follow_the_formula(rule, decay_vectors, isa, threads):
    threads(2)
    o = rule.optimizer
    arguments = {name: getattr(o, name) for name in o.__dataclass_fields__}
    o = type(o)(**{**arguments, "decay_vectors": decay_vectors})
    net, _, step = stepper(o)
    weights = [a.astype(np.float64) for a in net.parameters().values()]
    states = [[0.0] * len(o.states) for _ in weights]
    for t in range(50):
        step(t, gradients(t))
        for k, g in enumerate(gradients(t)):
            decayed = decay_vectors or k == 0
            plain = type(o)(**{**arguments, "weight_decay": o.weight_decay if decayed else 0.0})
            if isinstance(o, cnnc.LARS) and decayed:
                w = np.linalg.norm(weights[k])
                ratio = o.trust * w / (np.linalg.norm(g) + o.weight_decay * w)
                plain = type(o)(**{**arguments, "lr": o.lr * ratio})
            penalty = 0.0 if getattr(o, "decoupled", False) else plain.weight_decay * weights[k]
            weights[k], states[k] = rule.formula(plain, weights[k], g + penalty, states[k], t + 1)
    for array, expected in zip(net.parameters().values(), weights, strict=True):
        np.testing.assert_allclose(array, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("rule", [r for r in RULES if r.pytorch], ids=[n for n in NAMES if "LARS" not in n])
def test_fifty_steps_follow_pytorch(rule):
    torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
    o = rule.optimizer
    given = {name: getattr(o, name) for name in o.__dataclass_fields__}
    net, _, step = stepper(type(o)(**{**given, "decay_vectors": True}))
    theirs = [torch.tensor(a.copy()) for a in net.parameters().values()]
    optimizer = getattr(torch.optim, rule.pytorch)(theirs, **rule.arguments, weight_decay=o.weight_decay)
    for t in range(50):
        step(t, gradients(t))
        for tensor, gradient in zip(theirs, gradients(t), strict=True):
            tensor.grad = torch.tensor(gradient, dtype=torch.float32)
        optimizer.step()
    for array, tensor in zip(net.parameters().values(), theirs, strict=True):
        np.testing.assert_allclose(array, tensor.numpy(), rtol=0, atol=1e-5)


def test_weight_decay_leaves_vectors_alone():
    for optimizer in (cnnc.SGD(0.1, weight_decay=0.5), cnnc.AdamW(weight_decay=0.5), cnnc.LARS(0.1, weight_decay=0.5)):
        net, _, step = stepper(optimizer)
        before = {path: array.copy() for path, array in net.parameters().items()}
        step(0, [np.zeros((7, 5)), np.zeros(5)])
        np.testing.assert_array_equal(net.parameters()["0.bias"], before["0.bias"])
        assert (np.abs(net.parameters()["0.weight"]) < np.abs(before["0.weight"])).all()


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_every_optimizer_trains(rule, threads):
    """Learns, with the same bits for any number of threads, and leaves frozen layers and a bad step without a trace."""
    x = np.random.default_rng(0).standard_normal((32, 6))
    labels = (x[:, 0] > 0) + (x[:, 1] > 0)
    ends = []
    for team in (1, 3):
        threads(team)
        net = cnnc.Sequential([cnnc.Dense(300), cnnc.Tanh(), cnnc.Dense(200), cnnc.Tanh(), cnnc.Dense(3)])
        net.build((6,), seed=0)
        net.layers[2].trainable = False
        kept = net.parameters()["2.weight"].copy()
        trainer = cnnc.Trainer(net, rule.optimizer)
        losses = [trainer.step(x, labels) for _ in range(20)]
        assert losses[-1] < losses[0]
        np.testing.assert_array_equal(net.parameters()["2.weight"], kept)
        before = net.flat.all.tobytes(), [a.tobytes() for a in trainer.state.values()]
        with pytest.raises(cnnc.NonFiniteLoss):
            trainer.step(np.full((32, 6), np.nan), labels)
        assert before == (net.flat.all.tobytes(), [a.tobytes() for a in trainer.state.values()])
        ends.append(before)
    assert ends[0] == ends[1]


def test_a_factor_of_a_layer_scales_its_rate():
    ends = []
    for lr_scale, lr in ((0.25, 0.4), (1.0, 0.1)):
        net = cnnc.Sequential([cnnc.Dense(3)]).build((4,), seed=0)
        net.layers[0].lr_scale = lr_scale
        trainer = cnnc.Trainer(net, cnnc.Adam(lr))
        for _ in range(3):
            trainer.step(np.eye(4), [0, 1, 2, 0])
        ends.append(net.flat.data.copy())
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-6)


def test_clipping_by_value_and_by_norm():
    net, _, step = stepper(cnnc.SGD(1.0, clip_value=0.1))
    before = net.flat.data.copy()
    step(0, gradients(0))
    moved = net.flat.view(before - net.flat.data, "0.weight")
    np.testing.assert_allclose(moved, np.clip(gradients(0)[0], -0.1, 0.1), atol=1e-6)
    for limit in (0.5, 100.0):
        net, _, step = stepper(cnnc.SGD(1.0, clip_norm=limit))
        before = net.flat.data.copy()
        step(0, gradients(0))
        norm = np.sqrt(sum((g**2).sum() for g in gradients(0)))
        expected = min(norm, limit)
        assert np.linalg.norm(before - net.flat.data) == pytest.approx(expected, rel=1e-5)


def test_clipping_is_pytorchs():
    torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
    net, _, step = stepper(cnnc.SGD(1.0, clip_norm=0.7))
    theirs = [torch.tensor(a.copy()) for a in net.parameters().values()]
    step(0, gradients(0))
    for tensor, gradient in zip(theirs, gradients(0), strict=True):
        tensor.grad = torch.tensor(gradient, dtype=torch.float32)
    torch.nn.utils.clip_grad_norm_(theirs, 0.7)
    torch.optim.SGD(theirs, lr=1.0).step()
    for array, tensor in zip(net.parameters().values(), theirs, strict=True):
        np.testing.assert_allclose(array, tensor.numpy(), atol=1e-6)


def test_states_that_settings_do_without_take_no_memory():
    assert list(stepper(cnnc.SGD())[1].state) == []
    assert list(stepper(cnnc.RMSProp())[1].state) == ["square"]
    assert list(stepper(cnnc.RMSProp(momentum=0.5, centered=True))[1].state) == ["square", "mean", "velocity"]


def test_a_constant_gradient_does_not_make_a_centred_variance_negative():
    net, _, step = stepper(cnnc.RMSProp(centered=True, rho=0.5))
    for t in range(100):
        step(t, [np.full((7, 5), 0.3), np.full(5, 1e-3)])
    assert np.isfinite(net.flat.data).all()


def test_one_pass_for_each_run_of_equal_parameters():
    net = cnnc.models.lenet5()
    trainer = cnnc.Trainer(net, cnnc.AdamW())
    plan, _ = trainer.plan(2, np.float32, one_hot=False, team=1)
    assert [step.op.name for step in plan.steps].count("adam") == 2  # matrices, vectors


def test_an_optimizer_of_ones_own():
    @settings
    class Sign(cnnc.Optimizer):
        op, states = "lars", ("velocity",)

        def numbers(self, t, lr, decay):
            return lr / t, 0.0, decay

    net, _, step = stepper(Sign(lr=1.0))
    before = net.flat.data.copy()
    step(1, gradients(0))
    np.testing.assert_allclose(net.flat.view(before - net.flat.data, "0.weight"), gradients(0)[0] / 2, atol=1e-6)
    with pytest.raises(TypeError, match="Optimizer must implement numbers"):
        cnnc.Trainer(net, cnnc.Optimizer()).step(np.ones((1, 7)), [0])


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: cnnc.SGD(lr=-1), "the learning rate must be 0 or more, or a schedule: received -1"),
        (lambda: cnnc.SGD(lr=True), "the learning rate must be 0 or more, or a schedule: received True"),
        (lambda: cnnc.Adam(lr="fast"), "the learning rate must be 0 or more, or a schedule: received 'fast'"),
        (lambda: cnnc.SGD(weight_decay=float("inf")), "weight_decay must be 0 or more: received inf"),
        (lambda: cnnc.Adam(beta2=1.0), r"beta2 must be in \[0, 1\): received 1.0"),
        (lambda: cnnc.RMSProp(rho=-0.1), r"rho must be in \[0, 1\): received -0.1"),
        (lambda: cnnc.RMSProp(centered=2), "centered must be True or False: received 2"),
        (lambda: cnnc.Adam(epsilon=float("nan")), "epsilon must be 0 or more: received nan"),
        (lambda: cnnc.LARS(trust=-1), "trust must be 0 or more: received -1"),
        (lambda: cnnc.SGD(clip_norm=0), "clip_norm must be above 0, or None: received 0"),
        (lambda: cnnc.SGD(clip_value=-1.0), "clip_value must be above 0, or None: received -1.0"),
    ],
)
def test_bad_settings_are_refused(make, text):
    with pytest.raises(ValueError, match=text):
        make()
