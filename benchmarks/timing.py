"""Checking results and timing calls fairly. Knows nothing about what is called."""

import gc
import math
import statistics
import time

import numpy as np


class WrongResult(ArithmeticError):
    """A result is not the expected one: its time would mean nothing."""


def error_of(results, expected):
    """The largest absolute error of several arrays, each relative to its largest expected number."""
    worst = 0.0
    for result, truth in zip(results, expected, strict=True):
        if result.shape != truth.shape:
            return math.inf
        error = float(np.max(np.abs(result - truth)) / max(np.max(np.abs(truth)), 1e-30))
        worst = max(worst, error if math.isfinite(error) else math.inf)
    return worst


def check(name, results, expected, tolerance):
    """Returns the error of the results; raises WrongResult if it is above the tolerance."""
    error = error_of(results, expected)
    if not error <= tolerance:
        raise WrongResult(f"{name} is wrong, not timed: error {error:.1e}, rounding explains {tolerance:.1e}")
    return error


def interleave(calls, rounds=9, seconds=0.04, pause=0.02, clock=time.perf_counter, sleep=time.sleep):
    """Times several calls in turn, A B C A B C: name -> seconds per call, one number for each round.

    Before each block of repeated calls there is a pause, in which the idle threads of the one before stop spinning,
    and some calls that are not timed, after which caches and memory are as in steady use. The garbage collector is
    off. So every call meets the same conditions, and drifts of the machine meet all of them.

    Args:
        calls: name -> function without arguments.
        rounds: how often each has its turn.
        seconds: the least time that one turn should take; fast calls are repeated.
        pause: seconds of sleep before each turn.
        clock, sleep: for tests.
    """
    repeats = {}
    times = {name: [] for name in calls}
    for name, call in calls.items():
        call()
        start = clock()
        call()
        repeats[name] = max(1, math.ceil(seconds / max(clock() - start, 1e-7)))
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, call in calls.items():
                sleep(pause)
                for _ in range(1 + repeats[name] // 10):
                    call()
                start = clock()
                for _ in range(repeats[name]):
                    call()
                times[name].append((clock() - start) / repeats[name])
    finally:
        if collecting:
            gc.enable()
    return times


def summarise(times):
    """Our median and minimum beside those of the best of the others: a dict; the others may be missing.

    Args:
        times: name -> seconds per call; the first name is ours.
    """
    (_, mine), *others = times.items()
    summary = {"seconds": statistics.median(mine), "seconds_min": min(mine)}
    if others:
        name, best = min(others, key=lambda item: statistics.median(item[1]))
        summary |= {"peer": name, "peer_seconds": statistics.median(best), "peer_seconds_min": min(best)}
        summary["ratio"] = summary["peer_seconds"] / summary["seconds"]
        summary["ratio_min"] = summary["peer_seconds_min"] / summary["seconds_min"]
    return summary


def compare(ours, others, expected, tolerance, rounds):
    """Checks every contender's result, then times all of them: the summary, with errors.

    Args:
        ours: function that returns a tuple of arrays.
        others: name -> (function, function that makes a tuple of arrays of what the first returns).
        expected: tuple of float64 arrays.
        tolerance: the largest error allowed.
        rounds: see interleave.

    Raises:
        WrongResult: before anything is timed.
    """
    calls = {"cnnc": ours}
    summary = {"error": check("cnnc", ours(), expected, tolerance), "peer_error": {}}
    for name, (call, as_arrays) in others.items():
        summary["peer_error"][name] = check(name, as_arrays(call()), expected, tolerance)
        calls[name] = call
    times = interleave(calls, rounds)
    return summary | summarise(times) | {"times": times}
