"""A first lecture on convolutional networks, computed: every formula beside its number, every exercise solved.

It follows Verónica Vilaplana's lecture "Convolutional Neural Networks" (Introduction to Deep Learning, UPC TelecomBCN
Barcelona, 4th edition, day 4) and compares what its slides print with what comes out. It needs no data.

`python examples/lecture.py`, or for instance `python examples/lecture.py --section pooling`.
"""

import argparse
import math

import numpy as np
from lecture_text import beside, by, compare, options, short, table

import cnnc
from cnnc import functional as F

IMAGE = [
    [1, 3, 0, 1, 4, 3, 2],
    [2, 1, 1, 2, 5, 0, 1],
    [5, 3, 2, 2, 5, 3, 2],
    [4, 5, 6, 1, 0, 2, 3],
    [2, 1, 3, 4, 1, 5, 1],
    [2, 0, 3, 2, 6, 5, 8],
    [4, 6, 2, 1, 2, 3, 2],
]
FILTER = [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]
SLICE = [[4, 1, 5, 2, 2, 6], [1, 2, 9, 0, 2, 4], [2, 2, 6, 4, 0, 2], [3, 1, 0, 3, 3, 1]]

# What the slides print, to be compared with what is computed.
SLIDE_CORRELATION = [
    [-6, -5, -5, -3, -1],
    [-15, -13, 2, 9, -1],
    [6, -2, -1, 4, 1],
    [15, 10, -5, -16, -17],
    [-11, 0, 6, 3, 2],
]
SLIDE_CONVOLUTION = [
    [6, 5, 5, 3, 1],
    [15, 13, -2, 9, -1],
    [-6, 2, 1, -4, -1],
    [-15, -10, 5, 16, 17],
    [11, 0, -6, -3, -2],
]
SLIDE_MAX, SLIDE_AVERAGE = [[4, 9, 6], [3, 6, 3]], [[2, 4, 3.5], [2, 3.25, 1.25]]
SLIDE_PARAMETERS = [608, 0, 3216, 0, 48120, 10164, 84]


def plane(function, x, w=None, **settings):
    """A function of images (N, H, W, C) and filters (KH, KW, C, K) on one image and filter given as rows."""
    arrays = [np.asarray(x, dtype=np.float64)[None, :, :, None]]
    if w is not None:
        arrays.append(np.asarray(w, dtype=np.float64)[:, :, None, None])
    return function(*arrays, **settings)[0, :, :, 0]


def built(input_shape, *layers):
    """A network of these layers on inputs (H, W, C); it says shapes and parameters without computing anything."""
    return cnnc.Sequential(list(layers)).build(input_shape)


def motivation():
    """Why not connect everything: local connectivity and shared weights."""
    pixels = 400 * 290
    everything = built((pixels,), cnnc.Dense(pixels)).count_parameters()
    patch = built((290, 400, 1), cnnc.Conv2D(1, 5, padding=2)).count_parameters()
    print(f"An image of 400x290 pixels has 400 * 290 = {pixels:,} inputs; in colour 3 * {pixels:,} = {3 * pixels:,}.")
    print("A hidden layer with a unit, and its bias, for each pixel of the grey image, where every unit\n")
    table(["", "formula", "parameters"], [
        ["sees every pixel", f"{pixels:,} * ({pixels:,} + 1)", f"{everything:,}"],
        ["sees a patch of 5x5: local connectivity", f"{pixels:,} * (5*5 + 1)", f"{pixels * patch:,}"],
        ["and has the same filter: parameter sharing", "5*5 + 1", f"{patch:,}"]])  # fmt: skip


def lenet():
    """LeNet-5: CONV-POOL-CONV-POOL-FC-FC and the output."""
    cnnc.models.lenet5().summary()


def correlation():
    """Cross-correlation: what a convolutional layer computes."""
    x, w = np.array(IMAGE), np.array(FILTER)
    y = plane(F.correlate2d, x, w)
    print("  y[p, q] = sum over i, j of x[p + i, q + j] * w[i, j], counting from 0\n")
    beside(("image x, 7x7", x), ("filter w, 3x3", w), ("y, 5x5", y))
    print("\n  Some places, written out:")
    for p, q in ((0, 0), (0, 1), (0, 4), (1, 0), (4, 4)):
        pairs = zip(x[p : p + 3, q : q + 3].ravel(), w.ravel(), strict=True)
        terms = " + ".join(f"{a}*{b}" if b >= 0 else f"{a}*({b})" for a, b in pairs)
        print(f"  y[{p}, {q}] = {terms} = {short(y[p, q])}")
    print(f"\n  output size N - F + 1 = 7 - 3 + 1 = {F.output_size(7, 3)}")
    compare("cross-correlation", SLIDE_CORRELATION, y)
    moved = plane(F.correlate2d, x[:, 1:], w)
    print(f"  Move the image by a column, and y moves by a column (equivariance): {np.allclose(moved, y[:, 1:])}")


