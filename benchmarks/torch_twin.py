"""The same network in PyTorch: `twin(net)` is a module on channels-first arrays with the weights of `net`.

TWINS has a line for each layer: a function that makes the module. Parameters have the names that
`cnnc.save_torch_weights` gives them, so that making a twin tests it, and the layouts with it.
"""

import numpy as np
import torch
from torch import nn

import cnnc
from cnnc import geometry


def twin(net, filled=True):
    """A module that computes what `net` does, of its dtype and with its weights; not `filled`, with PyTorch's own."""
    module = _twin(net, {}).to(torch.from_numpy(np.empty(0, net.dtype)).dtype)
    if not filled:
        return module
    weights = {name: torch.from_numpy(array) for name, array in cnnc.save_torch_weights(net).items()}
    theirs = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    assert {name for name in theirs if not name.endswith("num_batches_tracked")} == set(weights)
    with torch.no_grad():
        for name, array in weights.items():
            assert theirs[name].shape == array.shape, name
            theirs[name].copy_(array)
    return module


def to_torch(x):
    """Images (N, ..., C) as a tensor (N, C, ...)."""
    return torch.from_numpy(np.moveaxis(x, -1, 1).copy()) if x.ndim > 1 else torch.from_numpy(x)


def from_torch(tensor):
    """The inverse."""
    return np.moveaxis(tensor.detach().numpy(), 1, -1) if tensor.ndim > 1 else tensor.detach().numpy()


def gradients(net, module):
    """Path -> gradient: those of its twin's parameters in the layouts of `net`."""
    arrays, before = net.state(), {path: array.copy() for path, array in net.state().items()}
    theirs = {name: torch.zeros_like(p) if p.grad is None else p.grad for name, p in module.named_parameters()}
    cnnc.load_torch_weights(net, {**cnnc.save_torch_weights(net), **theirs})
    found = {path: array.copy() for path, array in net.parameters().items()}
    for path, array in before.items():
        arrays[path][...] = array
    return found


def _twin(layer, made):
    """The module of a layer; the same one where a layer is used again."""
    if id(layer) not in made:
        name = type(layer).__name__
        if name in CONTAINERS:
            made[id(layer)] = CONTAINERS[name](*(_twin(child, made) for child in layer.children()))
        elif name in TWINS:
            made[id(layer)] = TWINS[name](layer)
        else:
            raise KeyError(f"{name} has no twin in benchmarks/torch_twin.py")
    return made[id(layer)]


# --- modules that PyTorch does not have


class Add(nn.Sequential):
    def forward(self, x):
        first, *others = (branch(x) for branch in self)
        return sum(others, first)


class Concat(nn.Sequential):
    def forward(self, x):
        return torch.cat([branch(x) for branch in self], dim=1)


class Multiply(nn.Sequential):
    def forward(self, x):
        outputs = [branch(x) for branch in self]
        rank, product = max(y.ndim for y in outputs), 1
        for y in outputs:
            product = product * y.reshape(*y.shape, *(1,) * (rank - y.ndim))
        return product


class Auxiliary(nn.Sequential):
    """Notes its logits in training."""

    def forward(self, x):
        self.logits = super().forward(x) if self.training else None
        return x


class Function(nn.Module):
    """A function without parameters."""

    def __init__(self, function):
        super().__init__()
        self.forward = function


def channels_last(module):
    """The same module on channels-first arrays, for those that want channels last."""
    module.register_forward_pre_hook(lambda _, inputs: inputs[0].movedim(1, -1))
    module.register_forward_hook(lambda _, inputs, y: y.movedim(-1, 1))
    return module


# --- what needs more than a line


def ranked(name, layer):
    """PyTorch's class for signals, images or volumes: nn.Conv2d for ("Conv", a layer on images)."""
    return getattr(nn, f"{name}{max(1, len(layer.input_shape) - 1)}d")


def sides(window):
    """A window's padding as PyTorch's pad wants it: the last axis first."""
    return [side for pair in reversed(window.padding) for side in pair]


def both_sides(window):
    """The padding that both sides have, for each axis."""
    return tuple(min(pair) for pair in window.padding)


def padded(module, window, both, value):
    """The module with the window's padding, of which its own, `both` sides alike, is a part."""
    more = [side - same for pair, same in zip(reversed(window.padding), reversed(both), strict=True) for side in pair]
    if any(more):
        module.register_forward_pre_hook(lambda _, inputs: nn.functional.pad(inputs[0], more, value=value))
    return module


def conv(layer):
    window, c, k = layer._window, layer.input_shape[-1], layer.output_shape[-1]
    both = both_sides(window)
    module = ranked("Conv", layer)(
        c, k, window.kernel, window.stride, both, window.dilation, layer.groups, layer.use_bias
    )
    return padded(module, window, both, 0)


def max_pool(layer):
    window = layer._window
    if set(window.kernel) == {1} and not any(sides(window)):  # every so many pixels, as one writes it in PyTorch
        return Function(lambda x: x[(..., *(slice(None, None, stride) for stride in window.stride))])
    both = both_sides(window)
    module = ranked("MaxPool", layer)(window.kernel, window.stride, ceil_mode=window.ceil)
    module.padding = both
    return padded(module, window, both, -torch.inf)


def avg_pool(layer):
    """PyTorch pads both sides alike, and volumes not at all where the kernel is larger: padding is done here."""
    window, around = layer._window, sides(layer._window)
    mean = ranked("AvgPool", layer)(window.kernel, window.stride, ceil_mode=window.ceil)
    if not any(around):
        return mean

    def function(x):
        share = 1 if layer.count_include_pad else mean(nn.functional.pad(torch.ones_like(x), around))
        return mean(nn.functional.pad(x, around)) / share

    return Function(function)


