"""What is measured: one row per layer, and for each family of layers its inputs, its true result and its call.

Every family has the same face. `arrays` are the inputs, random normal numbers in the layout of cnnc; `expected(step)`
is the result that `cnnc.reference` computes in float64; `ours(step)` is the call of cnnc; `work(step)` is how much
there is to do; `terms(step)` is how many products one number of the result sums. A step is one of `steps`: "forward",
"data" (the gradient of the input) or "weights" (the gradients of weights and bias).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cnnc import geometry, ops, reference

FLOP, BYTE = "GFLOP/s", "GB/s"


class Case:
    """What all families share."""

    def normal(self, **shapes):
        """Random normal float32 arrays of these shapes: name -> array."""
        rng = np.random.default_rng(1998)
        return {name: rng.standard_normal(shape, np.float32) for name, shape in shapes.items()}

    def tolerance(self, step):
        """The largest error, relative to the largest number of the result, that rounding alone explains.

        The rounding errors of a sum of n terms of random sign grow like sqrt(n) while the sum itself does so too;
        64 units in the last place are left for exponentials and for algorithms with fewer, rougher products.
        """
        return float(np.finfo(np.float32).eps) * (64 + 4 * self.terms(step) ** 0.5)

    def terms(self, step):
        return 1

    def ours(self, step):
        return getattr(self, step)


@dataclass
class Convolution(Case):
    """Images (n, size, size, c) under k filters (kernel, kernel, c / groups) and their bias."""

    name: str
    n: int
    c: int
    size: int
    k: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    steps = ("forward", "data", "weights")

    def __post_init__(self):
        self.x_shape = (self.n, self.size, self.size, self.c)
        self.w_shape = (self.kernel, self.kernel, self.c // self.groups, self.k)
        shapes = self.x_shape, self.w_shape, None, self.stride, self.padding, 1, self.groups
        window, self.y_shape = geometry.convolution(*shapes)
        self.fields = ops.conv_fields(window)

    @property
    def shape(self):
        groups = f" groups {self.groups}" if self.groups > 1 else ""
        return (
            f"{self.n}x{self.size}x{self.size}x{self.c} -> {self.k}, {self.kernel}x{self.kernel}"
            f" stride {self.stride} padding {self.padding}{groups}"
        )

    @cached_property
    def arrays(self):
        return self.normal(x=self.x_shape, w=self.w_shape, b=(self.k,), dy=self.y_shape)

    @cached_property
    def gradients(self):
        a = self.arrays
        return reference.correlate2d_backward(a["dy"], a["x"], a["w"], self.stride, self.padding, 1, self.groups)

    def expected(self, step):
        a = self.arrays
        if step == "forward":
            return (reference.correlate2d(a["x"], a["w"], a["b"], self.stride, self.padding, 1, self.groups),)
        return self.gradients[:1] if step == "data" else self.gradients[1:]

    def terms(self, step):
        taps = self.kernel**2
        return {
            "forward": taps * self.c // self.groups,
            "data": taps * self.k // self.groups,
            "weights": int(np.prod(self.y_shape[:3])),
        }[step]

    def work(self, step):
        return 2 * int(np.prod(self.y_shape)) * int(np.prod(self.w_shape[:3])), FLOP

    def forward(self):
        a, y = self.arrays, np.empty(self.y_shape, np.float32)
        ops.op("correlate2d")(x=a["x"], w=a["w"], b=a["b"], y=y, **self.fields, **ops.conv_ending())
        return (y,)

    def data(self):
        a, dx = self.arrays, np.empty(self.x_shape, np.float32)
        ops.op("correlate2d_dx")(dy=a["dy"], w=a["w"], dx=dx, accumulate=0, **self.fields)
        return (dx,)

    def weights(self):
        a, dw, db = self.arrays, np.empty(self.w_shape, np.float32), np.empty(self.k, np.float32)
        ops.op("correlate2d_dw")(dy=a["dy"], x=a["x"], dw=dw, db=db, accumulate=0, **self.fields)
        return dw, db


@dataclass
class Dense(Case):
    """m rows of c numbers times a matrix (c, k), and a bias."""

    name: str
    m: int
    c: int
    k: int
    steps = ("forward", "data", "weights")

    @property
    def shape(self):
        return f"{self.m}x{self.c} -> {self.k}"

    @cached_property
    def arrays(self):
        return self.normal(x=(self.m, self.c), w=(self.c, self.k), b=(self.k,), dy=(self.m, self.k))

    def expected(self, step):
        a = self.arrays
        if step == "forward":
            return (reference.dense(a["x"], a["w"], a["b"]),)
        dx, *rest = reference.dense_backward(a["dy"], a["x"], a["w"])
        return (dx,) if step == "data" else tuple(rest)

    def terms(self, step):
        return {"forward": self.c, "data": self.k, "weights": self.m}[step]

    def work(self, step):
        return 2 * self.m * self.c * self.k, FLOP

    def forward(self):
        a, y = self.arrays, np.empty((self.m, self.k), np.float32)
        ops.op("dense")(x=a["x"], w=a["w"], b=a["b"], y=y, **ops.ending())
        return (y,)

    def data(self):
        a, dx = self.arrays, np.empty((self.m, self.c), np.float32)
        ops.op("dense_dx")(dy=a["dy"], w=a["w"], dx=dx, accumulate=0)
        return (dx,)

    def weights(self):
        a, dw, db = self.arrays, np.empty((self.c, self.k), np.float32), np.empty(self.k, np.float32)
        ops.op("dense_dw")(dy=a["dy"], x=a["x"], dw=dw, db=db, first=0, accumulate=0)
        return dw, db


class Streaming(Case):
    """Layers whose time is that of reading and writing memory."""

    steps = ("forward", "data")

    def work(self, step):
        """Bytes: the forward pass reads x and writes y, the backward pass reads y or dy and writes dx."""
        numbers = sum(self.arrays[name].size for name in ("x", "dy"))
        return 4 * numbers, BYTE


@dataclass
class Pooling(Streaming):
    """The largest value or the mean of each window of images (n, size, size, c)."""

    name: str
    kind: str
    n: int
    c: int
    size: int
    window: int
    stride: int

    def __post_init__(self):
        x_shape = (self.n, self.size, self.size, self.c)
        self.geometry, y_shape = geometry.pooling(x_shape, self.window, self.stride)
        self.arrays = self.normal(x=x_shape, dy=y_shape)
        self.index = {}

    @property
    def shape(self):
        return f"{self.n}x{self.size}x{self.size}x{self.c}, {self.window}x{self.window} stride {self.stride}"

    def terms(self, step):
        return self.window**2

    def expected(self, step):
        function = getattr(reference, f"{self.kind}_pool2d" + ("" if step == "forward" else "_backward"))
        inputs = [self.arrays["x"]] if step == "forward" else [self.arrays["dy"], self.arrays["x"]]
        return (function(*inputs, self.window, self.stride),)

    def fields(self):
        if self.kind == "max":
            return ops.pool_fields(self.geometry)
        return ops.mean_fields(self.geometry, count_include_pad=True)

    def forward(self):
        a = self.arrays
        y = np.empty(a["dy"].shape, np.float32)
        if self.kind == "max":  # as in training: the gradient will need to know which tap won
            name, dtype = ops.index_field(self.geometry)
            self.index = {name: np.empty(y.shape, dtype)}
        ops.op(f"{self.kind}_pool2d")(x=a["x"], y=y, **self.index, **self.fields())
        return (y,)

    def data(self):
        a = self.arrays
        dx = np.empty(a["x"].shape, np.float32)
        ops.op(f"{self.kind}_pool2d_dx")(dy=a["dy"], dx=dx, accumulate=0, **self.index, **self.fields(),
                                         **(ops.ending() if self.kind == "avg" else {}))  # fmt: skip
        return (dx,)

    def ours(self, step):
        self.forward()  # the gradient needs its index
        return getattr(self, step)


@dataclass
class Activation(Streaming):
    """A function of every number of an array."""

    name: str
    kind: str
    images: tuple

    def __post_init__(self):
        self.arrays = self.normal(x=self.images, dy=self.images)
        self.y = getattr(reference, self.kind)(self.arrays["x"]).astype(np.float32)

    @property
    def shape(self):
        return "x".join(map(str, self.images))

    def expected(self, step):
        a = self.arrays
        if step == "forward":
            return (getattr(reference, self.kind)(a["x"]),)
        return (getattr(reference, f"{self.kind}_backward")(a["dy"], a["x"]),)

    def forward(self):
        y = np.empty(self.images, np.float32)
        ops.op(self.kind)(x=self.arrays["x"], y=y, alpha=0.0)
        return (y,)

    def data(self):
        dx = np.empty(self.images, np.float32)
        ops.op(f"{self.kind}_dx")(dy=self.arrays["dy"], y=self.y, dx=dx, alpha=0.0, accumulate=0)
        return (dx,)


@dataclass
class CrossEntropy(Streaming):
    """Softmax and mean cross-entropy of n rows of k logits against integer labels."""

    name: str
    n: int
    k: int

    def __post_init__(self):
        self.arrays = self.normal(x=(self.n, self.k), dy=(self.n, self.k))
        self.labels = np.random.default_rng(10).integers(0, self.k, self.n).astype(np.int32)
        self.p = reference.softmax(self.arrays["x"]).astype(np.float32)

    @property
    def shape(self):
        return f"{self.n}x{self.k}"

    def terms(self, step):
        return self.k

    def expected(self, step):
        function = reference.cross_entropy if step == "forward" else reference.cross_entropy_backward
        return (np.asarray(function(self.arrays["x"], self.labels)),)

    def forward(self):
        loss = np.empty(1)
        ops.op("cross_entropy")(x=self.arrays["x"], labels=self.labels, p=np.empty((self.n, self.k), np.float32),
                                row_loss=np.empty(self.n), loss=loss, hits=np.empty(1, np.int64),
                                smoothing=0.0)  # fmt: skip
        return (loss.reshape(()),)

    def data(self):
        dx = np.empty((self.n, self.k), np.float32)
        ops.op("cross_entropy_dx")(p=self.p, labels=self.labels, dx=dx, smoothing=0.0, weight=1.0, accumulate=0)
        return (dx,)


# A family and its arguments. A row is only a recipe: its arrays are made when it is measured and dropped after.
LAYERS = [
    # Convolution: name, N, C, H = W, K, kernel, stride, padding, groups
    (Convolution, "lenet1", 64, 1, 28, 6, 5, 1, 2),
    (Convolution, "lenet2", 64, 6, 14, 16, 5, 1, 0),
    (Convolution, "mnist1", 64, 1, 28, 32, 3, 1, 0),
    (Convolution, "mnist2", 64, 32, 26, 64, 3, 1, 0),
    (Convolution, "cifar16", 128, 16, 32, 16, 3, 1, 1),
    (Convolution, "cifar64", 128, 64, 8, 64, 3, 1, 1),
    (Convolution, "vgg1_1", 4, 3, 224, 64, 3, 1, 1),
    (Convolution, "vgg1_2", 4, 64, 224, 64, 3, 1, 1),
    (Convolution, "vgg3_2", 4, 256, 56, 256, 3, 1, 1),
    (Convolution, "vgg5", 4, 512, 14, 512, 3, 1, 1),
    (Convolution, "resnet_conv1", 8, 3, 224, 64, 7, 2, 3),
    (Convolution, "res2_3x3", 8, 64, 56, 64, 3, 1, 1),
    (Convolution, "res3_3x3s2", 8, 128, 56, 128, 3, 2, 1),
    (Convolution, "res5_3x3", 8, 512, 7, 512, 3, 1, 1),
    (Convolution, "res2_1x1", 8, 64, 56, 256, 1, 1, 0),
    (Convolution, "res4_1x1", 8, 1024, 14, 256, 1, 1, 0),
    (Convolution, "res5_1x1", 8, 512, 7, 2048, 1, 1, 0),
    (Convolution, "alex1", 16, 3, 224, 64, 11, 4, 2),
    (Convolution, "alex2", 16, 64, 27, 192, 5, 1, 2),
    (Convolution, "goog_5x5", 16, 32, 28, 96, 5, 1, 2),
    (Convolution, "mobile_dw", 16, 128, 56, 128, 3, 1, 1, 128),
    # Dense: name, N, C, K
    (Dense, "lenet_dense1", 64, 400, 120),
    (Dense, "lenet_dense3", 64, 84, 10),
    (Dense, "alex_dense1", 32, 9216, 4096),
    # Pooling: name, kind, N, C, H = W, window, stride
    (Pooling, "lenet_pool1", "avg", 64, 6, 28, 2, 2),
    (Pooling, "resnet_pool", "avg", 8, 2048, 7, 7, 7),
    (Pooling, "mnist_pool", "max", 64, 64, 24, 2, 2),
    (Pooling, "alex_pool1", "max", 16, 64, 55, 3, 2),
    # Activation: name, kind, shape
    (Activation, "lenet_tanh1", "tanh", (64, 28, 28, 6)),
    (Activation, "mnist_relu2", "relu", (64, 24, 24, 64)),
    # CrossEntropy: name, N, K
    (CrossEntropy, "mnist_loss", 64, 10),
    (CrossEntropy, "imagenet_loss", 128, 1000),
]
