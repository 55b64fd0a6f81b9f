"""Schedules of AWS, flown by the policies that bear their names: JSON values in and out.

A schedule has no test that its makers publish; its rule is the user guides' (CodeDeploy shifts at
the start of an interval, AppConfig at its end), and its decisions are those of the policy itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from simcert.errors import UnknownNameError
from simcert.model import Assessment, Kind, Phase, Reading, Verdict, View
from simcert.policy._ladder import ALARM, FixedSchedule, Ladder, NamedSchedule
from simcert.policy.all_at_once import AllAtOnce
from simcert.policy.fixed_canary import FixedCanary
from simcert.policy.fixed_exponential import FixedExponential
from simcert.policy.fixed_linear import FixedLinear

Case = Mapping[str, Any]
_POLICIES: tuple[type[NamedSchedule], ...] = (
    AllAtOnce, FixedCanary, FixedExponential, FixedLinear,
)  # fmt: skip
_VERDICTS = {
    "OK": Verdict.PASS, "ALARM": Verdict.FAIL, "INSUFFICIENT_DATA": Verdict.NO_DATA,
}  # fmt: skip


@dataclass
class _Flight:
    """One deployment: the share of the new version, since when, and how it stands."""

    policy: FixedSchedule
    ladder: Ladder
    exposure: float = 0.0
    changed_s: float = 0.0
    phase: Phase = Phase.RAMPING

    def until(self, now_s: float, alarm: str) -> None:
        """Go on to `now_s`, rung by rung, with the alarm in one state all the time."""
        for _ in range(len(self.ladder.rungs) + 2):
            due_s = self.changed_s + self._wait_s()
            if self.phase in (Phase.COMPLETE, Phase.ROLLED_BACK):
                return
            if not self._moves(min(due_s, now_s), alarm):
                return

    def _wait_s(self) -> float:
        if self.exposure == 0.0 and self.ladder.from_start:
            return 0.0
        return self.ladder.bake_s if self.exposure >= 1.0 else self.ladder.every_s

    def _moves(self, now_s: float, alarm: str) -> bool:
        """Ask the policy once; return whether it did anything."""
        limit = 1.0 - self.policy.alarm_failure_rate
        seen = Assessment(readings={ALARM: Reading(_VERDICTS[alarm], limit=limit)})
        view = View(now_s, self.exposure, now_s - self.changed_s, self.phase, seen)
        decision = self.policy.decide(view)
        ends = {Kind.COMPLETE: Phase.COMPLETE, Kind.ROLL_BACK: Phase.ROLLED_BACK}
        moved = decision.exposure != self.exposure
        if moved or decision.kind in ends:
            self.exposure, self.changed_s = decision.exposure, now_s
            self.phase = ends.get(decision.kind, Phase.RAMPING)
        return moved or decision.kind in ends


def _rollout_sequence(
    case: Case, own: Callable[[Case, bool], NamedSchedule], words: Case
) -> dict[str, Any]:
    ticks = case["ticks"]
    alarm = any(tick.get("alarm") for tick in ticks)
    name = case.get("schedule")
    policy = own(case, alarm) if name is None else _named(name, alarm, words["product"])
    return {"after_tick": [*_ticks(policy, ticks, words)]}


def _named(name: str, alarm: bool, product: str) -> NamedSchedule:
    """Return a schedule of one product by its name, or by the short one that AWS SAM has."""
    known = {n: p for p in _POLICIES for n in p.published if n.startswith(product)}
    for whole in (name, *(f"{product}{platform}{name}" for platform in ("", "Lambda", "ECS"))):
        if whole in known:
            return known[whole](schedule=whole, alarm=alarm)
    raise UnknownNameError("schedule", str(name), known)


def _ticks(policy: NamedSchedule, ticks: Iterable[Case], words: Case) -> Iterator[dict[str, Any]]:
    flight, alarm, before_s = _Flight(policy, policy.named() or policy.own()), "OK", 0.0
    for tick in ticks:
        now_s = 60.0 * tick["at_min"]
        if not before_s <= now_s < inf:
            raise ValueError(f"at_min {tick['at_min']} does not follow {before_s / 60.0:g}")
        before_s = now_s
        flight.until(now_s, alarm)
        alarm = tick.get("alarm") or alarm
        if alarm not in _VERDICTS:
            raise UnknownNameError("state of an alarm", str(alarm), _VERDICTS)
        flight.until(now_s, alarm)
        yield {"percent": round(100.0 * flight.exposure, 9), "status": _status(flight, words)}


def _status(flight: _Flight, words: Case) -> str:
    ends = {Phase.COMPLETE: "complete", Phase.ROLLED_BACK: "rolled_back"}
    return str(words[ends.get(flight.phase, "full" if flight.exposure >= 1.0 else "under_way")])


def _codedeploy(case: Case, alarm: bool) -> NamedSchedule:
    every_s = 60.0 * (case.get("interval_min") or 0.0)
    if case["type"] == "TimeBasedLinear":
        return FixedLinear(step=case["percentage"] / 100.0, every_s=every_s, alarm=alarm)
    if case["type"] == "TimeBasedCanary":
        return FixedCanary(share=case["percentage"] / 100.0, wait_s=every_s, alarm=alarm)
    return AllAtOnce(alarm=alarm)


def _appconfig(case: Case, alarm: bool) -> NamedSchedule:
    """Return equal intervals that fill the deployment time, the last of them ending at 100 %."""
    growth, whole_s = case["growth_factor"] / 100.0, 60.0 * case["deployment_min"]
    bake_s = 60.0 * (case.get("final_bake_min") or 0.0)
    if case.get("growth_type", "LINEAR") == "EXPONENTIAL":
        rungs = FixedExponential(start=growth).own().rungs
        return FixedExponential(
            start=growth, every_s=whole_s / len(rungs), from_start=False, bake_s=bake_s, alarm=alarm
        )
    rungs = FixedLinear(step=growth).own().rungs
    return FixedLinear(
        step=growth, every_s=whole_s / len(rungs), from_start=False, bake_s=bake_s, alarm=alarm
    )


_CODEDEPLOY = {
    "product": "CodeDeployDefault.",
    "under_way": "InProgress", "full": "InProgress", "complete": "Succeeded",
    "rolled_back": "Stopped",
}  # fmt: skip
_APPCONFIG = {
    "product": "AppConfig.",
    "under_way": "DEPLOYING", "full": "BAKING", "complete": "COMPLETE",
    "rolled_back": "ROLLED_BACK",
}  # fmt: skip
CODEDEPLOY_KINDS: dict[str, Callable[[Case], dict[str, Any]]] = {
    "rollout_sequence": lambda case: _rollout_sequence(case, _codedeploy, _CODEDEPLOY),
}
APPCONFIG_KINDS: dict[str, Callable[[Case], dict[str, Any]]] = {
    "rollout_sequence": lambda case: _rollout_sequence(case, _appconfig, _APPCONFIG),
}
