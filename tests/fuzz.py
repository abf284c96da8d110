"""Spoil good files at random and read them: `python tests/fuzz.py [reader ...] --seconds 600 --seed 0`.

Whatever a file holds, a reader either reads it or raises ValueError or OSError with the file's name, in little memory
and time. A file that breaks this is kept, and its name and the seed are told. The same seed spoils the same files.

With `--atheris`, where that package is installed, files are chosen by the lines they reach: for one reader, for long.
"""

import argparse
import faulthandler
import gzip
import inspect
import lzma
import os
import pathlib
import random
import resource
import struct
import sys
import tempfile
import time
import tracemalloc
import warnings
from typing import NamedTuple
from unittest import mock

import numpy as np
from samples import good

from cnnc.data import cifar, cifar10, open_array, read_idx, write_idx
from cnnc.data.packed import XZ_MEMORY, unpack
from cnnc.data.pickled import read_pickled

MEMORY = 32 << 20  # bytes beyond what was there before, for files of kilobytes
SECONDS = 5  # of the processor's time for one file
ADDRESSES = 4 << 30  # bytes that the process may have in all, what decoders take outside Python included
HANGS = 120  # seconds after which the process says where it is and ends

TWO = good.TEN._replace(
    counts={"train": {"data_batch_1": 2}, "test": {"test_batch": 1}},
    binary=good.TEN.binary._replace(files={"data_batch_1.bin": None, "test_batch.bin": None}),
)


class Reader(NamedTuple):
    """What is fuzzed: good files, a function of a path, and the ways in which a spoilt file may be packed."""

    name: str  # the file's
    samples: list
    read: object
    packers: tuple = (bytes,)
    memory: int = MEMORY


def zipped(data):
    """Quickly compressed."""
    return gzip.compress(data, 1)


def xz(data):
    """Quickly compressed."""
    return lzma.compress(data, preset=0)


def idx_reader():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "a.idx")
        samples = []
        for array in (np.arange(60, dtype=np.uint8).reshape(3, 4, 5), np.ones((2, 3), np.float32)):
            write_idx(path, array)
            samples.append(path.read_bytes())
    read = lambda path: read_idx(path, max_bytes=1 << 22)  # noqa: E731
    return Reader("a.idx", samples, read, (bytes, zipped, xz), XZ_MEMORY + MEMORY)


def read_cifar(path):
    """CIFAR-10 of three images out of the folder of a file."""
    with mock.patch.object(cifar, "TEN", TWO):
        cifar10(path.parent)


def batch_reader():
    files = good.cifar_files(TWO, True)

    def read(path):
        path.with_name("test_batch.bin").write_bytes(files["test_batch.bin"])
        read_cifar(path)

    samples = [files["data_batch_1.bin"]]
    return Reader("data_batch_1.bin", samples, read, (bytes, zipped, xz), XZ_MEMORY + MEMORY)


def archive_reader():
    samples = [good.archive(good.cifar_files(TWO, True), TWO.binary.folder, mode="w")]
    return Reader("cifar-10-binary.tar.gz", samples, read_cifar, (bytes, zipped))


def pickled_archive_reader():
    samples = [good.archive(good.cifar_files(TWO, False), TWO.python.folder, mode="w")]
    return Reader("cifar-10-python.tar.gz", samples, read_cifar, (bytes, zipped))


def pickle_reader():
    import pickle

    planes = np.arange(12, dtype=np.uint8).reshape(2, 6)
    batch = {"data": planes, "labels": [1, 2], "filenames": ["a", "b"], "flags": (True, None, b"x", -5, 1 << 40)}
    samples = [pickle.dumps(batch, protocol) for protocol in (3, 4)]
    samples.append(good.pickled_batch(planes, {"fine": [1, 2]}, TWO.keys))
    samples.append(pickle.dumps({"a": [[], {}, ()], "b": "text", "c": 7}, 0))

    def read(path):
        with unpack(path) as stream:
            read_pickled(stream, path.stat().st_size, path, instructions=10_000)

    return Reader("a.pickle", samples, read)


def npy_reader():
    samples = [good.npy(np.ones((2, 3, 4, 3), dtype)) for dtype in (np.uint8, np.float32)]
    return Reader("a.npy", samples, open_array)


def image_reader():
    from cnnc.data.decoding import decode

    samples = [good.image(form, 24, 32) for form in ("JPEG", "PNG", "BMP", "GIF", "WEBP")]
    samples += [good.image("PNG", 16, 16, mode) for mode in ("1", "L", "P", "RGBA", "I;16")]
    samples += [good.image("JPEG", 24, 32, "CMYK"), good.image("JPEG", 24, 32, progressive=True)]
    samples += [good.image("WEBP", 16, 16, "RGBA", lossless=True), good.image("GIF", 16, 16, "P", transparency=3)]
    # Pixels are few, so that the decoders' own memory can be told from what a header claims.
    read = lambda path: decode(path, 8, 3, lambda width, height: (0, 0, width, height), 1 << 18)  # noqa: E731
    return Reader("a.image", samples, read)


READERS = {
    "idx": idx_reader,
    "batch": batch_reader,
    "archive": archive_reader,
    "pickled-archive": pickled_archive_reader,
    "pickle": pickle_reader,
    "npy": npy_reader,
    "image": image_reader,
}


