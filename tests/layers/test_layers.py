"""Every layer: its shapes, its values, its gradients, what it refuses. To add a layer's case, add a row."""

import numpy as np
import pytest
from nets import batch, check_gradients, randomise

import cnnc
from cnnc import functional as F
from cnnc import layers
from cnnc.layers import Chain

FLAT = [(1,), (7,), (3, 4, 2), (5, 5, 1), (2, 3, 8)]
VECTORS = [(1,), (2,), (5,), (8,), (17,)]
IMAGES = [(5, 5, 1), (6, 7, 2), (7, 5, 4), (9, 6, 3), (5, 9, 6)]


def everywhere(make, function, shapes=FLAT):
    """Rows of a layer without parameters that keeps shapes: the layer on each of the shapes."""
    return [(make, shape, shape, function) for shape in shapes]


def halved(shape):
    return shape[0] // 2, shape[1] // 2, shape[2]


# name -> rows of (layer, input shape, output shape, the same on arrays: a function of x and of the layer's parameters)
ROWS = {
    "ReLU": everywhere(cnnc.ReLU, F.relu),
    "LeakyReLU": everywhere(lambda: cnnc.LeakyReLU(0.2), lambda x: F.leaky_relu(x, 0.2)),
    "ELU": everywhere(lambda: cnnc.ELU(0.7), lambda x: F.elu(x, 0.7)),
    "Sigmoid": everywhere(cnnc.Sigmoid, F.sigmoid),
    "Tanh": everywhere(cnnc.Tanh, F.tanh),
    "Softmax": everywhere(cnnc.Softmax, F.softmax),
    "Identity": everywhere(cnnc.Identity, np.copy),
    "Dropout": everywhere(lambda: cnnc.Dropout(0.4), np.copy),
    "Rescale": everywhere(lambda: cnnc.Rescale(0.5, -1.0), lambda x: F.rescale(x, 0.5, -1.0)),
    "Flatten": [(cnnc.Flatten, s, (int(np.prod(s)),), lambda x: x.reshape(len(x), -1)) for s in FLAT],
    "Dense": [
        *((lambda: cnnc.Dense(4), s, (4,), F.dense) for s in VECTORS),
        (lambda: cnnc.Dense(3, use_bias=False), (6,), (3,), F.dense),
    ],
    "Conv2D": [
        (lambda: cnnc.Conv2D(4, 3), (5, 6, 3), (3, 4, 4), F.correlate2d),
        (lambda: cnnc.Conv2D(3, 5, padding="same"), (6, 5, 2), (6, 5, 3), lambda *a: F.correlate2d(*a, padding=2)),
        (lambda: cnnc.Conv2D(2, (1, 3), stride=(1, 2), padding=((0, 0), (1, 0))), (2, 7, 1), (2, 3, 2),
         lambda *a: F.correlate2d(*a, stride=(1, 2), padding=((0, 0), (1, 0)))),
        (lambda: cnnc.Conv2D(6, 2, dilation=2, groups=2), (5, 4, 4), (3, 2, 6),
         lambda *a: F.correlate2d(*a, dilation=2, groups=2)),
        (lambda: cnnc.Conv2D(3, 3, groups=3, use_bias=False), (4, 4, 3), (2, 2, 3),
         lambda *a: F.correlate2d(*a, groups=3)),
        (lambda: cnnc.Conv2D(5, 1, algorithm="direct"), (3, 4, 2), (3, 4, 5), F.correlate2d),
    ],
    "MaxPool2D": [
        *((lambda: cnnc.MaxPool2D(2), s, halved(s), lambda x: F.max_pool2d(x, 2)) for s in IMAGES),
        (lambda: cnnc.MaxPool2D(3, 2, 1, ceil=True), (6, 6, 2), (4, 4, 2), lambda x: F.max_pool2d(x, 3, 2, 1, True)),
        (lambda: cnnc.MaxPool2D(17), (17, 18, 1), (1, 1, 1), lambda x: F.max_pool2d(x, 17)),
    ],
    "AvgPool2D": [
        *((lambda: cnnc.AvgPool2D(2), s, halved(s), lambda x: F.avg_pool2d(x, 2)) for s in IMAGES),
        (lambda: cnnc.AvgPool2D(3, 2, 1, count_include_pad=False), (6, 5, 2), (3, 3, 2),
         lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)),
    ],
    "Add": [(lambda: cnnc.Add([cnnc.Identity(), cnnc.Tanh(), [cnnc.ReLU(), cnnc.Sigmoid()]]), s, s,
             lambda x: x + F.tanh(x) + F.sigmoid(F.relu(x))) for s in FLAT],
    "Concat": [(lambda: cnnc.Concat([cnnc.Tanh(), cnnc.Identity(), [cnnc.ReLU()]]), s, (*s[:-1], 3 * s[-1]),
                lambda x: np.concatenate([F.tanh(x), x, F.relu(x)], axis=-1)) for s in FLAT],
    "Chain": [(lambda: Chain([cnnc.Tanh(), cnnc.Dense(3)]), s, (3,),
               lambda x, w, b: F.dense(F.tanh(x), w, b)) for s in VECTORS],
}  # fmt: skip
EVERY = [pytest.param(*row, id=f"{name}-{row[1]}") for name, rows in ROWS.items() for row in rows]
every_layer = pytest.mark.parametrize(("make", "shape", "output", "function"), EVERY)


