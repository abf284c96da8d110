"""Plans: no buffer is overwritten while it is needed, sharing changes no result, and peak memory is what is used."""

import numpy as np
import pytest
from nets import batch, random_network

import cnnc
from cnnc.tape import ALIGN, Buffer, Plan, Tape

SEEDS = range(25)
LABELS = np.array([0, 3, 1])


def network(seed):
    return random_network(np.random.default_rng(seed))


def plans(net):
    """(plan, buffers that the caller fills, buffers that the caller reads) of inference and of training."""
    plan, named = net.plan_inference(3, np.float32, 1)
    yield plan, [named["x"]], [named["y"]]
    plan, named = net.plan_inference(3, np.float32, 1, keep_all=True)
    yield plan, [named["x"]], [buffer for name, buffer in named.items() if name != "x"]
    plan, named = cnnc.Trainer(net, cnnc.SGD(momentum=0.9)).plan(3, np.float32, one_hot=False, team=1)
    yield plan, [named["x"], named["labels"]], [named["x"], named["loss"], named["hits"]]


def place_of(buffer):
    root = buffer.storage.root()
    return None if root.array is not None else slice(root.offset, root.offset + buffer.storage.nbytes)


def follow(plan, filled, read):
    """Walks through the steps as if they ran, noting for each byte which buffer wrote it last.

    Knows nothing of lives: what a step reads must still be there, whoever shares its memory.
    """
    owner = np.zeros(plan.arena, np.int64)
    numbers = {}

    def write(buffer):
        if (place := place_of(buffer)) is not None:
            owner[place] = numbers.setdefault(id(buffer.storage), len(numbers) + 1)

    def check(buffer, when):
        if (place := place_of(buffer)) is not None:
            number = numbers.get(id(buffer.storage), -1)
            assert (owner[place] == number).all(), f"{buffer} is overwritten or never written, read by {when}"

    for buffer in filled:
        write(buffer)
    for step in plan.steps:
        for name, value in step.fields.items():
            if isinstance(value, Buffer) and (name not in step.writes or name in step.again):
                check(value, step.op)
        owner[plan.scratch_offset :] = 0
        for buffer in step.outputs():
            write(buffer)
    for buffer in read:
        check(buffer, "the caller")
    return owner


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_step_reads_is_still_there(seed):
    for plan, filled, read in plans(network(seed)):
        follow(plan, filled, read)


@pytest.mark.parametrize("seed", SEEDS)
def test_buffers_that_live_together_do_not_overlap(seed):
    for plan, _, _ in plans(network(seed)):
        roots = {id(r): r for step in plan.steps for r in (b.storage.root() for b in step.buffers()) if r.array is None}
        roots = list(roots.values())
        for i, a in enumerate(roots):
            assert a.offset % ALIGN == 0
            assert a.offset + a.nbytes <= plan.activations
            for b in roots[:i]:
                together = a.first <= b.last and b.first <= a.last
                assert not together or a.offset + a.nbytes <= b.offset or b.offset + b.nbytes <= a.offset


def test_the_check_notices_what_is_wrong():
    """Two buffers in one place, both needed."""
    plan, filled, read = list(plans(cnnc.Sequential([cnnc.Dense(8), cnnc.Dense(8)]).build((8,))))[2]
    follow(plan, filled, read)
    for root in {id(b.storage): b.storage.root() for s in plan.steps for b in s.buffers()}.values():
        root.offset = 0
    with pytest.raises(AssertionError, match="overwritten"):
        follow(plan, filled, read)


# --- results -----------------------------------------------------------------------------------------------------


def results(seed, dtype):
    """The bits of an inference and of two training steps: outputs, losses, gradients and weights."""
    net = network(seed).build(network(seed).input_shape, seed=2, dtype=dtype)
    x = batch(net.input_shape, dtype=dtype)
    found = [net(x)]
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.1, momentum=0.9, nesterov=True))
    for _ in range(2):
        net._arena.memory[...] = 255  # NaN, and labels that are out of range
        found.append(np.float64(trainer.step(x, LABELS)))
        found.extend(gradient.copy() for gradient in trainer.gradients().values())
    found.extend(net.parameters().values())
    found.extend(net.activations(x).values())
    return [np.asarray(array).tobytes() for array in found]


