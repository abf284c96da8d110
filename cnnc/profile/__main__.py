"""The command `python -m cnnc.profile`."""

import argparse
import dataclasses
import pathlib
import re
import sys

from cnnc import models, ops
from cnnc.io import load
from cnnc.profile import profile


def arguments(given):
    parser = argparse.ArgumentParser("python -m cnnc.profile", description="Shows where the time of a network goes.")
    parser.add_argument("model", help="of cnnc.models, such as lenet5, resnet18 or vgg16, or a saved .safetensors file")
    parser.add_argument("--batch", type=int, default=1, metavar="N", help="images in a batch (default %(default)s)")
    parser.add_argument("--train", action="store_true", help="a training step instead of inference")
    parser.add_argument("--threads", type=int, metavar="N", help="at most so many threads")
    parser.add_argument("--rounds", type=int, metavar="N", help="runs; unless given, for about two seconds")
    parser.add_argument("--svg", metavar="FILE", help="also draws the layers, as wide as their time")
    options = parser.parse_args(given)
    try:
        options.net = network(options.model)
        if options.threads is not None:
            ops.set_num_threads(options.threads)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    return parser, options


def network(name):
    """The network of that name, in which a number may stand for the depth, or of that file.

    Raises:
        ValueError: for a name that is no network's.
        OSError: for a file that cannot be read.
    """
    if name.endswith(".safetensors"):
        return load(name)
    if name in models.__all__:
        return getattr(models, name)()
    builder, depth = re.fullmatch(r"(.*?)(\d*)", name).groups()
    if builder in models.__all__ and builder in DEEP and depth:
        return getattr(models, builder)(int(depth))
    known = [f"{each}DEPTH" if each in DEEP else each for each in models.__all__]
    raise ValueError(f"a model is one of {', '.join(known)} or a .safetensors file: received {name!r}")


DEEP = ("densenet_cifar", "resnet", "resnet_cifar", "vgg")  # come in several depths


def main(given=None):
    """Prints the table; returns the exit status."""
    parser, options = arguments(given)
    try:
        found = profile(options.net, options.batch, options.train, options.rounds)
    except ValueError as error:
        parser.error(str(error))
    found = dataclasses.replace(found, title=f"{options.model}, {found.title}")
    print(found.table())
    if options.svg:
        pathlib.Path(options.svg).write_text(found.svg(), encoding="utf-8")
        print(f"wrote {options.svg}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
