"""The choice between one thread and all: a trial now and then, and the faster kind stays."""

import numpy as np

from cnnc.teams import LATE, LONG_RUN, choices


def played(team, seconds, count):
    """[(threads, seconds)] of the first `count` runs, of which each takes seconds(threads, run)."""
    runs, elapsed, found = choices(team), None, []
    while len(found) < count:
        threads, times, limit = runs.send(elapsed)
        elapsed = 0
        while times and elapsed <= limit:
            found.append((threads, seconds(threads, len(found))))
            elapsed += found[-1][1]
            times -= 1
    return found[:count]


def share(found, threads):
    """The share of the time that runs with so many threads took."""
    return sum(time for used, time in found if used == threads) / sum(time for _, time in found)


def test_one_thread_has_no_choice():
    assert share(played(1, lambda threads, run: 1.0, 5000), 1) == 1


def test_all_threads_stay_where_they_are_faster_and_trials_become_rare():
    found = played(4, lambda threads, run: 0.1 / threads, 20 * LATE)
    assert 0 < share(found, 1) < 0.02
    assert share(found[-5 * LATE :], 1) < 0.01


def test_one_thread_stays_where_it_is_faster():
    assert share(played(2, lambda threads, run: 0.1 * threads, 20 * LATE), 2) < 0.02


def test_trials_cost_little_where_threads_wait_for_each_other():
    found = played(2, lambda threads, run: 30e-3 if threads == 2 else 20e-6, 1_000_000)
    assert [threads for threads, _ in found[4:16]] == [1] * 12
    assert share(found[100_000:], 2) < 1 / 40


def test_threads_that_rarely_wait_for_each_other_are_found_out():
    rng = np.random.default_rng(0)
    stalls = rng.random(200_000) < 0.01

    def seconds(threads, run):
        return 5e-3 if threads == 2 and stalls[run % len(stalls)] else 20e-6 / threads

    assert share(played(2, seconds, 200_000)[20_000:], 2) < 0.25


def test_the_choice_follows_the_machine():
    busy = range(5000, 50000)
    found = played(2, lambda threads, run: 0.3 if threads == 2 and run in busy else 0.2 / threads, 100000)
    assert share(found[4000:5000], 1) < 0.05
    assert share(found[20000:40000], 2) < 0.05
    assert share(found[90000:91000], 1) < 0.05


def test_threads_that_have_to_wake_up_first_may_still_win():
    slept = [True]

    def seconds(threads, run):
        cold = 40e-6 if threads == 2 and slept[0] else 0
        slept[0] = threads == 1
        return cold + (15e-6 if threads == 2 else 22e-6)

    assert played(2, seconds, 10000)[-1][0] == 2


def test_the_first_run_whose_memory_is_new_does_not_count():
    found = played(2, lambda threads, run: (5 if run == 0 else 1) * 0.2 / threads, 100)
    assert [threads for threads, _ in found[4:]] == [1] + [2] * 95


def test_long_runs_are_not_tried_with_one_thread():
    assert share(played(2, lambda threads, run: 1.1 * LONG_RUN, 5000), 2) == 1
