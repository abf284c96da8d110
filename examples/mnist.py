"""Train LeNet-5 on MNIST, or on the small digits inside the package when MNIST cannot be had.

`python examples/mnist.py`, or for instance `python examples/mnist.py --data my/mnist --epochs 20 --seed 1`.
"""

import argparse

import cnnc


def arguments():
    parser = argparse.ArgumentParser(
        description="Train LeNet-5 on handwritten digits.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--data", metavar="DIR", help="folder of the four MNIST files; else they are looked for")
    parser.add_argument("--epochs", type=int, help="passes over the images; else 10 for MNIST, 30 for the small set")
    parser.add_argument("--batch-size", type=int, default=32, help="images in a step")
    parser.add_argument("--lr", type=float, default=0.1, help="first learning rate; it falls to 0 along a cosine")
    parser.add_argument("--seed", type=int, default=0, help="of the first weights and of the order of the images")
    parser.add_argument("--threads", type=int, help="the result is the same for any number")
    parser.add_argument("--save", metavar="FILE", default="lenet5-mnist.safetensors", help="where the network goes")
    return parser.parse_args()


def load(directory):
    """The images and labels to learn from and to be judged by, and how many passes over them it takes."""
    try:
        train, test = cnnc.data.mnist(directory)
        return train, test, 10
    except cnnc.data.DataUnavailable as reason:
        print(f"Training on the 1,437 digits inside the package instead: {reason}")
        train, test = cnnc.data.digits()
        return train, test, 30


def main():
    args = arguments()
    if args.threads:
        cnnc.set_num_threads(args.threads)
    (x, labels), test, epochs = load(args.data)

    net = cnnc.models.lenet5()
    net.build((28, 28, 1), seed=args.seed)
    net.summary()

    net.fit(
        x,
        labels,
        epochs=args.epochs or epochs,
        batch_size=args.batch_size,
        optimizer=cnnc.SGD(lr=cnnc.Cosine(args.lr), momentum=0.9, weight_decay=5e-4),
        loss="cross_entropy",
        validation_data=test,
        seed=args.seed,
    )
    net.save(args.save)
    print(f"saved {args.save}")
    print(f"test accuracy {100 * net.evaluate(*test)['accuracy']:.2f} %")


if __name__ == "__main__":
    main()
