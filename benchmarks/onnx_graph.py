"""A network of cnnc as an ONNX model, for inference: NODES has a line for each layer. The one module that imports onnx.

Images are (N, C, H, W) there, and N is left open. Weights come in PyTorch's layouts, which are ONNX's, too.
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper

import cnnc

OPSET, IR_VERSION = 17, 8  # old enough for every runtime


class Graph:
    """Nodes and constants while they are collected. A value is known by its name."""

    def __init__(self, net):
        self.weights = cnnc.save_torch_weights(net)
        self.nodes, self.constants = [], []

    def node(self, kind, *inputs, **attributes):
        """Adds a node with one output; returns that."""
        output = f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(self, array):
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def parameters(self, layer, *names):
        """The layer's parameters of these names, those that it has."""
        found = (self.weights.get(f"{layer.path}.{name}") for name in names)
        return [self.constant(array) for array in found if array is not None]

    def layer(self, layer, x):
        """Adds a layer that sees `x`; returns its output."""
        name = type(layer).__name__
        if name not in NODES:
            raise KeyError(f"{name} has no line in benchmarks/onnx_graph.py")
        return NODES[name](self, layer, x)

    def chain(self, layer, x):
        for child in layer.children():
            x = self.layer(child, x)
        return x

    def branches(self, layer, x):
        return [self.layer(child, x) for child in layer.children()]


def save(net, path):
    """Writes a built network there: input "x" (N, C, H, W), output "y"."""
    graph, (height, width, channels) = Graph(net), net.input_shape
    graph.node("Identity", graph.layer(net, "x"))
    graph.nodes[-1].output[0] = "y"
    real = onnx.TensorProto.FLOAT
    made = helper.make_graph(
        graph.nodes,
        "network",
        [helper.make_tensor_value_info("x", real, ["N", channels, height, width])],
        [helper.make_tensor_value_info("y", real, ["N", *net.output_shape])],
        graph.constants,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.save_model(model, path)


# --- layers


def window(layer):
    """Attributes of convolutions and poolings."""
    w = layer._window
    before, after = zip(*w.padding, strict=True)
    return {"kernel_shape": w.kernel, "strides": w.stride, "pads": (*before, *after)}


def conv(graph, layer, x):
    settings = {**window(layer), "dilations": layer._window.dilation, "group": layer.groups}
    return graph.node("Conv", x, *graph.parameters(layer, "weight", "bias"), **settings)


def batch_norm(graph, layer, x):
    parameters = graph.parameters(layer, "weight", "bias", "running_mean", "running_var")
    return graph.node("BatchNormalization", x, *parameters, epsilon=layer.eps)


def avg_pool(graph, layer, x):
    include = int(layer.count_include_pad)
    return graph.node("AveragePool", x, **window(layer), ceil_mode=int(layer.ceil), count_include_pad=include)


def add(graph, layer, x):
    total, *others = graph.branches(layer, x)
    for other in others:
        total = graph.node("Add", total, other)
    return total


def pad_channels(graph, layer, x):
    sides = np.array([0, layer.before, 0, 0, 0, layer.after, 0, 0])
    return graph.node("Pad", x, graph.constant(sides))


def plain(kind, **attributes):
    return lambda graph, layer, x: graph.node(kind, x, **attributes)


NODES = {
    "Sequential": Graph.chain,
    "Chain": Graph.chain,
    "Add": add,
    "Concat": lambda graph, layer, x: graph.node("Concat", *graph.branches(layer, x), axis=1),
    "Auxiliary": lambda graph, layer, x: x,
    "Identity": lambda graph, layer, x: x,
    "Dropout": lambda graph, layer, x: x,
    "Conv2D": conv,
    "DepthwiseConv2D": conv,
    "Dense": lambda graph, layer, x: graph.node("Gemm", x, *graph.parameters(layer, "weight", "bias"), transB=1),
    "BatchNorm": batch_norm,
    "MaxPool2D": lambda graph, layer, x: graph.node("MaxPool", x, **window(layer), ceil_mode=int(layer.ceil)),
    "AvgPool2D": avg_pool,
    "GlobalAvgPool": lambda graph, layer, x: graph.node("Flatten", graph.node("GlobalAveragePool", x)),
    "PadChannels": pad_channels,
    "Flatten": plain("Flatten"),
    "ReLU": plain("Relu"),
    "Tanh": plain("Tanh"),
    "Softmax": plain("Softmax", axis=1),
}