def convolution():
    """Convolution: the filter is flipped first."""
    w = np.array(FILTER)
    flipped = w[::-1, ::-1]
    y, crossed = plane(F.convolve2d, IMAGE, w), plane(F.correlate2d, IMAGE, w)
    print("  y[p, q] = sum over i, j of x[p + i, q + j] * w[F - 1 - i, F - 1 - j]\n")
    beside(("w", w), ("w flipped both ways", flipped), ("cross-correlation", crossed), ("convolution", y))
    print("\n  Convolution with the flipped filter is cross-correlation with the filter itself: "
          f"{np.allclose(plane(F.convolve2d, IMAGE, flipped), crossed)}")  # fmt: skip
    print(f"  Flipped, this filter is its own negative, so all signs must change: {np.allclose(y, -crossed)}")
    compare("convolution", SLIDE_CONVOLUTION, y)
    print("  A filter may as well be learned flipped: convolutional layers compute cross-correlations.")


def sizes():
    """Output sizes: padding and stride."""
    padded, strided = plane(F.correlate2d, IMAGE, FILTER, padding=1), plane(F.correlate2d, IMAGE, FILTER, stride=2)
    beside(("padding 1: 7x7 stays 7x7", padded), ("stride 2: 3x3, every other place", strided))
    kept = [f"{F.output_size(7, f, padding=(f - 1) // 2)} for F = {f}, P = {(f - 1) // 2}" for f in (3, 5)]
    print(f"\n  P = (F - 1) / 2 keeps the size; of N = 7: {'; '.join(kept)}")
    print("\n  output size = (N - F + 2P) / S + 1; what is left over is dropped")
    rows = []
    for n, f, p, s in ((7, 3, 0, 1), (7, 3, 1, 1), (7, 3, 0, 2), (7, 3, 1, 2), (7, 3, 0, 3), (32, 5, 2, 1)):
        formula = f"({n} - {f} + 2*{p}) / {s} + 1 = {short((n - f + 2 * p) / s + 1)}"
        rows.append([f"N={n}, F={f}, P={p}, S={s}", formula, str(F.output_size(n, f, stride=s, padding=p))])
    table(["", "formula", "cnnc"], rows)


def volumes():
    """Volumes: a filter is as deep as its input, filters stack up."""
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(1, 32, 32, 3)), rng.normal(size=(5, 5, 3, 6)), rng.normal(size=6)
    y = F.correlate2d(x, w, b)
    one = F.correlate2d(x, w[..., :1], b[:1])
    dot = x[0, :5, :5].ravel() @ w[..., 0].ravel() + b[0]
    print(f"  1 filter  of 5x5x3 on 32x32x3: {by(one.shape[1:])}")
    print(f"  6 filters of 5x5x3 on 32x32x3: {by(y.shape[1:])}; slice 1 is filter 1 alone: "
          f"{np.allclose(y[..., :1], one)}")  # fmt: skip
    print(f"  Each number is a dot product of 5*5*3 = {w[..., 0].size} numbers and a bias, w.x + b;")
    print(f"  at the first place, in random numbers: {dot:.6f}, cnnc: {y[0, 0, 0, 0]:.6f}")
    net = built((32, 32, 3), cnnc.Conv2D(6, 5), cnnc.ReLU(), cnnc.Conv2D(10, 5), cnnc.ReLU())
    print("  Layer after layer: 32x32x3 -> " + " -> ".join(
        f"{type(layer).__name__} {by(layer.output_shape)}" for layer in net.layers))  # fmt: skip


