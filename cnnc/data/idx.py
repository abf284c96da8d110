"""The IDX file format of the MNIST data set: arrays of any rank, one element type each, plain or gzip-compressed.

A file is a header and the elements in C order, everything big-endian:

    byte 0-1   zero
    byte 2     element type, see TYPES
    byte 3     number of dimensions D
    4 D bytes  the dimensions, unsigned 32-bit
    the rest   the elements

The reader trusts nothing it is told: what a header declares is compared with what the file can
hold before memory is taken.
"""

import gzip
import math
import os
import struct

import numpy as np

from cnnc.data.packed import EXPANSION, unpack

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_DIMENSIONS = 8
MAX_BYTES = 1 << 33

CHUNK = 1 << 20


def read_idx(path, max_bytes=MAX_BYTES):
    """Read one IDX file, plain or compressed by gzip or xz, told apart by content and not by name.

    `array.shape = (d_1, ..., d_D)`, the dimensions in the file's header.

    Args:
        path: str or os.PathLike, the file.
        max_bytes: int, the largest array accepted, in bytes.

    Returns:
        A new, writable, C-contiguous array in native byte order: uint8, int8, int16, int32, float32 or float64.

    Raises:
        ValueError: when the file is not exactly one well-formed array: wrong magic, unknown element type, no dimension
            or more than 8, a dimension of 0, more than max_bytes, contents shorter or longer than the header declares,
            or a compressed stream that is cut, damaged or followed by anything.
        OSError: when the file cannot be opened or read.

    The format is described on the page of Y. LeCun, C. Cortes, C. Burges: The MNIST database of handwritten digits.

    >>> import os, tempfile
    >>> import numpy as np
    >>> from cnnc.data import read_idx, write_idx
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "table.gz")
    ...     write_idx(path, np.arange(6, dtype=np.int16).reshape(2, 3))
    ...     read_idx(path)
    array([[0, 1, 2],
           [3, 4, 5]], dtype=int16)
    """
    with unpack(path) as file:
        return _read_array(file, path, file.raw.stored, max_bytes, file.raw.kind)


def _read_array(file, path, stored, max_bytes, kind):
    """The array in an open file of `stored` bytes on the disk; `file` must end with the array's last element."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise ValueError(f"{path}: an IDX file begins with 00 00, element type, rank, received {_hex(magic)}")
    code, rank = magic[2:]
    if code not in TYPES:
        known = ", ".join(f"{code:02x}" for code in TYPES)
        raise ValueError(f"{path}: the element type of an IDX file is one of {known}, received {code:02x}")
    if not 1 <= rank <= MAX_DIMENSIONS:
        raise ValueError(f"{path}: an IDX file has 1 to {MAX_DIMENSIONS} dimensions, received {rank}")
    header = file.read(4 * rank)
    if len(header) < 4 * rank:
        raise ValueError(f"{path}: {rank} dimensions take {4 * rank} bytes of header, received {len(header)}")
    shape = struct.unpack(f">{rank}I", header)
    if 0 in shape:
        raise ValueError(f"{path}: every dimension must be at least 1, received {shape}")

    dtype = np.dtype(TYPES[code])
    size = math.prod(shape) * dtype.itemsize
    if size > max_bytes:
        raise ValueError(f"{path}: an array may take {max_bytes} bytes, received {dtype.name} {shape}, {size} bytes")
    present = stored - 4 - 4 * rank
    if kind is None and size != present:
        raise ValueError(f"{path}: dimensions {shape} of {dtype.name} take {size} bytes, received {present}")
    if size > EXPANSION[kind] * stored:
        raise ValueError(f"{path}: dimensions {shape} need {size} bytes, more than {kind} can hold, received {stored}")

    array = np.empty(shape, dtype)
    left = memoryview(array.reshape(-1).view(np.uint8))
    while left:
        count = file.readinto(left[:CHUNK])
        if not count:
            raise ValueError(f"{path}: dimensions {shape} take {size} bytes, received {size - len(left)}")
        left = left[count:]
    if file.read(1):  # in a compressed stream this also reaches its end, where the checksum is compared
        raise ValueError(f"{path}: dimensions {shape} take {size} bytes, received more")
    return array.astype(dtype.newbyteorder("="), copy=False)


def write_idx(path, array):
    """Write one array as an IDX file, gzip-compressed if the name ends with `.gz`.

    The same array gives the same bytes: no time or name is put into the gzip header.

    Args:
        path: str or os.PathLike, the file; it is replaced when it exists.
        array: array_like of uint8, int8, int16, int32, float32 or float64; 1 to 8 dimensions, none of them 0.

    Raises:
        ValueError: when IDX cannot hold the array; nothing is written then.

    >>> write_idx("labels.idx", [1.5, 2j])
    Traceback (most recent call last):
    ...
    ValueError: an IDX file holds uint8, int8, int16, int32, float32, float64, received complex128
    """
    array = np.asarray(array)
    codes = {np.dtype(dtype).newbyteorder("="): code for code, dtype in TYPES.items()}
    native = array.dtype.newbyteorder("=")
    if native not in codes:
        raise ValueError(f"an IDX file holds {', '.join(dtype.name for dtype in codes)}, received {array.dtype}")
    if not 1 <= array.ndim <= MAX_DIMENSIONS or not all(0 < length < 1 << 32 for length in array.shape):
        raise ValueError(f"an IDX file has 1 to {MAX_DIMENSIONS} dimensions of at least 1, received {array.shape}")
    code = codes[native]
    header = struct.pack(f">4B{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    contents = header + array.astype(TYPES[code]).tobytes()
    if os.fspath(path).endswith(".gz"):
        contents = gzip.compress(contents, mtime=0)
    with open(path, "wb") as file:
        file.write(contents)


def _hex(data):
    return data.hex(" ") or "an empty file"