def apart(plan, buffers):
    """A layout in which every storage has a place of its own."""
    end = 0
    for storage in (buffer.storage for buffer in buffers):
        if storage.array is None and storage.offset is None:
            storage.offset = end
            end += -(-storage.nbytes // ALIGN) * ALIGN
    return end


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", SEEDS)
def test_sharing_memory_does_not_change_bits(seed, dtype, monkeypatch):
    shared = results(seed, dtype)
    monkeypatch.setattr(Tape, "_share", lambda tape, now: None)
    in_place_nowhere = results(seed, dtype)
    monkeypatch.setattr(Plan, "_place", apart)
    assert shared == in_place_nowhere == results(seed, dtype)


def test_sharing_memory_saves_memory(monkeypatch):
    net = cnnc.models.lenet5()
    shared = [net.memory(64, training)["activations"] for training in (False, True)]
    monkeypatch.setattr(Tape, "_share", lambda tape, now: None)
    monkeypatch.setattr(Plan, "_place", apart)
    separate = [net.memory(64, training)["activations"] for training in (False, True)]
    assert shared[0] < 0.7 * separate[0]
    assert shared[1] < 0.8 * separate[1]


# --- memory ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_peak_memory_is_known_before_and_is_what_is_used(seed):
    net = network(seed)
    x = batch(net.input_shape)
    expected = {training: net.memory(3, training) for training in (False, True)}
    arenas = []
    for training in (False, True):
        if training:
            trainer = cnnc.Trainer(net, cnnc.SGD(momentum=0.9))
            trainer.step(x, LABELS)
        else:
            net(x)
        said = expected[training]
        assert said["total"] == sum(said[name] for name in said if name != "total")
        arenas.append(-(-said["activations"] // ALIGN) * ALIGN + said["scratch"])
        assert net._arena.memory.size == max(arenas)
    assert expected[True]["parameters"] == net.flat.all.nbytes
    assert expected[True]["gradients"] == net.flat.data.nbytes
    assert net.flat.grad.nbytes == net.flat.data.nbytes
    assert expected[True]["optimizer"] == sum(state.nbytes for state in trainer.state.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_program_stays_inside_its_plan(seed):
    """Nothing behind the arena is written, and the last byte of the activations is."""
    net = network(seed)
    for plan, filled, _ in plans(net):
        arena = cnnc._core.aligned(plan.arena + 4096)
        arena[...] = 165
        program = plan.program(arena[: plan.arena])
        for buffer in filled:
            plan.array(buffer, arena)[...] = 1
        assert program.run() is None
        assert (arena[plan.arena :] == 165).all()
        assert (follow(plan, filled, [])[: plan.activations] > 0).any()
        highest = max(place.stop for s in plan.steps for b in s.buffers() if (place := place_of(b)) is not None)
        assert highest == plan.activations


def test_programs_of_all_batch_sizes_share_one_arena():
    net = cnnc.models.lenet5()
    sizes = [net(batch((28, 28, 1), n)).shape[0] and net._arena.memory.size for n in (8, 2, 5)]
    assert sizes[0] == sizes[1] == sizes[2]
    y = net(batch((28, 28, 1), 8))
    net(batch((28, 28, 1), 30))  # a larger arena, and all programs bound to it
    assert net(batch((28, 28, 1), 8)).tobytes() == y.tobytes()


# --- recording -----------------------------------------------------------------------------------------------------


def test_every_step_of_a_program_can_be_timed():
    class Doubled(cnnc.Layer):
        def forward(self, x):
            return x + x

    net = cnnc.Sequential([cnnc.Conv2D(4, 3), Doubled(), cnnc.ReLU(), cnnc.Flatten(), cnnc.Dense(3)])
    net.build((6, 6, 2), seed=1)
    x = batch((6, 6, 2), 2)
    y = net(x)
    run = net._arena.run(("inference", 2, np.dtype(np.float32), False), None)
    run["x"][...] = x
    rows = run.program.profile(1)
    assert [name for name, _, _ in rows] == ["correlate2d", "forward", "relu", "dense"]
    assert rows[0][1]["K"] == 4 and rows[0][1]["OW"] == 4 and rows[1][1] == {}
    assert all(0 < seconds < 1 for _, _, seconds in rows)
    np.testing.assert_array_equal(run["y"], y)
    assert len(run.program.profile(5)) == len(rows)


def test_a_program_that_is_timed_must_be_finite():
    net = cnnc.Sequential([cnnc.Dense(3)]).build((2,), seed=0)
    run = cnnc.Trainer(net, cnnc.SGD()).run(2, np.float32, one_hot=False)
    run["x"][...], run["labels"][...] = np.nan, 0
    with pytest.raises(FloatingPointError, match="step 2 was not"):
        run.program.profile()


def test_gradients_that_nobody_needs_are_not_computed():
    """The first layer's input needs none, nor does anything before the first parameter."""
    net = cnnc.Sequential([cnnc.Tanh(), cnnc.Conv2D(2, 3), cnnc.ReLU(), cnnc.Flatten(), cnnc.Dense(3)]).build((4, 4, 1))
    plan, _ = cnnc.Trainer(net, cnnc.SGD()).plan(2, np.float32, one_hot=False, team=1)
    names = [step.op.name for step in plan.steps]
    assert names == ["tanh", "correlate2d", "dense", "cross_entropy", "check_finite", "cross_entropy_dx",
                     "dense_dx", "dense_dw", "relu_dx", "correlate2d_dw", "sgd", "sgd"]  # fmt: skip
    plan, _ = net.plan_inference(2, np.float32, 1)
    assert [step.op.name for step in plan.steps] == ["tanh", "correlate2d", "dense"]


def test_element_wise_layers_run_in_place():
    net = cnnc.Sequential([cnnc.Dense(8), cnnc.Tanh(), cnnc.ReLU(), cnnc.Dense(8)]).build((8,))
    for plan, _, _ in plans(net):
        for step in plan.steps:
            if step.op.name in ("tanh_dx", "relu_dx"):
                assert place_of(step.fields["dy"]) == place_of(step.fields["dx"])
    plan, _ = net.plan_inference(2, np.float32, 1)
    assert [step.op.name for step in plan.steps] == ["dense", "relu", "dense"]  # tanh is a part of the first
    assert place_of(plan.steps[1].fields["x"]) == place_of(plan.steps[1].fields["y"])


def test_a_buffer_has_a_checked_size():
    for shape in ((0, 3), (2**40, 2**40), (-1,)):
        with pytest.raises(ValueError, match="received"):
            Tape().new(shape)


def test_an_array_on_a_tape_is_contiguous():
    with pytest.raises(ValueError, match=r"must be C-contiguous: received strides \(8, 24\)"):
        Tape().fixed(np.zeros((2, 3)).T)
