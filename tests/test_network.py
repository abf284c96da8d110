"""Networks: building, summary, memory, inference, parameters."""

import copy
import weakref

import numpy as np
import pytest

import cnnc

EXERCISE = [
    ("Conv2D", (28, 28, 8), 608),
    ("MaxPool2D", (14, 14, 8), 0),
    ("Conv2D", (10, 10, 16), 3216),
    ("MaxPool2D", (5, 5, 16), 0),
    ("Flatten", (400,), 0),
    ("Dense", (120,), 48120),
    ("Dense", (84,), 10164),
    ("Dense", (10,), 850),
]


def exercise_network():
    return cnnc.Sequential([
        cnnc.Conv2D(8, 5), cnnc.MaxPool2D(2), cnnc.Conv2D(16, 5), cnnc.MaxPool2D(2),
        cnnc.Flatten(), cnnc.Dense(120), cnnc.Dense(84), cnnc.Dense(10),
    ])  # fmt: skip


def test_exercise_network_has_the_lectures_sizes_and_parameters():
    rows = exercise_network().build((32, 32, 3)).summary(print_table=False)
    assert [(r["layer"].split()[0], r["output_shape"], r["parameters"]) for r in rows[:-1]] == EXERCISE


@pytest.mark.parametrize(
    ("layers", "shape", "output", "parameters"),
    [
        ([cnnc.Flatten(), cnnc.Dense(100)], (300, 300, 3), (100,), 27_000_100),
        ([cnnc.Conv2D(100, 5)], (300, 300, 3), (296, 296, 100), 7_600),
        ([cnnc.Conv2D(32, 7, stride=2)], (63, 63, 16), (29, 29, 32), None),
        ([cnnc.Conv2D(32, 7, padding=3)], (63, 63, 16), (63, 63, 32), None),
        ([cnnc.MaxPool2D(2)], (32, 32, 16), (16, 16, 16), 0),
        ([cnnc.Conv2D(10, 5, padding=2)], (32, 32, 3), (32, 32, 10), 760),
        ([cnnc.Conv2D(6, 5)], (32, 32, 3), (28, 28, 6), 456),
    ],
)
def test_exercises(layers, shape, output, parameters):
    net = cnnc.Sequential(layers).build(shape)
    assert net.output_shape == output
    assert parameters is None or net.count_parameters() == parameters


def test_lenet5_summary(capsys):
    rows = cnnc.models.lenet5().summary()
    text = capsys.readouterr().out
    assert "61,706" in text and "416,520" in text
    conv2 = rows[3]
    assert (conv2["receptive_field"], conv2["stride"], conv2["macs"]) == ((14, 14), (2, 2), 240_000)
    assert rows[6]["receptive_field"] == (32, 32)
    assert rows[0]["memory"] == 28 * 28 * 6 * 4


def test_parameters_are_live_views():
    net = cnnc.Sequential([cnnc.Dense(2)]).build((3,), seed=0)
    net.parameters()["0.weight"][...] = 1
    np.testing.assert_array_equal(net([[1.0, 2.0, 3.0]]), [[6, 6]])


def test_seed_decides_the_starting_values():
    def weights(seed):
        return cnnc.models.lenet5().build((28, 28, 1), seed=seed).parameters()["3.weight"]

    np.testing.assert_array_equal(weights(1), weights(1))
    assert (weights(1) != weights(2)).mean() > 0.99


def test_bytes_are_scaled_by_the_network():
    x = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1), dtype=np.uint8)
    net = cnnc.models.lenet5()
    np.testing.assert_allclose(net(x), net(x / 255.0), rtol=1e-4, atol=1e-6)
    own = cnnc.Sequential([cnnc.Rescale(2.0, 1.0)])
    np.testing.assert_array_equal(own(x), x.astype(np.float32) * 2 + 1)


def test_bytes_are_normalised_by_channel(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (50, 9, 8, 3), dtype=np.uint8)
    mean, std = x.mean((0, 1, 2)), x.std((0, 1, 2))
    net = cnnc.Sequential([cnnc.Rescale(1 / std, -mean / std)])
    y = net(x)
    np.testing.assert_allclose(y.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std((0, 1, 2)), 1, atol=1e-5)
    np.testing.assert_allclose(net(x.astype(np.float32)), y, atol=1e-6)
    assert net[0].config() == {"scale": tuple(1 / std), "offset": tuple(-mean / std)}
    net.save(tmp_path / "net")
    again = cnnc.load(tmp_path / "net")
    assert again[0].config() == net[0].config()
    np.testing.assert_array_equal(again(x), y)