def pointwise():
    """1x1 convolutions: a dot product over the depth."""
    rng = np.random.default_rng(0)
    y = plane(F.correlate2d, IMAGE[:2], [[2]])
    beside(("one channel", IMAGE[:2]), ("times a filter of one number, 2", y))
    x, w = rng.normal(size=(1, 32, 32, 128)), rng.normal(size=(1, 1, 128, 16))
    y = F.correlate2d(x, w)
    print("\n  128 channels: at each pixel a dot product of 128 numbers;")
    print(f"  at the first, in random numbers: {x[0, 0, 0] @ w[0, 0, :, 0]:.6f}, cnnc: {y[0, 0, 0, 0]:.6f}")
    print(f"  16 filters make 16 maps of 128: {by(x.shape[1:])} -> {by(y.shape[1:])}")
    print("\n  What it saves before 32 filters of 5x5, padding 2:")
    direct = built((32, 32, 128), cnnc.Conv2D(32, 5, padding=2))
    reduced = built((32, 32, 128), cnnc.Conv2D(16, 1), cnnc.Conv2D(32, 5, padding=2))
    rows = []
    for name, net in (("5x5 alone", direct), ("1x1 to 16 maps, then 5x5", reduced)):
        total = net.summary(print_table=False)[-1]
        rows.append([name, by(net.output_shape), f"{total['parameters']:,}", f"{total['macs']:,}"])
    table(["", "output", "parameters", "multiply-adds"], rows)


def layer():
    """The convolutional layer: size and parameters, exercises 1 to 4."""
    net = built((32, 32, 3), cnnc.Conv2D(10, 5, stride=1, padding=2))
    print("32x32x3, then 10 filters of 5x5, stride 1, padding 2:")
    print(f"  size        (32 + 2*2 - 5) / 1 + 1 = {(32 + 2 * 2 - 5) // 1 + 1:3}     cnnc: {by(net.output_shape)}")
    print(f"  parameters  (5*5*3 + 1) * 10       = {(5 * 5 * 3 + 1) * 10}     cnnc: {net.count_parameters()}")
    print("W1xH1xD1, K filters of FxF, stride S and padding P in general:")
    print("  W2 = (W1 - F + 2P) / S + 1, H2 = (H1 - F + 2P) / S + 1, D2 = K; F*F*D1*K weights and K biases")

    dense = built((300, 300, 3), cnnc.Flatten(), cnnc.Dense(100)).count_parameters()
    options("1. 300x300 colour image, 100 neurons connected to all of it. Parameters, with biases?",
            (9_000_001, 9_000_100, 27_000_001, 27_000_100), lambda n: n == dense, "d")  # fmt: skip
    print(f"     300*300*3 * 100 + 100 = {dense:,}")
    conv = built((300, 300, 3), cnnc.Conv2D(100, 5)).count_parameters()
    options("2. The same image, a convolutional layer of 100 filters of 5x5. Parameters, with biases?",
            (2501, 2600, 7500, 7600), lambda n: n == conv, "d")  # fmt: skip
    print(f"     (5*5*3 + 1) * 100 = {conv:,}")
    shape = built((63, 63, 16), cnnc.Conv2D(32, 7, stride=2)).output_shape
    options("3. 63x63x16, 32 filters of 7x7, stride 2, no padding. Output?",
            ((16, 16, 32), (29, 29, 16), (29, 29, 32), (16, 16, 16)), lambda s: s == shape, "c")  # fmt: skip
    print(f"     (63 - 7) / 2 + 1 = {F.output_size(63, 7, stride=2)}, and one map for each of 32 filters")

    def padded(p):
        return built((63, 63, 16), cnnc.Conv2D(32, 7, padding=p)).output_shape

    options("4. 63x63x16, 32 filters of 7x7, stride 1. Which padding keeps 63x63?",
            (1, 2, 3, 7), lambda p: padded(p)[:2] == (63, 63), "c")  # fmt: skip
    print("     outputs: " + ", ".join(f"P = {p}: {by(padded(p))}" for p in (1, 2, 3, 7)))


def activations():
    """Activation functions."""
    x = np.array([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0])
    pieces = np.stack([0.5 * x + 1, -x], axis=-1)  # w1 x + b1 and w2 x + b2
    functions = [
        ("sigmoid", "1 / (1 + exp(-x))", F.sigmoid(x)),
        ("tanh", "(exp(x) - exp(-x)) / (exp(x) + exp(-x))", F.tanh(x)),
        ("ReLU", "max(0, x)", F.relu(x)),
        ("leaky ReLU", "max(0.01 x, x)", F.leaky_relu(x, 0.01)),
        ("PReLU", "max(a x, x), a is learned; here 0.25", F.prelu(x[:, None], [0.25])[:, 0]),
        ("maxout", "max(w1 x + b1, w2 x + b2); here max(0.5 x + 1, -x)", F.maxout(pieces, 2)[:, 0]),
        ("ELU", "x where x > 0, else a (exp(x) - 1); here a = 1", F.elu(x, 1.0)),
    ]
    for name, formula, _ in functions:
        print(f"  {name:10}  {formula}")
    print()
    table(["x", *(f"{value:g}" for value in x)], [[name, *(f"{v:.3f}" for v in y)] for name, _, y in functions])
    slopes = F.sigmoid_backward([1.0, 1.0], [0.0, 10.0])
    print(f"\n  Slope of the sigmoid at 0: {slopes[0]:.2f}, at 10: {slopes[1]:.5f}; far out, little is learned.\n")
    y = plane(F.correlate2d, IMAGE, FILTER)
    beside(("a feature map", y), ("after ReLU", F.relu(y)))


