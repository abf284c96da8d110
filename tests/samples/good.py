"""Files as they should be, small ones: for readers to read, and for `bad` and the fuzzer to spoil."""

import io
import struct
import tarfile

import numpy as np

from cnnc.data import cifar

TEN = cifar.TEN._replace(
    counts={"train": {f"data_batch_{n}": n + 3 for n in range(1, 6)}, "test": {"test_batch": 4}},
)
HUNDRED = cifar.HUNDRED._replace(counts={"train": {"train": 7}, "test": {"test": 5}})


def cifar_batches(layout, seed=0):
    """Numbers as in CIFAR's files: {name: (planes (n, 3072), {kind of label: labels (n,)})}."""
    random = np.random.default_rng(seed)
    return {
        name: (
            random.integers(0, 256, (count, 3072), np.uint8),
            {kind: random.integers(0, classes, count).tolist() for kind, classes in layout.classes.items()},
        )
        for files in layout.counts.values()
        for name, count in files.items()
    }


def records(planes, labels):
    """The bytes of a file of CIFAR's binary form."""
    columns = [np.array(values, np.uint8)[:, np.newaxis] for values in labels.values()]
    return np.concatenate([*columns, planes], axis=1).tobytes()


def pickled_batch(planes, labels, keys):
    """The bytes of a file of CIFAR's Python form: protocol 2 with the strings of Python 2, as published."""
    lists = b"".join(
        short(keys[kind].encode()) + b"]q\x05(" + b"".join(b"K" + bytes([value]) for value in values) + b"e"
        for kind, values in labels.items()
    )
    names = b"".join(short(f"image_{i:06}.png".encode()) + b"q\x0b" for i in range(len(planes)))
    head = b"\x80\x02}q\x01(" + short(b"batch_label") + short(b"training batch 1 of 5")
    return b"".join(
        [head, lists, short(b"data"), pickled_array(planes), short(b"filenames"), b"]q\x0c(", names, b"eu."]
    )


def pickled_array(array):
    """The instructions that make a uint8 array, as Python 2 wrote them."""
    shape = b"(" + b"".join(b"J" + struct.pack("<i", n) for n in array.shape) + b"t"
    made = b"cnumpy.core.multiarray\n_reconstruct\nq\x06cnumpy\nndarray\nq\x07K\x00\x85U\x01b\x87Rq\x08(K\x01"
    dtype = b"cnumpy\ndtype\nq\x09U\x02u1K\x00K\x01\x87Rq\x0a(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    contents = b"T" + struct.pack("<I", array.nbytes) + array.tobytes()
    return made + shape + dtype + b"\x89" + contents + b"tb"


def short(text):
    """The instruction that makes a short string."""
    return b"U" + bytes([len(text)]) + text


def cifar_files(layout, binary):
    """{name: bytes} of all files of one form."""
    batches = cifar_batches(layout).items()
    if binary:
        return {f"{name}.bin": records(*batch) for name, batch in batches}
    return {name: pickled_batch(*batch, layout.keys) for name, batch in batches}


def archive(files, folder="", mode="w:gz", others=True, form=tarfile.USTAR_FORMAT):
    """The bytes of a tar archive of {name: bytes, or a TarInfo}, with a folder and a note like the published ones."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode, format=form) as tar:
        if others:
            entry = tarfile.TarInfo(folder)
            entry.type = tarfile.DIRTYPE
            tar.addfile(entry)
            files = {"readme.html": b"<html></html>", **files}
        for name, contents in files.items():
            if isinstance(contents, tarfile.TarInfo):
                tar.addfile(contents)
                continue
            entry = tarfile.TarInfo(f"{folder}/{name}" if folder else name)
            entry.size = len(contents)
            tar.addfile(entry, io.BytesIO(contents))
    return target.getvalue()


def picture(height, width, channels=3, seed=0):
    """A smooth picture with some noise, uint8 (height, width, channels)."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / (7 + c) + c) + np.cos(y / (9 + c)) for c in range(channels)]
    noise = random.integers(0, 20, (height, width, channels))
    return (np.stack(waves, axis=-1) * 55 + 115 + noise).astype(np.uint8)


def image(form="PNG", height=48, width=64, mode="RGB", **options):
    """The bytes of an image file by Pillow."""
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(picture(height, width)).convert(mode).save(target, form, **options)
    return target.getvalue()


def npy(array):
    """The bytes of a .npy file."""
    target = io.BytesIO()
    np.save(target, array)
    return target.getvalue()