def spoil(data, samples, chance):
    """A copy with one to eight things changed."""
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5, 8))):
        at = chance.randrange(len(data) + 1)
        # Headers matter most, so half of all changes are near the beginning.
        at = min(at, chance.randrange(200)) if chance.random() < 0.5 else at
        length = min(chance.choice((1, 1, 2, 4, 8, 30, 512)), len(data) - at)
        match chance.randrange(9):
            case 0 if length:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at : at + length] = chance.randbytes(length)
            case 2:
                number = chance.choice((0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 40))
                code = chance.choice("BHIQ")
                packed = struct.pack(chance.choice("<>") + code, number & ((1 << 8 * struct.calcsize(code)) - 1))
                data[at : at + len(packed)] = packed
            case 3:
                del data[at : at + length]
            case 4:
                data[at:at] = data[at : at + length] * chance.choice((1, 2, 50))
            case 5:
                data[at:at] = chance.randbytes(length)
            case 6:
                del data[at:]
            case 7:
                data[at : at + length] = bytes(length)
            case 8:
                other = chance.choice(samples)
                start = chance.randrange(len(other))
                data[at : at + length] = other[start : start + length]
    return bytes(data)


def spoilt(reader, chance):
    """One file: a sample spoilt and then packed, or packed and then spoilt."""
    sample, pack = chance.choice(reader.samples), chance.choice(reader.packers)
    if chance.random() < 0.5:
        return pack(spoil(sample, reader.samples, chance))
    return spoil(pack(sample), [pack(other) for other in reader.samples], chance)


def attempt(reader, path, data):
    """Read one file. True if it is read, False if it is refused as it should be, else an AssertionError."""
    path.write_bytes(data)
    started = time.process_time()
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    good_file = True
    try:
        reader.read(path)
    except (ValueError, OSError) as error:
        assert str(path) in str(error), f"an error without the file's name: {error!r}"
        assert len(str(error)) < 1000 + len(str(path)), f"an error of {len(str(error))} letters"
        good_file = False
    except Exception as error:
        raise AssertionError(f"an error of the wrong kind: {error!r}") from error
    _, peak = tracemalloc.get_traced_memory()
    assert peak - before < reader.memory, f"{peak - before} bytes of memory"
    assert time.process_time() - started < SECONDS, f"{time.process_time() - started:.1f} seconds"
    return good_file


def fuzz(name, seconds, seed, keep="."):
    """Read spoilt files for a time: how many there were, and how many of them were read."""
    reader, chance = READERS[name](), random.Random(f"{name} {seed}")
    count = read = 0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, reader.name)
        tracemalloc.start()
        try:
            for sample in reader.samples:
                assert attempt(reader, path, sample), "a good file must be read"
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                faulthandler.dump_traceback_later(HANGS, exit=True)
                data = spoilt(reader, chance)
                try:
                    read += attempt(reader, path, data)
                except AssertionError as error:
                    kept = pathlib.Path(keep, f"fuzz-{name}-{seed}-{count}")
                    kept.write_bytes(data)
                    raise AssertionError(f"{name}, seed {seed}, file {count}, kept as {kept}: {error}") from error
                count += 1
        finally:
            tracemalloc.stop()
            faulthandler.cancel_dump_traceback_later()
    return count, read


def guided(name, seconds):
    """The same by atheris, which keeps what reaches new lines."""
    import atheris

    reader = READERS[name]()
    for module in [sys.modules[name] for name in sys.modules if name.startswith("cnnc.data.") or name == "pickletools"]:
        owners = [module, *(value for value in vars(module).values() if isinstance(value, type))]
        for function in {value for owner in owners for value in vars(owner).values() if inspect.isfunction(value)}:
            atheris.instrument_func(function)  # in place, whoever has imported it
    with tempfile.TemporaryDirectory() as folder:
        path, corpus = pathlib.Path(folder, reader.name), pathlib.Path(folder, "corpus")
        corpus.mkdir()
        for i, sample in enumerate(reader.samples):
            for pack in reader.packers:
                (corpus / f"{i}-{pack.__name__}").write_bytes(pack(sample))
        tracemalloc.start()
        atheris.Setup(
            [sys.argv[0], f"-max_total_time={seconds}", str(corpus)], lambda data: attempt(reader, path, data)
        )
        atheris.Fuzz()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("readers", nargs="*", metavar="reader", help=f"of {', '.join(READERS)}; all, one after another")
    parser.add_argument("--seconds", type=int, default=60, help="for each reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--atheris", action="store_true", help="one reader, guided by the lines that are reached")
    args = parser.parse_args()
    unknown = sorted({*args.readers} - {*READERS})
    if unknown or (args.atheris and len(args.readers) != 1):
        parser.error(f"readers are {', '.join(READERS)}; one with --atheris, received {', '.join(args.readers)}")
    os.environ.pop("CNNC_DATA", None)
    if args.atheris:
        guided(args.readers[0], args.seconds)
        return
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    warnings.simplefilter("ignore")  # Pillow warns of what is then refused
    for name in args.readers or READERS:
        count, read = fuzz(name, args.seconds, args.seed)
        print(f"{name}: {count} spoilt files, {read} still read, the others refused by name", flush=True)


if __name__ == "__main__":
    main()
