"""Behavioral Analyzer: windows in, assessment out; the only reader of evidence."""

from collections.abc import Callable, Mapping, Sequence
from math import exp, log
from operator import mul
from typing import Any

import numpy as np

from simcert.control._feeding import feed, feeding
from simcert.control._traffic import Traffic
from simcert.control.segments import Segments
from simcert.errors import ContractError, MergeError
from simcert.model import (
    NEW,
    OLD,
    Assessment,
    Channel,
    Detector,
    Mergeable,
    Reading,
    Verdict,
    Window,
)
from simcert.model.figures import apart

COMPLETENESS_MIN = 0.99  # a window that lost more than 1 % of its records is no evidence
EXPECTED_UNITS = 30.0  # an arm that should have so many units and has none is broken telemetry


class Analyzer:
    """Feeds every detector with every usable window, in order, and averages their evidence.

    `log_e` = ln(sum of w_i E_i + 1 - sum of w_i): an average of e-processes is one, whatever their
    dependence. A window that is refused is shown to no detector. What two regions know can be asked
    together: `merge`.
    """

    def __init__(
        self,
        detectors: Mapping[str, Detector],
        channels: Sequence[Channel],
        completeness_min: float = COMPLETENESS_MIN,
    ) -> None:
        if set(detectors) != {one.name for one in channels} or len(detectors) != len(channels):
            raise ContractError(f"detectors {sorted(detectors)} are not those of the channels")
        self._detectors, self._channels = dict(detectors), tuple(channels)
        self._weighed = {one.name: one.weight for one in channels if one.weight > 0.0}
        self._weights = [*self._weighed.values()]
        self._unspent = 1.0 - sum(self._weights)
        if self._unspent < -1e-9:
            raise ContractError(f"weights of the channels sum to {1.0 - self._unspent}, over 1")
        self._completeness_min = completeness_min
        self._attend()
        self._traffic = Traffic()
        self._segments = Segments()
        self.assessment = Assessment()

    def _attend(self) -> None:
        """Take the detectors as they are now."""
        self._tests = [self._detectors[name] for name in self._weighed]
        self._updated = feeding(self._detectors)

    def update(self, window: Window) -> Assessment:
        """Return the assessment after one more slice; ContractError if a detector fails."""
        refusal = self.refuse(window)
        if refusal is None:
            feed(self._updated, window)
        self._traffic.add(window, whole=window.completeness >= self._completeness_min)
        self._segments.add(window)
        readings = {name: one.reading() for name, one in self._detectors.items()}
        self.assessment = self._traffic.assess(
            window, self.log_e, verdict(readings), readings, refusal
        )
        return self.assessment

    def refuse(self, window: Window) -> str | None:
        """Say why the evidence of this window may not be used, or None.

        Reused randomness and resumed handshakes spoil tests, not thresholds: without a test they
        are no reason.
        """
        n_new, _, n_old, _ = window.tally()
        n = f"(n = {n_new + n_old})"
        if window.completeness < self._completeness_min:
            share, least = apart(window.completeness, self._completeness_min)
            lost = f"{share} of its records arrived, limit {least}"
            return f"window incomplete: {lost} {n}; goes on with a whole window"
        missing = missing_units(n_new, n_old, window.exposure)
        if missing > EXPECTED_UNITS:
            expected, most = apart(missing, EXPECTED_UNITS)
            arms = f"{n_new} new and {n_old} old units, {expected} expected there, limit {most}"
            return f"one-sided telemetry: {arms} {n}; goes on when both arms report"
        if not self._tests:
            return None
        if resumed := resumed_units(window):
            many = f"at least {resumed} of at most 0"
            said = f"resumed handshakes are counted as units: {many} {n}"
            return f"{said}; goes on when only full ones are"
        if window.assignment == "per_client":
            why = f"arms reuse their coin, so the windows are no evidence {n}"
            return f"assignment per client: {why}; goes on with a coin per connection"
        return None

    @property
    def log_e(self) -> float:
        """Weighted average of the evidence of all channels, in nats; 0 without a test."""
        if not self._tests:
            return 0.0
        logs = [one.log_e for one in self._tests]
        top = max(0.0, *logs)
        total = sum(map(mul, self._weights, [exp(value - top) for value in logs]))
        total += max(self._unspent, 0.0) * exp(-top)
        return top + log(total) if total > 0.0 else min(logs)

    def segments(self) -> list[dict[str, Any]]:
        """Return what is known of every segment, as JSON values for status and reports."""
        return [
            {"segment": one.segment, "verdict": one.verdict.value, "n_old": one.n_old}
            | {"n_new": one.n_new, "failed_old": one.failed_old, "failed_new": one.failed_new}
            | {"log_e": one.log_e}
            for one in self._segments.readings(self.assessment.readings)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the state as JSON values; the channels come from the policy again."""
        return {
            "detectors": {name: one.to_dict() for name, one in self._detectors.items()},
            "traffic": self._traffic.to_dict(),
            "segments": self._segments.to_dict(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take the state that `to_dict` described; the analyzer must be a fresh one."""
        for name, one in self._detectors.items():
            self._detectors[name] = type(one).from_dict(state["detectors"][name])
        self._attend()
        self._traffic = Traffic.from_dict(state["traffic"])
        self._segments = Segments.from_dict(state["segments"])
        self._conclude()

    def merge(self, other: "Analyzer") -> "Analyzer":
        """Return an analyzer that saw what both saw, of disjoint units with coins of their own.

        Neither is changed, and the new one may go on with windows of both. MergeError names the
        channel, and what differs; so it does if a detector of somebody else cannot merge.
        """
        self._assert_like(other)
        pairs = {name: (one, other._detectors[name]) for name, one in self._detectors.items()}
        both = {name: _merged(name, *pair) for name, pair in pairs.items()}
        merged = Analyzer(both, self._channels, self._completeness_min)
        merged._traffic = self._traffic.merge(other._traffic)
        merged._segments = self._segments.merge(other._segments)
        merged._conclude()
        return merged

    def _assert_like(self, other: "Analyzer") -> None:
        if not isinstance(other, Analyzer):
            raise MergeError(f"an analyzer merges with an analyzer, not with {other!r:.40}")
        if other is self:
            raise MergeError("an analyzer and itself: its units would count twice")
        mine, theirs = ({one.name: one.weight for one in a._channels} for a in (self, other))
        if names := sorted({name for name, _ in mine.items() ^ theirs.items()}):
            shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")
            raise MergeError(f"analyzers differ in channel {shown}; take both of one policy")
        if self._completeness_min != other._completeness_min:
            raise MergeError("analyzers differ in completeness_min")

    def _conclude(self) -> None:
        """Assess the present state."""
        readings = {name: one.reading() for name, one in self._detectors.items()}
        self.assessment = self._traffic.again(self.log_e, verdict(readings), readings)


MakeAnalyzer = Callable[[], Analyzer]  # each attempt begins with fresh evidence

_RANK = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.NO_DATA)


