"""Files that may be compressed, read as streams: gzip, xz or plain, told apart by content and not by name.

What comes out is decompressed as it is asked for, never ahead, and the decoder's memory is limited too: what a small
file can cost is up to its reader, who knows how much there should be.
"""

import io
import os
import zlib

GZIP_MAGIC = b"\x1f\x8b"
# The most that one byte of a file can become. In deflate, two bits repeat 258 bytes; in xz, 14 decisions repeat 273,
# and none of them costs less than log2(2048 / 2017) bits.
EXPANSION = {None: 1, "gzip": 1032, "xz": 7090}
XZ_MAGIC = b"\xfd7zXZ\0"
PIECE = 1 << 16
XZ_MEMORY = 80 << 20  # of the decoder: whatever `xz -9` makes needs less, and a header may ask for gigabytes


def unpack(path):
    """Open a file for reading, decompressed if it is compressed.

    A compressed file must be one whole stream with nothing behind it; that is known when its end has been read.

    Args:
        path: str or os.PathLike, the file.

    Returns:
        io.BufferedReader over Unpacked, a context manager. Reading raises ValueError where the stream is damaged.

    >>> import gzip, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "whatever its name")
    ...     with open(path, "wb") as file:
    ...         _ = file.write(gzip.compress(b"contents"))
    ...     with unpack(path) as stream:
    ...         stream.read()
    b'contents'
    """
    return io.BufferedReader(Unpacked(path), PIECE)


class Unpacked(io.RawIOBase):
    """The contents of a file as a raw stream; `kind` is gzip, xz or None, `stored` the bytes of the file."""

    def __init__(self, path):
        self._path = path
        self._file = io.FileIO(path)
        self.stored = os.fstat(self._file.fileno()).st_size
        magic = self._file.read(len(XZ_MAGIC))
        self._file.seek(0)
        if magic.startswith(GZIP_MAGIC):
            self.kind, self._decoder, self._damage = "gzip", _Gzip(), zlib.error
        elif magic == XZ_MAGIC:
            import lzma  # here, for few files need it

            self.kind, self._damage = "xz", lzma.LZMAError
            self._decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)
        else:
            self.kind, self._decoder = None, None

    def readable(self):
        """As every stream that can be read says."""
        return True

    def close(self):
        """Close the file too."""
        self._file.close()
        super().close()

    def readinto(self, buffer):
        """Fill as much of a buffer as the next step gives; 0 at the end."""
        if self._decoder is None:
            return self._file.readinto(buffer)
        if not len(buffer):
            return 0
        try:
            unpacked = self._next(len(buffer))
        except self._damage as error:
            reason = f"its {self.kind} stream must be whole and intact, received: {error}"
            raise ValueError(f"{self._path}: {reason}") from error
        buffer[: len(unpacked)] = unpacked
        return len(unpacked)

    def _next(self, most):
        """1 to `most` bytes; none at the end of the stream, which must also be the end of the file."""
        while not self._decoder.eof:
            packed = self._file.read(PIECE) if self._decoder.needs_input else b""
            starved = self._decoder.needs_input and not packed
            unpacked = self._decoder.decompress(packed, most)
            if unpacked:
                return unpacked
            if starved and not self._decoder.eof:
                raise ValueError(f"{self._path}: its {self.kind} stream must be whole and intact, received a part")
        if self._decoder.unused_data or self._file.read(1):
            raise ValueError(f"{self._path}: must be one {self.kind} stream and nothing else, received more behind it")
        return b""


class _Gzip:
    """zlib's decompressor for gzip with the manners of lzma's; it compares checksum and length at the end."""

    def __init__(self):
        self._decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)

    eof = property(lambda self: self._decoder.eof)
    unused_data = property(lambda self: self._decoder.unused_data)
    needs_input = property(lambda self: not self._decoder.unconsumed_tail)

    def decompress(self, packed, most):
        """At most `most` bytes of what is packed, which is kept when it gives more."""
        return self._decoder.decompress(self._decoder.unconsumed_tail or packed, most)
