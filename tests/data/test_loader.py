"""The loader: order, what is prepared ahead, where it goes on, and what it refuses."""

import threading
import time

import numpy as np
import pytest

import cnnc
from cnnc.data import CutMix, Flip, Loader, MixUp, PadCrop, mirrored

X = np.arange(40, dtype=np.uint8).reshape(10, 2, 2, 1)
LABELS = np.arange(10) % 3


class Slow:
    """A source that takes its time, and counts what it has read."""

    shape, dtype, labels = (2, 2, 1), np.dtype(np.uint8), LABELS

    def __init__(self, seconds=0.0):
        self.seconds, self.reads, self.threads = seconds, 0, set()

    def __len__(self):
        return len(X)

    def read(self, index, rng):
        self.reads += 1
        self.threads.add(threading.current_thread().name)
        time.sleep(self.seconds)
        return X[index]


def epoch(loader):
    return [(x.tolist(), labels.tolist()) for x, labels in loader]


def test_an_epoch_has_every_image_once_in_the_order_of_its_stream():
    loader = Loader(X, LABELS, batch_size=4, seed=5)
    for number in range(2):
        order = np.random.Generator(np.random.Philox(key=[5, number])).permutation(10)
        batches = list(loader)
        assert [len(x) for x, _ in batches] == [4, 4, 2]
        np.testing.assert_array_equal(np.concatenate([x for x, _ in batches]), X[order])
        np.testing.assert_array_equal(np.concatenate([labels for _, labels in batches]), LABELS[order])


@pytest.mark.parametrize("settings", [{"prefetch": 0}, {"prefetch": 1}, {"prefetch": 5, "threads": 3}])
def test_batches_do_not_depend_on_threads(settings):
    transforms = [Flip(), PadCrop(1)]
    expected = epoch(Loader(X, LABELS, batch_size=3, transforms=transforms))
    assert epoch(Loader(X, LABELS, batch_size=3, transforms=transforms, **settings)) == expected
    assert epoch(Loader(Slow(0.001), batch_size=3, transforms=transforms, **settings)) == expected


@pytest.mark.parametrize("done", range(4))
def test_it_goes_on_where_its_state_ends(done):
    loader = Loader(X, LABELS, batch_size=3, transforms=[Flip()], seed=2)
    epoch(loader)
    batches = iter(loader)
    for _ in range(done):
        next(batches)
    state = loader.state()
    assert state == {"seed": 2, "epoch": 1, "batch": done, "batch_size": 3, "images": 10}
    expected = [(x.tolist(), labels.tolist()) for x, labels in batches], epoch(loader)
    other = Loader(X, LABELS, batch_size=3, transforms=[Flip()], seed=9)
    other.load_state(state)
    assert other.state() == state
    assert (epoch(other), epoch(other)) == expected


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("prefetch", [0, 2])
def test_the_last_batch_ends_its_epoch(drop_last, prefetch):
    settings = {"batch_size": 4, "drop_last": drop_last, "prefetch": prefetch}
    loader = Loader(X, LABELS, **settings)
    batches = iter(loader)
    for _ in range(len(loader)):
        next(batches)
    assert loader.state() == {"seed": 0, "epoch": 1, "batch": 0, "batch_size": 4, "images": 8 if drop_last else 10}
    other = Loader(X, LABELS, **settings)
    other.load_state(loader.state())
    network().fit(other, progress=False)
    assert next(batches, None) is None and other.epoch == 2
    other.load_state(loader.state())
    assert epoch(other) == epoch(loader)


def test_large_seeds_differ():
    orders = {
        str(Loader(X, LABELS, seed=seed)._order(epoch)) for seed in (2**63, 2**63 + 1, 2**64 - 1) for epoch in (0, 1)
    }
    assert len(orders) == 6


def test_an_epoch_left_early_begins_anew():
    loader = Loader(X, LABELS, batch_size=3)
    first = next(iter(loader))[0]
    np.testing.assert_array_equal(next(iter(loader))[0], first)


