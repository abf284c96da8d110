"""Every layer: its shapes, its values, its gradients, what it refuses. The problems are in tests/rows."""

import dataclasses

import numpy as np
import pytest
from nets import batch, check_gradients, randomise
from rows import REFUSED, ROWS

import cnnc
from cnnc import layers

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


@pytest.mark.parametrize(("name", "make", "shape", "message"), REFUSED, ids=[f"{r[0]}-{r[3][:30]}" for r in REFUSED])
def test_refusals_name_the_layer_and_its_position(name, make, shape, message):
    for position in (0, 2):
        net = cnnc.Sequential([*(cnnc.Identity() for _ in range(position)), make()])
        with pytest.raises(cnnc.LayerError, match=rf'^{name} "{position}": .*{message}'):
            net.build(shape)
        with pytest.raises(ValueError, match="must be built first"):
            net.parameters()


WRONG = {
    bool: (None, 1, "yes"),
    float: (None, "1", True, 1j, 10**400, [1.0]),
    float | tuple: (None, "1", True, 1j, 10**400, ("1",), (0.5,) * 5),
    None: ("nothing", {}, -3, 2.5, (0,) * 5),
}


def wrong_settings():
    for name, rows in ROWS.items():
        make, shape, *_ = rows[0]
        for field in dataclasses.fields(make()) if dataclasses.is_dataclass(make()) else ():
            for value in WRONG.get(field.type, WRONG[None]):
                yield pytest.param(make, shape, field.name, value, id=f"{name}-{field.name}-{str(value)[:9]}")


@pytest.mark.parametrize(("make", "shape", "setting", "value"), list(wrong_settings()))
def test_settings_of_another_kind_are_refused(make, shape, setting, value):
    with pytest.raises(cnnc.LayerError, match=r'^\w+ "0[\d.]*": .*received'):
        cnnc.Sequential([dataclasses.replace(make(), **{setting: value})]).build(shape)


@pytest.mark.parametrize("name", ["Sequential", "Chain", "Add", "Concat", "Multiply"])
@pytest.mark.parametrize("wrong", [None, 3, cnnc.Identity()], ids=["None", "3", "a layer"])
def test_containers_take_lists(name, wrong):
    with pytest.raises(cnnc.LayerError, match=rf"^{name}: its (layers|branches) must be a list: received"):
        getattr(cnnc, name)(wrong)


@pytest.mark.parametrize("weight", [None, "1", -1, float("nan"), 1j])
def test_the_weight_of_a_head_is_a_number(weight):
    with pytest.raises(cnnc.LayerError, match="^Auxiliary: weight must be 0 or more: received"):
        cnnc.Auxiliary(cnnc.Dense(2), weight)


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
    for name in ROWS:
        assert ">>> " in getattr(cnnc, name).__doc__, name
