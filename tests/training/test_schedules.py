"""Learning-rate schedules: their shapes, PyTorch's values, refusals."""

import itertools

import numpy as np
import pytest

import cnnc


def test_cosine_rises_then_falls():
    schedule = cnnc.Cosine(0.1, end=0.01, warmup=0.1)
    rates = [schedule(step, 100) for step in range(101)]
    assert rates[0] < rates[5] < rates[10] == pytest.approx(0.1)
    assert all(a >= b for a, b in itertools.pairwise(rates[10:]))
    assert rates[100] == pytest.approx(0.01)


STEPS = 60


def theirs(make):
    """The rates of PyTorch's schedule, for steps 0, 1 ..."""
    torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.4)
    schedule = make(torch.optim.lr_scheduler, optimizer)
    rates = []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


@pytest.mark.parametrize(
    ("schedule", "make"),
    [
        (cnnc.Constant(0.4), lambda s, o: s.ConstantLR(o, factor=1.0)),
        (cnnc.Step(0.4, [10, 30], 0.2), lambda s, o: s.MultiStepLR(o, [10, 30], 0.2)),
        (cnnc.Step(0.4, [0.25, 0.5]), lambda s, o: s.MultiStepLR(o, [15, 30])),
        (cnnc.Exponential(0.4, 0.97), lambda s, o: s.ExponentialLR(o, 0.97)),
        (cnnc.Polynomial(0.4, power=0.9), lambda s, o: s.PolynomialLR(o, STEPS, 0.9)),
        (cnnc.Cosine(0.4, end=0.1), lambda s, o: s.CosineAnnealingLR(o, STEPS, 0.1)),
        (cnnc.Warmup(0.4, 12, first=0.1), lambda s, o: s.LinearLR(o, 0.1, 1.0, 12)),
        (
            cnnc.Warmup(cnnc.Cosine(0.4), 12, first=0.1),
            lambda s, o: s.SequentialLR(
                o, [s.LinearLR(o, 0.1, 1.0, 12), s.CosineAnnealingLR(o, STEPS - 12)], milestones=[12]
            ),
        ),
        (cnnc.OneCycle(0.4), lambda s, o: s.OneCycleLR(o, 0.4, STEPS)),
        (
            cnnc.OneCycle(0.4, rise=0.45, divide=10, end_divide=100),
            lambda s, o: s.OneCycleLR(o, 0.4, STEPS + 7, pct_start=0.45, div_factor=10, final_div_factor=100),
        ),
    ],
)
def test_rates_are_pytorchs(schedule, make):
    steps = STEPS + 7 if "rise=0.45" in repr(schedule) else STEPS
    rates = [schedule(step, steps) for step in range(STEPS)]
    np.testing.assert_allclose(rates, theirs(make), rtol=1e-9)


@pytest.mark.parametrize("better", ["less", "more"])
@pytest.mark.parametrize("cooldown", [0, 2])
def test_a_plateau_is_pytorchs(better, cooldown):
    torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.4)
    mode = {"less": "min", "more": "max"}[better]
    other = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode, factor=0.5, patience=2, threshold=0.05, cooldown=cooldown, min_lr=0.01
    )
    ours = cnnc.ReduceOnPlateau(0.4, 0.5, 2, "loss", better, threshold=0.05, cooldown=cooldown, end=0.01)
    rng = np.random.default_rng(0)
    for epoch in range(60):
        value = float(2 + rng.random() - 0.01 * epoch)
        ours.note({"loss": value})
        other.step(value)
        assert ours(epoch, None) == pytest.approx(optimizer.param_groups[0]["lr"])
    assert ours(0, None) < 0.4


def test_a_plateau_keeps_its_state_in_numbers():
    schedule, again = (cnnc.Warmup(cnnc.ReduceOnPlateau(1.0, patience=1), 5) for _ in range(2))
    for loss in (3.0, 2.0, 2.0):
        schedule.note({"val_loss": loss})
    again.restore(schedule.state())
    for one in (schedule, again):
        one.note({"val_loss": 2.0})
        assert one(5, None) == 0.1


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: cnnc.Cosine(0.0), "start > 0"),
        (lambda: cnnc.Cosine(0.1, end=0.2), "end <= start"),
        (lambda: cnnc.Cosine(0.1, warmup=1.0), "warmup"),
        (lambda: cnnc.Cosine(float("inf")), "start > 0 .*: received inf, 0.0"),
        (lambda: cnnc.Cosine("fast"), "start > 0 .*: received fast, 0.0"),
        (lambda: cnnc.Constant(True), "must be above 0: received True"),
        (lambda: cnnc.Constant(0), "must be above 0: received 0"),
        (lambda: cnnc.Step(0.1, [0]), r"milestones must be positive ints, or shares .* in \(0, 1\): received 0"),
        (lambda: cnnc.Step(0.1, [1.5]), "milestones must be .*: received 1.5"),
        (lambda: cnnc.Step(0.1, [5], factor=0), "factor must be above 0: received 0"),
        (lambda: cnnc.Exponential(0.1, 1.5), r"factor must be in \(0, 1\]: received 1.5"),
        (lambda: cnnc.Polynomial(0.1, power=0), "power must be above 0: received 0"),
        (lambda: cnnc.Polynomial(0.1, end=1), "end must be from 0 to lr: received 1"),
        (lambda: cnnc.Warmup(0.1, 0), "steps of a warm-up must be .*: received 0"),
        (lambda: cnnc.Warmup(0.1, 5, first=2), r"first must be in \[0, 1\]: received 2"),
        (lambda: cnnc.OneCycle(0.1, rise=1), r"rise must be in \(0, 1\): received 1"),
        (lambda: cnnc.OneCycle(0.1, divide=0.5), "divisors must be at least 1"),
        (lambda: cnnc.ReduceOnPlateau(0.1, factor=1), r"factor must be in \(0, 1\): received 1"),
        (lambda: cnnc.ReduceOnPlateau(0.1, patience=-1), "patience must be an int of 0 or more: received -1"),
        (lambda: cnnc.ReduceOnPlateau(0.1, better="up"), "better must be .*: received 'up'"),
    ],
)
def test_bad_schedules_are_refused(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_one_cycle_may_rise_in_a_single_step():
    assert cnnc.OneCycle(0.1, rise=0.5)(0, 2) == 0.1


def test_rates_may_be_numpys():
    assert cnnc.Constant(np.float32(0.5))(0, 1) == cnnc.SGD(np.float32(0.5)).lr_at(0, 1) == 0.5
