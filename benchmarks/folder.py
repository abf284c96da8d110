"""Training on a folder of many images, and the memory that it takes: `python -m benchmarks.folder` in a checkout.

Makes 20,000 JPEG files of ten classes, trains a small network on them for an epoch, and prints by how much the process
grew beside what the plan of the network says.
"""

import argparse
import pathlib
import tempfile
import time

import numpy as np

import cnnc
from benchmarks.memory import peak_of_this_process
from cnnc.data import Flip, ImageFolder, Loader

CLASSES, SIDE, BATCH = 10, 64, 64


def make(folder, files, seed=0):
    """Files of stripes whose direction is the class, of random width, place, colour and size."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    for number in range(files):
        label = number % CLASSES
        directory = folder / f"direction{label}"
        directory.mkdir(exist_ok=True)
        height, width = rng.integers(80, 161, 2)
        angle = np.pi * (label + rng.uniform(-0.3, 0.3)) / CLASSES
        along = np.cos(angle) * np.arange(height)[:, None] + np.sin(angle) * np.arange(width)
        wave = np.sin(along * rng.uniform(0.2, 0.5) + rng.uniform(0, 6))[:, :, None]
        image = 128 + wave * rng.uniform(20, 120, 3) + rng.normal(0, 20, (height, width, 1))
        Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).save(directory / f"{number}.jpg", quality=85)


def network():
    layers = []
    for filters in (16, 32, 64, 64):
        layers += [cnnc.Conv2D(filters, 3, padding=1, use_bias=False), cnnc.BatchNorm(), cnnc.ReLU(), cnnc.MaxPool2D(2)]
    return cnnc.Sequential([*layers, cnnc.GlobalAvgPool(), cnnc.Dense(CLASSES)])


def train(folder):
    """One epoch; returns what it measured."""
    net = network().build((SIDE, SIDE, 3), seed=0)
    plan = net.memory(BATCH, training=True)["total"]
    start = time.perf_counter()
    loader = Loader(ImageFolder(folder, SIDE, crop="random", area=(0.3, 1.0)), batch_size=BATCH, transforms=[Flip(0.0)])
    opened = time.perf_counter() - start
    next(iter(loader))
    first = time.perf_counter() - start - opened
    before = peak_of_this_process()
    history = net.fit(loader, epochs=1, optimizer=cnnc.SGD(cnnc.OneCycle(0.1), momentum=0.9), progress=False)
    batches = BATCH * int(np.prod(loader.shape)) * (loader.prefetch + loader.threads + 1)
    return {
        "images": loader.images,
        "seconds to open": opened,
        "seconds to the first batch": first,
        "seconds of training": history["seconds"][0],
        "share of it waited for images": loader.waited / history["seconds"][0],
        "accuracy in training": history["accuracy"][0],
        "MB in the plan": plan / 1e6,
        "MB of batches prepared ahead": batches / 1e6,
        "MB that the process grew by": (peak_of_this_process() - before) / 1e6,
    }


def main():
    parser = argparse.ArgumentParser(description="Train on a folder of generated JPEG files.")
    parser.add_argument("--files", type=int, default=20_000, help="how many (default: 20000)")
    parser.add_argument("--folder", type=pathlib.Path, help="where they are kept; a temporary folder unless given")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or pathlib.Path(temporary)
        if not any(folder.glob("*")):
            folder.mkdir(exist_ok=True)
            make(folder, args.files)
        for name, value in train(folder).items():
            print(f"{name:30} {value:10,.2f}")


if __name__ == "__main__":
    main()
