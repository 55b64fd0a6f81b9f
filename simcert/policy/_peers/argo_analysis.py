"""Argo's analysis run: measurements counted per metric, metrics joined into one phase.

A failure limit of 3 lets three failures pass and fails on the fourth; errors are retried after
10 s and do not count; a run that is stopped before it knows anything is Successful.
Source: argoproj/argo-rollouts, analysis/analysis.go, utils/analysis (Apache-2.0), read, not copied.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from simcert.policy._peers import go_duration
from simcert.policy._peers.argo_condition import ERROR, FAILED, INCONCLUSIVE, SUCCESSFUL

PENDING, RUNNING = "Pending", "Running"
WORSE = (SUCCESSFUL, RUNNING, PENDING, INCONCLUSIVE, ERROR, FAILED)
COMPLETED = frozenset({SUCCESSFUL, INCONCLUSIVE, ERROR, FAILED})
ERROR_RETRY_S = 10.0
OFF = -1


@dataclass(frozen=True, slots=True)
class Metric:
    """How often a metric is measured, and how much is tolerated."""

    name: str = ""
    count: int | None = None
    interval: str | None = None
    initial_delay: str | None = None
    failure_limit: int = 0
    inconclusive_limit: int = 0
    consecutive_error_limit: int = 4
    consecutive_success_limit: int = 0

    @property
    def effective_count(self) -> int | None:
        """Measurements until the metric is done; None: for ever."""
        if not self.count:
            return None if self.interval else 1
        return self.count

    @property
    def valid(self) -> bool:
        """Whether the product accepts the metric."""
        if self.count is not None and self.count > 0 and not self._count_suffices(self.count):
            return False
        if self.failure_limit < OFF or min(self.inconclusive_limit, self.error_limit) < 0:
            return False
        if self.consecutive_success_limit < 0:
            return False
        if self.failure_limit == OFF and self.consecutive_success_limit == 0:
            return False
        return all(_parses(text) for text in (self.interval, self.initial_delay))

    @property
    def error_limit(self) -> int:
        """Errors in a row that are tolerated."""
        return self.consecutive_error_limit

    def _count_suffices(self, count: int) -> bool:
        needed = max(self.failure_limit, 0) + self.consecutive_success_limit
        repeats = count > 1 and not self.interval
        return count >= needed and count >= self.inconclusive_limit and not repeats


def _parses(text: str | None) -> bool:
    try:
        return text is None or text == "" or go_duration.seconds(text) is not None
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Result:
    """What is known of one metric; `last` is the phase of its newest measurement, if any."""

    phase: str | None = None
    count: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0
    consecutive_error: int = 0
    consecutive_success: int = 0
    last: str | None = None

    def after(self, measured: str) -> "Result":
        """Return the counters with one finished measurement more."""
        word = measured.lower()
        error, success = measured == ERROR, measured == SUCCESSFUL
        changes = {word: getattr(self, word) + 1, "count": self.count + (not error)}
        changes["consecutive_error"] = self.consecutive_error + 1 if error else 0
        changes["consecutive_success"] = self.consecutive_success + 1 if success else 0
        return replace(self, last=measured, **changes)


def metric_phase(metric: Metric, result: Result, terminating: bool = False) -> str:
    """Return the phase of one metric; a completed phase never changes again."""
    if result.phase in COMPLETED:
        return str(result.phase)
    if result.last is None:
        return SUCCESSFUL if terminating else PENDING
    if result.last not in COMPLETED:
        return RUNNING
    return _exceeded(metric, result) or _reached(metric, result, terminating)


def _exceeded(metric: Metric, result: Result) -> str | None:
    """Return the phase that an exceeded limit asks for; of several, the last one looked at."""
    if result.consecutive_error > metric.consecutive_error_limit:
        return ERROR
    if result.inconclusive > metric.inconclusive_limit:
        return INCONCLUSIVE
    fails = metric.failure_limit != OFF and result.failed > metric.failure_limit
    return FAILED if fails else None


def _reached(metric: Metric, result: Result, terminating: bool) -> str:
    streak = metric.consecutive_success_limit
    if 0 < streak <= result.consecutive_success:
        return SUCCESSFUL
    enough = metric.effective_count
    if enough is not None and result.count >= enough:
        if streak <= 0:
            return SUCCESSFUL
        return FAILED if metric.failure_limit == OFF else INCONCLUSIVE
    return SUCCESSFUL if terminating else RUNNING


def is_worse(current: str, new: str) -> bool:
    """Return whether `new` is worse than `current`."""
    return WORSE.index(new) > WORSE.index(current)


@dataclass(frozen=True, slots=True)
class Entry:
    """One metric of a run: `started` is False as long as it has no result at all."""

    metric: Metric = Metric()
    result: Result = Result()
    dry_run: bool = False
    started: bool = True


def is_terminating(requested: bool, entries: Sequence[Entry]) -> bool:
    """Return whether the run takes no more measurements; dry runs never end it."""
    bad = (FAILED, ERROR, INCONCLUSIVE)
    return requested or any(e.result.phase in bad and not e.dry_run for e in entries)


@dataclass(frozen=True, slots=True)
class RunStatus:
    """Phase of a run and of its metrics; `named` is the first metric with the worst phase."""

    phase: str
    metric_phases: tuple[str | None, ...]
    dry_run_summary: dict[str, int] = field(default_factory=dict)
    named: str | None = None


def run_status(entries: Sequence[Entry], requested: bool = False) -> RunStatus:
    """Return the worst phase over the metrics, Running as long as any of them runs."""
    stop = is_terminating(requested, entries)
    phases = tuple(metric_phase(e.metric, e.result, stop) if e.started else None for e in entries)
    counted = [(e, p) for e, p in zip(entries, phases, strict=True) if p in COMPLETED]
    worst, named = _worst([(e.metric.name, str(p)) for e, p in counted if not e.dry_run])
    if worst is None and counted:
        worst = SUCCESSFUL  # only dry runs so far
    done = len(counted) == len(entries)
    phase = (worst or SUCCESSFUL) if stop else (worst if done and worst else RUNNING)
    return RunStatus(phase, phases, _summary(entries, phases), named)


def _worst(phases: Sequence[tuple[str, str]]) -> tuple[str | None, str | None]:
    worst: tuple[str | None, str | None] = (None, None)
    for name, phase in phases:
        if worst[0] is None or is_worse(worst[0], phase):
            worst = (phase, name if phase != SUCCESSFUL else None)
    return worst


def _summary(entries: Sequence[Entry], phases: Sequence[str | None]) -> dict[str, int]:
    """Return how the dry-run metrics ended, by the limits that they exceeded."""
    dry = [(e, p) for e, p in zip(entries, phases, strict=True) if e.dry_run]
    found = dict.fromkeys(("count", "successful", "failed", "inconclusive", "error"), 0)
    found["count"] = len(dry)
    for entry, phase in dry:
        if phase in COMPLETED:
            found[(_exceeded(entry.metric, entry.result) or SUCCESSFUL).lower()] += 1
    return found


@dataclass(frozen=True, slots=True)
class Measurement:
    """The newest measurement of a metric: finished some time ago, or in flight."""

    phase: str = SUCCESSFUL
    finished_s_ago: float | None = None  # None: in flight
    resume_in_s: float | None = None


def measurement_due(
    metric: Metric,
    last: Measurement | None,
    started_s_ago: float | None = None,
    count: int = 0,
    terminating: bool = False,
) -> bool:
    """Return whether a measurement is taken now; one in flight is resumed even at the end."""
    if last is not None and last.finished_s_ago is None:
        return last.resume_in_s is None or last.resume_in_s <= 0
    if terminating:
        return False
    if last is None or last.finished_s_ago is None:
        return _delay_over(metric, started_s_ago)
    if metric.effective_count is not None and count >= metric.effective_count:
        return False
    wait = ERROR_RETRY_S if last.phase == ERROR or not metric.interval else _s(metric.interval)
    return wait is not None and last.finished_s_ago > wait


def _delay_over(metric: Metric, started_s_ago: float | None) -> bool:
    if not metric.initial_delay:
        return True
    delay = _s(metric.initial_delay)
    return delay is not None and started_s_ago is not None and started_s_ago >= delay


def _s(text: str) -> float | None:
    try:
        return go_duration.seconds(text)
    except ValueError:
        return None


def next_check_in_s(
    metric: Metric,
    last: Measurement | None,
    started_s_ago: float | None = None,
    count: int = 0,
) -> float | None:
    """Return when the metric wants to be looked at again; None if it does not."""
    if last is None:
        delay = _s(metric.initial_delay) if metric.initial_delay else None
        return None if delay is None else delay - (started_s_ago or 0.0)
    if last.finished_s_ago is None:
        return last.resume_in_s
    if metric.effective_count is not None and count >= metric.effective_count:
        return None
    wait = ERROR_RETRY_S if last.phase == ERROR else _s(metric.interval or "")
    return None if wait is None else wait - last.finished_s_ago