def test_predict_in_batches_equals_one_call():
    x = np.random.default_rng(0).standard_normal((10, 28, 28, 1))
    net = cnnc.models.lenet5()
    np.testing.assert_array_equal(net.predict(x, batch_size=3), net.predict(x, batch_size=10))
    np.testing.assert_array_equal(net(x[::2]), net(np.asfortranarray(x)[::2]))


def test_activations_have_every_layer():
    net = cnnc.models.lenet5()
    x = np.random.default_rng(0).standard_normal((2, 28, 28, 1))
    maps = net.activations(x)
    assert maps["0"].shape == (2, 28, 28, 6)
    np.testing.assert_array_equal(maps["1"], cnnc.Sequential([cnnc.Tanh()])(maps["0"]))
    np.testing.assert_array_equal(maps["11"], net(x))


def test_activations_have_blocks_after_what_is_inside():
    block = cnnc.Add([cnnc.Identity(), [cnnc.Rescale(3.0), cnnc.ReLU()]])
    maps = cnnc.Sequential([block, cnnc.Rescale(2.0)]).activations([[1.0, -1.0]])
    assert list(maps) == ["0.0", "0.1.0", "0.1.1", "0.1", "0", "1"]
    np.testing.assert_array_equal(maps["0"], [[4, -1]])


def test_memory_is_what_the_arena_takes():
    net = cnnc.models.lenet5()
    plan = net.memory(64)
    net(np.zeros((64, 28, 28, 1), np.float32))
    assert plan["activations"] + plan["scratch"] <= net._arena.memory.size <= plan["total"]
    training = net.memory(64, training=True)
    assert training["optimizer"] == training["gradients"] == training["parameters"]
    trainer = cnnc.Trainer(net, cnnc.SGD(momentum=0.9))
    trainer.step(np.zeros((64, 28, 28, 1), np.float32), np.zeros(64, int))
    used = net._arena.memory.nbytes + sum(a.nbytes for a in (net.flat.data, net.flat.grad, *trainer.state.values()))
    assert abs(used - training["total"]) <= 128


def test_training_memory_is_less_than_the_sum_of_all_buffers():
    net = cnnc.models.lenet5()
    both_ways = 2 * 64 * sum(row["memory"] for row in net.summary(print_table=False)[:-1])
    assert net.memory(64, training=True)["activations"] < both_ways


def test_many_batch_sizes_do_not_pile_up():
    net = cnnc.Sequential([cnnc.Dense(2)]).build((3,))
    for n in range(1, 150):
        assert net(np.ones((n, 3))).shape == (n, 2)
    assert len(net._arena._runs) <= net._arena.LIMIT


def test_a_call_finds_its_program_whatever_the_last_one_was(threads):
    net = cnnc.models.lenet5()
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1))
    wanted = net.predict(images.astype(np.uint8)), net.predict(images)
    for n, dtype, order in [(5, np.uint8, "C"), (5, np.float32, "C"), (5, np.float64, "C"), (2, np.float32, "C"),
                            (5, np.float32, "F"), (5, np.dtype(">f4"), "C"), (5, np.int64, "C")]:  # fmt: skip
        for _ in range(2):
            x = images[:n].astype(dtype, order=order)
            np.testing.assert_array_equal(net(x), wanted[dtype is not np.uint8][:n])
            np.testing.assert_array_equal(net(x[::-1]), wanted[dtype is not np.uint8][:n][::-1])
    np.testing.assert_array_equal(net(images.tolist()), wanted[1])
    before = net._arena.last
    threads(cnnc.get_num_threads() + 1)
    np.testing.assert_array_equal(net(images.astype(np.float32)), wanted[1])
    assert net._arena.last is not before and net._arena.last.program.team == cnnc.get_num_threads()


def test_a_network_that_is_built_again_answers_anew():
    net = cnnc.Sequential([cnnc.Dense(2)]).build((3,), seed=0)
    x = np.ones((1, 3), np.float32)
    before = net(x)
    assert not np.array_equal(net.build((3,), seed=1)(x), before)
    np.testing.assert_array_equal(net.build((3,), seed=0)(x), before)


