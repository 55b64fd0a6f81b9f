"""Flagger's checks: one number of the canary against fixed limits; no data is a failed check.

Source: fluxcd/flagger, pkg/controller/scheduler_metrics.go, pkg/metrics, pkg/canary (Apache-2.0).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simcert.policy._peers import go_duration

SUCCESS_RATE, DURATION = "request-success-rate", "request-duration"
BUILTIN = {
    SUCCESS_RATE: "share of requests whose status is not 5xx, times 100, as rate over the metric"
    " interval, canary workload only",
    DURATION: "99th percentile of the request duration over the metric interval, in milliseconds"
    " truncated to whole ones, canary workload only",
}


@dataclass(frozen=True, slots=True)
class Metric:
    """One check: an inclusive range, or else the legacy threshold (unset reads as 0)."""

    name: str
    minimum: float | None = None
    maximum: float | None = None
    ranged: bool = False
    threshold: float = 0.0
    template: bool = False
    query: bool = False

    def accepts(self, value: float | None) -> bool:
        """Return whether `value` passes; NaN and no value never do."""
        if value is None or math.isnan(value):
            return False
        if self.name == DURATION and not self.query:
            return self._whole_ms().within(math.trunc(value))
        if self.name == SUCCESS_RATE and self.query:  # asked twice: by its name, and in line
            return self.within(value) and replace(self, query=False).within(value)
        return self.within(value)

    def within(self, value: float) -> bool:
        """Return whether `value` lies in the range, or on the right side of the threshold."""
        if self.ranged:
            above = self.minimum is None or value >= self.minimum
            return above and (self.maximum is None or value <= self.maximum)
        if self.name == SUCCESS_RATE and not self.query:
            return value >= self.threshold
        return value <= self.threshold

    def _whole_ms(self) -> "Metric":
        low, high = _whole(self.minimum), _whole(self.maximum)
        return replace(self, minimum=low, maximum=high, threshold=math.trunc(self.threshold))


def _whole(value: float | None) -> float | None:
    return None if value is None else float(math.trunc(value))


def passes(stage: str, metrics: Sequence[Metric], values: Mapping[str, float | None]) -> bool:
    """Return whether all metrics of a stage pass; `builtin` runs before `template`."""
    runs = _builtin if stage == "builtin" else _template
    return all(runs(metric, values.get(metric.name)) for metric in metrics)


def _builtin(metric: Metric, value: float | None) -> bool:
    judged = metric.query or metric.name in (SUCCESS_RATE, DURATION)
    return metric.accepts(value) if judged else True


def _template(metric: Metric, value: float | None) -> bool:
    if metric.template:
        return metric.accepts(value)
    return metric.query or metric.name in BUILTIN  # anything else has nothing to be asked


class ManyValuesError(ValueError):
    """A range result has many values where the product reads one."""


def query_value(result_type: str, samples: Sequence[float | None]) -> float | None:
    """Return the value of an instant query: that of its last series; None without one.

    ManyValuesError for the series of a range result.
    """
    if result_type in ("matrix", "range") and samples:
        raise ManyValuesError("a range result has no single value")
    value = samples[-1] if samples else None
    return None if value is None or math.isnan(value) else value


def interval_s(text: str | None) -> float:
    """Return the analysis interval: 60 s unless it parses, and never below 10 s."""
    try:
        return max(go_duration.seconds(text or ""), 10.0)
    except ValueError:
        return 60.0


@dataclass(frozen=True, slots=True)
class Workload:
    """Replica counters of a deployment; `unavailable_s`: since too few replicas are available."""

    ready_threshold_pct: float = 100.0
    deadline_s: float = 600.0
    observed_generation_behind: bool = False
    deadline_exceeded: bool = False
    spec_replicas: int | None = None
    replicas: int = 0
    updated: int = 0
    available: int = 0
    unavailable_s: float | None = None


def workload_ready(work: Workload) -> tuple[bool, bool]:
    """Return (ready, retriable): a workload that is stuck for good makes a rollout roll back."""
    if work.observed_generation_behind:
        return False, True
    if work.deadline_exceeded:
        return False, False
    needed = _needed(work.updated, work.ready_threshold_pct)
    short = work.spec_replicas is not None and work.updated < work.spec_replicas
    waiting = short or work.replicas > work.updated or work.available < needed
    if not waiting:
        return True, True
    stuck = work.unavailable_s is not None and work.unavailable_s > work.deadline_s
    return False, not stuck


def _needed(updated: int, threshold_pct: float) -> int:
    """Return the replicas that must be available, in 32-bit floats as the product counts them."""
    with np.errstate(all="ignore"):
        return int(np.float32(updated) * (np.float32(threshold_pct) / np.float32(100.0)))
