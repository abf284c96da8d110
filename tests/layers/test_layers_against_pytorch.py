"""Every layer beside the same layer of PyTorch, where that is installed. The problems are in tests/rows."""

import numpy as np
import pytest
from nets import batch, gradients_of
from rows import ROWS

import cnnc
from cnnc import layers

pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")

from benchmarks.torch_twin import CONTAINERS, TWINS, from_torch, gradients, to_torch, twin

EVERY = [pytest.param(*row[:2], id=f"{name}-{row[1]}") for name, rows in ROWS.items() for row in rows]
ERROR = {np.float32: 2e-5, np.float64: 1e-10}  # allowed, where the numbers that are summed are about 1


def close(actual, expected, dtype, what=""):
    scale = max(np.abs(expected).max(initial=0), 1)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=ERROR[dtype] * scale, err_msg=what)


def built(make, shape, dtype):
    """A network of that layer; a Flatten is followed by what sees in which order it reads."""
    layer = make()
    after = [cnnc.Dense(3)] if isinstance(layer, cnnc.Flatten) else []
    net = cnnc.Sequential([layer, *after]).build(shape, dtype=dtype)
    rng = np.random.default_rng(1)
    for path, array in net.state().items():
        array[...] = rng.uniform(0.5, 1.5, array.shape) if "running" in path else rng.standard_normal(array.shape)
    return net


@pytest.mark.parametrize("dtype", ERROR)
@pytest.mark.parametrize(("make", "shape"), EVERY)
def test_inference(make, shape, dtype):
    net = built(make, shape, dtype)
    x = batch(shape, dtype=dtype)
    close(net(x), from_torch(twin(net).eval()(to_torch(x))), dtype)


@pytest.mark.parametrize("dtype", ERROR)
@pytest.mark.parametrize(("make", "shape"), EVERY)
def test_training(make, shape, dtype):
    net = built(make, shape, dtype)
    for layer in net.walk():
        layer.rate = 0.0  # dropping depends on random numbers
    module = twin(net).train()
    x, rng = batch(shape, dtype=dtype), np.random.default_rng(2)
    dy = rng.standard_normal((len(x), *net.output_shape)).astype(dtype)
    y, dx, ours = gradients_of(net, x, dy)

    theirs = to_torch(x).requires_grad_()
    expected = module(theirs)
    expected.backward(to_torch(dy))
    close(y, from_torch(expected), dtype)
    close(dx, from_torch(theirs.grad), dtype)
    written = cnnc.save_torch_weights(net)
    for name, buffer in module.named_buffers():  # running statistics
        if name in written:
            close(written[name], buffer.numpy(), dtype, name)
    for path, gradient in gradients(net, module).items():
        close(ours[path], gradient, dtype, path)


def test_every_layer_has_a_twin():
    assert set(layers.__all__) - {"Layer", "LayerError"} <= set(TWINS) | set(CONTAINERS)
