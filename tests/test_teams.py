"""The choice between one thread and all: a trial now and then, and the faster kind stays."""

from cnnc.teams import LATE, LONG_RUN, SOON, TRIAL, choices


def threads_of_runs(team, seconds, count):
    """The number of threads of each of the first `count` runs, of which each takes seconds(threads, run)."""
    runs, elapsed, found = choices(team), None, []
    while len(found) < count:
        threads, times = runs.send(elapsed)
        elapsed = sum(seconds(threads, len(found) + i) for i in range(times))
        found += [threads] * times
    return found[:count]


def test_one_thread_has_no_choice():
    assert set(threads_of_runs(1, lambda threads, run: 1.0, 5000)) == {1}


def test_all_threads_stay_where_they_are_faster_and_trials_become_rare():
    found = threads_of_runs(4, lambda threads, run: 0.1 / threads, 20 * LATE)
    assert found[: SOON + TRIAL] == [4] * (SOON + TRIAL)
    assert found[SOON + TRIAL : SOON + 2 * TRIAL] == [1] * TRIAL
    assert 0.001 < found.count(1) / len(found) < 0.005


def test_one_thread_stays_where_it_is_faster():
    found = threads_of_runs(2, lambda threads, run: 0.1 * threads, 20 * LATE)
    assert found.count(2) / len(found) < 0.005


def test_the_choice_follows_the_machine():
    busy = range(5000, 50000)
    found = threads_of_runs(2, lambda threads, run: 0.3 if threads == 2 and run in busy else 0.2 / threads, 100000)
    assert found[4000:5000].count(1) <= TRIAL and found[20000:21000].count(2) <= TRIAL
    assert found[90000:91000].count(1) <= TRIAL


def test_long_runs_are_not_tried_with_one_thread():
    assert set(threads_of_runs(2, lambda threads, run: 1.1 * LONG_RUN, 5000)) == {2}
