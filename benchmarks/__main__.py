"""The command `python -m benchmarks`."""

import argparse
import contextlib
import json
import pathlib
import re
import sys
import tempfile
import time

import numpy as np

try:
    from benchmarks import torch_layers  # before cnnc, which then shares PyTorch's OpenMP runtime
except ModuleNotFoundError as missing:
    if missing.name != "torch":
        raise
    torch_layers = None

import cnnc
from benchmarks import cases, memory, networks, runtimes, table, timing
from cnnc import _core

STEPS = ("forward", "data", "weights")


def arguments(given=None):
    parser = argparse.ArgumentParser("python -m benchmarks", description="Times cnnc beside others.")
    parser.add_argument("--layers", metavar="REGEX", nargs="?", const="", help="only layers, those whose name matches")
    parser.add_argument("--passes", default=",".join(STEPS), help="of the layers, out of %(default)s")
    parser.add_argument("--networks", metavar="REGEX", nargs="?", const="", help="only networks, those that match")
    parser.add_argument("--modes", default=",".join(networks.MODES), help="of the networks, out of %(default)s")
    parser.add_argument("--batch", type=int, help="images in a batch of the networks, instead of the usual numbers")
    parser.add_argument("--peers", metavar="REGEX", default="", help="only these others for the networks")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each contender (default %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="default %(default)s")
    parser.add_argument("--json", metavar="FILE", help="also writes every number there")
    parser.add_argument("--markdown", action="store_true", help="prints the tables in Markdown at the end, too")
    options = parser.parse_args(given)
    for name, known in (("passes", STEPS), ("modes", networks.MODES)):
        chosen = getattr(options, name).split(",")
        if not set(chosen) <= set(known):
            parser.error(f"--{name} must be out of {','.join(known)}: received {','.join(chosen)}")
        setattr(options, name, chosen)
    for name in ("rounds", "threads", "batch"):
        value = getattr(options, name)
        if value is not None and value < 1:
            parser.error(f"--{name} must be positive: received {value}")
    return options


def measure_layers(options):
    """Measures layers and prints each; returns the results."""
    results = []
    print(table.plain(table.LAYER, table.LAYER))
    for family, *row in cases.LAYERS:
        if not re.search(options.layers or "", row[0]):
            continue
        case = family(*row)
        for step in (step for step in case.steps if step in options.passes):
            result = {"family": family.__name__, "name": case.name, "shape": case.shape, "step": step,
                      "work": case.work(step)}  # fmt: skip
            others = torch_layers.contenders(case, step) if torch_layers else {}
            try:
                result |= timing.compare(
                    case.ours(step), others, case.expected(step), case.tolerance(step), options.rounds
                )
            except timing.WrongResult as wrong:
                result["wrong"] = f"{case.name}, {step}: {wrong}"
            print(table.plain(table.LAYER, table.layer_cells(result)), flush=True)
            results.append(result)
    return results


def measure_networks(options):
    """Measures networks in training and inference and prints each; returns the results."""
    results = []
    print(table.plain(table.NETWORK, table.NETWORK))
    for name in networks.NETWORKS:
        if not re.search(options.networks or "", name):
            continue
        with tempfile.TemporaryDirectory() as folder:
            for mode in options.modes:
                for n in (options.batch,) if options.batch else networks.batches(name, mode):
                    result = measure_network(name, mode, n, pathlib.Path(folder) / "network.onnx", options)
                    print(table.plain(table.NETWORK, table.network_cells(result)), flush=True)
                    results.append(result)
    return results


def measure_network(name, mode, n, onnx_file, options):
    """The result of one network in one mode with batches of n images."""
    result = {"family": "Networks", "name": name, "step": mode, "images": n}
    settings = [peer for peer in networks.contenders(mode)[1:] if re.search(options.peers, peer)]
    if not onnx_file.exists() and not runtimes.RUNTIMES.keys().isdisjoint(settings):
        from benchmarks import onnx_graph

        onnx_graph.save(networks.build(name), onnx_file)
    try:
        result |= networks.measure(name, mode, n, settings, options.rounds, options.threads, onnx_file)
    except timing.WrongResult as wrong:
        return {**result, "wrong": str(wrong)}
    measured = ["cnnc", *(peer for peer in result["peer_error"] if "compiled" not in peer)]
    result["bytes"] = {c: memory.peak(c, name, mode, n, options.threads, onnx_file) for c in measured}
    return result


def main(given=None):
    """Measures what the command line asks for; returns the exit status: 1 if a result was wrong."""
    options, start = arguments(given), time.perf_counter()
    cnnc.set_num_threads(options.threads)
    if torch_layers:
        torch_layers.set_num_threads(options.threads)
    for line in networks.missing():
        print(line)
    both = options.layers is None and options.networks is None
    layers = nets = ()
    if both or options.layers is not None:
        with torch_layers.inference() if torch_layers else contextlib.nullcontext():
            layers = measure_layers(options)
        print()
    if both or options.networks is not None:
        nets = measure_networks(options)
        print()
    if options.markdown:
        for columns, cells, results in ((table.LAYER, table.layer_cells, layers),
                                        (table.NETWORK, table.network_cells, nets)):  # fmt: skip
            timed = [cells(result) for result in results if "seconds" in result]
            if timed:
                print(table.markdown(columns, timed), end="\n\n")
    means = table.means([*layers, *nets])
    if means:
        print("Geometric means of the best other's time / cnnc's time:", *means, sep="\n  ")
    wrong = [result["wrong"] for result in (*layers, *nets) if "wrong" in result]
    for line in wrong:
        print(f"WRONG: {line}")
    disturbance = table.disturbance([*layers, *nets])
    if disturbance:
        print(disturbance)
    versions = {"cnnc": cnnc.__version__, "NumPy": np.__version__, **networks.versions()}
    line = table.machine(options.threads, _core.isa(), versions)
    print(line)
    print(f"took {(time.perf_counter() - start) / 60:.1f} minutes")
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"machine": line, "layers": layers, "networks": nets}, file, indent=1)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
