"""One table of problems for every operation, what each may be wrong by, and a stream of random problems.

A row is (operation, shapes of its arrays, other arguments). It drives the comparison with the reference, the gradient
checks, the array-likes and the kernels. To add a case, add a row.
"""

from dataclasses import dataclass, field

import numpy as np

from cnnc import _core, reference
from cnnc.geometry import pair

LEVELS = [name for name, supported in _core.isa_levels().items() if supported]

BIASED = ("correlate2d", "convolve2d", "dense")  # their backward does not take the bias


@dataclass(frozen=True)
class Case:
    op: str
    shapes: tuple
    arguments: dict = field(default_factory=dict)

    def arrays(self, dtype=np.float32, seed=0):
        """Random arrays of the row's shapes; cross_entropy's labels are classes, or rows if their shape says so."""
        rng = np.random.default_rng(seed)
        arrays = [rng.standard_normal(shape).astype(dtype) for shape in self.shapes]
        if self.op == "cross_entropy":
            samples, classes = self.shapes[0]
            soft = len(self.shapes[1]) == 2
            rows = rng.dirichlet(np.ones(classes), samples).astype(dtype)
            arrays[1] = rows if soft else rng.integers(classes, size=samples)
        return arrays

    def forward(self, module, arrays):
        """The operation of that module."""
        return getattr(module, self.op)(*arrays, **self.arguments)

    def gradient(self, arrays, seed=1):
        """A random gradient of the output; None for the operations that have none."""
        if self.op in ("cross_entropy", "sgd"):
            return None
        shape = self.forward(reference, arrays).shape
        return np.random.default_rng(seed).standard_normal(shape).astype(arrays[0].dtype)

    def backward_arguments(self, arrays):
        """What backward takes: (dy, arrays ...), without a bias whose value no gradient depends on."""
        if self.op == "cross_entropy":
            return arrays
        return [self.gradient(arrays), *(arrays[:2] if self.op in BIASED else arrays)]

    def calls(self, arrays):
        """(name, arrays) of the forward and of the backward function."""
        yield self.op, arrays
        if self.op != "sgd":
            yield f"{self.op}_backward", self.backward_arguments(arrays)


def outputs(result):
    """The results of a function, always as a list of arrays."""
    return [np.asarray(r) for r in (result if isinstance(result, tuple) else (result,))]


# --- the table ------------------------------------------------------------------------------------------

CONVOLUTIONS = [
    (((2, 4, 5, 2), (3, 3, 2, 3), (3,)), {}),
    (((1, 5, 5, 2), (2, 3, 2, 2), (2,)), {"stride": (2, 1), "padding": ((0, 1), (2, 0))}),
    (((1, 5, 6, 1), (2, 2, 1, 2), (2,)), {"dilation": (3, 2), "padding": 1}),
    (((2, 4, 4, 4), (3, 3, 2, 2), (2,)), {"groups": 2, "padding": "same"}),
    (((1, 5, 4, 3), (3, 2, 1, 3), (3,)), {"groups": 3, "stride": 2}),
    (((1, 4, 4, 2), (3, 3, 1, 6), (6,)), {"groups": 2, "padding": (1, 0), "algorithm": "direct"}),
    (((2, 3, 3, 2), (1, 1, 2, 3), (3,)), {}),
    (((1, 6, 6, 2), (1, 1, 2, 3), (3,)), {"stride": (2, 3)}),
    (((1, 1, 9, 1), (1, 4, 1, 5), (5,)), {"stride": (1, 5), "padding": "valid"}),
    (((1, 3, 3, 2), (3, 3, 2, 1), (1,)), {"padding": 4, "stride": 3}),
]
POOLINGS = [
    ((2, 4, 6, 2), {"size": 2}),
    ((1, 5, 5, 2), {"size": 3, "stride": 2}),
    ((1, 5, 4, 2), {"size": (2, 3), "stride": 1, "padding": (1, 0)}),
    ((2, 6, 5, 1), {"size": 3, "stride": 2, "padding": ((1, 0), (0, 1)), "ceil": True}),
    ((1, 4, 4, 3), {"size": 2, "stride": 3, "ceil": True}),
    ((1, 7, 6, 2), {"size": 3, "stride": 2, "padding": "same"}),
    ((1, 20, 18, 1), {"size": (18, 17), "stride": 2}),  # more taps than a byte can number
]
FLAT = [(1,), (5,), (2, 3), (3, 1, 2), (2, 2, 2, 2)]
SETTINGS = {
    "relu": {},
    "leaky_relu": {"slope": 0.2},
    "elu": {"alpha": 1.5},
    "sigmoid": {},
    "tanh": {},
    "softmax": {},
    "dropout": {"rate": 0.4, "seed": 3, "step": 1, "stream": 2},
    "rescale": {"scale": 0.3, "offset": -1.0},
}
PRODUCTS = [(1, 1, 1), (2, 3, 4), (5, 1, 2), (1, 6, 1), (4, 5, 3)]
CASES = [
    *(Case(op, shapes, arguments) for op in ("correlate2d", "convolve2d") for shapes, arguments in CONVOLUTIONS),
    *(Case(op, (shape,), arguments) for op in ("max_pool2d", "avg_pool2d") for shape, arguments in POOLINGS),
    Case("avg_pool2d", ((1, 5, 5, 2),), {"size": 3, "stride": 2, "padding": 1, "count_include_pad": False}),
    *(Case("matmul", ((m, k), (k, n))) for m, k, n in PRODUCTS),
    *(Case("dense", ((m, k), (k, n), (n,))) for m, k, n in PRODUCTS),
    *(Case("bias_add", (shape, shape[-1:])) for shape in FLAT),
    *(Case(op, (shape,), arguments) for op, arguments in SETTINGS.items() for shape in FLAT),
    *(Case("cross_entropy", ((n, k), (n,))) for n, k in [(1, 1), (1, 5), (4, 2), (3, 7), (6, 10)]),
    *(Case("cross_entropy", ((n, k), (n, k))) for n, k in [(1, 1), (1, 5), (4, 2), (3, 7), (6, 10)]),
    *(Case("sgd", (shape, shape), {"lr": 0.1, "weight_decay": 0.3}) for shape in FLAT),
    *(Case("sgd", (shape,) * 3, {"momentum": 0.9}) for shape in FLAT),
    *(Case("sgd", (shape,) * 3, {"momentum": 0.8, "nesterov": True, "weight_decay": 0.1}) for shape in FLAT),
]