def built(make, shape, **arguments):
    """A network of that layer alone, with biases that are not zero."""
    net = cnnc.Sequential([make()]).build(shape, **arguments)
    return randomise(net)


# --- values ------------------------------------------------------------------------------------------------


@every_layer
def test_computes_its_function(make, shape, output, function):
    net, x = built(make, shape), batch(shape)
    y = net(x)
    assert y.shape == (3, *output) == (3, *net.output_shape)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, function(x, *net.parameters().values()), rtol=0, atol=2e-6)


@every_layer
def test_a_batch_is_its_images_one_by_one(make, shape, output, function):
    net, x = built(make, shape), batch(shape, n=12)
    np.testing.assert_array_equal(net(x), np.concatenate([net(x[i : i + 1]) for i in range(12)]))
    np.testing.assert_array_equal(net(x), net.predict(x, batch_size=5))


@every_layer
def test_twice_gives_the_same_bits_and_leaves_the_input(make, shape, output, function):
    net, x = built(make, shape), batch(shape)
    x.flags.writeable = False
    kept = x.copy()
    first = net(x)
    first_kept = first.copy()
    net(batch(shape, n=2))
    assert first_kept.tobytes() == net(x).tobytes() == first.tobytes()  # what was returned is not written again
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(net(np.asfortranarray(x)), first)
    np.testing.assert_array_equal(net(x.astype(np.float64)), first)


@every_layer
def test_saved_and_loaded_it_is_the_same(make, shape, output, function, tmp_path):
    net, x = built(make, shape), batch(shape)
    net.save(tmp_path / "net.safetensors")
    loaded = cnnc.load(tmp_path / "net.safetensors")
    assert loaded(x).tobytes() == net(x).tobytes()
    assert loaded.summary(print_table=False) == net.summary(print_table=False)


# --- gradients --------------------------------------------------------------------------------------------------


@every_layer
def test_gradients(make, shape, output, function):
    check_gradients([make()], shape)


# --- refusals -----------------------------------------------------------------------------------------------------


@every_layer
def test_a_dimension_of_zero_is_refused(make, shape, output, function):
    for axis in range(len(shape)):
        net = cnnc.Sequential([make()])
        with pytest.raises(cnnc.LayerError, match=r'^\w+ "0[\d.]*": .*at least 1.*received'):
            net.build((*shape[:axis], 0, *shape[axis + 1 :]))
        assert net.build(shape)(batch(shape)).shape == (3, *output)


@every_layer
def test_another_input_than_it_was_built_for_is_refused(make, shape, output, function):
    net = built(make, shape)
    for x in (batch(shape)[:0], batch(shape)[0], batch((*shape, 2)), batch((*shape[:-1], shape[-1] + 1))):
        with pytest.raises(ValueError, match=r"^Sequential: the (input|batch) must .*received"):
            net(x)
    with pytest.raises(TypeError, match="images must be numbers: received dtype"):
        net(batch(shape) * 1j)
    assert net(batch(shape)).shape == (3, *output)