def pad_channels(layer):
    rank = len(layer.input_shape) - 1
    return Function(lambda x: nn.functional.pad(x, [*(0, 0) * rank, layer.before, layer.after]))


def rescale(layer):
    """Channels come first here: numbers of channels are columns of one number each."""
    shape = (-1, *(1,) * (len(layer.input_shape) - 1))
    scale, offset = (torch.tensor(numbers).reshape(shape) for numbers in (layer.scale, layer.offset))
    return Function(lambda x: x * scale.to(x) + offset.to(x))


def conv_transpose(layer):
    window, c, k = layer._window, layer.input_shape[-1], layer.output_shape[-1]
    more = layer.output_padding
    module = nn.ConvTranspose2d(
        c, k, window.kernel, window.stride, 0, more, layer.groups, layer.use_bias, window.dilation
    )
    module.register_forward_hook(lambda _, inputs, y: nn.functional.pad(y, [-side for side in sides(window)]))
    return module


def maxout(y, pieces):
    return y.unflatten(1, (pieces, -1)).max(1).values


def maxout_dense(layer):
    module = nn.Linear(layer.input_shape[0], layer.units * layer.pieces, layer.use_bias)
    module.register_forward_hook(lambda _, inputs, y: maxout(y, layer.pieces))
    return module


def norm(layer, module):
    """A normalisation without the scale or the shift that the layer does not have."""
    for name in ("weight", "bias"):
        if getattr(layer, name) is None:
            module.register_parameter(name, None)
    return module


def local_response(layer):
    settings = layer.size, layer.alpha, layer.beta, layer.k
    return Function(lambda x: nn.functional.local_response_norm(x[..., None, None], *settings)[..., 0, 0])


def pad(layer):
    around = sides(geometry.Window.on(*layer.input_shape[:2], 1, padding=layer.padding))
    mode = getattr(layer, "mode", "zero")
    return Function(lambda x: nn.functional.pad(x, around, "constant" if mode == "zero" else mode))


def upsample(layer):
    corners = layer.align_corners if layer.mode == "bilinear" else None
    scale = tuple(map(float, geometry.pair(layer.scale, "scale")))
    return nn.Upsample(scale_factor=scale, mode=layer.mode, align_corners=corners)


def reshape(layer):
    """The numbers in our order."""
    return Function(lambda x: x.movedim(1, -1).reshape(len(x), *layer.output_shape).movedim(-1, 1))


CONTAINERS = {"Sequential": nn.Sequential, "Chain": nn.Sequential, "SeparableConv2D": nn.Sequential,
              "SqueezeExcite": nn.Sequential,
              "Add": Add, "Concat": Concat, "Multiply": Multiply, "Auxiliary": Auxiliary}  # fmt: skip
TWINS = {
    "Conv1D": conv,
    "Conv2D": conv,
    "Conv3D": conv,
    "DepthwiseConv2D": conv,
    "ConvTranspose2D": conv_transpose,
    "Dense": lambda layer: nn.Linear(layer.input_shape[0], layer.units, layer.use_bias),
    "MaxoutDense": maxout_dense,
    "MaxPool1D": max_pool,
    "MaxPool2D": max_pool,
    "MaxPool3D": max_pool,
    "AvgPool1D": avg_pool,
    "AvgPool2D": avg_pool,
    "AvgPool3D": avg_pool,
    "GlobalMaxPool": lambda layer: Function(lambda x: x.flatten(2).max(2).values),
    "GlobalAvgPool": lambda layer: Function(lambda x: x.flatten(2).mean(2)),
    "AdaptiveAvgPool2D": lambda layer: nn.AdaptiveAvgPool2d(layer.size),
    "BatchNorm": lambda layer: norm(
        layer, ranked("BatchNorm", layer)(layer.output_shape[-1], layer.eps, layer.momentum)
    ),
    "LayerNorm": lambda layer: norm(layer, channels_last(nn.LayerNorm(layer.output_shape[-1], layer.eps))),
    "RMSNorm": lambda layer: norm(layer, channels_last(nn.RMSNorm(layer.output_shape[-1], layer.eps))),
    "GroupNorm": lambda layer: norm(layer, nn.GroupNorm(layer.groups, layer.output_shape[-1], layer.eps)),
    "InstanceNorm": lambda layer: norm(
        layer, ranked("InstanceNorm", layer)(layer.output_shape[-1], layer.eps, affine=True)
    ),
    "LocalResponseNorm": local_response,
    "ReLU": lambda layer: nn.ReLU(),
    "LeakyReLU": lambda layer: nn.LeakyReLU(layer.slope),
    "PReLU": lambda layer: nn.PReLU(layer.weight.size),
    "ELU": lambda layer: nn.ELU(layer.scale),
    "SELU": lambda layer: nn.SELU(),
    "GELU": lambda layer: nn.GELU(),
    "SiLU": lambda layer: nn.SiLU(),
    "Softplus": lambda layer: nn.Softplus(layer.beta, threshold=1e4),
    "HardSwish": lambda layer: nn.Hardswish(),
    "Sigmoid": lambda layer: nn.Sigmoid(),
    "Tanh": lambda layer: nn.Tanh(),
    "Softmax": lambda layer: nn.Softmax(dim=1),
    "Maxout": lambda layer: Function(lambda x: maxout(x, layer.pieces)),
    "Dropout": lambda layer: nn.Dropout(layer.rate),
    "SpatialDropout": lambda layer: ranked("Dropout", layer)(layer.rate),
    "Rescale": rescale,
    "Identity": lambda layer: nn.Identity(),
    "Flatten": lambda layer: nn.Flatten(),
    "Reshape": reshape,
    "PadChannels": pad_channels,
    "ZeroPad2D": pad,
    "Pad2D": pad,
    "UpSample": upsample,
}
