"""The same layers and networks in PyTorch. The one module that imports it."""

import numpy as np
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


def _images(array, memory):
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
        x, dy = (_images(case.arrays[name], memory) for name in ("x", "dy"))
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
        x, dy = (_images(case.arrays[name], memory) for name in ("x", "dy"))
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


# --- networks --------------------------------------------------------------------------------------------


def network(net):
    """A torch.nn.Sequential that computes what a built cnnc.Sequential does, with copies of its parameters."""
    modules, shape, before_flatten = [], net.input_shape, None
    for layer in net.layers:
        kind = type(layer).__name__
        if kind == "Conv2D":
            kh, kw, c, k = layer.weight.data.shape
            (top, bottom), (left, right) = layer._window.padding
            if (top, left) != (bottom, right):
                raise ValueError(f"the comparison knows padding of equal sides only, received {layer._window.padding}")
            module = torch.nn.Conv2d(c * layer.groups, k, (kh, kw), layer._window.stride, (top, left),
                                     layer._window.dilation, layer.groups, bias=layer.use_bias)  # fmt: skip
            _fill(module, layer, layer.weight.data.transpose(3, 2, 0, 1))
        elif kind == "Dense":
            w = layer.weight.data
            if before_flatten:  # the rows of w are in the order (H, W, C), its pixels come as (C, H, W)
                w = w.reshape(*before_flatten, -1).transpose(2, 0, 1, 3).reshape(w.shape)
            before_flatten = None
            module = torch.nn.Linear(*w.shape, bias=layer.use_bias)
            _fill(module, layer, w.T)
        elif kind in ("MaxPool2D", "AvgPool2D"):
            module = getattr(torch.nn, kind[:-1] + "d")(layer.size, layer.stride, layer.padding, ceil_mode=layer.ceil)
        elif kind == "Flatten":
            before_flatten, module = shape, torch.nn.Flatten()
        elif kind in ("ReLU", "Tanh"):
            module = getattr(torch.nn, kind)()
        else:
            raise ValueError(f"the comparison knows no module for the layer {kind}")
        modules.append(module)
        shape = layer.output_shape
    return torch.nn.Sequential(*modules)


def _fill(module, layer, weight):
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
        if layer.use_bias:
            module.bias.copy_(torch.from_numpy(layer.bias.data))


EAGER = ("NCHW", "channels_last")
COMPILED = ("compiled", "compiled channels_last")


def forget_compiled():
    """Drops what was compiled, so that the next network's calls are not looked up among others'."""
    torch.compiler.reset()


def training_step(net, x, labels, lr, momentum, setting):
    """A function that does one training step of the same network with the same batch and returns the loss.

    Args:
        net: a built cnnc.Sequential.
        x: (N, H, W, C) float32.
        labels: N ints.
        lr, momentum: of SGD.
        setting: one of EAGER or COMPILED.
    """
    memory = FORMATS["channels_last" if "channels_last" in setting else "NCHW"]
    module = network(net).to(memory_format=memory)
    images, labels = _images(x, memory), torch.from_numpy(labels).long()
    optimizer = torch.optim.SGD(module.parameters(), lr=lr, momentum=momentum, fused=True)

    def loss_of(images, labels):
        return functional.cross_entropy(module(images), labels)

    if "compiled" in setting:
        loss_of = torch.compile(loss_of)

    def step():
        optimizer.zero_grad()
        loss = loss_of(images, labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step
