"""Every op in plain NumPy and float64: the specification to read, and the oracle that the tests compare with.

Images are (N, H, W, C), filters (KH, KW, C / groups, K), dense weights (in, out); the gradient of a thing has its shape
and its name with a d before it. Each op takes anything that NumPy can make an array of real numbers, leaves it as it
was, and returns new float64 arrays. `cnnc.functional` has the same names and arguments, and is fast.
"""

from cnnc.geometry import output_size
from cnnc.reference.activations import (
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
from cnnc.reference.conv import convolve2d, convolve2d_backward, correlate2d, correlate2d_backward
from cnnc.reference.dense import bias_add, bias_add_backward, dense, dense_backward, matmul, matmul_backward
from cnnc.reference.dropout import dropout, dropout_backward, philox4x32
from cnnc.reference.optim import sgd
from cnnc.reference.pool import avg_pool2d, avg_pool2d_backward, max_pool2d, max_pool2d_backward
from cnnc.reference.rescale import rescale, rescale_backward
from cnnc.reference.softmax import cross_entropy, cross_entropy_backward, softmax, softmax_backward

__all__ = [
    "avg_pool2d",
    "avg_pool2d_backward",
    "bias_add",
    "bias_add_backward",
    "convolve2d",
    "convolve2d_backward",
    "correlate2d",
    "correlate2d_backward",
    "cross_entropy",
    "cross_entropy_backward",
    "dense",
    "dense_backward",
    "dropout",
    "dropout_backward",
    "elu",
    "elu_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "matmul",
    "matmul_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "output_size",
    "philox4x32",
    "relu",
    "relu_backward",
    "rescale",
    "rescale_backward",
    "sgd",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_backward",
    "tanh",
    "tanh_backward",
]
