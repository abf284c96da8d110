"""Training steps of whole networks: clear gradients, forward, softmax cross-entropy, backward, SGD with momentum."""

import json
import pathlib
import subprocess
import sys

import numpy as np

import cnnc
from benchmarks import timing

LR, MOMENTUM = 0.01, 0.9
CHECKED_STEPS = 5
TOLERANCE = 1e-4  # of losses: the differences of single steps add up


def lenet5():
    return cnnc.models.lenet5()


def mnist_cnn():
    return cnnc.Sequential([
        cnnc.Conv2D(32, 3), cnnc.ReLU(), cnnc.Conv2D(64, 3), cnnc.ReLU(), cnnc.MaxPool2D(2),
        cnnc.Flatten(), cnnc.Dense(128), cnnc.ReLU(), cnnc.Dense(10),
    ]).build((28, 28, 1))  # fmt: skip


# name -> (function that builds the network, images in a batch)
NETWORKS = {"LeNet-5": (lenet5, 64), "MNIST CNN": (mnist_cnn, 64)}


def batch(net, n):
    """Random normal images and random labels."""
    rng = np.random.default_rng(1998)
    x = rng.standard_normal((n, *net.input_shape), np.float32)
    return x, rng.integers(0, net.output_shape[-1], n)


def training_step(net, x, labels):
    """A function that does one step of cnnc and returns the loss."""
    trainer = cnnc.Trainer(net, cnnc.SGD(lr=LR, momentum=MOMENTUM))
    return lambda: trainer.step(x, labels)


def true_losses(build, x, labels):
    """The losses of the first steps in float64."""
    net, weights = build(), build().parameters()
    net.build(net.input_shape, dtype=np.float64)
    for path, parameter in net.parameters().items():
        parameter[...] = weights[path]
    return first_losses(training_step(net, x, labels))


def first_losses(step):
    return (np.array([float(step()) for _ in range(CHECKED_STEPS)]),)


def measure(name, peer, rounds, say=print):
    """Checks the first losses of every contender, then times training steps: the summary as of `timing.compare`.

    Args:
        name: one of NETWORKS.
        peer: the module `benchmarks.peer`, or None to time cnnc alone.
        rounds: see timing.interleave.
        say: function that is told which settings of the peer do not work here.
    """
    build, n = NETWORKS[name]
    net = build()
    x, labels = batch(net, n)
    settings = [*peer.EAGER, *peer.COMPILED] if peer else []
    truth = true_losses(build, x, labels)
    # PyTorch copies the starting weights, so its steps are made before ours change them
    steps = {"cnnc": training_step(net, x, labels)}
    if peer:
        peer.forget_compiled()
        steps |= {setting: peer.training_step(build(), x, labels, LR, MOMENTUM, setting) for setting in settings}
    errors = {}
    for contender, step in list(steps.items()):
        try:
            errors[contender] = timing.check(f"{name}, {contender}", first_losses(step), truth, TOLERANCE)
        except timing.WrongResult:
            raise
        except Exception as failure:  # compiling needs a C++ compiler, and may fail in many ways
            if "compiled" not in contender:
                raise
            del steps[contender]
            lines = [f"{type(failure).__name__}: {line}" for line in str(failure).splitlines() if line.strip()]
            say(f"PyTorch, {contender}, does not work here and is left out: {lines[0] if lines else failure!r}")
    turns = timing.interleave(steps, rounds, seconds=0.1)
    return {"error": errors.pop("cnnc"), "peer_error": errors, "images": n, **timing.summarise(turns)}


# --- memory ----------------------------------------------------------------------------------------------


def peak_memory(name, setting, threads):
    """Largest resident set in bytes of a fresh process that imports, builds and trains for some steps.

    Args:
        name: one of NETWORKS.
        setting: "cnnc" or a setting of the peer.
        threads: int.
    """
    command = [sys.executable, "-m", "benchmarks.networks", name, setting, str(threads)]
    root = pathlib.Path(__file__).resolve().parent.parent
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _peak_of_this_process():
    try:
        with open("/proc/self/status") as file:  # getrusage would count the parent before the program was loaded
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _child(name, setting, threads):
    build, n = NETWORKS[name]
    net = build()
    x, labels = batch(net, n)
    cnnc.set_num_threads(threads)
    if setting == "cnnc":
        step = training_step(net, x, labels)
    else:
        from benchmarks import peer

        peer.set_num_threads(threads)
        step = peer.training_step(net, x, labels, LR, MOMENTUM, setting)
    first_losses(step)
    print(json.dumps(_peak_of_this_process()))


if __name__ == "__main__":
    _child(sys.argv[1], sys.argv[2], int(sys.argv[3]))
