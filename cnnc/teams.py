"""How many threads a recorded program runs with."""

import math

LONG_RUN = 1.0  # seconds: a program that takes longer has work enough for all threads
TRIAL = 3  # runs of each kind that are compared
SOON, LATE = 8, 2048  # runs from one trial to the next: doubles while nothing changes
COST = 50  # and is at least so many times as long as the last trial took
HOPELESS = 10  # times as long: a trial that need not go on
PATIENCE = 3  # times as long as expected: a trial comes early


def choices(team):
    """Yields (threads, runs, seconds), how the next runs of a program are made, and is sent the seconds that they took.

    Fewer runs may be made if they take more than so many seconds.

    Whether a short program runs faster with all threads or with one is measured now and then. On a busy machine
    threads wait for each other's turn on a core, milliseconds for a program of microseconds, and not in every run. The
    results are the same bits either way, so the choice is free.

    Example:
        >>> from cnnc.teams import choices
        >>> runs = choices(2)
        >>> took = None, 0.3, 0.9, 0.2, 0.2  # one thread wins, and stays
        >>> [runs.send(seconds)[:2] for seconds in took]
        [(2, 1), (2, 3), (1, 1), (1, 3), (1, 8)]
    """
    usual, other, pause, limit = team, 1, 1, math.inf
    while True:
        took = yield usual, pause, limit
        here = yield usual, TRIAL, math.inf
        if usual == other or here > TRIAL * LONG_RUN:
            pause = LATE
            continue
        if usual > 1 and pause > 1:  # all runs count (threads rarely miss each other, but for long), not the first,
            here = max(here, took / pause * TRIAL)  # whose memory is new
        spent = first = yield other, 1, math.inf
        there = math.inf
        if first * TRIAL < here or (other > 1 and first < HOPELESS * here):  # threads that slept wake up first
            there = yield other, TRIAL, math.inf
            spent += there
        if there < 0.9 * here:
            lost = took - limit / PATIENCE if limit < math.inf else 0
            usual, other, here = other, usual, there
            pause = max(SOON, min(LATE, int(COST * lost / (here / TRIAL))))
        else:
            pause = max(SOON, min(2 * pause, LATE), int(COST * spent / (here / TRIAL)))
        limit = PATIENCE * pause * here / TRIAL
