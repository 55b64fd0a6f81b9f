"""Kayenta: a rank-sum test of new against old per metric, scored and judged by the interval."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

import numpy as np

from simcert.model import Channel, Decision, View, bounds
from simcert.model.bounds import Chance, NotNegative, Percent, Positive, Span, Within
from simcert.policy import _rival
from simcert.policy._peers import kayenta_judge as judge
from simcert.policy._peers.kayenta_stats import Floats, without_nan

_SERIES = ("success_new", "success_old", "time_new", "time_old")


@dataclass(frozen=True, slots=True)
class Kayenta:
    """At each exposure one canary run: points of `point_s`, judged every `interval_s`.

    The window of points grows over `lifetime_s`; a score of at most `marginal` ends the rollout,
    and so does a last score below `passing`. Metrics: success rate in percent (a decrease harms)
    and the median handshake time in ms (an increase harms), one group; the old arm is the control.
    Thresholds 95 and 75 and the production constants 0.25 and 0.98 are the documented ones.
    Source: spinnaker.io, `canary` best practices; spinnaker/kayenta.
    """

    tags: ClassVar[frozenset[str]] = frozenset({"per_window"})

    steps: Annotated[tuple[float, ...], Within(0.0, 1.0, open_low=True)] = (0.05, 0.2, 0.5)
    point_s: Span = 60.0
    interval_s: Span = 600.0
    lifetime_s: Positive = 1800.0  # of the canary run at one exposure
    lookback_s: NotNegative = 0.0  # 0: growing window
    passing: Percent = 95.0
    marginal: Percent = 75.0
    tolerance: NotNegative = 0.25
    confidence: Chance = 0.98
    success_critical: bool = False
    time_metric: bool = True

    def __post_init__(self) -> None:
        bounds.check(self)

    def channels(self) -> tuple[Channel, ...]:
        """Ask for success rate and median handshake time of both arms over one point."""
        success, time = _rival.success_query(self.point_s), _rival.time_query(self.point_s, 0.5)
        return (success, time) if self.time_metric else (success,)

    def decide(self, view: View) -> Decision:
        """Add a point when one is due, judge at the end of an interval, step up after a pass."""
        memory = _rival.recalled(view)
        if still := _rival.stands_still(view) or _rival.not_due(view, memory, self.point_s):
            return still
        if not memory or memory["index"] == len(self.steps):
            return self._run(view, memory.get("index", 0), memory.get("passed", ""))
        return self._judged(view, self._with_point(view, memory))

    def _run(self, view: View, index: int, passed: str = "") -> Decision:
        """Return the start of the canary run at the exposure with this index, or the end."""
        kept = _rival.kept(view, self.point_s, index=index, since_s=view.now_s, judged=0)
        passed = passed or f"no score yet, at least {self.passing:g} passes (n = 0)"
        kept |= {"passed": passed}
        if index == len(self.steps):
            done = f"{len(self.steps)} canary runs passed"
            return view.complete(f"complete: {done}; {passed}", kept)
        kept |= {name: [] for name in _SERIES}
        to = self.steps[index]  # asserted at every point: a raise may have been vetoed
        starts = f"canary run {index + 1} of {len(self.steps)} starts at {to:g}"
        return view.move(to, f"{starts}: {passed}", kept)

    def _with_point(self, view: View, memory: Mapping[str, Any]) -> dict[str, Any]:
        seen = _rival.counts(view)
        times = view.assessment.reading("handshake_time").detail
        point = {
            "success_new": seen.new_pct,
            "success_old": seen.old_pct,
            "time_new": times.get("new_ms"),
            "time_old": times.get("old_ms"),
        }
        series = {name: [*memory[name], point[name]] for name in _SERIES}
        return dict(memory) | _rival.kept(view, self.point_s) | series

    def _judged(self, view: View, memory: dict[str, Any]) -> Decision:
        due = int((view.now_s - memory["since_s"]) / self.interval_s + 1e-6)
        n, to = len(memory["success_new"]), self.steps[memory["index"]]
        if due <= memory["judged"]:
            next_s = memory["since_s"] + (due + 1) * self.interval_s - view.now_s
            units = f"(n = {view.assessment.n_new})"
            said = f"{n} points per arm {units}; judged in {next_s:.0f} of {self.interval_s:g} s"
            return view.move(to, said, memory)
        score, labels = self._score(memory)
        memory |= {"judged": due}
        about = f"score {score:g}, {labels} at {n} points (n = {view.assessment.n_new})"
        if judge.stops(score, self.marginal):
            return view.roll_back(f"roll back: {about}, at most {self.marginal:g}", memory)
        if due < int(self.lifetime_s / self.interval_s + 1e-6):
            return view.move(to, f"judgement {due}: {about}, above {self.marginal:g}", memory)
        if judge.did_pass(score, self.marginal, self.passing):
            return self._run(view, memory["index"] + 1, f"{about}, at least {self.passing:g}")
        return view.roll_back(f"roll back: last {about}, below {self.passing:g}", memory)

    def _score(self, memory: Mapping[str, Any]) -> tuple[float, str]:
        base = judge.MetricConfig(tolerance=self.tolerance, confidence=self.confidence)
        configs = {
            "success": replace(base, direction="decrease", critical=self.success_critical),
            "time": replace(base, direction="increase"),
        }
        names = ("success", "time") if self.time_metric else ("success",)
        found = {name: self._classified(memory, name, configs[name]) for name in names}
        judged = [judge.Judged(c.classification, critical=c.critical) for c in found.values()]
        said = ", ".join(f"{name} {c.classification}" for name, c in found.items())
        return judge.score(judged, {})[0], said

    def _classified(
        self, memory: Mapping[str, Any], name: str, config: judge.MetricConfig
    ) -> judge.Classified:
        new, old = (self._points(memory[f"{name}_{arm}"]) for arm in ("new", "old"))
        return judge.classify(new, old, config)

    def _points(self, series: list[float | None]) -> Floats:
        span = int(self.lookback_s / self.point_s)
        values = [float("nan") if v is None else v for v in series[-span:]]
        return without_nan(np.array(values, float), "remove")
