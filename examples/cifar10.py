"""Train on CIFAR-10: ResNet-20 by the recipe of its paper, or a small wide network in less time.

`python examples/cifar10.py` trains ResNet-20 for 60 epochs, with `--epochs 164` for the paper's 64,000 steps;
`python examples/cifar10.py --recipe fast` trains the other one.
"""

import argparse
import time
from pathlib import Path

import numpy as np

import cnnc
from cnnc.data import Flip, Loader, PadCrop, cifar10, mean_std, mirrored, whitening


def paper(x, seed):
    """He, Zhang, Ren, Sun: Deep residual learning for image recognition, 2016, section 4.2.

    The paper has two GPUs, which normalise 64 images each, and all parameters decay.
    """
    mean, std = mean_std(x)
    net = cnnc.Sequential([cnnc.Rescale(1 / std, -mean / std), *cnnc.models.resnet_cifar(20).layers])
    return {
        "net": net.build((32, 32, 3), seed),
        "epochs": 60,
        "batch_size": 128,
        "transforms": [Flip(), PadCrop(4, fill=mean.round())],
        "optimizer": cnnc.SGD(
            cnnc.Step(0.1, milestones=(0.5, 0.75)), momentum=0.9, weight_decay=1e-4, decay_vectors=True
        ),
        "accumulate": 2,
    }


def fast(x, seed):
    """Whitened patches, six wide convolutions that begin by passing on what they get, a short cycle of high rates.

    The ideas are those of Page: How to train your ResNet, 2018, and Jordan: 94% on CIFAR-10 in 3.29 seconds on a
    single GPU, 2024.
    """
    mean, std = mean_std(x)
    layers = [cnnc.Rescale(1 / std, -mean / std), cnnc.Conv2D(24, 2), cnnc.GELU()]
    for filters in (64, 256, 256):
        for between in ([cnnc.MaxPool2D(2)], []):
            norm = cnnc.BatchNorm(momentum=0.4, use_scale=False)
            norm.lr_scale = 64.0
            convolution = cnnc.Conv2D(filters, 3, padding=1, use_bias=False, init="dirac")
            layers += [convolution, *between, norm, cnnc.GELU()]
    layers += [cnnc.MaxPool2D(3), cnnc.Flatten(), cnnc.Dense(10, use_bias=False), cnnc.Rescale(1 / 9)]
    net = cnnc.Sequential(layers).build((32, 32, 3), seed)
    net.parameters()["1.weight"][...] = whitening((x[:5000] - mean) / std)
    net.layers[1].trainable = False
    return {
        "net": net,
        "epochs": 16,
        "batch_size": 1024,
        "transforms": [Flip(), PadCrop(2, "reflect")],
        "optimizer": cnnc.SGD(
            cnnc.OneCycle(1.5, rise=0.23, divide=5), momentum=0.85, nesterov=True, weight_decay=0.0013
        ),
        "label_smoothing": 0.2,
        "ema": 0.98,
        "views": mirrored,
    }


RECIPES = {"paper": paper, "fast": fast}


def arguments():
    parser = argparse.ArgumentParser(
        description="Train on CIFAR-10.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--data", metavar="DIR", help="folder of the data set; else it is looked for, or downloaded")
    parser.add_argument("--recipe", choices=sorted(RECIPES), default="paper", help="what to train, and how")
    parser.add_argument("--epochs", type=int, help="passes over the images, if not as many as the recipe has")
    parser.add_argument("--seed", type=int, default=0, help="of the first weights, the order and the augmentation")
    parser.add_argument("--threads", type=int, help="the result is the same for any number")
    parser.add_argument("--save", metavar="FILE", default="cifar10.safetensors", help="where the network goes")
    return parser.parse_args()


def main():
    args = arguments()
    if args.threads is not None:
        cnnc.set_num_threads(args.threads)
    Path(args.save).parent.mkdir(parents=True, exist_ok=True)  # now rather than after the training
    (x, labels), test = cifar10(args.data)
    recipe = RECIPES[args.recipe](x, args.seed)
    net, views, parts = recipe["net"], recipe.get("views"), recipe.get("accumulate", 1)
    loader = Loader(x, labels, recipe["batch_size"], transforms=recipe["transforms"], seed=args.seed)
    print(f"{net.count_parameters():,} parameters, "
          f"{net.memory(recipe['batch_size'] // parts, training=True)['total'] / 1e6:.0f} MB for a step")  # fmt: skip
    waited = []
    start = time.perf_counter()
    net.fit(
        loader,
        epochs=recipe["epochs"] if args.epochs is None else args.epochs,
        optimizer=recipe["optimizer"],
        loss=cnnc.CrossEntropy(label_smoothing=recipe.get("label_smoothing", 0)),
        accumulate=parts,
        ema=recipe.get("ema"),
        validation_data=test,
        callbacks=[lambda epoch, logs: waited.append(loader.waited / logs["seconds"])],
    )
    seconds = time.perf_counter() - start
    net.save(args.save)
    print(f"saved {args.save}; {seconds / 60:.1f} minutes, {100 * np.mean(waited):.2f} % of training waited for data")
    if views:
        print(f"test accuracy of single views {100 * net.evaluate(*test)['accuracy']:.2f} %")
    print(f"test accuracy {100 * net.evaluate(*test, views=views)['accuracy']:.2f} %")


if __name__ == "__main__":
    main()
