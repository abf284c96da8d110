"""What this machine can do at best, measured: the roofs of the roofline model.

A computation of F operations on B bytes of memory takes at least max(F / arithmetic, B / memory) seconds. (Williams,
Waterman, Patterson: Roofline: An insightful visual performance model for multicore architectures, 2009.)
"""

import math
import time
from dataclasses import dataclass

import numpy as np

from cnnc.ops import get_num_threads, op

GROUPS = 12288  # elements for each thread: twice what a thread takes at a time, and in its first cache
CHAIN = 2048  # multiply-adds for each of them
ENOUGH = 10  # calls
SIZES = (1 << 18, 1 << 21, 1 << 24, 1 << 27)  # bytes: from what a core's own cache holds to what no cache holds


@dataclass(frozen=True)
class Roofs:
    """The most that the machine was seen to do.

    Attributes:
        arithmetic: multiplications and additions a second, counted apart.
        memory: (bytes, bytes read and written a second when working on so many), from caches to main memory.
    """

    arithmetic: float
    memory: tuple

    def bandwidth(self, nbytes):
        """Bytes a second for a step on so many bytes that touches each once, between the sizes that were measured."""
        sizes, rates = zip(*self.memory, strict=True)
        return float(np.interp(math.log(max(nbytes, 1)), np.log(sizes), rates))

    def least(self, flops, nbytes):
        """The least seconds in which so many operations on so many bytes of memory can be done."""
        return max(flops / self.arithmetic, nbytes / self.bandwidth(nbytes))


def measure_roofs(dtype=np.float32, seconds=0.03):
    """Measures the roofs with the threads and the instruction set in force.

    Arithmetic is multiply-adds in registers. Memory is the better of reading an array and of reading one and writing
    another.

    Args:
        dtype: float32 or float64.
        seconds: how long each of the ten measurements is repeated at least; the fastest repetition counts.

    Returns:
        The `Roofs`.

    Example:
        >>> from cnnc.profile import measure_roofs
        >>> roofs = measure_roofs(seconds=0.01)
        >>> roofs.arithmetic > 0 and all(rate > 0 for _, rate in roofs.memory)
        True
    """
    x = np.ones(GROUPS * get_num_threads(), dtype)
    calling = _fastest(lambda: _multiply_add(x[:1], x[:1], 1), seconds)  # is not part of what is measured
    chain = _fastest(lambda: _multiply_add(x, x, CHAIN), seconds)
    large, other = np.ones(SIZES[-1] // x.itemsize, dtype), np.ones(SIZES[-1] // x.itemsize // 2, dtype)
    memory = []
    for size in SIZES:
        read, half = large[: size // x.itemsize], size // x.itemsize // 2
        reading = _fastest(lambda read=read: _read(read), seconds)
        copying = _fastest(lambda half=half: _multiply_add(large[:half], other[:half], 1), seconds)
        memory.append((size, size / _without(calling, min(reading, copying))))
    return Roofs(2 * CHAIN * x.size / _without(calling, chain), tuple(memory))


def _without(calling, seconds):
    """Seconds without those of calling, which are less than half: where they seem more, they were disturbed."""
    return max(seconds - calling, seconds / 2)


def _multiply_add(x, y, times):
    op("multiply_add")(x=x, y=y, times=times, scale=0.5, offset=1.0)


def _read(x):
    op("sum_squares")(x=x, sum=np.zeros(1), accumulate=0)


def _fastest(call, seconds):
    """The least seconds of a call that is repeated for so long, and on a busy machine often enough all the same."""
    fastest, calls, since = math.inf, 0, time.perf_counter()
    while calls < ENOUGH or time.perf_counter() - since < seconds:
        start = time.perf_counter()
        call()
        fastest = min(fastest, time.perf_counter() - start)
        calls += 1
        if time.perf_counter() - since > 10 * seconds:
            break
    return fastest
