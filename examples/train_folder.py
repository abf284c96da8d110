"""Train on a folder of images, one folder a class: `python examples/train_folder.py FOLDER --size 64`.

Images are read, decoded, cut and resized on threads while the network works on those before: the memory is that of the
network's plan and of a batch or two for each thread, however many files there are. Every file is decoded once before,
for a damaged one would end the training.

The names of the classes are saved beside the network. What it takes a new image for:

    net, names = cnnc.load("folder.safetensors"), Path("folder.classes").read_text("utf-8").splitlines()
    names[net(cnnc.data.read_image("new.jpg", size=64)[None]).argmax()]
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cnnc
from cnnc.data import Flip, ImageFolder, Loader, stratified_split


def arguments():
    parser = argparse.ArgumentParser(
        description="Train on a folder of images.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("folder", help="a folder with one folder of images for each class")
    parser.add_argument("--size", type=int, default=64, help="side of the images that the network sees, in pixels")
    parser.add_argument("--epochs", type=int, default=10, help="passes over the images")
    parser.add_argument("--batch-size", type=int, default=64, help="images in a step")
    parser.add_argument("--lr", type=float, default=0.05, help="largest learning rate")
    parser.add_argument("--judge", type=float, default=0.1, help="share of each class that is kept for validation")
    parser.add_argument("--threads", type=int, help="the result is the same for any number")
    parser.add_argument("--save", metavar="FILE", default="folder.safetensors", help="where the network goes")
    return parser.parse_args()


def network(size, classes):
    """Convolutions that halve the image while it has more than 4 pixels a side, then an average over what is left."""
    layers, filters = [], 32
    while size > 4:
        layers += [cnnc.Conv2D(filters, 3, padding=1, use_bias=False), cnnc.BatchNorm(), cnnc.ReLU(), cnnc.MaxPool2D(2)]
        size, filters = size // 2, min(2 * filters, 256)
    return cnnc.Sequential([*layers, cnnc.GlobalAvgPool(), cnnc.Dense(classes)])


def main():
    args = arguments()
    if args.threads is not None:
        cnnc.set_num_threads(args.threads)
    save, names = Path(args.save), Path(args.save).with_suffix(".classes")
    if save == names:
        raise SystemExit(f"--save must not end in .classes, where the names of the classes go: received {save}")
    save.parent.mkdir(parents=True, exist_ok=True)  # now rather than after the training
    learn = ImageFolder(args.folder, args.size, crop="random")
    judge = ImageFolder(args.folder, args.size, crop="centre")
    rest, part = stratified_split(learn.labels, args.judge, seed=0)
    with ThreadPoolExecutor(cnnc.get_num_threads()) as pool:
        if bad := judge.check(pool.map):
            raise SystemExit("\n".join(["these files must be mended or removed:", *(trouble for _, trouble in bad)]))
    print(f"{len(rest):,} images to learn from, {len(part):,} to judge by, {len(learn.classes)} classes")

    net = network(args.size, len(learn.classes)).build(learn.shape, seed=0)
    net.summary()
    print(f"{net.memory(args.batch_size, training=True)['total'] / 1e6:.0f} MB for a step of training")
    net.fit(
        Loader(learn, batch_size=args.batch_size, index=rest, transforms=[Flip()]),
        epochs=args.epochs,
        optimizer=cnnc.SGD(cnnc.OneCycle(args.lr), momentum=0.9, weight_decay=5e-4),
        validation_data=Loader(judge, batch_size=args.batch_size, index=part, order="sequential"),
    )
    net.save(save)
    names.write_text("\n".join(learn.classes), encoding="utf-8")
    print(f"saved {save} and {names}")


if __name__ == "__main__":
    main()
