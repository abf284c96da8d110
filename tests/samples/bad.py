"""Files that must be refused: {name: (bytes, what the message must say)}, one table for each kind of file."""

import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zlib

import numpy as np

from samples import good

LAYOUT = good.TEN
FOLDER = LAYOUT.binary.folder
BATCHES = good.cifar_batches(LAYOUT)
RECORDS = good.cifar_files(LAYOUT, True)
NAME = "data_batch_1.bin"
BATCH = RECORDS[NAME]
COUNT = len(BATCH) // 3073
BOMB = bytes(1 << 26)


def flipped(data, position):
    """The bytes with one of them inverted."""
    changed = bytearray(data)
    changed[position] ^= 0xFF
    return bytes(changed)


def xz_asking_for(dictionary_code):
    """An xz stream whose header asks its decoder for a dictionary of a size that it does not need."""
    stream = bytearray(lzma.compress(BATCH, lzma.FORMAT_XZ, lzma.CHECK_CRC32, preset=0))
    header = (stream[12] + 1) * 4  # bytes of the block's header: size, flags, filter, its properties, CRC
    assert stream[14:16] == b"\x21\x01", "the filter LZMA2 with one byte of properties"
    stream[16] = dictionary_code
    stream[12 + header - 4 : 12 + header] = struct.pack("<I", zlib.crc32(stream[12 : 12 + header - 4]))
    return bytes(stream)


# A batch of CIFAR's binary form, in whichever way it is compressed.
BATCH_FILES = {
    "empty": (b"", "received 0"),
    "cut": (BATCH[:-1], f"must have {len(BATCH)} to {len(BATCH)} bytes, received {len(BATCH) - 1}"),
    "one byte too many": (BATCH + b"\0", f"received {len(BATCH) + 1}"),
    "another set's records": (good.cifar_files(good.HUNDRED, True)["test.bin"], "received"),
    "label out of range": (b"\x0a" + BATCH[1:], "labels must be 0 to 9, received 10"),
    "last label out of range": (BATCH[:-3073] + b"\xff" + BATCH[-3072:], "labels must be 0 to 9, received 255"),
    "gzip cut": (gzip.compress(BATCH)[:-9], "gzip stream must be whole and intact, received a part"),
    "gzip with a wrong checksum": (flipped(gzip.compress(BATCH), -8), "whole and intact, received: .*check"),
    "gzip with a wrong length": (flipped(gzip.compress(BATCH), -1), "whole and intact, received: .*length"),
    "gzip damaged": (flipped(gzip.compress(BATCH), 5000), "gzip stream must be whole and intact"),
    "gzip of too little": (gzip.compress(BATCH[:-1]), f"must hold {COUNT} images"),
    "gzip of too much": (gzip.compress(BATCH + b"\0"), "must end after its 4 images, received more"),
    "gzip of nothing": (gzip.compress(b""), f"must hold {COUNT} images"),
    "gzip with another behind it": (gzip.compress(BATCH) * 2, "one gzip stream and nothing else"),
    "gzip bomb": (gzip.compress(BATCH + BOMB), "must end after its 4 images, received more"),
    "gzip of a gzip": (gzip.compress(gzip.compress(BATCH)), "received"),
    "gzip magic alone": (b"\x1f\x8b", "more than gzip can"),
    "xz cut": (lzma.compress(BATCH)[:-30], "xz stream must be whole and intact"),
    "xz cut in its index": (lzma.compress(BATCH)[:-1], "xz stream must be whole and intact, received a part"),
    "xz damaged": (flipped(lzma.compress(BATCH), 6000), "xz stream must be whole and intact"),
    "xz magic alone": (b"\xfd7zXZ\0", "xz stream must be whole and intact, received a part"),
    "xz of too little": (lzma.compress(BATCH[:-1]), f"must hold {COUNT} images"),
    "xz bomb": (lzma.compress(BATCH + BOMB, preset=0), "must end after its 4 images, received more"),
    "xz that asks for 4 GiB": (xz_asking_for(40), "received: Memory usage limit exceeded"),
    "xz that asks for 96 MiB": (xz_asking_for(29), "received: Memory usage limit exceeded"),
    "xz with another behind it": (lzma.compress(BATCH) + lzma.compress(b"x"), "one xz stream and nothing else"),
    "xz of the old kind": (lzma.compress(BATCH, lzma.FORMAT_ALONE), "received"),
}


