"""Phased release under a budget: treat as many as keep the risk of ruin small, stage by stage."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Annotated, Any, ClassVar

from scipy.special import ndtri

from simcert.model import Channel, Decision, View, bounds
from simcert.model.bounds import Chance, Exposure, Finite, NotNegative, Positive, Whole, Within
from simcert.policy import _rival


@dataclass(frozen=True, slots=True)
class RiskOfRuin:
    """The next stage exposes m units with P(harm so far and of m > budget) <= `ruin`.

    The harm per unit has a normal prior and a normal likelihood, so its posterior mean mu and
    variance v are closed, and (n + m) (mu + z sqrt v) <= budget gives m. A budget that allows
    nobody ends the release: a budget is no test, and noise spends it too. After `stages` at the
    cap the release is full. Budget: `budget_s` seconds' worth of all units, at least `budget_min`.
    Source: Li, Mao, Bojinov (NeurIPS 2023, arXiv 2305.09626); constants are ours, none published.
    """

    tags: ClassVar[frozenset[str]] = frozenset({"per_window"})

    stages: Whole = 6  # at the cap, before full
    stage_s: Positive = 300.0
    budget_s: NotNegative = 6.0
    budget_min: NotNegative = 50.0  # units
    ruin: Chance = 0.05
    prior_mean: Finite = 0.0
    prior_sd: Annotated[float, Within(1e-6, 1e6)] = 0.3
    cap: Exposure = 0.5  # half and half estimates best

    def __post_init__(self) -> None:
        bounds.check(self)

    def channels(self) -> tuple[Channel, ...]:
        """Ask for the counts since the attempt began."""
        return (_rival.success_query(None),)

    def decide(self, view: View) -> Decision:
        """Plan the next stage when one is over; the first one waits for a traffic rate."""
        memory = _rival.recalled(view)
        if still := _rival.stands_still(view) or _rival.not_due(view, memory, self.stage_s):
            return still
        rate = view.assessment.units_per_s
        if rate <= 0.0:
            n = view.assessment.n_new
            return view.hold(f"0 units a second were seen, a stage needs more than 0 (n = {n})")
        return self._stage(view, memory, rate)

    def _stage(self, view: View, memory: Mapping[str, Any], rate: float) -> Decision:
        seen = _rival.counts(view)
        worst, figure = self._worst(seen)
        budget = max(self.budget_s * rate, self.budget_min)
        room = budget / worst - seen.n_new if worst > 0.0 else float("inf")
        share = min(room / (rate * self.stage_s), self.cap)
        at_cap = memory.get("at_cap", 0) + (view.exposure >= self.cap - 1e-9)
        kept = _rival.kept(view, self.stage_s, at_cap=at_cap)
        spent = f"{figure}: {worst * seen.n_new:.4g} units so far, budget {budget:.4g}"
        about = f"{spent} (n = {seen.n_new})"
        if share <= 0.0:
            return view.roll_back(f"roll back: nobody left to expose, {about}", kept)
        if at_cap >= self.stages:
            return view.complete(f"complete: {at_cap} stages at {self.cap:g}, {about}", kept)
        return view.move(share, f"exposes {share:.3g} for {self.stage_s:g} s: {about}", kept)

    def _worst(self, seen: _rival.Counts) -> tuple[float, str]:
        """Return the harm per unit that is exceeded with probability `ruin` only."""
        weight = 1.0 / seen.variance if seen.n_new and seen.n_old else 0.0
        precision = weight + self.prior_sd**-2
        mu = (weight * seen.delta + self.prior_mean * self.prior_sd**-2) / precision
        worst = mu + float(ndtri(1.0 - self.ruin)) / sqrt(precision)
        return worst, f"harm {mu:.4g} per unit, at most {worst:.4g} but for {self.ruin:g}"
