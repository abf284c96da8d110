"""Tar archives read in place: the expected files come out as streams, and nothing is ever written to the disk.

An archive can name any path, link anywhere and claim any size. So nothing in it is followed or unpacked: what may be
there is known beforehand, and whatever differs is an error.
"""

import io

from cnnc.data.packed import PIECE, unpack

BLOCK = 512  # bytes; a header is one block, and contents are filled up to whole ones
MEMBERS = 100  # most members of an archive
OTHER = 1 << 20  # most bytes of a member nobody asked for, and of zeros at the end
FILE, FOLDER, NOTES = (b"0", b"\0"), (b"5",), (b"x", b"g")  # types; notes are times and the like by newer programs


def members(path, wanted):
    """Go through a tar archive, plain or compressed, and give the wanted files in the order in which they lie there.

    Each stream must be read before the next one is asked for; what is left of it is passed over.

    Args:
        path: str or os.PathLike, the archive.
        wanted: dict, from the full name of a member to the least and the most bytes that it may have.

    Yields:
        The name of a member, an io.BufferedReader of its contents, and its size in bytes.

    Raises:
        ValueError: when the archive is damaged, is not tar, lacks a wanted file or has it twice or of another size, or
            holds anything that is neither a regular file nor a folder, has a path that leads out of it, is larger than
            a mebibyte though not wanted, or is the 101st member.
        OSError: when the file cannot be opened or read.

    >>> list(members("no/such.tar", {}))
    Traceback (most recent call last):
    ...
    FileNotFoundError: [Errno 2] No such file or directory: 'no/such.tar'
    """
    seen = set()
    with unpack(path) as archive:
        for _ in range(MEMBERS + 1):
            header = _header(archive, path)
            if header is None:
                break
            name, is_file = _checked_name(header, path), header.type in FILE
            if is_file and name in seen:
                raise ValueError(f"{path}: each file must be in an archive once, received {name!r} again")
            least, most = wanted.get(name, (0, OTHER)) if is_file else (0, 0 if header.type in FOLDER else OTHER)
            if not least <= header.size <= most:
                raise ValueError(f"{path}: {name!r} must have {least} to {most} bytes, received {header.size}")
            member = _Member(archive, header.size, path)
            if is_file:
                seen.add(name)
            if is_file and name in wanted:
                yield name, io.BufferedReader(member, PIECE), header.size
            member.pass_over()
            _Member(archive, -header.size % BLOCK, path).pass_over()
        else:
            raise ValueError(f"{path}: an archive may have {MEMBERS} members, received more")
        _check_end(archive, path)
    missing = [name for name in wanted if name not in seen]
    if missing:
        raise ValueError(f"{path}: must hold {', '.join(wanted)}, received none of {', '.join(missing)}")


def _header(archive, path):
    """The next member's header as a TarInfo; None at the block of zeros that ends an archive."""
    import tarfile  # here, for few programs read archives

    block = archive.read(BLOCK)
    if block == bytes(BLOCK):
        return None
    try:
        # The header alone: tarfile's own way through an archive reads long names of any length into memory.
        return tarfile.TarInfo.frombuf(block, "utf-8", "backslashreplace")
    except tarfile.HeaderError as error:
        raise ValueError(f"{path}: must be a whole tar archive, received: {error}") from error


def _checked_name(header, path):
    """The name of a member of a kind that is allowed, without `./` before it."""
    if header.type not in FILE + FOLDER + NOTES:
        kind = "a link" if header.islnk() or header.issym() else f"type {header.type!r}"
        raise ValueError(f"{path}: an archive may hold files and folders, received {kind} as {header.name!r}")
    parts = header.name.split("/")
    if header.name.startswith("/") or ".." in parts:
        raise ValueError(f"{path}: no path in an archive may lead out of it, received {header.name!r}")
    return "/".join(part for part in parts if part not in ("", "."))


def _check_end(archive, path):
    """Read to the end of the file, where a compressed one proves whole; there may be zeros only, not many."""
    rest = archive.read(OTHER)
    if rest.strip(b"\0") or archive.read(1):
        raise ValueError(f"{path}: an archive must end after its last member, received more")


class _Member(io.RawIOBase):
    """The next `size` bytes of an archive."""

    def __init__(self, archive, size, path):
        self._archive, self._left, self._path = archive, size, path

    def readable(self):
        """As every stream that can be read says."""
        return True

    def readinto(self, buffer):
        """Fill as much of a buffer as there is; 0 at the member's end, an error when the archive ends before."""
        count = self._archive.readinto(memoryview(buffer)[: self._left])
        if not count and self._left and len(buffer):
            raise ValueError(f"{self._path}: must be a whole tar archive, received a part")
        self._left -= count
        return count

    def pass_over(self):
        """Read what is left."""
        while self._left:
            self.read(min(self._left, PIECE))
