"""Train on MNIST, or on the small digits inside the package when MNIST cannot be had.

`python examples/mnist.py` trains LeNet-5 for three epochs. With `--shift --epochs 12` it sees each digit in another
place every time; `--network deep --shift --epochs 7 --batch-size 128 --lr 0.2` trains five convolutions.
"""

import argparse
from pathlib import Path

import cnnc
from cnnc.data import Affine, Loader, mean_std


def lenet5():
    return cnnc.models.lenet5().layers


def deep():
    """Five convolutions, each with a normalisation, and a pooling after the first, third and fifth one."""
    layers = []
    for filters, sizes in ((16, (5,)), (48, (3, 3)), (96, (3, 3))):
        for size in sizes:
            layers += [cnnc.Conv2D(filters, size, padding=size // 2, use_bias=False), cnnc.BatchNorm(), cnnc.ReLU()]
        layers += [cnnc.MaxPool2D(2)]
    return [*layers, cnnc.Flatten(), cnnc.Dropout(0.3), cnnc.Dense(10)]


NETWORKS = {"lenet5": lenet5, "deep": deep}


def arguments():
    parser = argparse.ArgumentParser(
        description="Train on handwritten digits.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--data", metavar="DIR", help="folder of the four MNIST files; else they are looked for")
    parser.add_argument("--network", choices=sorted(NETWORKS), default="lenet5", help="what is trained")
    parser.add_argument(
        "--shift", action="store_true", help="shift, turn and scale digits a little, anew in each epoch"
    )
    parser.add_argument("--epochs", type=int, help="passes over the images; else 3 for MNIST, 30 for the small set")
    parser.add_argument("--batch-size", type=int, default=64, help="images in a step")
    parser.add_argument("--lr", type=float, default=0.1, help="largest learning rate; it rises to it and falls to 0")
    parser.add_argument("--seed", type=int, default=0, help="of the first weights and of the order of the images")
    parser.add_argument("--threads", type=int, help="the result is the same for any number")
    parser.add_argument("--save", metavar="FILE", default="mnist.safetensors", help="where the network goes")
    return parser.parse_args()


def load(directory):
    """The images and labels to learn from and to be judged by, and how many passes over them it takes."""
    try:
        train, test = cnnc.data.mnist(directory)
        return train, test, 3
    except cnnc.data.DataUnavailable as reason:
        print(f"Training on the 1,437 digits inside the package instead: {reason}")
        train, test = cnnc.data.digits()
        return train, test, 30


def main():
    args = arguments()
    if args.threads is not None:
        cnnc.set_num_threads(args.threads)
    Path(args.save).parent.mkdir(parents=True, exist_ok=True)  # now rather than after the training
    (x, labels), test, epochs = load(args.data)

    mean, std = mean_std(x)
    net = cnnc.Sequential([cnnc.Rescale(1 / std, -mean / std), *NETWORKS[args.network]()])
    net.build((28, 28, 1), seed=args.seed)
    net.summary()

    transforms = [Affine(degrees=8, shift=0.08, scale=(0.9, 1.1))] if args.shift else []
    history = net.fit(
        Loader(x, labels, args.batch_size, transforms=transforms, seed=args.seed),
        epochs=epochs if args.epochs is None else args.epochs,
        optimizer=cnnc.SGD(cnnc.OneCycle(args.lr, rise=0.2), momentum=0.9, nesterov=True, weight_decay=5e-4),
        validation_data=test,
    )
    net.save(args.save)
    print(f"saved {args.save} after {sum(history['seconds']):.1f} s of training")
    print(f"test accuracy {100 * net.evaluate(*test)['accuracy']:.2f} %")


if __name__ == "__main__":
    main()
