"""Compressed files as streams: the same bytes however they are asked for, and an end that proves whole."""

import gzip
import lzma

import numpy as np
import pytest

from cnnc.data.packed import unpack

NOISE = np.random.default_rng(0).bytes(300_000)
CONTENTS = {"nothing": b"", "zeros": bytes(3_000_000), "noise": NOISE, "a byte": b"x"}
PACKERS = {"plain": bytes, "gzip": gzip.compress, "xz": lzma.compress}


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("size", [-1, 1 << 20, 65_536, 4097])
def test_the_same_in_pieces_of_any_size(tmp_path, packer, name, size):
    path = tmp_path / "file"
    path.write_bytes(PACKERS[packer](CONTENTS[name]))
    for stream in (unpack(path), unpack(path).detach()):
        with stream:
            pieces = []
            while piece := stream.read(size):
                pieces.append(piece)
        assert b"".join(pieces) == CONTENTS[name]


@pytest.mark.parametrize("packer", ["gzip", "xz"])
def test_cut_anywhere_is_refused(tmp_path, packer):
    packed = PACKERS[packer](b"some contents, " * 20)
    for cut in range(6, len(packed)):
        (tmp_path / "cut").write_bytes(packed[:cut])
        with unpack(tmp_path / "cut") as stream, pytest.raises(ValueError, match="cut: its .* stream must be whole"):
            stream.read()


def test_reading_closes_the_file(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    with unpack(tmp_path / "file") as stream:
        raw = stream.raw
    assert raw.closed
    assert raw._file.closed
