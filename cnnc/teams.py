"""How many threads a recorded program runs with."""

LONG_RUN = 1.0  # seconds: a program that takes longer has work enough for all threads
TRIAL = 3  # runs of each kind that are compared
SOON, LATE = 8, 2048  # runs from one trial to the next: doubles while nothing changes


def choices(team):
    """Yields (threads, runs), how the next runs of a program are made, and is sent the seconds that they took.

    Whether a short program runs faster with all threads or with one is measured now and then. On a busy machine
    threads wait for each other's turn on a core, and one alone can be several times faster. The results are the same
    bits either way, so the choice is free.

    Example:
        >>> from cnnc.teams import choices
        >>> runs = choices(2)
        >>> next(runs), runs.send(0.8), runs.send(0.3), runs.send(0.2)  # the third runs alone, and wins
        ((2, 8), (2, 3), (1, 3), (1, 8))
    """
    usual, other, pause = team, 1, SOON
    while True:
        yield usual, pause
        here = yield usual, TRIAL
        if usual == other or here > TRIAL * LONG_RUN:
            continue
        there = yield other, TRIAL
        if there < 0.9 * here:
            usual, other, pause = other, usual, SOON
        else:
            pause = min(2 * pause, LATE)