def tar(files=None, **options):
    """An archive like the published one, with some of its files replaced: None leaves one out."""
    files = {name: data for name, data in {**RECORDS, **(files or {})}.items() if data is not None}
    return good.archive(files, FOLDER, **options)


def member(name, kind=tarfile.REGTYPE, **fields):
    """A member without contents."""
    info = tarfile.TarInfo(name)
    info.type = kind
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def with_first(info, claimed=None):
    """An archive that begins with a header alone, saying it has as many bytes."""
    if claimed is not None:
        info.size = claimed
    return gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + good.archive(RECORDS, FOLDER, mode="w"))


PLAIN = tar(mode="w")
LINK = {"kind": tarfile.SYMTYPE, "linkname": "/etc/passwd"}
ARCHIVES = {
    "empty": (b"", "must be a whole tar archive, received: empty header"),
    "text": (b"<html>sign in</html>" * 40, "must be a whole tar archive, received: invalid header"),
    "gzip of nothing": (gzip.compress(b""), "must be a whole tar archive"),
    "zeros": (gzip.compress(bytes(1 << 14)), "received none of"),
    "gzip cut": (tar()[:-20], "gzip stream must be whole and intact"),
    "gzip with a wrong checksum": (flipped(tar(), -7), "gzip stream must be whole and intact"),
    "tar cut in a header": (PLAIN[: 1024 + 300], "must be a whole tar archive, received a part"),
    "tar cut in a file": (PLAIN[:40_000], "must be a whole tar archive, received a part"),
    "tar without its end": (PLAIN.rstrip(b"\0"), "must be a whole tar archive"),
    "a file missing": (tar({NAME: None}), f"received none of {FOLDER}/{NAME}$"),
    "a file twice": (tar({f"./{NAME}": BATCH}), "in an archive once, received .* again"),
    "a file too short": (tar({NAME: BATCH[:-1]}), f"received {len(BATCH) - 1}"),
    "a file too long": (tar({NAME: BATCH + b"\0"}), f"received {len(BATCH) + 1}"),
    "a file that claims gigabytes": (with_first(member(f"{FOLDER}/{NAME}"), 1 << 40), f"received {1 << 40}"),
    "another file that claims gigabytes": (with_first(member("readme"), 1 << 33), f"received {1 << 33}"),
    "a size below zero": (with_first(member("readme"), -512), "received -512"),
    "a long name that claims gigabytes": (with_first(member("././@LongLink", b"L"), 1 << 33), "received type b'L'"),
    "attributes that claim gigabytes": (with_first(member("attributes", b"x"), 1 << 33), f"received {1 << 33}"),
    "a folder with contents": (with_first(member("folder", b"5"), 1 << 20), "must have 0 to 0 bytes"),
    "a sparse file": (with_first(member("sparse", tarfile.GNUTYPE_SPARSE)), "received type b'S'"),
    "a link in place of a file": (tar({NAME: member(f"{FOLDER}/{NAME}", **LINK)}), "received a link as"),
    "a hard link": (
        tar({NAME: member(f"{FOLDER}/{NAME}", tarfile.LNKTYPE, linkname="readme.html")}),
        "received a link",
    ),
    "a link beside": (tar({"note": member("note", **LINK)}), "received a link as 'note'"),
    "a device": (tar({"zero": member("zero", tarfile.CHRTYPE, devmajor=1, devminor=5)}), "received type b'3'"),
    "a pipe": (tar({"pipe": member("pipe", tarfile.FIFOTYPE)}), "received type b'6'"),
    "an absolute path": (tar({"note": member("/etc/cron.d/note")}), "no path .* may lead out of it"),
    "a parent's path": (tar({"note": member(f"{FOLDER}/../../note")}), "no path .* may lead out of it"),
    "the files elsewhere": (good.archive(RECORDS, "elsewhere"), "received none of"),
    "an archive in an archive": (good.archive({"cifar-10-binary.tar": PLAIN}, FOLDER), "received none of"),
    "a thousand members": (tar({f"note {i}": member(f"note {i}") for i in range(1000)}), "may have 100 members"),
    "more behind the end": (PLAIN + b"more", "must end after its last member"),
    "a bomb of zeros behind the end": (gzip.compress(PLAIN + BOMB), "must end after its last member"),
    "a wrong checksum in a header": (flipped(PLAIN, 512 + 3), "received: bad checksum"),
    "a label out of range": (tar({NAME: b"\x0a" + BATCH[1:]}), "labels must be 0 to 9, received 10"),
}