def test_no_more_is_prepared_than_asked_for():
    source = Slow()
    batches = iter(Loader(source, batch_size=1, prefetch=3))
    next(batches)
    time.sleep(0.05)
    assert source.reads <= 4
    batches.close()
    assert threading.active_count() == 1
    assert all(name.startswith("cnnc-loader") for name in source.threads)


def test_a_slow_source_is_waited_for_less_when_batches_are_prepared_ahead():
    waited = []
    for prefetch in (0, 2):
        loader = Loader(Slow(0.02), batch_size=1, prefetch=prefetch)
        for _ in loader:
            time.sleep(0.03)  # a step of training
        waited.append(loader.waited)
    assert waited[0] > 0.2 > waited[1]


def test_an_error_of_a_source_reaches_the_loop():
    class Broken(Slow):
        def read(self, index, rng):
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(Loader(Broken()))
    assert threading.active_count() == 1


@pytest.mark.parametrize("prefetch", [0, 2])
def test_a_source_that_leaves_out_images_is_refused(prefetch):
    """Else every later image of the batch would have the label of another one."""

    class Lossy(Slow):
        def read(self, index, rng):
            return X[index[index != 7]]

    loader = Loader(Lossy(), batch_size=4, prefetch=prefetch)
    with pytest.raises(ValueError, match=r"source must read uint8 \(4, 2, 2, 1\) here: received uint8 \(3, 2, 2, 1\)"):
        list(loader)
    with pytest.raises(ValueError, match="the source must read"):
        network().fit(loader, progress=False)


def test_transforms_that_change_what_they_make_are_refused():
    for change in (lambda x: x * 1.5, lambda x: x[:, :1], lambda x: x[1:]):
        loader = Loader(X, LABELS, 4, transforms=[lambda x, rng, change=change: change(x) if x.any() else x])
        with pytest.raises(ValueError, match="transforms must make uint8 .*: received"):
            list(loader)


def test_as_many_batches_are_prepared_as_there_are_threads():
    source = Slow(0.05)
    loader = Loader(source, batch_size=1, threads=8)
    assert loader.prefetch == 8
    batches = iter(loader)
    next(batches)
    assert source.reads > 4
    batches.close()


def test_orders():
    assert [labels.tolist() for _, labels in Loader(X, LABELS, 10, order="sequential")] == [LABELS.tolist()]
    skewed = np.array([0] * 7 + [1] * 2 + [2])
    counts = [np.bincount(labels) for _, labels in Loader(X, skewed, 10, order="balanced")]
    assert sorted(counts[0]) == [3, 3, 4]
    backwards = Loader(X, LABELS, 10, index=[1, 3, 5], order=lambda rng, labels: np.arange(len(labels))[::-1])
    assert [x[:, 0, 0, 0].tolist() for x, _ in backwards] == [[20, 12, 4]]
    assert [len(x) for x, _ in Loader(X, LABELS, 4, drop_last=True)] == [4, 4]


def test_a_part_of_the_images():
    loader = Loader(X, LABELS, 4, index=np.array([2, 4, 6, 8, 0]))
    assert len(loader) == 2 and loader.images == 5 and loader.sizes == {4, 1}
    assert sorted(x[0, 0, 0] for batch, _ in loader for x in batch) == [0, 8, 16, 24, 32]


