"""What is measured of whole networks: which ones, their training steps, their inference, and who else does the same.

A training step is: clear gradients, forward, softmax cross-entropy, backward, SGD with momentum. Networks have no
dropout here, whose random numbers would make losses incomparable.
"""

import functools
import importlib.util
import math
import time
from importlib import metadata

import numpy as np

import cnnc
from benchmarks import runtimes, timing

MOMENTUM = 0.9
LR, LR_DEEP = 0.01, 0.0001  # larger steps of the deep networks on random labels end in chaos: nothing to compare
CHECKED_STEPS = 3  # later losses of deep networks differ by 0.4 % between libraries, and from float64 as much
TOLERANCE = 1e-4  # of outputs, relative to the largest, and of losses where single precision is not lost on the way
DRIFT = 2e-3  # of losses where deep networks are compared with each other: rounding turns ReLUs of small batches
AFFORDABLE = 40e9  # multiplications and additions of a step, or of images, that are repeated in float64
SLOWER = 1.5  # times the best of the others: such a contender is not measured on


def mnist_cnn():
    return cnnc.Sequential([
        cnnc.Conv2D(32, 3), cnnc.ReLU(), cnnc.Conv2D(64, 3), cnnc.ReLU(), cnnc.MaxPool2D(2),
        cnnc.Flatten(), cnnc.Dense(128), cnnc.ReLU(), cnnc.Dense(10),
    ]).build((28, 28, 1))  # fmt: skip


# name -> (function that builds the network, images in a batch)
NETWORKS = {
    "LeNet-5": (cnnc.models.lenet5, 64),
    "MNIST CNN": (mnist_cnn, 64),
    "ResNet-20": (lambda: cnnc.models.resnet_cifar(20), 128),
    "AlexNet": (lambda: cnnc.models.alexnet(dropout=0), 32),
    "VGG-16": (lambda: cnnc.models.vgg(16, dropout=0), 4),
    "GoogLeNet": (lambda: cnnc.models.googlenet(dropout=0, batch_norm=True), 16),
    "ResNet-18": (lambda: cnnc.models.resnet(18), 16),
    "ResNet-50": (lambda: cnnc.models.resnet(50), 8),
}
MODES = ("train", "infer")
PYTORCH = tuple(f"PyTorch {how}{memory}" for how in ("", "compiled ") for memory in ("NCHW", "channels_last"))


def batches(name, mode):
    """The batches that are measured unless another is asked for."""
    _, n = NETWORKS[name]
    return (n,) if mode == "train" else (1, n)


def build(name, dtype=np.float32):
    """A built network; its running statistics are not the trivial ones that a new network has."""
    net = NETWORKS[name][0]()
    rng = np.random.default_rng(7)
    state = {}
    for path, array in net.state().items():
        if path.endswith(("running_mean", "running_var")):
            array[...] = rng.uniform(0.5, 1.5, array.shape) - path.endswith("running_mean")
        state[path] = array
    if np.dtype(dtype) != net.dtype:
        net.build(net.input_shape, dtype=dtype)
        for path, array in net.state().items():
            array[...] = state[path]
    return net


shared = functools.lru_cache(maxsize=1)(build)  # for those that only read its weights


def batch(net, n):
    """Random normal images and random labels."""
    rng = np.random.default_rng(1998)
    x = rng.standard_normal((n, *net.input_shape), np.float32)
    return x, rng.integers(0, net.output_shape[-1], n)


def operations(net):
    """Multiplications and additions of the inference of one image, in plain sums."""
    return 2 * sum(layer.macs() for layer in net.walk() if not layer.children())


# --- contenders --------------------------------------------------------------------------------------------


def contenders(mode):
    """The names of all that are installed, ours first."""
    names = list(PYTORCH) if importlib.util.find_spec("torch") else []
    if mode == "infer" and importlib.util.find_spec("onnx"):
        names += [name for name, (package, _) in runtimes.RUNTIMES.items() if importlib.util.find_spec(package)]
    return ["cnnc", *names]


PACKAGES = {"PyTorch": "torch", "ONNX": "onnx", **{name: package for name, (package, _) in runtimes.RUNTIMES.items()}}


def missing():
    """Lines about what is not installed."""
    return [f"{name} is missing and left out: pip install cnnc[benchmark]"
            for name, package in PACKAGES.items() if not importlib.util.find_spec(package)]  # fmt: skip


def versions():
    """Name -> version of what is installed."""
    found = {name: package for name, package in PACKAGES.items() if importlib.util.find_spec(package)}
    return {name: metadata.version(package) for name, package in found.items()}


def set_num_threads(contender, threads):
    """Tells the contender's library."""
    if contender == "cnnc":
        cnnc.set_num_threads(threads)
    elif contender in PYTORCH:
        import torch

        torch.set_num_threads(threads)


def rate(net):
    """The learning rate of a network."""
    return LR if net.input_shape[0] <= 32 else LR_DEEP