REFUSED = [
    ("Conv2D", lambda: cnnc.Conv2D(4, 3), (7,), r"images \(H, W, C\): received the shape \(7,\)"),
    ("Conv2D", lambda: cnnc.Conv2D(4, 5), (4, 4, 1), r"kernel 5x5 does not fit its 4x4 input \(padding 0\)"),
    ("Conv2D", lambda: cnnc.Conv2D(4, 3, groups=2), (5, 5, 3), "divide channels 3 and filters 4, received 2"),
    ("Conv2D", lambda: cnnc.Conv2D(3, 3, groups=5), (5, 5, 3), "divide channels 3 and filters 3, received 5"),
    ("Conv2D", lambda: cnnc.Conv2D(0, 3), (5, 5, 3), "filters must be a positive int: received 0"),
    ("Conv2D", lambda: cnnc.Conv2D(2.0, 3), (5, 5, 3), r"filters must be a positive int: received 2\.0"),
    ("Conv2D", lambda: cnnc.Conv2D(4, 0), (5, 5, 3), "kernel must be .*received 0"),
    ("Conv2D", lambda: cnnc.Conv2D(4, 3, stride=(1, 2, 3)), (5, 5, 3), r"stride must be .*received \(1, 2, 3\)"),
    ("Conv2D", lambda: cnnc.Conv2D(4, 3, padding="full"), (5, 5, 3), "padding must be .*received 'full'"),
    ("Conv2D", lambda: cnnc.Conv2D(4, 3, algorithm="fast"), (5, 5, 3), "algorithm must be .*received 'fast'"),
    ("Conv2D", lambda: cnnc.Conv2D(2**30, 3), (2**15, 2**15, 3), "must be smaller than .*received"),
    ("MaxPool2D", lambda: cnnc.MaxPool2D(2), (4, 4), r"images \(H, W, C\): received the shape \(4, 4\)"),
    ("MaxPool2D", lambda: cnnc.MaxPool2D(5), (4, 4, 1), "kernel 5x5 does not fit its 4x4 input"),
    ("AvgPool2D", lambda: cnnc.AvgPool2D(2, padding=2), (4, 4, 1), "at most half the size 2x2, received 2"),
    ("Dense", lambda: cnnc.Dense(4), (4, 4, 1), r"put Flatten before it: received \(4, 4, 1\)"),
    ("Dense", lambda: cnnc.Dense(-1), (4,), "units must be a positive int: received -1"),
    ("Dense", lambda: cnnc.Dense(2**30), (2**30,), "must be smaller than .*received"),
    ("LeakyReLU", lambda: cnnc.LeakyReLU(-0.1), (4,), r"slope must be 0 or more.*: received -0\.1"),
    ("ELU", lambda: cnnc.ELU(0), (4,), "scale must be more than 0.*: received 0"),
    ("Dropout", lambda: cnnc.Dropout(1), (4,), r"rate must be in \[0, 1\): received 1"),
    ("Add", lambda: cnnc.Add([cnnc.Dense(2), cnnc.Dense(3)]), (4,), r"same output shape: received \[\(2,\), \(3,\)\]"),
    ("Concat", lambda: cnnc.Concat([cnnc.MaxPool2D(2), cnnc.Identity()]), (4, 4, 1), r"last axis: received \[\(2, 2"),
    *((name, lambda layer=layer, wrong=wrong: layer(wrong), (4,), "received (nan|inf)")
      for name, layer in (("LeakyReLU", cnnc.LeakyReLU), ("ELU", cnnc.ELU), ("Dropout", cnnc.Dropout))
      for wrong in (float("nan"), float("inf"))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make", "shape", "message"), REFUSED, ids=[f"{r[0]}-{r[3][:30]}" for r in REFUSED])
def test_refusals_name_the_layer_and_its_position(name, make, shape, message):
    for position in (0, 2):
        net = cnnc.Sequential([*(cnnc.Identity() for _ in range(position)), make()])
        with pytest.raises(cnnc.LayerError, match=rf'^{name} "{position}": .*{message}'):
            net.build(shape)
        with pytest.raises(ValueError, match="must be built first"):
            net.parameters()


def test_errors_inside_branches_name_the_whole_path():
    net = cnnc.Sequential([cnnc.Identity(), cnnc.Add([cnnc.Identity(), [cnnc.ReLU(), cnnc.Conv2D(1, 9)]])])
    with pytest.raises(cnnc.LayerError, match=r'^Conv2D "1\.1\.1": kernel 9x9 does not fit'):
        net.build((4, 4, 1))


# --- complete -----------------------------------------------------------------------------------------------------


def test_every_layer_has_five_shapes():
    assert set(ROWS) == set(layers.__all__) - {"Layer", "LayerError"}
    for name, rows in ROWS.items():
        assert len({shape for _, shape, _, _ in rows}) >= 5, name
        assert all(type(make()).__name__ == name for make, *_ in rows)


def test_every_layer_has_an_example():
    for name in set(ROWS) - {"Chain"}:
        assert ">>> " in getattr(cnnc, name).__doc__, name