PLANES, LABELS = BATCHES["data_batch_1"]
PICKLED = good.pickled_batch(PLANES, LABELS, LAYOUT.keys)


class Runs:
    """Unpickled, this would run a command."""

    def __reduce__(self):
        return print, ("ran",)


def pickled(padded=True, protocol=2, **changed):
    """A pickled batch by Python 3, some of its entries replaced."""
    batch = {"data": PLANES, "labels": LABELS["fine"], **changed}
    data = pickle.dumps(batch, protocol)
    return data + b"\0" * max(0, COUNT * 3073 - len(data)) if padded else data


def filled(instructions):
    """A pickle of any instructions, long enough for its size not to give it away."""
    return b"\x80\x02" + instructions + b"T" + struct.pack("<I", COUNT * 3073) + bytes(COUNT * 3073) + b"0."


def replaced(old, new):
    """The good pickle with something else in it."""
    assert PICKLED.count(old) >= 1
    return PICKLED.replace(old, new, 1)


def fetched(times):
    """A pickle that writes a string once and makes so many arrays of it."""
    length = struct.pack("<I", COUNT * 3072)
    made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    dtype = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R"
    state = b"(K\x01J" + length + b"\x85" + dtype + b"\x89h\x01t"
    return filled(b"T" + length + bytes(COUNT * 3072) + b"q\x01" + (made + state + b"b") * times)