def pooling():
    """Pooling, exercises 5 and 6."""
    largest, mean = (plane(pool, SLICE, size=2, stride=2) for pool in (F.max_pool2d, F.avg_pool2d))
    beside(("a depth slice, 4x6", SLICE), ("max, 2x2, stride 2", largest), ("average, 2x2, stride 2", mean))
    print()
    compare("max pooling", SLIDE_MAX, largest)
    compare("average pooling", SLIDE_AVERAGE, mean)
    corner = np.array(SLICE)[2:, 4:]
    print(f"  That window holds ({' + '.join(map(str, corner.ravel()))}) / 4 = {short(corner.mean())}")
    net = built((290, 400, 64), cnnc.MaxPool2D(2))
    print(f"\n  W2 = (W1 - F) / S + 1, H2 = (H1 - F) / S + 1, D2 = D1; parameters: {net.count_parameters()}")
    print(f"  400x290x64, in cnnc's order, rows first: {by(net.input_shape)} -> {by(net.output_shape)}")
    dot, moved = np.zeros((2, 4, 6))
    dot[0, 2] = moved[1, 3] = 9
    same = np.array_equal(plane(F.max_pool2d, dot, size=2), plane(F.max_pool2d, moved, size=2))
    print(f"  A 9 that moves inside its window leaves max pooling as it was: {same}")

    pooled = built((32, 32, 16), cnnc.MaxPool2D(2, stride=2)).output_shape
    options("5. 32x32x16, max pooling of size 2, stride 2. Output?",
            ((32, 32, 8), (15, 15, 16), (16, 16, 16), (116, 16, 8)), lambda s: s == pooled, "c")  # fmt: skip
    wider = built((15, 15, 8), cnnc.ZeroPad2D(2)).output_shape
    options("6. 15x15x8, padded by P = 2. Size after padding?",
            ((19, 19, 12), (17, 17, 10), (19, 19, 8), (17, 17, 8)), lambda s: s == wider, "c")  # fmt: skip
    print(f"     15 + 2*2 = {wider[0]}; the depth stays")


def dense():
    """Fully connected layers and softmax."""
    x, w, b = [[1.0, 2.0, -1.0]], [[1.0, 0.0, 2.0], [0.5, 1.0, -1.0], [0.0, -1.0, 1.0]], [0.0, -2.0, 1.1]
    z = F.dense(x, w, b)
    print("  z = x w + b: the rows of w weighted by x, and added up\n")
    beside(("x", x), ("w", w), ("b", [b]), ("z", z))
    e, p = np.exp(z), F.softmax(z)
    print(f"\n  softmax: p[k] = exp(z[k]) / sum of exp(z); here the sum is {e.sum():.4f}\n")
    table(["z", *(f"{v:.1f}" for v in z[0])], [["exp(z)", *(f"{v:.4f}" for v in e[0])],
                                              ["p", *(f"{v:.4f}" for v in p[0])]])  # fmt: skip
    print(f"\n  Probabilities add up to {short(p.sum())}, and adding 100 to all z changes none: "
          f"{np.allclose(F.softmax(z + 100), p)}")  # fmt: skip


def normalisation():
    """Batch normalisation."""
    x, gamma, beta = np.array([[1.0, 50], [2, 10], [3, 30], [6, 30]]), [2.0, 1.0], [0.5, 0.0]
    z, y = F.batch_norm(x), F.batch_norm(x, gamma, beta)
    print("  z = (x - mean) / sqrt(var), channel by channel over the batch; y = gamma z + beta\n")
    beside(("x: 4 samples, 2 channels", x), ("z", z.round(3)), ("y", y.round(3)))
    print()
    rows = [("mean of x", x.mean(axis=0)), ("variance of x", x.var(axis=0)), ("mean of z", z.mean(axis=0)),
            ("variance of z", z.var(axis=0)), ("gamma", gamma), ("beta", beta)]  # fmt: skip
    table(["", "channel 1", "channel 2"], [[name, *map(short, values)] for name, values in rows])
    print("\n  gamma and beta are learned. In practice 1e-5 is added to the variance, against dividing by 0.")


