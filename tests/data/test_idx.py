"""IDX files: what is written comes back, and whatever is not exactly one array is refused before memory is taken."""

import gzip
import lzma
import math
import re
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnc.data import read_idx, write_idx
from cnnc.data.idx import MAX_BYTES, TYPES


def idx(shape, data=None, code=0x08, rank=None, magic=b"\0\0"):
    """The bytes of an IDX file; by default as many data bytes as the shape asks for."""
    rank = len(shape) if rank is None else rank
    data = bytes(i % 251 for i in range(math.prod(shape))) if data is None else data
    return magic + struct.pack(f">2B{len(shape)}I", code, rank, *shape) + data


GOOD = idx((3, 4, 5))
ZIPPED = gzip.compress(GOOD, mtime=0)
NOISE = np.random.default_rng(0).bytes(1 << 18)  # does not compress: its gzip is long enough to be cut anywhere
HUGE = 0xFFFFFFFF


def flipped(data, position):
    """The bytes with one of them inverted."""
    return b"".join((data[:position], bytes([data[position] ^ 0xFF]), data[position:][1:]))


BAD = {  # name: (file, what the message must say)
    "empty": (b"", "received an empty file"),
    "one byte": (b"\0", "received 00"),
    "magic cut": (GOOD[:3], "received 00 00 08"),
    "wrong magic": (idx((3,), magic=b"\1\0"), "received 01 00 08 01"),
    "little-endian magic": (b"\3\x08\0\0" + GOOD[4:], "received 03 08 00 00"),
    "text": (b"<html><body>404", "received 3c 68 74 6d"),
    "a PNG": (b"\x89PNG\r\n\x1a\n", "received 89 50 4e 47"),
    "type 00": (idx((3,), code=0x00), "received 00"),
    "type 0a, between known ones": (idx((3,), code=0x0A), "received 0a"),
    "type ff": (idx((3,), code=0xFF), "received ff"),
    "no dimension": (idx((), data=b"\1"), "received 0"),
    "nine dimensions": (idx((1,) * 9), "received 9"),
    "255 dimensions": (idx((1, 1), rank=255), "received 255"),
    "header cut": (GOOD[:9], "received 5"),
    "header alone of no bytes": (GOOD[:4], "received 0"),
    "a dimension of zero": (idx((3, 0, 5), data=b""), r"received \(3, 0, 5\)"),
    "zero beside the largest": (idx((0, HUGE, HUGE), data=b""), "received"),
    "one byte missing": (GOOD[:-1], "take 60 bytes, received 59"),
    "no data": (idx((3, 4, 5), data=b""), "take 60 bytes, received 0"),
    "one byte too many": (GOOD + b"\0", "take 60 bytes, received 61"),
    "elements of two bytes, half there": (idx((4,), code=0x0B), "take 8 bytes, received 4"),
    "absurd product": (idx((HUGE,) * 4, data=b""), f"may take {MAX_BYTES} bytes, received"),
    "product that wraps 64 bits to 0": (idx((1 << 31, 1 << 31, 4), data=b""), f"may take {MAX_BYTES} bytes"),
    "product that wraps 64 bits to the data": (idx((HUGE, HUGE, 1), data=b"\1"), f"may take {MAX_BYTES} bytes"),
    "more than the file": (idx((1 << 30,), data=b"\1\2\3"), f"take {1 << 30} bytes, received 3"),
    "gzip of nothing": (gzip.compress(b""), "received an empty file"),
    "gzip of text": (gzip.compress(b"not found"), "received 6e 6f 74 20"),
    "gzip magic alone": (ZIPPED[:2], "whole and intact"),
    "gzip header alone": (ZIPPED[:10], "whole and intact"),
    "gzip cut in its data": (gzip.compress(idx((1 << 18,), data=NOISE))[: 1 << 17], "whole and intact"),
    "gzip cut before its checksum": (ZIPPED[:-8], "whole and intact"),
    "gzip cut in its length": (ZIPPED[:-1], "whole and intact"),
    "gzip with a wrong checksum": (flipped(ZIPPED, len(ZIPPED) - 8), "whole and intact"),
    "gzip with a wrong length": (flipped(ZIPPED, len(ZIPPED) - 1), "whole and intact"),
    "gzip with an unknown method": (flipped(ZIPPED, 2), "whole and intact"),
    "gzip with damaged data": (flipped(gzip.compress(idx((1 << 18,), data=NOISE)), 1 << 17), "whole and intact"),
    "gzip then rubbish": (ZIPPED + b"rubbish", "nothing else, received more behind it"),
    "gzip then zeros": (ZIPPED + bytes(8), "one gzip stream"),
    "gzip then a second gzip": (ZIPPED + gzip.compress(b"more"), "nothing else, received more behind it"),
    "gzip then an empty gzip": (ZIPPED + gzip.compress(b""), "one gzip stream"),
    "gzip of too little": (gzip.compress(GOOD[:-1]), "take 60 bytes, received 59"),
    "gzip of too much": (gzip.compress(GOOD + b"\0"), "take 60 bytes, received more"),
    "gzip of a gzip": (gzip.compress(ZIPPED), "received 1f 8b 08 00"),
    "gzip that cannot hold its dimensions": (gzip.compress(idx((1 << 30,), data=b"")), "more than gzip can hold"),
    "xz that cannot hold its dimensions": (lzma.compress(idx((1 << 30,), data=b""), preset=0), "more than xz can hold"),
    "gzip bomb": (gzip.compress(idx((10,), data=bytes(1 << 26)), 1), "take 10 bytes, received more"),
}


