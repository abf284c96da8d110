"""The reference against an independent implementation of the same definitions, when that is installed."""

import numpy as np
import pytest
from table.activation import ROWS

import cnnc
from cnnc import reference

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
F = torch.nn.functional


def tensor(array):
    """A float64 leaf; images and filters change from our axes to theirs outside of it."""
    return torch.tensor(np.asarray(array, dtype=np.float64), requires_grad=True)


def images_first(x):
    return x.permute(0, 3, 1, 2)  # (N, H, W, C) to (N, C, H, W)


def images_last(y):
    return y.permute(0, 2, 3, 1)


def close(actual, expected):
    np.testing.assert_allclose(actual, expected.detach().numpy(), rtol=1e-10, atol=1e-10)


def test_correlation():
    rng = np.random.default_rng(0)
    for _ in range(60):
        groups = int(rng.integers(1, 4))
        kernel, stride, dilation = (rng.integers(1, 4, 2).tolist() for _ in range(3))
        (top, bottom), (left, right) = padding = rng.integers(0, 3, (2, 2)).tolist()
        height, width = ((k - 1) * d + int(rng.integers(1, 6)) for k, d in zip(kernel, dilation, strict=True))
        channels, filters = (groups * int(rng.integers(1, 4)) for _ in range(2))
        x = tensor(rng.standard_normal((int(rng.integers(1, 3)), height, width, channels)))
        w = tensor(rng.standard_normal((*kernel, channels // groups, filters)))
        b = tensor(rng.standard_normal(filters))
        padded = F.pad(images_first(x), (left, right, top, bottom))
        y = images_last(F.conv2d(padded, w.permute(3, 2, 0, 1), b, stride, 0, dilation, groups))
        dy = rng.standard_normal(y.shape)
        y.backward(torch.tensor(dy))
        ours = [t.detach().numpy() for t in (x, w, b)]
        arguments = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        close(reference.correlate2d(*ours, **arguments), y)
        for gradient, leaf in zip(reference.correlate2d_backward(dy, *ours[:2], **arguments), (x, w, b), strict=True):
            close(gradient, leaf.grad)


def test_pooling():
    rng = np.random.default_rng(1)
    for _ in range(100):
        size, stride = rng.integers(1, 5, 2), rng.integers(1, 5, 2).tolist()
        padding = [int(rng.integers(0, s // 2 + 1)) for s in size]
        arguments = {"stride": stride, "padding": padding}
        ceil, counted = bool(rng.integers(2)), bool(rng.integers(2))
        shape = (2, *(size + rng.integers(0, 6, 2)), 2)
        values = rng.integers(-3, 3, shape) if rng.integers(2) else rng.standard_normal(shape)  # with ties, without
        size = size.tolist()
        for name, ours, theirs in [
            ("max_pool2d", {"ceil": ceil}, {"ceil_mode": ceil}),
            (
                "avg_pool2d",
                {"ceil": ceil, "count_include_pad": counted},
                {"ceil_mode": ceil, "count_include_pad": counted},
            ),
        ]:
            x = tensor(values)
            y = images_last(getattr(F, name)(images_first(x), size, **arguments, **theirs))
            dy = rng.standard_normal(y.shape)
            y.backward(torch.tensor(dy))
            close(getattr(reference, name)(values, size, **arguments, **ours), y)
            close(getattr(reference, f"{name}_backward")(dy, values, size, **arguments, **ours), x.grad)


def test_sizes_of_pooling_in_ceil_mode():
    for n in range(1, 9):
        for size in range(1, 5):
            for stride in range(1, 6):
                for padding in range(size // 2 + 1):
                    try:
                        expected = F.max_pool1d(torch.zeros(1, 1, n), size, stride, padding, ceil_mode=True).shape[2]
                    except RuntimeError:  # the window does not fit
                        with pytest.raises(ValueError, match="does not fit"):
                            reference.output_size(n, size, stride, padding, ceil=True)
                    else:
                        assert reference.output_size(n, size, stride, padding, ceil=True) == expected


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_activations(row):
    """Infinities and NaN in the values alone: PyTorch's gradients at NaN follow no rule."""
    values = np.concatenate([np.linspace(-20, 20, 81), [0.0, -0.0, 1e4, -1e4]]).reshape(5, 17)
    check_like_theirs(row.name, values, row.arguments, lambda x: row.torch(torch, x, *row.arguments.values()))
    strange = [np.nan, np.inf, -np.inf, 1e300, -1e300, 5e-324]
    y = row.torch(torch, tensor(strange), *row.arguments.values())
    close(getattr(reference, row.name)(strange, **row.arguments), y)


@pytest.mark.parametrize("slopes", [1, 4])
def test_prelu(slopes):
    rng = np.random.default_rng(5)
    values, dy = rng.standard_normal((2, 3, 5, 4)), rng.standard_normal((2, 3, 5, 4))
    values[0, 0] = 0
    x, w = tensor(values), tensor(rng.standard_normal(slopes))
    y = images_last(F.prelu(images_first(x), w))
    y.backward(torch.tensor(dy))
    ours = values, w.detach().numpy()
    close(reference.prelu(*ours), y)
    for gradient, leaf in zip(reference.prelu_backward(dy, *ours), (x, w), strict=True):
        close(gradient, leaf.grad)


def test_maxout():
    """PyTorch has it as the maximum over an axis, whose gradient goes to one winner."""
    rng = np.random.default_rng(6)
    values, dy = rng.standard_normal((2, 5, 12)), rng.standard_normal((2, 5, 4))
    values[0, 1, 5], values[1, 2, [0, 8]] = np.nan, np.inf
    x = tensor(values)
    y = x.reshape(2, 5, 3, 4).max(dim=2).values
    y.backward(torch.tensor(dy))
    close(reference.maxout(values, 3), y)
    close(reference.maxout_backward(dy, values, 3), x.grad)


def test_softmax():
    values = np.random.default_rng(1).uniform(-20, 20, (5, 17))
    check_like_theirs("softmax", values, {}, lambda x: F.softmax(x, dim=-1))


def check_like_theirs(name, values, arguments, theirs):
    x = tensor(values)
    y = theirs(x)
    dy = np.random.default_rng(2).standard_normal(values.shape)
    y.backward(torch.tensor(dy))
    close(getattr(reference, name)(values, **arguments), y)
    close(getattr(reference, f"{name}_backward")(dy, values, **arguments), x.grad)


@pytest.mark.parametrize("scale", [1, 1e4])
def test_cross_entropy(scale):
    rng = np.random.default_rng(3)
    values, classes, rows = scale * rng.standard_normal((6, 9)), rng.integers(9, size=6), rng.dirichlet(np.ones(9), 6)
    for labels in (classes, rows):
        logits = tensor(values)
        loss = F.cross_entropy(logits, torch.tensor(labels))
        loss.backward()
        close(reference.cross_entropy(values, labels), loss)
        close(reference.cross_entropy_backward(values, labels), logits.grad)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_with_smoothing_and_class_weights(smoothing, weighted):
    rng = np.random.default_rng(5)
    values, classes, rows = rng.standard_normal((6, 9)), rng.integers(9, size=6), rng.dirichlet(np.ones(9), 6)
    weights = rng.random(9) if weighted else None
    theirs = {"label_smoothing": smoothing, "weight": torch.tensor(weights) if weighted else None}
    for labels in (classes, rows):
        logits = tensor(values)
        loss = F.cross_entropy(logits, torch.tensor(labels), **theirs)
        loss.backward()
        close(reference.cross_entropy(values, labels, smoothing, weights), loss)
        close(reference.cross_entropy_backward(values, labels, smoothing, weights), logits.grad)


@pytest.mark.parametrize(
    ("name", "arguments", "theirs"),
    [
        ("mse", {}, F.mse_loss),
        ("mae", {}, F.l1_loss),
        ("huber", {"delta": 0.6}, lambda x, t: F.huber_loss(x, t, delta=0.6)),
        ("binary_cross_entropy", {}, F.binary_cross_entropy_with_logits),
        ("hinge", {"margin": 0.8}, lambda x, t: F.multi_margin_loss(x, t, margin=0.8)),
    ],
)
def test_losses(name, arguments, theirs):
    rng = np.random.default_rng(6)
    values = 3 * rng.standard_normal((7, 5))
    values[0, 0] = 800.0
    target = rng.integers(5, size=7) if name == "hinge" else rng.random((7, 5))
    x = tensor(values)
    loss = theirs(x, torch.tensor(target))
    loss.backward()
    close(getattr(reference, name)(values, target, **arguments), loss)
    close(getattr(reference, f"{name}_backward")(values, target, **arguments), x.grad)


@pytest.mark.parametrize(
    "arguments",
    [
        {"lr": 0.1},
        {"lr": 0.1, "weight_decay": 0.2},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.2},
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.2, "nesterov": True},
    ],
)
def test_sgd(arguments):
    rng = np.random.default_rng(4)
    param, velocity = rng.standard_normal(7), None
    theirs = tensor(param)
    optimizer = torch.optim.SGD([theirs], **arguments)
    for _ in range(5):
        grad = rng.standard_normal(7)
        theirs.grad = torch.tensor(grad)
        optimizer.step()
        param, velocity = reference.sgd(param, grad, velocity, **arguments)
        close(param, theirs)


def channels_second(function, x, *arguments):
    """A function of theirs, called with channels where it wants them: (N, C, ...)."""
    return function(x.movedim(-1, 1), *arguments).movedim(1, -1)


@pytest.mark.parametrize("shape", [(5, 6), (3, 7, 6), (2, 5, 4, 6), (2, 3, 2, 3, 6)], ids=str)
def test_normalisation(shape):
    rng = np.random.default_rng(5)
    channels = shape[-1]
    running = rng.standard_normal(channels), rng.uniform(0.5, 2, channels)
    tensors = [torch.tensor(a) for a in running]
    theirs = {
        "batch_norm": lambda x, w, b: channels_second(F.batch_norm, x, None, None, w, b, True),
        "batch_norm_inference": lambda x, w, b: channels_second(F.batch_norm, x, *tensors, w, b),
        "group_norm": lambda x, w, b: channels_second(F.group_norm, x, 3, w, b),
        "layer_norm": lambda x, w, b: F.layer_norm(x, (channels,), w, b),
        "rms_norm": lambda x, w, b: F.rms_norm(x, (channels,), w, 1e-6),
    }
    if len(shape) > 2:
        theirs["instance_norm"] = lambda x, w, b: channels_second(F.instance_norm, x, None, None, w, b)
    for name, function in theirs.items():
        x, w, b = leaves = [tensor(rng.standard_normal(s)) for s in (shape, (channels,), (channels,))]
        y = function(x, w, b)
        dy = rng.standard_normal(shape)
        y.backward(torch.tensor(dy))
        ours = [leaf.detach().numpy() for leaf in leaves[: 2 if name == "rms_norm" else 3]]
        statistics = running if name == "batch_norm_inference" else ()
        groups = {"groups": 3} if name == "group_norm" else {}
        close(getattr(reference, name)(ours[0], *statistics, *ours[1:], **groups), y)
        gradients = getattr(reference, f"{name}_backward")(dy, ours[0], *statistics, ours[1], **groups)
        for gradient, leaf in zip(gradients, leaves, strict=False):
            close(gradient, leaf.grad)


def test_local_response_normalisation():
    rng = np.random.default_rng(6)
    for size in range(1, 9):
        x = tensor(rng.standard_normal((2, 3, 4, 6)))
        arguments = {"size": size, "alpha": 1.5, "beta": 0.6, "k": 1.2}
        y = channels_second(lambda x, given=arguments: F.local_response_norm(x, **given), x)
        dy = rng.standard_normal(y.shape)
        y.backward(torch.tensor(dy))
        close(reference.local_response_norm(x.detach().numpy(), **arguments), y)
        close(reference.local_response_norm_backward(dy, x.detach().numpy(), **arguments), x.grad)


@pytest.mark.parametrize("momentum", [0.1, 1.0])
def test_running_statistics(momentum):
    rng = np.random.default_rng(7)
    theirs = torch.nn.BatchNorm2d(3, momentum=momentum)
    net = cnnc.Sequential([cnnc.BatchNorm(momentum), cnnc.AvgPool2D(4), cnnc.Flatten()]).build((4, 4, 3))
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.0))
    for _ in range(4):
        x = (2 * rng.standard_normal((5, 4, 4, 3)) + 1).astype(np.float32)
        trainer.step(x, [0, 1, 2, 0, 1])
        theirs(images_first(torch.tensor(x)))
    for name in ("running_mean", "running_var"):
        np.testing.assert_allclose(net.state()[f"0.{name}"], getattr(theirs, name).numpy(), rtol=1e-6, atol=1e-6)
    y = images_last(theirs.eval()(images_first(torch.tensor(x)))).detach().numpy()
    np.testing.assert_allclose(net.activations(x)["0"], y, rtol=0, atol=1e-5)