NOT_DATA = "must be a pickle of plain data and uint8 arrays, received "
PICKLES = {
    "empty": (b"", "received 0"),
    "cut": (PICKLED[:-30], "received"),
    "without its end": (PICKLED[:-1], NOT_DATA + "1 bytes where 0 are left"),
    "more behind the end": (PICKLED + b"more", "must end after its 4 images, received more"),
    "a call in place of labels": (pickled(protocol=4, labels=Runs()), NOT_DATA + "the name 'builtins print'"),
    "a system call": (filled(b"cos\nsystem\n(U\x04trueR"), NOT_DATA + "the name 'os system'"),
    "NumPy's own loader": (filled(b"cnumpy\nload\n(U\x04trueR"), NOT_DATA + "the name 'numpy load'"),
    "evaluation": (filled(b"c__builtin__\neval\n(U\x011tR"), NOT_DATA + "the name '__builtin__ eval'"),
    "an instance": (filled(b"(ios\nsystem\n"), NOT_DATA + "the instruction INST"),
    "an object": (filled(b"(U\x01aoU\x01b"), NOT_DATA + "the instruction OBJ"),
    "a new object": (filled(b"cnumpy\nndarray\n)\x81"), NOT_DATA + "the instruction NEWOBJ"),
    "a copyreg extension": (filled(b"\x82\x01"), NOT_DATA + "the instruction EXT1"),
    "a persistent name": (filled(b"Pfile\n"), NOT_DATA + "the instruction PERSID"),
    "a call of a string": (filled(b"U\x01a(tR"), NOT_DATA + "a call that makes no array"),
    "a dtype of objects": (replaced(b"U\x02u1", b"U\x02O8"), NOT_DATA + "a call that makes no array of uint8"),
    "a dtype by a name": (replaced(b"U\x02u1", b"cnumpy\ndtype\n"), NOT_DATA + "a call that makes no array of uint8"),
    "an array in Fortran's order": (replaced(b"tb\x89T", b"tb\x88T"), NOT_DATA + "an array that is not"),
    "an array of another length": (
        replaced(b"T" + struct.pack("<I", COUNT * 3072), b"T" + struct.pack("<I", COUNT * 3072 - 1)),
        "received",
    ),
    "an array of a huge shape": (
        replaced(b"J" + struct.pack("<i", COUNT), b"J" + struct.pack("<i", 1 << 30)),
        NOT_DATA + "an array of shape .* with other contents",
    ),
    "an array of a shape below zero": (
        replaced(b"J" + struct.pack("<i", COUNT), b"J" + struct.pack("<i", -COUNT)),
        NOT_DATA + "an array whose shape",
    ),
    "a string that is fetched for many arrays": (fetched(40), NOT_DATA + "arrays that are larger together"),
    "a string of gigabytes": (filled(b"T\xff\xff\xff\x7f"), NOT_DATA + r"\d+ bytes where \d+ are left"),
    "bytes of an exabyte": (filled(b"\x8e" + struct.pack("<Q", 1 << 60)), NOT_DATA + r"\d+ bytes where \d+ are left"),
    "a huge place in the memory": (filled(b"}r\xff\xff\xff\x7f"), "received"),
    "more instructions than an image needs": (filled(b"]" * 40_000), NOT_DATA + "more than 1064 instructions"),
    "a place never put to": (filled(b"h\x07"), "must be a whole pickle, received BINGET 7"),
    "nothing to take": (filled(b"\x87"), "must be a whole pickle, received an instruction without its operands"),
    "no mark": (filled(b"t"), "must be a whole pickle, received an instruction without its mark"),
    "a mark as a value": (filled(b"((\x86"), "must be a whole pickle, received an instruction without its operands"),
    "a line without end": (filled(b"I" + b"1" * 4000 + b"\n"), NOT_DATA + "a line that does not end"),
    "a number of a megabyte": (filled(b"\x8b" + struct.pack("<i", 10_000) + bytes(10_000)), "the instruction LONG4"),
    "an unknown instruction": (filled(b"\xff"), NOT_DATA),
    "a list, not a dict": (pickle.dumps([bytes(COUNT * 3073)], 4), "received another end than one dict"),
    "a dict with numbers as keys": (pickled(protocol=4, more={1: 2}), NOT_DATA + "a dict whose keys"),
    "no data": (
        pickled(protocol=4, data=None, more=bytes(1 << 14)),
        r"data must be uint8 \(4, 3072\), received a None",
    ),
    "data of another shape": (
        pickled(protocol=4, data=PLANES.reshape(-1, 1024)),
        r"data must be uint8 \(4, 3072\), received an array \(12, 1024\)",
    ),
    "data of floats": (pickled(protocol=4, data=PLANES.astype(np.float32)[:, ::4]), NOT_DATA),
    "too few labels": (pickled(protocol=4, labels=[1, 2]), "labels must be a list of 4 .*, received a list of 2"),
    "labels that are strings": (pickled(protocol=4, labels=["1"] * 4), "labels must be a list of 4 whole numbers"),
    "labels that are lists of lists": (pickled(protocol=4, labels=[[]] * 4), "labels must be a list of 4 whole"),
    "a label below zero": (pickled(protocol=4, labels=[0, 1, 2, -1]), "labels must be 0 to 9, received -1"),
    "a label out of range": (pickled(protocol=4, labels=[0, 1, 10**30, 3]), "labels must be 0 to 9, received 10"),
    "text": (b"<html>" * 3000, "received"),
}


def header(text, version=(1, 0), length=None):
    """A .npy file of a header alone."""
    text = text.encode("latin-1") if isinstance(text, str) else text
    size = struct.pack("<H" if version == (1, 0) else "<I", len(text) if length is None else length)
    return b"\x93NUMPY" + bytes(version) + size + text


