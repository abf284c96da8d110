"""Train on CIFAR-10: ResNet-20 by the recipe of its paper, or a wide network of six layers in less time.

`python examples/cifar10.py` trains ResNet-20 for 60 epochs, with `--epochs 164` for the paper's 64,000 steps;
`python examples/cifar10.py --recipe fast` trains the other one.
"""

import argparse
import time

import numpy as np

import cnnc
from cnnc.data import Flip, Loader, PadCrop, cifar10, mean_std, mirrored


def paper(x, epochs):
    """He, Zhang, Ren, Sun: Deep residual learning for image recognition, 2016, section 4.2."""
    mean, std = mean_std(x)
    return {
        "net": cnnc.Sequential([cnnc.Rescale(1 / std, -mean / std), cnnc.models.resnet_cifar(20)]),
        "transforms": [Flip(), PadCrop(4, fill=mean.round())],
        "batch_size": 128,
        "epochs": epochs or 60,
        "optimizer": cnnc.SGD(cnnc.Step(0.1, milestones=(0.5, 0.75)), momentum=0.9, weight_decay=1e-4),
    }


RECIPES = {"paper": paper}


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
    if args.threads:
        cnnc.set_num_threads(args.threads)
    (x, labels), test = cifar10(args.data)
    recipe = RECIPES[args.recipe](x, args.epochs)

    net = recipe["net"].build((32, 32, 3), seed=args.seed)
    loader = Loader(x, labels, recipe["batch_size"], transforms=recipe["transforms"], seed=args.seed)
    print(f"{net.count_parameters():,} parameters, "
          f"{net.memory(recipe['batch_size'], training=True)['total'] / 1e6:.0f} MB for a step")  # fmt: skip
    waited = []
    start = time.perf_counter()
    net.fit(
        loader,
        epochs=recipe["epochs"],
        optimizer=recipe["optimizer"],
        loss=cnnc.CrossEntropy(label_smoothing=recipe.get("label_smoothing", 0)),
        ema=recipe.get("ema"),
        validation_data=test,
        callbacks=[lambda epoch, logs: waited.append(loader.waited / logs["seconds"])],
    )
    seconds = time.perf_counter() - start
    net.save(args.save)
    print(f"saved {args.save}; {seconds / 60:.1f} minutes, {100 * np.mean(waited):.2f} % of training waited for data")
    if "views" in recipe:
        print(f"with mirrored images {100 * net.evaluate(*test, views=mirrored)['accuracy']:.2f} %")
    print(f"test accuracy {100 * net.evaluate(*test)['accuracy']:.2f} %")


if __name__ == "__main__":
    main()
