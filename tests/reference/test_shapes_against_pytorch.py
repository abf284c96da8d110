"""Padding, enlarging, adaptive pooling, transposed convolution, signals and volumes against PyTorch, if it is there."""

import numpy as np
import pytest

from cnnc import reference

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
F = torch.nn.functional


def tensor(array):
    """A float64 leaf with channels first."""
    return torch.tensor(np.moveaxis(array, -1, 1).copy(), requires_grad=True)


def filters(w):
    """A float64 leaf with their order of axes: the last two of ours first, and exchanged."""
    return torch.tensor(np.moveaxis(w, (-1, -2), (0, 1)).copy(), requires_grad=True)


def close(ours, theirs):
    np.testing.assert_allclose(np.moveaxis(ours, -1, 1), theirs.detach().numpy(), rtol=1e-10, atol=1e-10)


def close_filters(ours, theirs):
    np.testing.assert_allclose(np.moveaxis(ours, (-1, -2), (0, 1)), theirs.numpy(), rtol=1e-10, atol=1e-10)


def check(name, x, arguments, theirs):
    """The function of x alone, and its gradient."""
    leaf = tensor(x)
    y = theirs(leaf)
    ours = getattr(reference, name)(x, **arguments)
    close(ours, y)
    dy = np.random.default_rng(1).standard_normal(ours.shape)
    y.backward(tensor(dy).detach())
    close(getattr(reference, f"{name}_backward")(dy, x, **arguments), leaf.grad)


def check_filters(name, x, w, b, arguments, theirs):
    """The function of x, w and b, and its gradients."""
    leaves = tensor(x), filters(w), torch.tensor(b, requires_grad=True)
    y = theirs(*leaves)
    ours = getattr(reference, name)(x, w, b, **arguments)
    close(ours, y)
    dy = np.random.default_rng(1).standard_normal(ours.shape)
    y.backward(tensor(dy).detach())
    dx, dw, db = getattr(reference, f"{name}_backward")(dy, x, w, **arguments)
    close(dx, leaves[0].grad)
    close_filters(dw, leaves[1].grad)
    np.testing.assert_allclose(db, leaves[2].grad.numpy(), rtol=1e-10, atol=1e-10)


def numbers(rng, low, high, count=2):
    return [int(n) for n in rng.integers(low, high + 1, count)]


@pytest.mark.parametrize("seed", range(20))
def test_padding(seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2, *numbers(rng, 1, 6), 3))
    theirs = {"zero": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}
    for mode, name in theirs.items():
        most = [n - 1 if mode == "reflect" else n if mode == "circular" else 5 for n in x.shape[1:3]]
        rows, columns = (numbers(rng, 0, n) for n in most)
        arguments = {"padding": (rows, columns), "mode": mode}
        check("pad2d", x, arguments, lambda t, p=(*columns, *rows), name=name: F.pad(t, p, mode=name))


@pytest.mark.parametrize("seed", range(20))
def test_upsampling(seed):
    rng = np.random.default_rng(seed)
    x, scale = rng.standard_normal((2, *numbers(rng, 1, 6), 2)), numbers(rng, 1, 4)
    check("upsample2d", x, {"scale": scale}, lambda t: F.interpolate(t, scale_factor=scale, mode="nearest"))
    for corners in (False, True):
        mode = {"mode": "bilinear", "align_corners": corners}
        check("upsample2d", x, {"scale": scale, **mode}, lambda t, m=mode: F.interpolate(t, scale_factor=scale, **m))


@pytest.mark.parametrize("seed", range(20))
def test_adaptive_pooling(seed):
    rng = np.random.default_rng(seed)
    x, size = rng.standard_normal((2, *numbers(rng, 1, 12), 2)), numbers(rng, 1, 9)
    check("adaptive_avg_pool2d", x, {"size": size}, lambda t: F.adaptive_avg_pool2d(t, size))


@pytest.mark.parametrize("seed", range(40))
def test_transposed_convolution(seed):
    rng = np.random.default_rng(seed)
    kernel, stride, dilation = numbers(rng, 2, 4), numbers(rng, 1, 3), numbers(rng, 1, 3)
    groups, padding = int(rng.integers(1, 4)), numbers(rng, 0, 1)
    more = [int(rng.integers(0, max(s, d))) for s, d in zip(stride, dilation, strict=True)]
    channels, each = groups * int(rng.integers(1, 4)), int(rng.integers(1, 4))
    x = rng.standard_normal((2, *numbers(rng, 2, 5), channels))
    w, b = rng.standard_normal((*kernel, each, channels)), rng.standard_normal(groups * each)
    arguments = {"stride": stride, "padding": padding, "output_padding": more, "dilation": dilation, "groups": groups}
    check_filters("conv_transpose2d", x, w, b, arguments, lambda *t: F.conv_transpose2d(*t, **arguments))


@pytest.mark.parametrize("rank", [1, 3])
@pytest.mark.parametrize("seed", range(30))
def test_correlation(rank, seed):
    rng = np.random.default_rng(seed)
    kernel, stride, dilation = (numbers(rng, 1, 3, rank) for _ in range(3))
    groups, padding = int(rng.integers(1, 4)), numbers(rng, 0, 2, rank)
    sides = [(k - 1) * d + int(rng.integers(1, 5)) for k, d in zip(kernel, dilation, strict=True)]
    each, count = int(rng.integers(1, 4)), groups * int(rng.integers(1, 4))
    x = rng.standard_normal((2, *sides, groups * each))
    w, b = rng.standard_normal((*kernel, each, count)), rng.standard_normal(count)
    settings = {"stride": stride, "dilation": dilation, "groups": groups}
    ours = {**settings, "padding": padding if rank > 1 else padding[0]}
    theirs = getattr(F, f"conv{rank}d")
    check_filters(f"correlate{rank}d", x, w, b, ours, lambda *t: theirs(*t, **settings, padding=padding))


@pytest.mark.parametrize("rank", [1, 3])
@pytest.mark.parametrize("seed", range(30))
def test_pooling(rank, seed):
    rng = np.random.default_rng(seed)
    size, stride = numbers(rng, 1, 4, rank), numbers(rng, 1, 4, rank)
    padding = [int(rng.integers(0, n // 2 + 1)) for n in size]
    ceil, counted = bool(rng.integers(2)), bool(rng.integers(2))
    shape = (2, *(n + int(rng.integers(0, 5)) for n in size), 2)
    x = (
        rng.integers(-3, 3, shape).astype(float) if rng.integers(2) else rng.standard_normal(shape)
    )  # with ties, without
    ours = {"size": size, "stride": stride, "padding": padding if rank > 1 else padding[0], "ceil": ceil}
    largest, mean = getattr(F, f"max_pool{rank}d"), getattr(F, f"avg_pool{rank}d")
    check(f"max_pool{rank}d", x, ours, lambda t: largest(t, size, stride, padding, ceil_mode=ceil))
    check(f"avg_pool{rank}d", x, {**ours, "count_include_pad": counted},
          lambda t: mean(t, size, stride, padding, ceil_mode=ceil, count_include_pad=counted))  # fmt: skip