def test_the_last_program_keeps_no_memory_of_a_smaller_arena():
    net = cnnc.Sequential([cnnc.Dense(2)]).build((3,))
    net(np.ones((1, 3), np.float32))
    memory = weakref.ref(net._arena.memory)
    cnnc.Trainer(net, cnnc.SGD()).step(np.ones((50, 3), np.float32), np.zeros(50, int))
    assert memory() is None
    assert net(np.ones((1, 3), np.float32)).shape == (1, 2)


def test_threads_may_share_a_network():
    import concurrent.futures

    net = cnnc.models.lenet5()
    x = np.random.default_rng(0).standard_normal((8, 28, 28, 1)).astype(np.float32)
    alone = net(x)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for y in pool.map(lambda _: net(x), range(40)):
            np.testing.assert_array_equal(y, alone)


REFUSED = {
    "rank": (lambda net: net(np.zeros((28, 28, 1))), ValueError, r"shape \(N, 28, 28, 1\): received \(28, 28, 1\)"),
    "channels": (lambda net: net(np.zeros((1, 28, 28, 3))), ValueError, r"received \(1, 28, 28, 3\)"),
    "empty batch": (lambda net: net(np.zeros((0, 28, 28, 1))), ValueError, "at least one image"),
    "text": (lambda net: net(np.array([["a"]])), TypeError, "numbers"),
    "objects": (lambda net: net(np.array([[None]])), TypeError, "numbers"),
    "complex": (lambda net: net(np.zeros((1, 28, 28, 1), complex)), TypeError, "complex"),
    "labels": (lambda net: net.evaluate(np.zeros((1, 28, 28, 1)), [10]), ValueError, r"\[0, 10\): received 10"),
    "label count": (lambda net: net.evaluate(np.zeros((2, 28, 28, 1)), [1]), ValueError, "2 images: received 1"),
    "float labels": (lambda net: net.evaluate(np.zeros((1, 28, 28, 1)), [1.5]), TypeError, "integer classes"),
    "metric": (lambda net: net.evaluate(np.zeros((1, 28, 28, 1)), [1], metrics=["f2"]), ValueError, "received 'f2'"),
    "batch size": (lambda net: net.predict(np.zeros((1, 28, 28, 1)), batch_size=0), ValueError, "received 0"),
}


@pytest.mark.parametrize("shape", [None, 3, "28", np.array(3), {3}], ids=repr)
def test_an_input_shape_of_another_kind_is_refused(shape):
    with pytest.raises(ValueError, match="^input_shape must be a tuple of ints: received"):
        cnnc.Sequential([cnnc.Tanh()]).build(shape)


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_and_the_network_stays_usable(case):
    act, error, text = REFUSED[case]
    net = cnnc.models.lenet5()
    x = np.ones((1, 28, 28, 1))
    before = net(x)
    with pytest.raises(error, match=text):
        act(net)
    np.testing.assert_array_equal(net(x), before)


@pytest.mark.parametrize(
    ("layers", "shape", "text"),
    [
        ([cnnc.Conv2D(3, 5), cnnc.Conv2D(3, 5)], (6, 6, 1), r'Conv2D "1": kernel 5x5 does not fit its 2x2 input'),
        ([cnnc.MaxPool2D(9)], (6, 6, 1), 'MaxPool2D "0"'),
        ([cnnc.Conv2D(3, 5)], (36,), r'Conv2D "0": the input must be images \(H, W, C\): received the shape \(36,\)'),
        ([cnnc.Dense(3)], (6, 6, 1), 'Dense "0": the input must be vectors'),
        ([cnnc.Conv2D(3, 3, groups=2)], (6, 6, 3), 'Conv2D "0": groups must divide'),
        ([cnnc.Conv2D(0, 3)], (6, 6, 3), "filters must be a positive int: received 0"),
        ([cnnc.Conv2D(3, 3, algorithm="fft")], (6, 6, 3), "algorithm must be"),
        ([cnnc.Conv2D(3, 3, init="nice")], (6, 6, 3), "initialiser"),
        ([cnnc.Dropout(1.0)], (6,), r'Dropout "0": rate must be in \[0, 1\): received 1.0'),
        ([cnnc.LeakyReLU(-0.1)], (6,), "slope must be a finite number, at least 0, received -0.1"),
        ([cnnc.ELU(0.0)], (6,), "scale must be a finite number, greater than 0, received 0.0"),
        ([cnnc.Add([cnnc.Identity(), cnnc.Conv2D(2, 1)])], (6, 6, 3), 'Add "0": all branches must have the same'),
        ([cnnc.Concat([cnnc.Identity(), cnnc.MaxPool2D(2)])], (6, 6, 3), 'Concat "0": all branches'),
        ([cnnc.Conv2D(1 << 20, 1), cnnc.Conv2D(1 << 30, 1)], (6, 6, 3), "2\\*\\*48"),
        ([cnnc.Flatten()], (0, 6, 3), "at least 1"),
    ],
)
def test_shapes_that_do_not_fit_name_the_layer(layers, shape, text):
    with pytest.raises(cnnc.LayerError, match=text):
        cnnc.Sequential(layers).build(shape)


