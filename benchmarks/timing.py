"""Checking results and timing calls fairly. Knows nothing about what is called."""

import gc
import math
import statistics
import time

import numpy as np

try:
    import resource
except ImportError:  # Windows
    resource = None


LONG = 3  # times the least duration of a turn: such calls need no warm-up


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


class Turn:
    """One turn of a contender: repeated calls, and how often other processes took a CPU away meanwhile."""

    def __init__(self, call, repeats, clock):
        before = preemptions()
        start = clock()
        for _ in range(repeats):
            call()
        self.seconds = (clock() - start) / repeats
        self.disturbed = preemptions() - before


def preemptions():
    """How often threads of this process had to leave a CPU although they could have gone on; 0 where unknown."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw if resource else 0


def interleave(calls, rounds=9, seconds=0.02, pause=0.02, patience=0.5, clock=time.perf_counter, sleep=time.sleep):
    """Times several calls in turn, A B C A B C: name -> `rounds` turns.

    Before each turn there is a pause, in which the idle threads of the one before stop spinning, and, but for long
    calls, some that are not timed, after which caches and memory are as in steady use. The garbage collector is off.
    A turn that other processes disturbed is tried again, and of all tries the least disturbed is kept. So every call
    meets the same conditions, and drifts of the machine meet all of them.

    Args:
        calls: name -> function without arguments.
        rounds: how often each has its turn.
        seconds: the least time that one turn should take; fast calls are repeated.
        pause: seconds of sleep before each turn.
        patience: seconds within which a disturbed turn is tried again.
        clock, sleep: for tests.
    """
    repeats = {name: repeats_for(call, seconds, clock) for name, call in calls.items()}  # (untimed, timed)
    turns = {name: [] for name in calls}
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, call in calls.items():
                tried, since = [], clock()
                while not tried or (tried[-1].disturbed and clock() - since < patience):
                    sleep(pause)
                    untimed, timed = repeats[name]
                    for _ in range(untimed):
                        call()
                    tried.append(Turn(call, timed, clock))
                turns[name].append(min(tried, key=lambda turn: turn.disturbed))
    finally:
        if collecting:
            gc.enable()
    return turns


def repeats_for(call, seconds, clock):
    """How many calls of a turn are not timed, and how many are so that they take at least that long."""
    fastest = math.inf
    for _ in range(4):
        start = clock()
        call()
        fastest = min(fastest, clock() - start)
        if fastest > LONG * seconds:
            return 0, 1
    repeats = max(1, math.ceil(seconds / max(fastest, 1e-6)))
    return 1 + repeats // 10, repeats


def summarise(turns):
    """Our median and minimum beside those of the best of the others: a dict; the others may be missing.

    Args:
        turns: name -> turns; the first name is ours.
    """
    times = {name: [turn.seconds for turn in mine] for name, mine in turns.items()}
    (_, mine), *others = times.items()
    summary = {"seconds": statistics.median(mine), "seconds_min": min(mine), "times": times}
    every = [turn for mine in turns.values() for turn in mine]
    summary["disturbed"] = sum(turn.disturbed > 0 for turn in every) / len(every)
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
    return summary | summarise(interleave(calls, rounds))
