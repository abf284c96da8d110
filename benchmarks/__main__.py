"""The command `python -m benchmarks`."""

import argparse
import contextlib
import json
import re
import sys

import numpy as np

from benchmarks import cases, networks, table, timing

try:
    from benchmarks import peer
except ModuleNotFoundError as missing:
    if missing.name != "torch":
        raise
    peer = None

import cnnc  # after PyTorch, whose OpenMP runtime it then shares
from cnnc import _core

STEPS = ("forward", "data", "weights")


def arguments(given=None):
    parser = argparse.ArgumentParser("python -m benchmarks", description="Times cnnc beside PyTorch.")
    parser.add_argument("--layers", metavar="REGEX", help="only layers whose name matches")
    parser.add_argument("--passes", default=",".join(STEPS), help="of the layers, out of %(default)s")
    parser.add_argument("--networks", metavar="REGEX", nargs="?", const="", help="only training steps, of these")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each contender (default %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="default %(default)s")
    parser.add_argument("--json", metavar="FILE", help="also writes every number there")
    parser.add_argument("--markdown", action="store_true", help="prints the tables in Markdown at the end, too")
    options = parser.parse_args(given)
    options.passes = options.passes.split(",")
    if not set(options.passes) <= set(STEPS):
        parser.error(f"--passes must be out of {','.join(STEPS)}: received {','.join(options.passes)}")
    if options.rounds < 1 or options.threads < 1:
        parser.error(f"--rounds and --threads must be positive: received {options.rounds} and {options.threads}")
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
            others = peer.contenders(case, step) if peer else {}
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
    """Measures training steps and prints each; returns the results."""
    results = []
    print(table.plain(table.NETWORK, table.NETWORK))
    for name in networks.NETWORKS:
        if not re.search(options.networks or "", name):
            continue
        result = {"name": name}
        try:
            result |= networks.measure(name, peer, options.rounds)
        except timing.WrongResult as wrong:
            result["wrong"] = str(wrong)
            print(f"{name}: not timed")
        else:
            result["bytes"] = networks.peak_memory(name, "cnnc", options.threads)
            if peer:
                result["peer_bytes"] = min(networks.peak_memory(name, s, options.threads) for s in peer.EAGER)
            print(table.plain(table.NETWORK, table.network_cells(result)), flush=True)
        results.append(result)
    return results


def main(given=None):
    """Measures what the command line asks for; returns the exit status: 1 if a result was wrong."""
    options = arguments(given)
    cnnc.set_num_threads(options.threads)
    versions = {"cnnc": cnnc.__version__, "NumPy": np.__version__}
    if peer:
        peer.set_num_threads(options.threads)
        versions["PyTorch"] = peer.VERSION
    else:
        print("PyTorch is missing, cnnc is timed alone: pip install cnnc[benchmark]")
    both = options.layers is None and options.networks is None
    layers = trained = ()
    if both or options.layers is not None:
        with peer.inference() if peer else contextlib.nullcontext():
            layers = measure_layers(options)
        print()
    if both or options.networks is not None:
        trained = measure_networks(options)
        print()
    if options.markdown:
        for columns, cells, results in ((table.LAYER, table.layer_cells, layers),
                                        (table.NETWORK, table.network_cells, trained)):  # fmt: skip
            timed = [cells(result) for result in results if "seconds" in result]
            if timed:
                print(table.markdown(columns, timed), end="\n\n")
    means = table.means(layers)
    if means:
        print("Geometric means of PyTorch's time / cnnc's time:", *means, sep="\n  ")
    wrong = [result["wrong"] for result in (*layers, *trained) if "wrong" in result]
    for line in wrong:
        print(f"WRONG: {line}")
    disturbance = table.disturbance([*layers, *trained])
    if disturbance:
        print(disturbance)
    line = table.machine(options.threads, _core.isa(), versions)
    print(line)
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"machine": line, "layers": layers, "networks": trained}, file, indent=1)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
