"""Chosen against defaults, scenario by scenario, with paired intervals."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import exp
from typing import Any

from simcert.lab import statistics as st
from simcert.lab.tune.score import Days, Story, gap


@dataclass(frozen=True, slots=True)
class Comparison:
    """One scenario: means of both, ratio with its 95 % interval, and what that proves.

    The metric is harmed connections where the certificate breaks clients, else minutes to full
    exposure; `ratio` is the geometric mean of (1 + new) / (1 + defaults) over equal days.
    """

    scenario: str
    metric: str
    defaults: float | None
    tuned: float | None
    ratio: float
    ci95: tuple[float, float] | None
    verdict: str  # better, worse, or same: not told apart
    held_out: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {**asdict(self), "ci95": None if self.ci95 is None else list(self.ci95)}


def compared(stories: Sequence[Story], a: Days, b: Days) -> list[Comparison]:
    """Return for each scenario how a does against b."""
    return [_one(story, a, b) for story in stories]


def _one(story: Story, a: Days, b: Days) -> Comparison:
    gaps = gap(story, a, b)
    low, high = st.t_interval(gaps)
    metric = "harmed_connections" if story.harmful else "minutes_to_full"
    ends = (exp(low), exp(high)) if low is not None and high is not None else None
    verdict = "same"
    if ends is not None:
        verdict = "better" if ends[1] < 1.0 else "worse" if ends[0] > 1.0 else "same"
    middle = exp(st.mean(gaps) or 0.0)
    values = [_mean(story, days) for days in (b, a)]
    return Comparison(story.name, metric, values[0], values[1], middle, ends, verdict)


def _mean(story: Story, days: Days) -> float | None:
    mine = days[story.name]
    read = [float(d["harmed_connections"]) if story.harmful else story.minutes(d) for d in mine]
    return st.mean(read)