@pytest.mark.parametrize("transform", [MixUp(0.4), CutMix()])
def test_mixing_makes_rows_of_labels(transform):
    ((x, labels),) = Loader(X, LABELS, 10, transforms=[transform])
    assert x.shape == X.shape and x.dtype == np.uint8
    assert labels.shape == (10, 3)
    np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"batch_size": 0}, ValueError, "batch_size must be a positive int: received 0"),
        ({"prefetch": -1}, ValueError, "prefetch must be an int of at least 0: received -1"),
        ({"threads": 0}, ValueError, "threads must be a positive int: received 0"),
        ({"seed": -1}, ValueError, "seed must be an int from 0 .*: received -1"),
        ({"labels": [1, 2]}, ValueError, "one label for each of the 10 images: received 2"),
        ({"order": "random"}, ValueError, "order must be one of shuffled, .*: received 'random'"),
        ({"order": "balanced", "labels": np.eye(10)}, ValueError, "labels that are classes: received float64"),
        ({"order": lambda rng, labels: [0]}, ValueError, "an order must have 10 numbers: received 1"),
        ({"index": [10]}, ValueError, "index must hold ints from 0 to 9: received 10 to 10"),
        ({"index": [0.5]}, ValueError, "index must be a list of ints: received float64"),
        ({"index": [1], "drop_last": True}, ValueError, "drop_last leaves no batch of 64: received 1 images"),
        ({"transforms": [3]}, TypeError, r"transforms must be a list of functions \(x, rng\): received \[3\]"),
        ({"transforms": [lambda x, rng: x.tolist()]}, ValueError, "array of as many images .*: received list from 1"),
        ({"transforms": [lambda x, rng: x[0]]}, ValueError, r"as many images .*: received \(2, 2, 1\) from 1"),
        ({"x": np.array(["a"])}, TypeError, "images must be numbers: received dtype <U1"),
        ({"x": np.zeros((0, 2))}, ValueError, r"N of at least 1: received \(0, 2\)"),
    ],
)
def test_refusals(settings, error, text):
    with pytest.raises(error, match=text):
        list(Loader(**{"x": X, "labels": LABELS, **settings}))


@pytest.mark.parametrize(
    "state",
    [
        None,
        {},
        {"seed": 0, "epoch": 0, "batch": 0},
        {**Loader(X, LABELS).state(), "batch": 1},
        {**Loader(X, LABELS).state(), "epoch": 2**64},
        {**Loader(X, LABELS).state(), "epoch": -1},
        Loader(X, LABELS, 5).state(),
        Loader(X, LABELS, index=[1, 2]).state(),
    ],
)
def test_a_state_that_does_not_fit_is_refused(state):
    with pytest.raises(ValueError, match="loader.*: received "):
        Loader(X, LABELS).load_state(state)


# --- with a network


def network():
    return cnnc.Sequential([cnnc.Flatten(), cnnc.Dense(8), cnnc.Tanh(), cnnc.Dense(3)]).build((2, 2, 1), seed=0)


def test_a_loader_trains_as_arrays_do():
    net, other = network(), network()
    history = net.fit(X, LABELS, epochs=3, batch_size=4, seed=1, progress=False, validation_data=(X, LABELS))
    loader = Loader(X, LABELS, 4, seed=1)
    judge = Loader(X, LABELS, 3, order="sequential")
    expected = other.fit(loader, epochs=3, progress=False, validation_data=judge)
    np.testing.assert_array_equal(net.flat.all, other.flat.all)
    assert history["loss"] == expected["loss"] and history["val_accuracy"] == expected["val_accuracy"]
    np.testing.assert_array_equal(net.predict(X), net.predict(judge))
    assert net.evaluate(Slow()) == net.evaluate(X, LABELS)


def test_training_in_two_halves_with_a_saved_state():
    whole, half = network(), network()
    settings = {"transforms": [Flip(), PadCrop(1)], "batch_size": 4}
    trainer = cnnc.Trainer(whole, cnnc.SGD(0.1, momentum=0.9))
    for _ in range(2):
        for x, labels in Loader(X, LABELS, **settings):
            trainer.step(x, labels)
    first = cnnc.Trainer(half, cnnc.SGD(0.1, momentum=0.9))
    loader = Loader(X, LABELS, **settings)
    for x, labels in loader:
        first.step(x, labels)
        if loader.batch == 2:
            break
    again = cnnc.Trainer(half, cnnc.SGD(0.1, momentum=0.9))
    again.load_state_dict(first.state_dict())
    other = Loader(X, LABELS, **settings)
    other.load_state(loader.state())
    for x, labels in other:
        again.step(x, labels)
    for x, labels in Loader(X, LABELS, **settings):
        again.step(x, labels)
    np.testing.assert_array_equal(whole.flat.all, half.flat.all)


