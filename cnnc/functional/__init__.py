"""Every operation on plain arrays: NumPy in, NumPy out, computed by the C library.

Names, arguments and meanings are those of `cnnc.reference`. Images are (N, H, W, C), filters (KH, KW, C / groups, K),
dense weights (in, out); the gradient of a thing has its shape and its name with a d before it.

Arguments are arrays, or anything that NumPy can make an array of real numbers: of any type, strides and byte order,
read-only or not. They are left as they were, results are new arrays. Everything is computed in float64 if NumPy sees
float64 in one of the arrays (a list of Python's floats is float64), and in float32 otherwise. An error starts with the
function's name, states the rule and ends with what was received; nothing has been computed then.
"""

from cnnc.functional.activations import (
    elu,
    elu_backward,
    leaky_relu,
    leaky_relu_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    tanh,
    tanh_backward,
)
from cnnc.functional.conv import convolve2d, convolve2d_backward, correlate2d, correlate2d_backward
from cnnc.functional.dense import bias_add, bias_add_backward, dense, dense_backward, matmul, matmul_backward
from cnnc.functional.dropout import dropout, dropout_backward
from cnnc.functional.optim import sgd
from cnnc.functional.pool import avg_pool2d, avg_pool2d_backward, max_pool2d, max_pool2d_backward
from cnnc.functional.rescale import rescale, rescale_backward
from cnnc.functional.softmax import cross_entropy, cross_entropy_backward, softmax, softmax_backward
from cnnc.geometry import output_size

__all__ = [
    "avg_pool2d", "avg_pool2d_backward", "bias_add", "bias_add_backward", "convolve2d", "convolve2d_backward",
    "correlate2d", "correlate2d_backward", "cross_entropy", "cross_entropy_backward", "dense", "dense_backward",
    "dropout", "dropout_backward", "elu", "elu_backward", "leaky_relu", "leaky_relu_backward", "matmul",
    "matmul_backward", "max_pool2d", "max_pool2d_backward", "output_size", "relu", "relu_backward", "rescale",
    "rescale_backward", "sgd", "sigmoid", "sigmoid_backward", "softmax", "softmax_backward", "tanh", "tanh_backward",
]  # fmt: skip