def training():
    """Training: cost, backpropagation, gradient descent."""
    rng = np.random.default_rng(0)
    labels = np.arange(16) % 2
    x = 0.1 * rng.normal(size=(16, 6, 6, 1))
    for picture, label, place in zip(x, labels, rng.integers(6, size=16), strict=True):
        picture[(place, slice(None)) if label == 0 else (slice(None), place)] += 1  # a row, or a column
    net = cnnc.Sequential([cnnc.Conv2D(2, 3), cnnc.ReLU(), cnnc.MaxPool2D(2), cnnc.Flatten(), cnnc.Dense(2)])
    net.build((6, 6, 1), seed=3, dtype=np.float64)
    print("16 noisy pictures of 6x6, a horizontal line (class 0) or a vertical one (class 1), and a network:")
    print("  " + " -> ".join(type(part).__name__ for part in net.layers) + f", {net.count_parameters()} parameters")
    print("  J = 1/N * sum of L(y, y'); L is -log of the probability that the right class gets\n")

    losses = [F.cross_entropy(net(x[i : i + 1]), labels[i : i + 1]) for i in range(16)]
    print(f"  mean of the 16 losses: {np.mean(losses):.6f}; J of all: {F.cross_entropy(net(x), labels):.6f}; "
          f"guessing costs log 2 = {math.log(2):.6f}")  # fmt: skip

    trainer = cnnc.Trainer(net, cnnc.SGD(lr=0.5))
    weight = net.parameters()["0.weight"]  # (3, 3, 1, 2): a live view
    before, h, slopes = weight.copy(), 1e-5, np.zeros(weight.shape)
    for place in np.ndindex(weight.shape):
        weight[place] = before[place] + h
        above = F.cross_entropy(net(x), labels)
        weight[place] = before[place] - h
        slopes[place] = (above - F.cross_entropy(net(x), labels)) / (2 * h)
        weight[place] = before[place]
    costs = [trainer.step(x, labels)]
    gradient = trainer.gradients()["0.weight"].copy()
    print("\n  dJ/dw of the first filter; differences are (J(w + h) - J(w - h)) / 2h with h = 0.00001:\n")
    beside(("backpropagation", gradient[:, :, 0, 0]), ("differences", slopes[:, :, 0, 0]))
    print(f"\n  largest difference of both filters: {np.abs(gradient - slopes).max():.0e}")
    print(f"  A step of gradient descent: w - 0.5 * dJ/dw = {before[0, 0, 0, 0]:.6f} - 0.5 * "
          f"({gradient[0, 0, 0, 0]:.6f}) = {weight[0, 0, 0, 0]:.6f}\n")  # fmt: skip

    costs += [trainer.step(x, labels) for _ in range(40)]
    table(["steps", *(str(n) for n in range(0, 41, 5))], [["J", *(f"{c:.4f}" for c in costs[::5])]])
    right = cnnc.metrics.accuracy(net(x), labels)
    print(f"\n  {100 * right:g} % of the pictures are classified right. The filters are learned:\n")
    beside(("filter 1", weight[:, :, 0, 0].round(1)), ("filter 2", weight[:, :, 0, 1].round(1)))
    strongest = net.activations(x)["1"].max(axis=(1, 2))  # (16, 2), after ReLU
    print()
    table(["largest activation, mean of the pictures", "filter 1", "filter 2"], [
        [f"{name} lines", *(f"{mean:.2f}" for mean in strongest[labels == label].mean(axis=0))]
        for label, name in enumerate(("horizontal", "vertical"))])  # fmt: skip