@pytest.mark.parametrize("name", BAD)
def test_malformed_files_are_refused(name, tmp_path):
    contents, message = BAD[name]
    path = tmp_path / "bad.idx"
    path.write_bytes(contents)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message) as caught:
            read_idx(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith(f"{path}: ")
    assert "received" in str(caught.value)
    assert peak < 4 << 20, "a bad file must not take memory"


@pytest.mark.parametrize("cut", range(len(ZIPPED)))
def test_gzip_cut_anywhere_is_refused(cut, tmp_path):
    path = tmp_path / "cut"
    path.write_bytes(ZIPPED[:cut])
    with pytest.raises(ValueError, match=re.escape(str(path))):
        read_idx(path)


@pytest.mark.parametrize("position", range(len(GOOD) - 60))
def test_header_damaged_anywhere_is_refused(position, tmp_path):
    path = tmp_path / "damaged"
    path.write_bytes(flipped(GOOD, position))
    with pytest.raises(ValueError, match=re.escape(str(path))):
        read_idx(path)


@pytest.mark.parametrize("name", ["array.idx", "array.idx.gz"])
@pytest.mark.parametrize("dtype", TYPES.values())
@settings(max_examples=25, deadline=None)  # files on a busy disk take as long as they take
@given(data=st.data())
def test_every_type_and_rank_comes_back(name, dtype, tmp_path_factory, data):
    native = np.dtype(dtype).newbyteorder("=")
    array = data.draw(hnp.arrays(native, hnp.array_shapes(max_dims=8, max_side=3)))
    path = tmp_path_factory.getbasetemp() / name
    write_idx(path, array)
    back = read_idx(path)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()
    assert back.flags.writeable
    assert back.flags.c_contiguous
    assert back.dtype.isnative


@pytest.mark.parametrize(
    ("code", "element", "expected"),
    [
        (0x08, b"\xfe", np.uint8(254)),
        (0x09, b"\xfe", np.int8(-2)),
        (0x0B, b"\x01\x02", np.int16(258)),
        (0x0C, b"\xff\xff\xff\xfe", np.int32(-2)),
        (0x0D, b"\x3f\xc0\x00\x00", np.float32(1.5)),
        (0x0E, b"\xbf\xf8\x00\x00\x00\x00\x00\x00", np.float64(-1.5)),
    ],
)
def test_elements_are_big_endian(code, element, expected, tmp_path):
    path = tmp_path / "one"
    path.write_bytes(idx((1,), data=element, code=code))
    array = read_idx(path)
    assert array.dtype == expected.dtype
    assert array.tolist() == [expected]


def test_compression_is_told_by_content_not_by_name(tmp_path):
    (tmp_path / "plain.gz").write_bytes(GOOD)
    (tmp_path / "zipped").write_bytes(ZIPPED)
    np.testing.assert_array_equal(read_idx(tmp_path / "plain.gz"), read_idx(str(tmp_path / "zipped")))


def test_array_longer_than_a_chunk(tmp_path):
    array = np.frombuffer(NOISE * 9, np.uint8)
    for name in ("long", "long.gz"):
        write_idx(tmp_path / name, array)
        np.testing.assert_array_equal(read_idx(tmp_path / name), array)


def test_best_compression_there_is_passes(tmp_path):
    write_idx(tmp_path / "zeros.gz", np.zeros((1 << 24,), np.uint8))
    assert not read_idx(tmp_path / "zeros.gz").any()
    (tmp_path / "zeros.xz").write_bytes(lzma.compress(idx((1 << 26,), bytes(1 << 26)), preset=0))
    assert not read_idx(tmp_path / "zeros.xz").any()


def test_max_bytes_is_the_callers_choice(tmp_path):
    (tmp_path / "good").write_bytes(GOOD)
    assert read_idx(tmp_path / "good", max_bytes=60).size == 60
    with pytest.raises(ValueError, match="may take 59 bytes, received"):
        read_idx(tmp_path / "good", max_bytes=59)


def test_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_idx(tmp_path / "nowhere")


def test_same_array_same_bytes(tmp_path):
    for name in ("a.gz", "b.gz"):
        write_idx(tmp_path / name, np.eye(5, dtype=np.float32))
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


@pytest.mark.parametrize("array", [np.arange(3), np.array(["a"]), np.uint8(1), np.zeros((2, 0), np.uint8), [True]])
def test_what_idx_cannot_hold_is_not_written(array, tmp_path):
    with pytest.raises(ValueError, match="received"):
        write_idx(tmp_path / "unwritten", array)
    assert not any(tmp_path.iterdir())