def test_a_schedule_knows_of_the_steps_that_are_left():
    loader = Loader(X, LABELS, batch_size=2)
    loader.load_state({**loader.state(), "batch": 3})
    history = network().fit(loader, epochs=2, optimizer=cnnc.SGD(cnnc.Cosine(1.0)), progress=False)
    whole = network().fit(X[:7], LABELS[:7], epochs=1, batch_size=1, optimizer=cnnc.SGD(cnnc.Cosine(1.0)),
                          progress=False)  # fmt: skip
    assert history["lr"][-1] == whole["lr"][-1]


def test_mixed_classes_of_any_whole_type():
    for labels, classes in ((LABELS > 0, 2), (np.r_[:9, 255].astype(np.uint8), 256)):
        ((_, rows),) = Loader(X, labels, 10, transforms=[MixUp()])
        assert rows.shape == (10, classes)


def test_numbers_mix_as_rows_of_one():
    numbers = np.arange(10) / 2
    ((x, labels),) = Loader(numbers[:, None, None, None], numbers, 10, transforms=[MixUp()])
    assert labels.shape == (10, 1) and len(np.unique(labels)) > 5
    np.testing.assert_allclose(labels, x[:, 0, 0], rtol=1e-6)


def test_mixed_images_train_and_are_counted():
    loader = Loader(X, LABELS, 4, transforms=[CutMix()])
    history = network().fit(loader, epochs=2, progress=False)
    assert set(history) == {"loss", "accuracy", "lr", "seconds"}


def test_a_network_is_not_judged_by_mixed_images():
    mixing = Loader(X, LABELS, transforms=[MixUp()])
    for judge in (network().evaluate, lambda x: network().fit(X, LABELS, validation_data=x, progress=False)):
        with pytest.raises(ValueError, match="judged by must not be mixed: received a loader that mixes them"):
            judge(mixing)


def test_labels_beside_a_loader_are_refused():
    loader = Loader(X, LABELS)
    for run in (network().fit, network().evaluate):
        with pytest.raises(ValueError, match="a loader has labels of its own: received ndarray beside it"):
            run(loader, LABELS)


def test_predictions_need_no_labels():
    class Unknown(Slow):
        labels = None

    np.testing.assert_array_equal(network().predict(Unknown()), network().predict(X))
    with pytest.raises(ValueError, match="one label for each of the 10 images: received none"):
        network().evaluate(Unknown())


def test_a_loss_that_takes_no_rows_refuses_mixed_images_before_training():
    mixing = Loader(X, LABELS, transforms=[MixUp()])
    for arguments, validation in (((mixing,), None), ((X, LABELS), mixing)):
        net = network()
        before = net.flat.all.copy()
        with pytest.raises(ValueError, match=r"needs integer classes \(N,\): received labels of shape"):
            net.fit(*arguments, loss="hinge", validation_data=validation, progress=False)
        np.testing.assert_array_equal(net.flat.all, before)


def test_views_are_checked_and_build_the_network():
    net = cnnc.Sequential([cnnc.Flatten(), cnnc.Dense(3)])
    assert set(net.evaluate(X, LABELS, views=mirrored)) == {"loss", "accuracy"}
    for views, received in ((lambda x: [], "0 of"), (lambda x: [x, np.concatenate([x, x])], r"2 of \[1, 2\]")):
        with pytest.raises(ValueError, match=f"views must make batches as long as the one they get.*{received}"):
            net.predict(X, views=views)


def test_images_that_do_not_fit_are_refused_before_training():
    with pytest.raises(ValueError, match="the input must have the shape"):
        network().fit(Loader(np.zeros((4, 3, 3, 1)), np.zeros(4, int)), progress=False)
    with pytest.raises(ValueError, match=r"labels must be in \[0, 3\): received 3"):
        network().fit(Loader(X, LABELS + 3), progress=False)