# --- bounds -----------------------------------------------------------------------------------------------


def bounds(name, arrays, arguments, dtype):
    """By how much each output of a function may miss the exact one: `(terms + 4) * eps * magnitude`.

    A sum of n products, each rounded, in any order and with or without fused multiply-adds, is off by no more than
    n * eps / 2 times the sum of the absolute products. Both numbers come from the reference: it counts the terms when
    all arrays are ones, and adds up magnitudes when all arrays are absolute values. Half an eps pays for the rounding
    of the reference itself, four terms for settings that are rounded to the type and for a last division.
    """
    eps, tiny = np.finfo(dtype).eps, np.finfo(dtype).tiny
    if name in SPECIAL:
        terms, magnitude = SPECIAL[name](*arrays, **arguments)
        magnitude = outputs(magnitude)
        terms = [terms] * len(magnitude)
    else:
        function = getattr(reference, name)
        terms = outputs(function(*(np.ones_like(a) for a in arrays), **arguments))
        magnitude = outputs(function(*(np.abs(a) for a in arrays), **arguments))
    if name in EXACT:
        return [np.zeros_like(m) for m in magnitude]
    return [(np.abs(t) + 4) * eps * np.abs(m) + tiny for t, m in zip(terms, magnitude, strict=True)]


EXACT = ("relu", "relu_backward", "max_pool2d")  # they choose, and do not compute


def _taps(size):
    rows, columns = pair(size, "size")
    return rows * columns


def _logits(x):
    """exp(x - max) inherits the error of the difference, times its size."""
    x = np.asarray(x, np.float64)
    return 1 + x.max(axis=-1, keepdims=True) - x.min(axis=-1, keepdims=True)


def _rows(logits, labels):
    return np.eye(logits.shape[1])[labels] if labels.ndim == 1 else labels


def _sgd(param, grad, velocity=None, **arguments):
    velocity = None if velocity is None else np.abs(velocity)
    moved, velocity = reference.sgd(np.abs(param), np.abs(grad), velocity, **arguments)
    return 4, (2 * np.abs(param) - moved, velocity)


# name -> (terms, magnitude), where sums of products are not the whole story. The few terms of transcendental functions
# are the errors that csrc/core/simd_math.h states for them. Derivatives that are written in terms of y are as exact as
# y is, relative to the largest that they can be.
SPECIAL = {
    "sgd": _sgd,
    "leaky_relu": lambda x, slope: (2, reference.leaky_relu(x, slope)),
    "leaky_relu_backward": lambda dy, x, slope: (2, reference.leaky_relu_backward(dy, x, slope)),
    "elu": lambda x, alpha: (4, reference.elu(x, alpha)),
    "elu_backward": lambda dy, x, alpha: (6, dy * max(1, alpha)),
    "sigmoid": lambda x: (4, reference.sigmoid(x)),
    "sigmoid_backward": lambda dy, x: (8, dy * reference.sigmoid(x)),
    "tanh": lambda x: (4, reference.tanh(x)),
    "tanh_backward": lambda dy, x: (8, dy),
    "rescale": lambda x, scale=1 / 255, offset=0.0: (2, np.abs(x * float(scale)) + abs(offset)),
    "softmax": lambda x: (x.shape[-1], reference.softmax(x) * _logits(x)),
    "softmax_backward": lambda dy, x: (
        2 * x.shape[-1],
        reference.softmax(x) * (np.abs(dy) + (np.abs(dy) * reference.softmax(x)).sum(-1, keepdims=True)) * _logits(x),
    ),
    "cross_entropy": lambda x, labels: (x.shape[1], (_logits(x) * _rows(x, labels)).sum() / len(x)),
    "cross_entropy_backward": lambda x, labels: (
        x.shape[1],
        (reference.softmax(x) * _logits(x) + _rows(x, labels)) / len(x),
    ),
    "avg_pool2d": lambda x, size, **arguments: (_taps(size), reference.avg_pool2d(np.abs(x), size, **arguments)),
    "avg_pool2d_backward": lambda dy, x, size, **arguments: (
        _taps(size),
        reference.avg_pool2d_backward(np.abs(dy), x, size, **arguments),
    ),
    "max_pool2d_backward": lambda dy, x, size, **arguments: (
        _taps(size),
        reference.max_pool2d_backward(np.abs(dy), x, size, **arguments),
    ),
}


