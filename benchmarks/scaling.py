"""How cost grows with batch, image side, channels, depth and threads: `python -m benchmarks.scaling` in a checkout.

Every point is measured in a process of its own: the time of a call, the memory that the plan says, and by how much the
process really grew. Straight lines in the plots of logarithms are powers; their slopes are printed.
"""

import argparse
import json
import math
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

import cnnc
from benchmarks import memory, networks, table

MODES = ("infer", "train")
SECONDS, FEWEST = 0.4, 5  # how long and how often a call is repeated, at least


@dataclass(frozen=True)
class Axis:
    """One thing that grows.

    Attributes:
        about: what is measured.
        values: the points.
        make: (value) -> (network, images in a batch).
        power: (of time, of memory) that one expects where the network dominates.
    """

    about: str
    values: tuple
    make: object
    power: tuple

    def threads(self, value, usual):
        return value if self is AXES["threads"] else usual


def convolutions(channels):
    layers = [layer for _ in range(3) for layer in (cnnc.Conv2D(channels, 3, padding=1), cnnc.ReLU())]
    return cnnc.Sequential([*layers, cnnc.GlobalAvgPool(), cnnc.Dense(10)]).build((16, 16, channels))


def residual(side):
    return cnnc.models.resnet(18, input_shape=(side, side, 3), width=0.25)


AXES = {
    "batch": Axis("ResNet-20, images of 32 x 32", tuple(2**i for i in range(9)),
                  lambda n: (cnnc.models.resnet_cifar(20), n), (1, 1)),
    "side": Axis("ResNet-18 of a quarter of the width, batch 2", (32, 64, 128, 256, 512),
                 lambda side: (residual(side), 2), (2, 2)),
    "channels": Axis("three 3x3 convolutions on 16 x 16 images, batch 4", (8, 16, 32, 64, 128, 256, 512),
                     lambda channels: (convolutions(channels), 4), (2, 2)),
    "depth": Axis("residual networks for CIFAR, batch 16", (8, 14, 20, 32, 44, 56, 110),
                  lambda depth: (cnnc.models.resnet_cifar(depth), 16), (1, 1)),
    "threads": Axis("ResNet-20, batch 64", tuple(n for n in (1, 2, 4, 8, 16, 32) if n <= max(2, os.cpu_count())),
                    lambda threads: (cnnc.models.resnet_cifar(20), 64), (-1, 0)),
}  # fmt: skip


# --- measuring -----------------------------------------------------------------------------------------------


def call_of(mode, net, x, labels):
    return networks.training_step(net, x, labels) if mode == "train" else lambda: net(x)


def point(axis, value, mode, threads):
    """Measures one point in this process: seconds of a call, bytes that the plan says, bytes that the process grew."""
    cnnc.set_num_threads(AXES[axis].threads(value, threads))
    small = cnnc.models.lenet5()
    call_of(mode, small, *networks.batch(small, 1))()  # what every network needs is there from here on
    before = memory.peak_of_this_process()
    net, n = AXES[axis].make(value)
    x, labels = networks.batch(net, n)
    call = call_of(mode, net, x, labels)
    call()
    times, since = [], time.perf_counter()
    while len(times) < FEWEST or time.perf_counter() - since < SECONDS:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    grown = memory.peak_of_this_process() - before  # before the plan is asked for, which makes a trainer of its own
    planned = net.memory(n, training=mode == "train")["total"] + x.nbytes
    return {"seconds": statistics.median(times), "planned": planned, "measured": grown}


def measure(axis, threads, say):
    """Mode -> results of all points, each from a process of its own."""
    results = {mode: [] for mode in MODES}
    for value in AXES[axis].values:
        for mode in MODES:
            command = [sys.executable, "-m", "benchmarks.scaling", "--point", axis, str(value), mode, str(threads)]
            done = subprocess.run(command, cwd=memory.ROOT, stdout=subprocess.PIPE, text=True, check=True)
            result = {"value": value, **json.loads(done.stdout.splitlines()[-1])}
            results[mode].append(result)
            units = (("seconds", 1e3), ("planned", 1e-6), ("measured", 1e-6))
            milliseconds, planned, measured = (table.number(result[key] * unit) for key, unit in units)
            say(f"{axis} {value}, {mode}: {milliseconds} ms, {planned} MB planned, {measured} MB measured")
    return results


