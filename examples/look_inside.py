"""Look inside a network: filters, activation maps, saliency, Grad-CAM and more, as pictures in a folder.

`python examples/look_inside.py --photo cat.jpg` trains a small network for a minute or two, on CIFAR-10 where that is
on this machine and else on the digits inside the package. With `--weights resnet20.safetensors`, the published weights
of a ResNet-20 for CIFAR-10, nothing is trained. Needs matplotlib: `pip install cnnc[plot]`.
"""

import argparse
from pathlib import Path

import numpy as np

import cnnc

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


def load():
    """The images and labels to learn from and to be judged by, the names of classes, and how many passes it takes."""
    try:
        return *cnnc.data.cifar10(download=False), cnnc.data.CIFAR10_CLASSES, 3
    except cnnc.data.DataUnavailable as reason:
        print(f"Looking at the digits inside the package instead: {reason}")
        return *cnnc.data.digits(), DIGITS, 12


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


def read_photo(path, shape):
    """The middle of a photo twice: as large as the network's input, and larger, to be shown."""
    from PIL import Image

    with Image.open(path) as file:
        image = file.convert("RGB" if shape[2] == 3 else "L")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    return [np.asarray(square.resize(size, Image.Resampling.LANCZOS)).reshape(*size[::-1], shape[2])
            for size in (shape[1::-1], (256, 256))]  # fmt: skip


def main():
    args = arguments()
    if args.threads is not None:
        cnnc.set_num_threads(args.threads)
    (x, labels), (x_test, labels_test), classes, epochs = load()
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)

    if args.weights:
        net, prepared = resnet20(args.weights), normalised
    else:
        net, prepared = small(x.shape[1:]), np.asarray  # a network scales bytes itself
        history = net.fit(
            x,
            labels,
            epochs=epochs if args.epochs is None else args.epochs,
            batch_size=64,
            optimizer=cnnc.SGD(lr=cnnc.OneCycle(0.1), momentum=0.9, weight_decay=5e-4),
            validation_data=(x_test, labels_test),
        )
        cnnc.plot.history(history, path=out / "history.png")

    if args.photo:
        image, shown = read_photo(args.photo, net.input_shape)
        logits = net(prepared(image[None]))
        chances = cnnc.functional.softmax(logits)[0]
        best = np.argsort(-chances)[:3]
        print(f"{args.photo}: " + ", ".join(f"{classes[k]} {100 * chances[k]:.1f} %" for k in best))
    else:
        image = shown = x_test[0]
    given = prepared(image[None])[0]
    features = cnnc.explain.last_features(net)
    draw = cnnc.plot

    draw.filters(net, path=out / "filters.png")
    draw.activation_maps(net, given, layer=2, shown=shown, path=out / "maps_first.png")
    draw.activation_maps(net, given, layer=features, shown=shown, path=out / "maps_last.png")
    draw.saliency(net, given, classes=classes, shown=shown, path=out / "saliency.png")
    draw.grad_cam(net, given, classes=classes, shown=shown, path=out / "grad_cam.png")
    draw.receptive_field(net, 6, image=shown, path=out / "receptive_field.png")
    draw.diagram_svg(net, path=out / "diagram.svg")

    some = x_test[:6]
    draw.grad_cam(net, prepared(some), labels_test[:6], classes=classes, shown=some, path=out / "grad_cam_test.png")
    logits = np.concatenate([net(prepared(x_test[i : i + 250])) for i in range(0, len(x_test), 250)])
    draw.confusion(labels_test, logits, classes, path=out / "confusion.png")
    draw.misclassified(x_test, labels_test, logits, classes, path=out / "misclassified.png")
    print(f"test accuracy {100 * cnnc.metrics.accuracy(logits, labels_test):.2f} %, pictures in {out}/")


if __name__ == "__main__":
    main()