# --- random problems ------------------------------------------------------------------------------------


def random_cases(count, seed):
    """`count` problems, each operation in turn, with shapes and arguments drawn at random; all of them are valid."""
    rng = np.random.default_rng(seed)
    names = list(RANDOM)
    return [Case(name, *RANDOM[name](rng)) for name in (names[i % len(names)] for i in range(count))]


def _number(rng, low, high):
    return int(rng.integers(low, high + 1))


def _convolution(rng):
    kernel, dilation = ([_number(rng, 1, high) for _ in range(2)] for high in (5, 3))
    padding = [[_number(rng, 0, 3) for _ in range(2)] for _ in range(2)]
    sides = [
        max(1, (k - 1) * d + 1 - sum(p)) + _number(rng, 0, 9) for k, d, p in zip(kernel, dilation, padding, strict=True)
    ]
    groups = _number(rng, 1, 3)
    channels, filters = groups * _number(rng, 1, 20), groups * _number(rng, 1, 40)
    shapes = (_number(rng, 1, 3), *sides, channels), (*kernel, channels // groups, filters), (filters,)
    stride = _number(rng, 1, 3), _number(rng, 1, 3)
    arguments = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return shapes[: _number(rng, 2, 3)], arguments


def _pooling(rng):
    size = [_number(rng, 1, 5) for _ in range(2)]
    padding = [[_number(rng, 0, s // 2) for _ in range(2)] for s in size]
    sides = [s + _number(rng, 0, 9) for s in size]
    arguments = {"size": size, "stride": [_number(rng, 1, 4) for _ in range(2)], "padding": padding}
    return ((_number(rng, 1, 3), *sides, _number(rng, 1, 40)),), {**arguments, "ceil": bool(_number(rng, 0, 1))}


def _average(rng):
    shapes, arguments = _pooling(rng)
    return shapes, {**arguments, "count_include_pad": bool(_number(rng, 0, 1))}


def _product(rng):
    m, k, n = _number(rng, 1, 40), _number(rng, 1, 300), _number(rng, 1, 70)
    return (m, k), (k, n), (n,)


def _shape(rng):
    return tuple(_number(rng, 1, 9) for _ in range(_number(rng, 1, 4)))


def _biased(rng):
    shape = _shape(rng)
    return (shape, shape[-1:]), {}


def _labelled(rng):
    n, k = _number(rng, 1, 70), _number(rng, 1, 40)
    return ((n, k), (n, k)[: _number(rng, 1, 2)]), {}


def _step(rng):
    momentum = float(rng.choice([0.0, 0.9]))
    arguments = {"lr": rng.uniform(0, 1), "momentum": momentum, "weight_decay": rng.uniform(0, 1)}
    return (_shape(rng),) * _number(rng, 2, 3), {**arguments, "nesterov": bool(_number(rng, 0, 1))}


RANDOM = {
    "correlate2d": _convolution,
    "convolve2d": _convolution,
    "max_pool2d": _pooling,
    "avg_pool2d": _average,
    "matmul": lambda rng: (_product(rng)[:2], {}),
    "dense": lambda rng: (_product(rng)[: _number(rng, 2, 3)], {}),
    "bias_add": _biased,
    "relu": lambda rng: ((_shape(rng),), {}),
    "leaky_relu": lambda rng: ((_shape(rng),), {"slope": rng.uniform(0, 2)}),
    "elu": lambda rng: ((_shape(rng),), {"alpha": rng.uniform(0.01, 3)}),
    "sigmoid": lambda rng: ((_shape(rng),), {}),
    "tanh": lambda rng: ((_shape(rng),), {}),
    "softmax": lambda rng: ((_shape(rng),), {}),
    "dropout": lambda rng: ((_shape(rng),), {"rate": rng.uniform(0, 0.95), "seed": _number(rng, 0, 2**40)}),
    "rescale": lambda rng: ((_shape(rng),), {"scale": rng.uniform(-2, 2), "offset": rng.uniform(-2, 2)}),
    "cross_entropy": _labelled,
    "sgd": _step,
}


# --- finite differences ----------------------------------------------------------------------------------


def numerical_gradient(function, x, eps=1e-6):
    """Central differences of `function()`, a number, in each element of x; x is as before afterwards."""
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + eps
        above = function()
        x[i] = kept - eps
        below = function()
        x[i] = kept
        gradient[i] = (above - below) / (2 * eps)
    return gradient