def _merged(channel: str, mine: Detector, theirs: Detector) -> Detector:
    if not isinstance(mine, Mergeable) or not isinstance(theirs, Mergeable):
        raise MergeError(f"channel {channel}: {type(mine).__name__} has no merge")
    try:
        return mine.merge(theirs)
    except MergeError as error:
        raise MergeError(f"channel {channel}: {error}") from error


def missing_units(n_new: int, n_old: int, exposure: float) -> float:
    """Return how many units an empty arm should have; above 30 chance leaves it so once in e^30."""
    if n_new and n_old:
        return 0.0
    n = n_new + n_old
    return max(0.0 if n_new else exposure * n, 0.0 if n_old else (1.0 - exposure) * n)


def resumed_units(window: Window) -> int:
    """Return how many units cannot be full handshakes: an arm has more units than of these."""
    if not np.count_nonzero(window.resumed):
        return 0
    resumed = window.per_arm("resumed")
    n_new, _, n_old, _ = window.tally()
    attempts = window.per_arm("attempts")
    over_old = n_old - attempts[OLD] + resumed[OLD]
    over_new = n_new - attempts[NEW] + resumed[NEW]
    return max(over_old, 0) + max(over_new, 0)


def verdict(readings: Mapping[str, Reading]) -> Verdict:
    """Return the worst verdict: fail, error, inconclusive, no_data, else pass."""
    said = [one[0] for one in readings.values()]  # a set would hash enums: slow
    for worst in _RANK:
        if worst in said:
            return worst
    return Verdict.PASS if said else Verdict.NO_DATA
