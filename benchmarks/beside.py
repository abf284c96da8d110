"""ResNet-20 on CIFAR-10 beside PyTorch: `python -m benchmarks.beside --epochs 10` in a checkout.

Both start from the same weights and are given the same batches by the loader, a step of one after a step of the other:
two curves of the loss that only rounding tells apart, and the time that each takes. How far rounding takes curves apart
is seen from a third one: cnnc's again, with the last bit of one weight changed. A line an epoch is printed, and a
picture of the curves is written at the end.
"""

import argparse
import time

import numpy as np
import torch
from torch.nn import functional

import cnnc
from benchmarks.torch_networks import memory_of, module_of
from benchmarks.torch_twin import to_torch
from cnnc.data import Flip, Loader, PadCrop, cifar10, mean_std

BATCH, RATE, MOMENTUM, DECAY = 128, 0.1, 0.9, 1e-4
SETTING = "PyTorch channels_last"


class Ours:
    def __init__(self, net, name="cnnc"):
        self.net, self.name = net, name
        optimizer = cnnc.SGD(RATE, momentum=MOMENTUM, weight_decay=DECAY)
        self.trainer = cnnc.Trainer(net, optimizer, keep_gradients=False)

    def step(self, x, labels):
        return self.trainer.step(x, labels)

    def accuracy(self, x, labels):
        return self.net.evaluate(x, labels)["accuracy"]


class Theirs:
    name = "PyTorch"

    def __init__(self, net):
        self.module = module_of(net, SETTING)
        parameters = list(self.module.parameters())
        groups = [{"params": [p for p in parameters if p.ndim > 1], "weight_decay": DECAY},  # as ours: not vectors
                  {"params": [p for p in parameters if p.ndim == 1]}]  # fmt: skip
        self.optimizer = torch.optim.SGD(groups, lr=RATE, momentum=MOMENTUM, fused=True)

    def images(self, x):
        return to_torch(x).to(memory_format=memory_of(SETTING)).float()

    def step(self, x, labels):
        self.module.train()
        self.optimizer.zero_grad()
        loss = functional.cross_entropy(self.module(self.images(x)), torch.from_numpy(labels))
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def accuracy(self, x, labels):
        self.module.eval()
        with torch.inference_mode():
            parts = [self.module(self.images(x[i : i + 500])).argmax(1).numpy() for i in range(0, len(x), 500)]
        return float((np.concatenate(parts) == labels).mean())


def run(train, test, epochs, seed=0):
    """Trains all; returns {"cnnc": rows, "PyTorch": rows, ...}, a row (loss, test accuracy, seconds) an epoch."""
    mean, std = mean_std(train[0])
    first, other = (
        cnnc.Sequential([cnnc.Rescale(1 / std, -mean / std), cnnc.models.resnet_cifar(20)]).build((32, 32, 3), seed)
        for _ in range(2)
    )
    weight = next(p for p in other.parameters().values() if p.ndim == 4)
    weight[0, 0, 0, 0] = np.nextafter(weight[0, 0, 0, 0], np.float32(1))
    runs = [Ours(first), Theirs(first), Ours(other, "cnnc, one bit changed")]
    loader = Loader(*train, BATCH, transforms=[Flip(), PadCrop(4, fill=mean.round())], seed=seed, prefetch=0)
    rows = {one.name: [] for one in runs}
    for epoch in range(epochs):
        losses, seconds = np.zeros((2, len(runs)))
        for x, labels in loader:
            for number, one in enumerate(runs):
                start = time.perf_counter()
                losses[number] += one.step(x, labels) * len(x)
                seconds[number] += time.perf_counter() - start
        for one, loss, took in zip(runs, losses / loader.images, seconds, strict=True):
            rows[one.name].append((loss, one.accuracy(*test), took))
        words = [f"{name} loss {r[-1][0]:.4f}, test accuracy {100 * r[-1][1]:.2f} %, {r[-1][2]:.0f} s"
                 for name, r in rows.items()]  # fmt: skip
        print(f"epoch {epoch + 1}/{epochs}: {'; '.join(words)}", flush=True)
    return rows


def draw(rows, path):
    """The losses and the test accuracies of all, epoch by epoch."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    for axes, column, title in zip(figure.subplots(1, 2), (0, 1), ("training loss", "test accuracy"), strict=True):
        for (name, values), style in zip(rows.items(), ("-", "--", ":"), strict=True):
            axes.plot(range(1, len(values) + 1), [v[column] for v in values], style, marker=".", label=name)
        axes.set(xlabel="epoch", title=title)
        axes.legend()
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser(description="Train ResNet-20 on CIFAR-10 beside PyTorch.")
    parser.add_argument("--data", metavar="DIR", help="folder of the data set; else it is looked for, or downloaded")
    parser.add_argument("--epochs", type=int, default=10, help="passes over the images (default: 10)")
    parser.add_argument("--threads", type=int, default=cnnc.get_num_threads(), help="of all")
    parser.add_argument("--picture", metavar="FILE", default="beside.svg", help="where the curves go")
    args = parser.parse_args()
    cnnc.set_num_threads(args.threads)
    torch.set_num_threads(args.threads)
    train, test = cifar10(args.data)
    rows = run(train, test, args.epochs)
    draw(rows, args.picture)
    seconds = {name: sum(row[2] for row in r) for name, r in rows.items()}
    print(f"{seconds['PyTorch'] / seconds['cnnc']:.2f} times as fast as PyTorch; curves in {args.picture}")


if __name__ == "__main__":
    main()