def test_an_unbuilt_network_says_so():
    with pytest.raises(ValueError, match="must be built first"):
        cnnc.Sequential([cnnc.Dense(2)]).parameters()
    with pytest.raises(cnnc.LayerError, match="element 0 must be a layer"):
        cnnc.Sequential(["relu"])
    with pytest.raises(cnnc.LayerError, match="at least one layer"):
        cnnc.Sequential([])


def test_a_network_inside_another_must_be_built_again_to_be_used_alone():
    inner = cnnc.Sequential([cnnc.Dense(2)]).build((3,))
    cnnc.Sequential([inner, cnnc.Dense(1)]).build((3,))
    with pytest.raises(ValueError, match="must be built first"):
        inner.parameters()
    assert inner.build((3,)).count_parameters() == 8


def test_a_deep_copy_is_a_network_of_its_own():
    x, labels = np.ones((4, 6, 6, 1), np.float32), [0, 1, 2, 0]
    net = cnnc.Sequential([cnnc.Conv2D(2, 3), cnnc.BatchNorm(), cnnc.Dropout(0.5), cnnc.Flatten(), cnnc.Dense(3)])
    net.fit(x, labels, progress=False)
    net[0].trainable = False
    twin = copy.deepcopy(net)
    assert twin[0].trainable is False
    for one in (net, twin):
        one.fit(x, labels, progress=False)
    np.testing.assert_array_equal(twin(x), net(x))
    before = net(x)
    twin.parameters()["4.bias"][...] = 9
    np.testing.assert_array_equal(net(x), before)
    assert not copy.deepcopy(cnnc.Sequential([cnnc.Dense(2)])).built


def test_a_new_head_fits_on_networks_inside_networks():
    body = cnnc.Sequential([cnnc.Dense(4), cnnc.ReLU()])
    body(np.ones((1, 3)))  # has programs of its own
    net = cnnc.Sequential([body, cnnc.Dense(2)]).build((3,), seed=1)
    again = net.with_head(cnnc.Dense(5))
    assert again(np.ones((1, 3))).shape == (1, 5)
    np.testing.assert_array_equal(again.state()["0.0.weight"], net.state()["0.0.weight"])


def test_memory_of_training_with_another_loss():
    net = cnnc.Sequential([cnnc.Conv2D(4, 3, padding=1), cnnc.ReLU(), cnnc.Conv2D(1, 3, padding=1)]).build((8, 8, 1))
    memory = net.memory(16, training=True, loss="mse")
    images = np.zeros((16, 8, 8, 1), np.float32)
    cnnc.Trainer(net, cnnc.SGD(momentum=0.9), "mse").step(images, images)
    assert net._arena.memory.size == memory["activations"] + -memory["activations"] % 64 + memory["scratch"]
    with pytest.raises(ValueError, match=r"must end in one vector of logits an image: received the shape \(8, 8, 1\)"):
        net.memory(16, training=True)


def test_a_verbose_summary_tells_the_algorithms(capsys):
    layers = [cnnc.Conv2D(8, 3, algorithm="direct"), cnnc.ReLU(), cnnc.Conv2D(4, 3)]
    net = cnnc.Sequential([*layers, cnnc.Flatten(), cnnc.Dense(3)]).build((9, 9, 2))
    rows = net.summary(verbose=True, batch_size=5)
    assert rows[0]["algorithms"] == ("direct", "direct", "-", "direct")
    assert len(rows[2]["algorithms"]) == 4 and "-" not in rows[2]["algorithms"]
    assert rows[1]["algorithms"] == rows[4]["algorithms"] == ()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split()[-4:] == ["inference", "training", "data", "weights"]
    assert not any(line.endswith(" ") for line in printed)
    assert "algorithms" not in net.summary(print_table=False)[0]
    with pytest.raises(ValueError, match="batch_size"):
        net.summary(verbose=True, batch_size=0)
