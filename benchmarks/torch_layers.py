"""The same layers in PyTorch."""

import torch
from torch.nn import functional

VERSION = torch.__version__
FORMATS = {"NCHW": torch.contiguous_format, "channels_last": torch.channels_last}
aten = torch.ops.aten


def set_num_threads(threads):
    torch.set_num_threads(threads)


def inference():
    """In this context nothing is kept for automatic differentiation."""
    return torch.inference_mode()


def contenders(case, step):
    """Setting -> (call, function that turns its result into a tuple of arrays in the layout of cnnc)."""
    family = {
        "Convolution": _convolution,
        "Dense": _dense,
        "Pooling": _pooling,
        "Activation": _activation,
        "CrossEntropy": _cross_entropy,
    }[type(case).__name__]
    return family(case, step)


# --- layouts ---------------------------------------------------------------------------------------------


def images_of(array, memory):
    """(N, H, W, C) -> (N, C, H, W) in that memory format."""
    return torch.from_numpy(array).permute(0, 3, 1, 2).contiguous(memory_format=memory)


def _filters(array, memory):
    """(KH, KW, C, K) -> (K, C, KH, KW) in that memory format."""
    return torch.from_numpy(array).permute(3, 2, 0, 1).contiguous(memory_format=memory)


def _from_images(y):
    return (y.permute(0, 2, 3, 1).numpy(),)


def _from_filters(gradients):
    dw, db = gradients
    return dw.permute(2, 3, 1, 0).numpy(), db.numpy()


def _plain(y):
    return (y.numpy(),)


# --- layers ----------------------------------------------------------------------------------------------


def _convolution(case, step):
    found = {}
    for setting, memory in FORMATS.items():
        x, dy = (images_of(case.arrays[name], memory) for name in ("x", "dy"))
        w, b = _filters(case.arrays["w"], memory), torch.from_numpy(case.arrays["b"])
        sides = [case.stride] * 2, [case.padding] * 2, [1, 1]

        def forward(x=x, w=w, b=b, sides=sides):
            return functional.conv2d(x, w, b, *sides, case.groups)

        def data(x=x, w=w, dy=dy, sides=sides):
            mask = [True, False, False]
            return aten.convolution_backward(dy, x, w, None, *sides, False, [0, 0], case.groups, mask)[0]

        def weights(x=x, w=w, dy=dy, sides=sides):
            mask = [False, True, True]
            return aten.convolution_backward(dy, x, w, [case.k], *sides, False, [0, 0], case.groups, mask)[1:]

        call = {"forward": forward, "data": data, "weights": weights}[step]
        found[setting] = call, (_from_filters if step == "weights" else _from_images)
    return found


def _dense(case, step):
    x, b, dy = (torch.from_numpy(case.arrays[name]) for name in ("x", "b", "dy"))
    w = torch.from_numpy(case.arrays["w"]).T.contiguous()  # (out, in), as torch.nn.Linear keeps it
    return {
        "forward": {"linear": (lambda: functional.linear(x, w, b), _plain)},
        "data": {"linear": (lambda: dy @ w, _plain)},
        "weights": {"linear": (lambda: (dy.T @ x, dy.sum(0)), lambda g: (g[0].T.numpy(), g[1].numpy()))},
    }[step]


def _pooling(case, step):
    found = {}
    window, stride, none, one = [case.window] * 2, [case.stride] * 2, [0, 0], [1, 1]
    for setting, memory in FORMATS.items():
        x, dy = (images_of(case.arrays[name], memory) for name in ("x", "dy"))
        if case.kind == "max":
            _, index = aten.max_pool2d_with_indices(x, window, stride)
            calls = {
                "forward": lambda x=x: aten.max_pool2d_with_indices(x, window, stride)[0],
                "data": lambda x=x, dy=dy, index=index: aten.max_pool2d_with_indices_backward(
                    dy, x, window, stride, none, one, False, index
                ),
            }
        else:
            calls = {
                "forward": lambda x=x: aten.avg_pool2d(x, window, stride),
                "data": lambda x=x, dy=dy: aten.avg_pool2d_backward(dy, x, window, stride, none, False, True, None),
            }
        found[setting] = calls[step], _from_images
    return found


def _activation(case, step):
    x, dy, y = torch.from_numpy(case.arrays["x"]), torch.from_numpy(case.arrays["dy"]), torch.from_numpy(case.y)
    calls = {
        "tanh": {"forward": lambda: torch.tanh(x), "data": lambda: aten.tanh_backward(dy, y)},
        "relu": {"forward": lambda: torch.relu(x), "data": lambda: aten.threshold_backward(dy, y, 0)},
    }
    return {"eager": (calls[case.kind][step], _plain)}


def _cross_entropy(case, step):
    x, labels = torch.from_numpy(case.arrays["x"]), torch.from_numpy(case.labels).long()
    logs = torch.log_softmax(x, 1)
    one, weight = torch.tensor(1.0), torch.tensor(float(case.n))

    def data():
        dlogs = aten.nll_loss_backward(one, logs, labels, None, 1, -100, weight)
        return aten._log_softmax_backward_data(dlogs, logs, 1, torch.float32)

    calls = {"forward": lambda: functional.cross_entropy(x, labels), "data": data}
    return {"eager": (calls[step], _plain)}
