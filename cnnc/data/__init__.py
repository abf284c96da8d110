"""Data sets as NumPy arrays: found on this machine or downloaded, checked, and returned as uint8 images with labels."""

from cnnc.data.digits import digits
from cnnc.data.idx import read_idx, write_idx
from cnnc.data.mnist import mnist
from cnnc.data.sources import DataUnavailable, cache_directory

__all__ = ["DataUnavailable", "cache_directory", "digits", "mnist", "read_idx", "write_idx"]
