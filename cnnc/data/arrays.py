"""Images larger than memory: a `.npy` file that is mapped instead of read."""

import io
import math
import os

import numpy as np

MAX_HEADER = 1 << 13  # bytes looked at; a header that NumPy writes for four dimensions has 128
DTYPES = ("uint8", "float32")


def open_array(path):
    """Map a `.npy` file of images into memory, from which pages are read as they are used.

    Write such a file with `numpy.save`, or in parts through `numpy.lib.format.open_memmap`. While an array is mapped
    its file must not become shorter: the system ends a program that touches a page that is gone.

    Args:
        path: str or os.PathLike, the file.

    Returns:
        numpy.memmap (N, H, W, C), read-only, of uint8 or float32.

    Raises:
        ValueError: when the file is not one array of that kind: another dtype, objects among them, another number of
            dimensions, a dimension of 0, Fortran's order, a header that is damaged or larger than 8 KiB, or contents
            shorter or longer than the header declares. Nothing is unpickled.
        OSError: when the file cannot be opened or read.

    >>> import os, tempfile
    >>> import numpy as np
    >>> from cnnc.data import open_array
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "images.npy")
    ...     np.save(path, np.zeros((10, 32, 32, 3), np.uint8))
    ...     x = open_array(path)
    ...     x.shape, x.dtype, x.flags.writeable
    ((10, 32, 32, 3), dtype('uint8'), False)
    """
    with open(path, "rb") as file:
        stored = os.fstat(file.fileno()).st_size
        start = io.BytesIO(file.read(MAX_HEADER))  # of this alone: a header's length may be said to be gigabytes
    shape, fortran, dtype = _header(start, path)
    if dtype.name not in DTYPES or not dtype.isnative:
        raise ValueError(
            f"{path}: must hold {' or '.join(DTYPES)} in this machine's byte order, received {dtype!r:.80}"
        )
    if len(shape) != 4 or not all(type(length) is int and length > 0 for length in shape):
        raise ValueError(f"{path}: images must be (N, H, W, C), each at least 1, received {shape!s:.80}")
    if fortran:
        raise ValueError(f"{path}: images must lie in C's order, received Fortran's")
    size = start.tell() + math.prod(shape) * dtype.itemsize
    if size != stored:
        raise ValueError(f"{path}: shape {shape} of {dtype.name} makes a file of {size} bytes, received {stored}")
    return np.memmap(path, dtype, "r", start.tell(), shape)


def _header(start, path):
    """What a header declares: shape, whether in Fortran's order, dtype. Leaves `start` at the first element."""
    try:
        version = np.lib.format.read_magic(start)
        readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in readers:
            raise ValueError(f"version {version}")
        return readers[version](start, max_header_size=MAX_HEADER)
    except Exception as error:  # a header is a Python literal, and what its parts may be wrong with has many names
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise ValueError(f"{path}: must begin with the header of a .npy file, received: {reason}") from error
