"""Fixtures: each instruction set that this machine has, numbers of threads, and settings that no test leaves behind."""

import pathlib
import sys

import pytest

import cnnc
from cnnc import _core

sys.path.insert(0, str(pathlib.Path(__file__).parent))  # where the table is found
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))  # and benchmarks/, which no wheel contains

from table import LEVELS


@pytest.fixture(autouse=True)
def settings_come_back():
    """Every test finds the instruction set and the number of threads that the one before it found."""
    level, threads = _core.isa(), cnnc.get_num_threads()
    yield
    _core.use_isa(level)
    cnnc.set_num_threads(threads)


@pytest.fixture(params=LEVELS)
def isa(request):
    """One instruction set after the other."""
    _core.use_isa(request.param)
    return request.param


@pytest.fixture
def threads():
    """A function that sets the number of threads for the rest of the test."""
    return cnnc.set_num_threads