def training_step(net, x, labels):
    """A function that does one step of cnnc, as `fit` does it, and returns the loss."""
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=rate(net), momentum=MOMENTUM), keep_gradients=False)
    return lambda: trainer.step(x, labels)


def make(contender, name, mode, n, threads, onnx_file, filled=True):
    """The contender's call: a training step that returns its loss, or an inference that returns (N, K) outputs.

    Args:
        contender: one of contenders(mode).
        name, mode, n: one of NETWORKS, one of MODES, images in a batch.
        threads: for libraries that are told when a network is loaded.
        onnx_file: path of the network as `onnx_graph.save` writes it; None for those that do not read it.
        filled: whether PyTorch gets our weights.
    """
    if contender in runtimes.RUNTIMES:
        _, load = runtimes.RUNTIMES[contender]
        return load(onnx_file, batch(NETWORKS[name][0](), n)[0], threads)
    net = build(name) if contender == "cnnc" else shared(name) if filled else NETWORKS[name][0]()
    x, labels = batch(net, n)
    if contender == "cnnc":
        return training_step(net, x, labels) if mode == "train" else lambda: net(x)
    from benchmarks import torch_networks  # on use: memory is measured in processes that import no more than they need

    if mode == "train":
        return torch_networks.training(contender, net, x, labels, rate(net), MOMENTUM, filled)
    return torch_networks.inference(contender, net, x, filled)


# --- checking ----------------------------------------------------------------------------------------------


def first_losses(step):
    return np.array([float(step()) for _ in range(CHECKED_STEPS)])


def true_losses(name, n):
    """The losses of the first steps in float64."""
    net = build(name, np.float64)
    return first_losses(training_step(net, *batch(net, n)))


def true_outputs(name, n):
    """The outputs of a batch in float64, of as many images as are affordable."""
    net = build(name, np.float64)
    x, _ = batch(net, n)
    return net(x[: max(1, int(AFFORDABLE // operations(net)))])


def truth(name, mode, n, alone):
    """What a float64 build of ours gives, and the tolerance; None for losses that only the others can check."""
    if mode == "infer":
        return true_outputs(name, n), TOLERANCE
    if alone or 3 * n * operations(NETWORKS[name][0]()) <= AFFORDABLE:
        return true_losses(name, n), TOLERANCE
    return None, DRIFT


def tried(call, mode):
    """(what the first calls give, seconds of the fastest); the first losses, or the outputs of one batch."""
    fastest, since = math.inf, time.perf_counter()

    def timed():
        nonlocal fastest
        start = time.perf_counter()
        result = call()
        fastest = min(fastest, time.perf_counter() - start)
        return result

    results = first_losses(timed) if mode == "train" else np.array(timed())
    while time.perf_counter() - since < max(0.2, 3 * fastest):
        timed()
    return results, fastest


def measure(name, mode, n, settings, rounds, threads, onnx_file=None, say=print):
    """Checks what every contender computes, then times those that may win: the summary as of `timing.compare`.

    Args:
        name, mode, n: one of NETWORKS, one of MODES, images in a batch.
        settings: the others, out of contenders(mode).
        rounds: see timing.interleave.
        threads, onnx_file: see make.
        say: function that is told which contenders do not work here.
    """
    if not set(PYTORCH).isdisjoint(settings):
        from benchmarks import torch_networks

        torch_networks.forget_compiled()
    calls, results, seconds = {}, {}, {}
    for contender in ["cnnc", *settings]:
        try:
            call = make(contender, name, mode, n, threads, onnx_file)
            results[contender], seconds[contender] = tried(call, mode)
        except cnnc.NonFiniteLoss as failure:
            raise timing.WrongResult(f"{name}, {mode}, batch {n}: {failure}") from failure
        except Exception as failure:  # compiling needs a C++ compiler, and what others do may fail in many ways
            if contender == "cnnc":
                raise
            lines = [f"{type(failure).__name__}: {line}" for line in str(failure).splitlines() if line.strip()]
            say(f"{contender} does not work here and is left out: {lines[0] if lines else repr(failure)}")
            continue
        calls[contender] = call
        best = min((s for other, s in seconds.items() if other != "cnnc"), default=0)
        for slow in [other for other in calls if other != "cnnc" and seconds[other] > SLOWER * best]:
            del calls[slow]  # and with it its memory
    others = [contender for contender in results if contender != "cnnc"]
    expected, tolerance = truth(name, mode, n, alone=not others)
    if expected is None:
        expected = results[others[0]]
    errors = {}
    for contender, result in results.items():
        title = f"{name}, {mode}, batch {n}, {contender}"
        errors[contender] = timing.check(title, (result[: len(expected)],), (expected,), tolerance)
        rest = [array[len(expected) :] for array in (result, results["cnnc"])]
        if len(rest[0]):  # images that were too many for float64
            timing.check(title, rest[:1], rest[1:], tolerance)
    turns = timing.interleave(calls, rounds, seconds=0.1)
    return {"error": errors.pop("cnnc"), "peer_error": errors, "tried": seconds, **timing.summarise(turns)}
