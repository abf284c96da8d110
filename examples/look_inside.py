"""Look inside a network: filters, activation maps, saliency, Grad-CAM and more, as pictures in a folder.

`python examples/look_inside.py --photo cat.jpg` trains a small network for a minute or two, on CIFAR-10 where that is
on this machine and else on the digits inside the package. With `--weights resnet20.safetensors`, the published weights
of a ResNet-20 for CIFAR-10, nothing is trained. Needs matplotlib: `pip install cnnc[plot]`.
"""

import argparse
from pathlib import Path

import numpy as np

import cnnc
from cnnc.data import read_image

DIGITS = [str(digit) for digit in range(10)]
MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])  # what ResNet-20 learned with


def arguments():
    parser = argparse.ArgumentParser(
        description="Pictures of what a network learned.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--photo", metavar="FILE", help="an image to look at, besides those of the test set")
    parser.add_argument("--weights", metavar="FILE", help="safetensors file of a ResNet-20 of PyTorch for CIFAR-10")
    parser.add_argument("--epochs", type=int, help="passes over the images; else 3 for CIFAR-10, 12 for the digits")
    parser.add_argument("--out", metavar="DIR", default="look_inside", help="where the pictures go")
    parser.add_argument("--threads", type=int, help="the result is the same for any number")
    return parser.parse_args()


def load(args):
    """The images and labels to learn from and to be judged by, the names of classes, and how many passes it takes.

    Where CIFAR-10 is not on this machine, they are digits; or none, for weights that were learned with CIFAR-10.
    """
    try:
        return *cnnc.data.cifar10(download=False), cnnc.data.CIFAR10_CLASSES, 3
    except cnnc.data.DataUnavailable as reason:
        if not args.weights:
            print(f"Looking at the digits inside the package instead: {reason}")
            return *cnnc.data.digits(), DIGITS, 12
        if not args.photo:
            raise SystemExit(f"--photo is needed, or images to show: {reason}") from None
        print(f"No pictures of test images: {reason}")
        return None, None, cnnc.data.CIFAR10_CLASSES, 0


def small(shape):
    """Three convolutions; the first has large filters, which are worth a look."""
    layers = []
    for filters, kernel in ((32, 5), (64, 3), (128, 3)):
        layers += [cnnc.Conv2D(filters, kernel, padding="same", use_bias=False), cnnc.BatchNorm(), cnnc.ReLU(),
                   cnnc.MaxPool2D(2)]  # fmt: skip
    return cnnc.Sequential([*layers[:-1], cnnc.GlobalAvgPool(), cnnc.Dense(10)]).build(shape, seed=0)


def resnet20(weights):
    net = cnnc.models.resnet_cifar(20)
    cnnc.load_torch_weights(net, weights)
    return net


def normalised(x):
    return (x / np.float32(255) - MEAN) / DEVIATION


def main():
    args = arguments()
    if args.threads is not None:
        cnnc.set_num_threads(args.threads)
    train, test, classes, epochs = load(args)
    if args.weights:
        net, prepared = resnet20(args.weights), normalised
    else:
        net, prepared = small(train[0].shape[1:]), np.asarray  # a network scales bytes itself
    height, _, channels = net.input_shape
    image = read_image(args.photo, height, channels) if args.photo else test[0][0]
    shown = read_image(args.photo, 256, channels) if args.photo else image
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    draw = cnnc.plot
    draw.diagram_svg(net, path=out / "diagram.svg")
    draw.receptive_field(net, 6, image=shown, path=out / "receptive_field.png")

    if not args.weights:
        history = net.fit(
            *train,
            epochs=epochs if args.epochs is None else args.epochs,
            batch_size=64,
            optimizer=cnnc.SGD(lr=cnnc.OneCycle(0.1), momentum=0.9, weight_decay=5e-4),
            validation_data=test,
        )
        draw.history(history, path=out / "history.png")

    given = prepared(image[None])[0]
    if args.photo:
        chances = cnnc.functional.softmax(net(given[None]))[0]
        best = np.argsort(-chances)[:3]
        print(f"{args.photo}: " + ", ".join(f"{classes[k]} {100 * chances[k]:.1f} %" for k in best))
    features = cnnc.explain.last_features(net)
    draw.filters(net, path=out / "filters.png")
    draw.activation_maps(net, given, layer=2, shown=shown, path=out / "maps_first.png")
    draw.activation_maps(net, given, layer=features, shown=shown, path=out / "maps_last.png")
    draw.saliency(net, given, classes=classes, shown=shown, path=out / "saliency.png")
    draw.grad_cam(net, given, classes=classes, shown=shown, path=out / "grad_cam.png")

    if test:
        x, labels = test
        some = x[:6]
        draw.grad_cam(net, prepared(some), labels[:6], classes=classes, shown=some, path=out / "grad_cam_test.png")
        logits = np.concatenate([net(prepared(x[i : i + 250])) for i in range(0, len(x), 250)])
        draw.confusion(labels, logits, classes, path=out / "confusion.png")
        draw.misclassified(x, labels, logits, classes, path=out / "misclassified.png")
        print(f"test accuracy {100 * cnnc.metrics.accuracy(logits, labels):.2f} %")
    print(f"pictures in {out}/")


if __name__ == "__main__":
    main()
