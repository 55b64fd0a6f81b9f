"""What a candidate costs, always against the defaults on the same days (common random numbers).

The cost of a day is the log of its harm where the certificate breaks clients, else the log of the
minutes to full exposure (those of the whole day if it was never reached). A difference of costs is
a log ratio, so that every scenario counts alike, whatever its size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log1p
from typing import Any

from scipy.special import bdtrc

from simcert.lab import statistics as st
from simcert.lab.setup import Setup

Day = Mapping[str, Any]
Days = dict[str, list[Day]]  # scenario: its days, in order of runs

COPIED = ("end", "minutes_to_full", "harmed_connections", "false_rollback", "missed", "error")
"""What of a row the tuner needs."""


@dataclass(frozen=True, slots=True)
class Story:
    """A scenario as the tuner sees it."""

    name: str
    harmful: bool
    horizon_min: float

    @classmethod
    def of(cls, setup: Setup) -> "Story":
        """Return the story of a setup."""
        spec = setup.spec
        return cls(setup.scenario.stem, setup.truth.harmful, spec.horizon_s / 60.0)

    def cost(self, day: Day) -> float:
        """Return the log of harm, or of minutes."""
        return log1p(day["harmed_connections"] if self.harmful else self.minutes(day))

    def minutes(self, day: Day) -> float:
        """Return minutes to full exposure, at most the whole day."""
        full = day["minutes_to_full"]
        return self.horizon_min if full is None else min(float(full), self.horizon_min)

    def withdrawn_min(self, day: Day) -> float:
        """Return when a certificate that harms was withdrawn for good; the whole day if never."""
        found = day["withdrawn_min"]
        return self.horizon_min if found is None else min(float(found), self.horizon_min)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a candidate may not do, whatever it gains."""

    false_rollback_max: float
    detection_max: float  # ratio of minutes to withdrawal, over the defaults'


@dataclass(frozen=True, slots=True)
class Score:
    """Log ratios to the defaults (negative is better), and constraints (at most 0 is kept)."""

    harm: float
    time: float
    constraints: dict[str, float]
    harmed_connections: float | None
    minutes_to_full: float | None

    @property
    def feasible(self) -> bool:
        """Whether every constraint is kept."""
        return all(one <= 0.0 for one in self.constraints.values())

    def dominates(self, other: "Score") -> bool:
        """Whether it is nowhere worse and somewhere better."""
        mine, theirs = (self.harm, self.time), (other.harm, other.time)
        return mine != theirs and all(a <= b for a, b in zip(mine, theirs, strict=True))


def compact(row: Day) -> dict[str, Any]:
    """Return what of a row the tuner needs."""
    gone = [move[0] for move in row["moves"] if move[1] == 0.0 and move[0] > 0.0]
    withdrawn = row["end"] == "rolled_back" and gone
    return {k: row[k] for k in COPIED} | {"withdrawn_min": gone[-1] / 60.0 if withdrawn else None}


def score(stories: Sequence[Story], mine: Days, defaults: Days, limits: Limits) -> Score:
    """Return the score of a candidate on the days that it flew."""
    return Score(
        harm=_mean(objective(stories, mine, defaults, harmful=True)),
        time=_mean(objective(stories, mine, defaults, harmful=False)),
        constraints=_constraints(stories, mine, defaults, limits),
        harmed_connections=_average(stories, mine, harmful=True),
        minutes_to_full=_average(stories, mine, harmful=False),
    )


def objective(stories: Sequence[Story], a: Days, b: Days, *, harmful: bool) -> list[float]:
    """Return a - b run by run, the average over the scenarios of one kind."""
    mine = [one for one in stories if one.harmful is harmful]
    gaps = [gap(one, a, b) for one in mine]
    return [_mean(list(run)) for run in zip(*gaps, strict=True)]


def gap(story: Story, a: Days, b: Days) -> list[float]:
    """Return the difference of costs in one scenario, day by day."""
    pairs = zip(a[story.name], b[story.name], strict=False)
    return [story.cost(x) - story.cost(y) for x, y in pairs]


def surely_worse(values: Sequence[float]) -> bool:
    """Whether the interval of a paired difference lies above 0."""
    low = st.t_interval(values)[0]
    return low is not None and low > 0.0


def hopeless(stories: Sequence[Story], mine: Days, rivals: Sequence[Days]) -> str:
    """Say why more days of a candidate would be wasted, or nothing.

    Hopeless is one that is surely worse in harm or in time than a rival (the defaults, or a member
    of the front), and not better in the other.
    """
    for rival in rivals:
        harm, time = (objective(stories, mine, rival, harmful=kind) for kind in (True, False))
        if surely_worse(harm) and _mean(time) >= 0.0:
            return f"harm {exp(_mean(harm)) - 1.0:+.0%} of a rival and no faster"
        if surely_worse(time) and _mean(harm) >= 0.0:
            return f"time {exp(_mean(time)) - 1.0:+.0%} of a rival and no safer"
    return ""


def _constraints(
    stories: Sequence[Story], mine: Days, defaults: Days, limits: Limits
) -> dict[str, float]:
    false = _excess(mine, defaults, "false_rollback")
    worst = max((st.t_interval(gap(one, mine, defaults))[0] or 0.0 for one in stories), default=0.0)
    slow = [
        log1p(one.withdrawn_min(x)) - log1p(one.withdrawn_min(y))
        for one in stories
        if one.harmful
        for x, y in zip(mine[one.name], defaults[one.name], strict=False)
    ]
    return {
        "false_rollback": false[0] - max(limits.false_rollback_max, false[1]),
        "missed": _surely_more(mine, defaults, "missed"),
        "detection": exp(_mean(slow)) - limits.detection_max,
        "worst_scenario": worst,
    }


def _surely_more(mine: Days, defaults: Days, key: str) -> float:
    """Return by which share of days it happens more often, at most 0 unless the sign test is sure.

    Where the defaults miss on most days, one day more or less on a dozen says nothing: only days on
    which both differ count, and their signs are a fair coin if nothing changed.
    """
    pairs = [
        (bool(x[key]), bool(y[key]))
        for name, days in mine.items()
        for x, y in zip(days, defaults[name], strict=False)
    ]
    more, less = pairs.count((True, False)), pairs.count((False, True))
    sure = more > 0 and float(bdtrc(more - 1, more + less, 0.5)) < 1.0 - st.LEVEL
    share = (more - less) / max(len(pairs), 1)
    return share if sure else min(share, 0.0)


def _excess(mine: Days, defaults: Days, key: str) -> tuple[float, float]:
    """Return the share of days of both on which something happened."""
    flown = {name: len(days) for name, days in mine.items()}
    return tuple(  # type: ignore[return-value]
        _mean([float(day[key]) for name, days in one.items() for day in days[: flown.get(name, 0)]])
        for one in (mine, defaults)
    )


def _average(stories: Sequence[Story], mine: Days, *, harmful: bool) -> float | None:
    values = [
        float(day["harmed_connections"]) if harmful else one.minutes(day)
        for one in stories
        if one.harmful is harmful
        for day in mine[one.name]
    ]
    return _mean(values) if values else None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