def described(descr="'|u1'", shape="(1, 2, 2, 3)", fortran="False", **options):
    """A .npy file of a header and twelve bytes."""
    text = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n"
    return header(text, **options) + bytes(12)


def objects():
    """A .npy file with a pickle in it."""
    target = io.BytesIO()
    np.save(target, np.array([[[[Runs()]]]], object), allow_pickle=True)
    return target.getvalue()


ARRAY = good.npy(np.ones((3, 4, 5, 3), np.uint8))
NPY = {
    "empty": (b"", "must begin with the header"),
    "magic cut": (ARRAY[:5], "must begin with the header"),
    "header cut": (ARRAY[:40], "must begin with the header"),
    "text": (b"<html></html>", "must begin with the header"),
    "a zip of arrays": (b"PK\x03\x04" + bytes(100), "must begin with the header"),
    "contents cut": (ARRAY[:-1], "makes a file of 308 bytes, received 307"),
    "contents too long": (ARRAY + b"\0", "makes a file of 308 bytes, received 309"),
    "objects": (objects(), "must hold uint8 or float32"),
    "float64": (good.npy(np.ones((1, 2, 2, 1))), "must hold uint8 or float32"),
    "the other byte order": (good.npy(np.ones((1, 2, 2, 1), ">f4")), "must hold uint8 or float32 in this machine's"),
    "named fields": (good.npy(np.zeros((1, 1, 1, 1), [("a", "u1")])), "must hold uint8 or float32"),
    "three dimensions": (good.npy(np.ones((2, 2, 3), np.uint8)), r"must be \(N, H, W, C\)"),
    "a dimension of zero": (good.npy(np.ones((0, 2, 2, 3), np.uint8)), r"must be \(N, H, W, C\)"),
    "Fortran's order": (good.npy(np.asfortranarray(np.ones((3, 4, 5, 3), np.uint8))), "C's order, received Fortran's"),
    "a huge shape": (described(shape=f"({1 << 40}, {1 << 40}, 2, 3)"), "makes a file of"),
    "a shape that wraps to the contents": (described(shape=f"({(1 << 64) + 1}, 2, 2, 3)"), "makes a file of"),
    "a shape below zero": (described(shape="(-1, -2, 2, 3)"), r"must be \(N, H, W, C\)"),
    "a shape of booleans": (described(shape="(True, 2, 2, 3)"), "received"),
    "a shape of floats": (described(shape="(1.0, 2, 2, 3)"), "must begin with the header"),
    "a call in the header": (described(shape="__import__('os').system('true')"), "must begin with the header"),
    "a power in the header": (described(shape="(9**9**9, 2, 2, 3)"), "must begin with the header"),
    "an unknown dtype": (described(descr="'|q9'"), "must begin with the header"),
    "a missing key": (header("{'descr': '|u1'}\n"), "must begin with the header"),
    "one key too many": (header("{'descr': '|u1', 'fortran_order': 0, 'shape': (1,), 'x': 1}\n"), "must begin with"),
    "brackets without end": (header("(" * 5000), "must begin with the header"),
    "lists in lists": (header("[" * 3000 + "]" * 3000), "must begin with the header"),
    "a minus a thousand times": (header("-" * 6000 + "1"), "must begin with the header"),
    "long integers of Python 2": (described(shape="(1L, 2L, 2L, 3L)"), "must begin with the header|received"),
    "a header of gigabytes": (described(version=(2, 0), length=0xFFFFFFF0), "must begin with the header"),
    "a header of 60 kilobytes": (header("{" + " " * 60_000 + "}"), "must begin with the header"),
    "version 3": (described(version=(3, 0)), r"received: version \(3, 0\)"),
    "version 9": (described(version=(9, 9)), "must begin with the header"),
    "not Latin": (header(b"\xff\xfe\0\0"), "must begin with the header"),
}
