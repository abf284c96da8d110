"""Mapped arrays are those of numpy.save, read-only, with nothing read before it is used."""

import numpy as np
import pytest

from cnnc.data import open_array


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_what_was_saved_comes_back(tmp_path, dtype):
    x = np.arange(2 * 3 * 4 * 3).reshape(2, 3, 4, 3).astype(dtype)
    np.save(tmp_path / "x.npy", x)
    opened = open_array(tmp_path / "x.npy")
    assert isinstance(opened, np.memmap)
    np.testing.assert_array_equal(opened, x)
    with pytest.raises(ValueError, match="read-only"):
        opened[0] = 0


def test_version_two_of_the_format(tmp_path):
    with open(tmp_path / "x.npy", "wb") as file:
        np.lib.format.write_array(file, np.ones((1, 2, 2, 1), np.uint8), version=(2, 0))
    assert open_array(tmp_path / "x.npy").sum() == 4


def test_larger_than_memory(tmp_path):
    """A file with nothing on the disk but its header and last pages: 64 GiB that no one reads."""
    shape = (1 << 20, 256, 256, 1)
    try:
        np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.uint8, shape)[-1] = 7
    except OSError:
        pytest.skip("the file system makes no files with holes")
    x = open_array(tmp_path / "x.npy")
    assert x.shape == shape
    assert x[-1].min() == 7


def test_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        open_array(tmp_path / "nowhere.npy")