def network():
    """The exercise network: volumes and parameters."""
    names = ("Conv1 F=5, S=1, P=0, 8 filters", "Pool1 F=2, S=2", "Conv2 F=5, S=1, P=0, 16 filters", "Pool2 F=2, S=2",
             "FC1 120 units", "FC2 84 units", "Output 10 units, softmax")  # fmt: skip
    net = built((32, 32, 3), cnnc.Conv2D(8, 5), cnnc.MaxPool2D(2), cnnc.Conv2D(16, 5), cnnc.MaxPool2D(2),
                cnnc.Flatten(), cnnc.Dense(120), cnnc.Dense(84), cnnc.Dense(10), cnnc.Softmax())  # fmt: skip
    *per_layer, total = net.summary(print_table=False)
    pairs = [pair for pair in zip(net.layers, per_layer, strict=True)
             if not isinstance(pair[0], (cnnc.Flatten, cnnc.Softmax))]  # fmt: skip
    rows = [["Input", by(net.input_shape), "", "0"]]
    for name, (part, row) in zip(names, pairs, strict=True):
        formula = ""
        if row["parameters"]:
            inputs = by(part.weight.shape[:3]) if isinstance(part, cnnc.Conv2D) else rows[-1][1]  # Dense: all there is
            formula = f"({inputs.replace('x', '*')} + 1) * {row['output_shape'][-1]}"
        rows.append([name, by(row["output_shape"]), formula, f"{row['parameters']:,}"])
    rows.append(["in all", "", "", f"{total['parameters']:,}"])
    table(["layer", "volume", "(weights + 1) * outputs", "parameters"], rows)
    print()
    for name, slide, (_, row) in zip(names, SLIDE_PARAMETERS, pairs, strict=True):
        if slide != row["parameters"]:
            print(f"  A slip on the slide: {name.split()[0]} has {row['parameters']:,} parameters, not {slide:,}: "
                  "84*10 weights and 10 biases.")  # fmt: skip
    p = net(np.random.default_rng(0).random((1, 32, 32, 3)))
    print(f"  A random image sent through gives {p.shape[1]} probabilities that add up to {short(p.sum())}")


def top5():
    """ImageNet's metric: top-5 error."""
    rng = np.random.default_rng(1)
    labels = rng.integers(10, size=6)
    scores = rng.normal(size=(6, 10)) + np.eye(10)[labels]  # the right class scores a little more
    print("An answer is five classes, the likeliest first; its error is 0 if the right class is among them,")
    print("else 1. Six images, ten classes:\n")
    rows = []
    for row, label in zip(scores, labels, strict=True):
        best = [int(k) for k in np.argsort(-row)[:5]]
        wrong = [f"{cnnc.metrics.error(row[None], [label], k):g}" for k in (1, 5)]
        rows.append([str(label), " ".join(map(str, best)), *wrong])
    means = [f"{100 * cnnc.metrics.error(scores, labels, k):.1f} %" for k in (1, 5)]
    table(["right class", "first five", "top-1 error", "top-5 error"], [*rows, ["mean", "", *means]])


def architectures():
    """Architectures of ImageNet: 224x224x3 in, 1,000 classes out."""
    rows = []
    for name, net in (
        ("AlexNet, 2012", cnnc.models.alexnet(groups=2)),
        ("VGG-16, 2014", cnnc.models.vgg(16)),
        ("GoogLeNet, 2014", cnnc.models.googlenet()),
        ("ResNet-50, 2015", cnnc.models.resnet(50)),
        ("ResNet-152, 2015", cnnc.models.resnet(152)),
    ):
        *per_layer, total = net.summary(print_table=False)
        in_dense = [sum(row[key] for row in per_layer if row["layer"].startswith("Dense")) / total[key]
                    for key in ("parameters", "macs")]  # fmt: skip
        rows.append([name, f"{total['parameters']:,}", f"{total['macs']:,}", *(f"{100 * s:.0f} %" for s in in_dense)])
    table(["", "parameters", "multiply-adds", "in dense: parameters", "multiply-adds"], rows)
    print("\n  Years of the challenge. In AlexNet and VGG most parameters are in dense layers, and most work in")
    print("  convolutions. GoogLeNet and ResNet average each map to a number before their one dense layer.")


SECTIONS = {function.__name__: function for function in (
    motivation, lenet, correlation, convolution, sizes, volumes, pointwise, layer, activations, pooling, dense,
    normalisation, training, network, top5, architectures,
)}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description="A lecture on convolutional networks, computed.")
    names = ", ".join(SECTIONS)
    parser.add_argument("--section", choices=SECTIONS, metavar="NAME", help=f"only one of {names}; all unless given")
    only = parser.parse_args().section
    for number, (name, function) in enumerate(SECTIONS.items(), 1):
        if only in (None, name):
            print(f"\n{number}. {function.__doc__.rstrip('.')}  [--section {name}]\n{'-' * 96}")
            function()


if __name__ == "__main__":
    main()
