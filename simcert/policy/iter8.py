"""Iter8 (2021 engine): up by an increment while all objectives hold, down to a floor at once."""

from dataclasses import dataclass
from typing import ClassVar

from scipy.special import betainc

from simcert.model import Channel, Decision, View, bounds
from simcert.model.bounds import Exposure, NotNegative, Percent, Share, Span, Whole
from simcert.model.figures import held_to
from simcert.policy import _rival
from simcert.policy._peers import iter8 as rules


@dataclass(frozen=True, slots=True)
class Iter8:
    """The winner gets 90 % of the wish, exploration 10 % is shared: a bad candidate keeps 5 %.

    Objectives are limits on the last interval of the new arm; a missing value fails. With
    `credible` above 0 the success objective asks instead for that posterior probability (uniform
    beta prior, all units so far), the rule of the engine before. After `loops` intervals the winner
    is promoted. Source: iter8-tools/iter8-analytics (Apache-2.0), read, not copied.
    """

    tags: ClassVar[frozenset[str]] = frozenset({"per_window"})

    interval_s: Span = 60.0
    loops: Whole = 30
    increment: Exposure = 0.05  # maxCandidateWeightIncrement; drops are not limited
    exploration: Share = 0.10
    max_weight: Exposure = 1.0
    success_min_pct: Percent = 99.0
    duration_max_ms: NotNegative = 500.0  # of the 99th percentile; 0 is not checked
    credible: Share = 0.0

    def __post_init__(self) -> None:
        bounds.check(self)

    def channels(self) -> tuple[Channel, ...]:
        """Ask for success rate and 99th percentile of the handshake time over one interval."""
        return _rival.success_and_time(self.interval_s, self.duration_max_ms)

    def decide(self, view: View) -> Decision:
        """Run one loop when the interval is over."""
        memory = _rival.recalled(view)
        if still := _rival.stands_still(view) or _rival.not_due(view, memory, self.interval_s):
            return still
        loop = memory.get("loop", -1) + 1
        kept = _rival.kept(view, self.interval_s, loop=loop)
        if loop == 0:
            return _rival.begins(view, self.increment, kept)
        feasible, figure = self._feasible(view)
        about = f"{figure}, loop {loop} of {self.loops}"
        if loop >= self.loops:
            if feasible:
                return view.complete(f"complete: the candidate is the winner, {about}", kept)
            return view.roll_back(f"roll back: the baseline is the winner, {about}", kept)
        return view.move(self._weight(view.exposure, feasible), about, kept)

    def _weight(self, exposure: float, feasible: bool) -> float:
        """Return the candidate's share: two versions, so exploration gives each half of it."""
        old, best = (1.0 - exposure, exposure), (not feasible, feasible)
        return rules.shares(old, best, self.exploration, self.increment, self.max_weight)[1]

    def _feasible(self, view: View) -> tuple[bool, str]:
        seen = _rival.counts(view)
        good, figure = self._success(view, seen)
        if not self.duration_max_ms:
            return good, figure
        time_ms = view.assessment.reading("handshake_time").value
        quick = rules.holds(time_ms, upper=self.duration_max_ms)
        shown, most = held_to(time_ms, self.duration_max_ms)
        return good and quick, f"{figure}, p99 {shown}, at most {most} ms"

    def _success(self, view: View, seen: _rival.Counts) -> tuple[bool, str]:
        if self.credible > 0.0:
            return self._credible(view)
        value = seen.new_pct
        shown, least = held_to(value, self.success_min_pct)
        said = f"success {shown}, at least {least} % (n = {seen.n_new})"
        return rules.holds(value, lower=self.success_min_pct), said

    def _credible(self, view: View) -> tuple[bool, str]:
        a = view.assessment
        failed, good = a.failed_new, a.n_new - a.failed_new
        sure = 1.0 - float(betainc(good + 1, failed + 1, self.success_min_pct / 100.0))
        told, least = held_to(sure, self.credible)
        said = f"P(success >= {self.success_min_pct:g} %) = {told}, at least {least}"
        return sure >= self.credible, f"{said} (n = {a.n_new})"
