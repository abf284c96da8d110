"""How many threads a recorded program runs with."""

LONG_RUN = 1.0  # seconds: a program that takes longer has work enough for all threads
TRIAL = 3  # runs of each kind that are compared
SOON, LATE = 8, 2048  # runs from one trial to the next: doubles while nothing changes


class TeamChoice:
    """Whether a short program runs faster with all threads or with one: measured now and then.

    On a busy machine threads wait for each other's turn on a core, and one alone can be several times faster. The
    results are the same bits either way, so the choice is free.
    """

    __slots__ = ("alone", "here", "period", "run", "team", "there")

    def __init__(self, team):
        self.team = team
        self.alone = False
        self.run, self.period = 0, SOON
        self.here = self.there = 0.0

    def threads(self):
        """The number of threads of the next run."""
        trial = self.run >= self.period
        return 1 if self.team == 1 or self.alone != trial else self.team

    def note(self, elapsed):
        """Notes the seconds that a run took."""
        if self.team == 1 or elapsed > LONG_RUN:
            return
        if self.run >= self.period:
            self.there += elapsed
        elif self.run >= self.period - TRIAL:
            self.here += elapsed
        self.run += 1
        if self.run < self.period + TRIAL:
            return
        if self.there < 0.9 * self.here:
            self.alone = not self.alone
            self.period = SOON
        else:
            self.period = min(2 * self.period, LATE)
        self.run = 0
        self.here = self.there = 0.0