def slope(xs, ys):
    """The power p of the best y = c x^p in logarithms."""
    return statistics.linear_regression([math.log(x) for x in xs], [math.log(y) for y in ys]).slope


def slopes(points, key):
    """(over all points, over the upper half of them)."""
    pairs = [(p["value"], p[key]) for p in points if p[key] > 0]
    upper = pairs[-max(2, (len(pairs) + 1) // 2) :]
    return tuple(slope(*zip(*part, strict=True)) for part in (pairs, upper))


# --- results -------------------------------------------------------------------------------------------------

COLUMNS = {"axis": 9, "mode": 5, "time": -6, "upper half": -10, "expected": -8, "memory, plan": -12, "upper half ": -11,
           "measured": -8, "upper half  ": -12, "expected ": -9}  # fmt: skip


def rows(axis, results):
    """The lines of the table of slopes."""
    lines = []
    for mode, points in results.items():
        found = {key: [f"{s:.2f}" for s in slopes(points, key)] for key in ("seconds", "planned", "measured")}
        time_power, memory_power = (str(power) for power in AXES[axis].power)
        lines.append([axis, mode, *found["seconds"], time_power, *found["planned"], *found["measured"], memory_power])
    return lines


def draw(axis, results, path):
    """Two plots, time and memory, with the slopes in their legends, as an SVG file."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "cnnc", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6))
    for mode, colour in zip(MODES, ("tab:blue", "tab:orange"), strict=True):
        points = results[mode]
        values = [p["value"] for p in points]

        def label(key, mode=mode, points=points):
            return f"{mode}, slope {slopes(points, key)[0]:.2f}, upper half {slopes(points, key)[1]:.2f}"

        left.plot(values, [p["seconds"] * 1e3 for p in points], "o-", color=colour, label=label("seconds"))
        right.plot(values, [p["planned"] / 1e6 for p in points], "-", color=colour, label=label("planned"))
        right.plot(
            values, [p["measured"] / 1e6 for p in points], "o", color=colour, mfc="none", label=f"{mode}, measured"
        )
    for plot, title in ((left, "ms"), (right, "MB: plan (lines), growth of the process (circles)")):
        plot.set(xscale="log", yscale="log", xlabel=axis, title=title)
        plot.set_xticks(AXES[axis].values, [str(value) for value in AXES[axis].values])
        plot.xaxis.minorticks_off()
        plot.grid(alpha=0.3)
        plot.legend(fontsize=7)
    figure.suptitle(AXES[axis].about)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def arguments(given=None):
    parser = argparse.ArgumentParser("python -m benchmarks.scaling", description="Shows how cost grows.")
    parser.add_argument("--axes", metavar="REGEX", default="", help=f"only those of {', '.join(AXES)}")
    parser.add_argument("--threads", type=int, default=2, help="but along threads (default %(default)s)")
    parser.add_argument("--images", metavar="FOLDER", default="docs/images", help="for the plots (default %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="also writes every number there")
    parser.add_argument("--point", nargs=4, help=argparse.SUPPRESS)  # a process of its own
    return parser.parse_args(given)


def main(given=None):
    """Measures and draws every axis asked for, and prints the table of slopes in Markdown."""
    options, start = arguments(given), time.perf_counter()
    if options.point:
        axis, value, mode, threads = options.point
        print(json.dumps(point(axis, int(value), mode, int(threads))))
        return
    folder, found, lines = pathlib.Path(options.images), {}, []
    folder.mkdir(parents=True, exist_ok=True)
    for axis in (axis for axis in AXES if re.search(options.axes, axis)):
        found[axis] = measure(axis, options.threads, lambda line: print(line, flush=True))
        lines += rows(axis, found[axis])
        try:
            draw(axis, found[axis], folder / f"scaling-{axis}.svg")
        except ModuleNotFoundError as missing:
            print(f"{missing.name} is missing, no plot: pip install cnnc[benchmark]")
    print(table.markdown(COLUMNS, lines))
    versions = {"cnnc": cnnc.__version__}
    print(table.machine(options.threads, cnnc.ops.isa(), versions))
    print(f"took {(time.perf_counter() - start) / 60:.1f} minutes")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
