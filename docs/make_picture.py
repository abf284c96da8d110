"""Draws docs/lenet5.png: a handwritten digit on its way through a trained LeNet-5. Needs matplotlib.

`python docs/make_picture.py [mnist.safetensors]` with the file that examples/mnist.py saved; without it, a
network is trained for three passes first.
"""

import sys
from pathlib import Path

import matplotlib

import cnnc

matplotlib.use("Agg")
from matplotlib import pyplot as plt

DIGIT = 8  # an image of this is drawn
INK, PAPER = "#1f2933", "#ffffff"


def digits():
    try:
        return cnnc.data.mnist()
    except cnnc.data.DataUnavailable:
        return cnnc.data.digits()


def trained(train):
    if len(sys.argv) > 1:
        return cnnc.load(sys.argv[1])
    net = cnnc.models.lenet5()
    net.fit(*train, epochs=3, batch_size=32, optimizer=cnnc.SGD(lr=cnnc.Cosine(0.1), momentum=0.9))
    return net


def tiles(grid, title, images, colours):
    """A row or block of small pictures under one title."""
    limit = max(abs(images.min()), abs(images.max()))
    low = 0 if colours == "gray_r" else -limit
    for i in range(images.shape[-1]):
        axes = grid.figure.add_subplot(grid[i])
        axes.imshow(images[..., i], cmap=colours, vmin=low, vmax=limit, interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([])
        if i == 0:
            axes.set_title(title, fontsize=10, color=INK, loc="left", pad=6)


def main():
    train, (x, labels) = digits()
    net = trained(train)
    image = x[labels == DIGIT][:1]
    seen = net.activations(image)
    logits = seen["11"][0].astype("float64")
    chance = cnnc.functional.softmax(logits[None])[0]
    filters = net.parameters()["0.weight"][:, :, 0, :]  # (5, 5, 6)

    figure = plt.figure(figsize=(10, 5), facecolor=PAPER)
    left, middle, right = figure.add_gridspec(1, 3, width_ratios=[2, 6, 1.6], wspace=0.12, left=0.02, right=0.975,
                                              top=0.93, bottom=0.07)  # fmt: skip
    tiles(left.subgridspec(1, 1), "image, 28 x 28", image[0] / 255, "gray_r")
    parts = middle.subgridspec(4, 1, hspace=0.45, height_ratios=[1, 1.1, 1, 1.3])
    tiles(parts[0].subgridspec(1, 6), "six 5 x 5 filters, learned", filters, "RdBu_r")
    tiles(parts[1].subgridspec(1, 6), "what each finds, tanh, 28 x 28", seen["1"][0], "RdBu_r")
    tiles(parts[2].subgridspec(1, 6), "averaged to 14 x 14", seen["2"][0], "RdBu_r")
    tiles(
        parts[3].subgridspec(2, 8, hspace=0.15), "sixteen maps of the second convolution, 5 x 5", seen["5"][0], "RdBu_r"
    )

    axes = figure.add_subplot(right)
    axes.barh(range(10), chance, color=["#c0392b" if k == chance.argmax() else "#9aa5b1" for k in range(10)])
    axes.set_yticks(range(10))
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_title("probability", fontsize=10, color=INK, loc="left", pad=6)
    axes.set_xticks([0, 0.5, 1])
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(Path(__file__).with_name("lenet5.png"), dpi=100)


if __name__ == "__main__":
    main()
