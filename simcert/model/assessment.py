"""Assessment: everything the analyzer concluded up to one moment; the only input of a policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import NamedTuple

from simcert.model.outcome import Verdict

NO_DETAIL: Mapping[str, float] = {}


class Reading(NamedTuple):
    """What one detector says after the windows that it was given.

    A tuple, because every detector makes one in every slice.

    `log_e` is evidence in nats (0 where the detector makes no test), `value` its figure of merit
    against `limit` in the detector's own unit, `n` the units it rests on.
    """

    verdict: Verdict = Verdict.NO_DATA
    log_e: float = 0.0
    value: float | None = None
    limit: float | None = None
    n: int = 0
    detail: Mapping[str, float] = NO_DETAIL


@dataclass(frozen=True, slots=True)
class SegmentReading:
    """What the analyzer knows of one segment: units per arm, evidence, verdict."""

    segment: str
    verdict: Verdict
    n_old: int
    n_new: int
    failed_old: int
    failed_new: int
    log_e: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """The state of all evidence at `at_s`, the end of the last window that was received.

    `log_e` is the weighted average of the channels' e-processes, in nats: the evidence for a
    rollback. `refusal` says why the evidence may not be used (then nobody may raise or roll back
    on it). `units_per_s` is the recent rate of units of both arms, `success_rate` the recent
    share of `ok` among all connections, resumed ones included (None before the first).
    """

    at_s: float = 0.0
    window_s: float = 60.0
    slices: int = 1
    verdict: Verdict = Verdict.NO_DATA
    log_e: float = 0.0
    readings: Mapping[str, Reading] = field(default_factory=dict)
    n_old: int = 0
    n_new: int = 0
    failed_old: int = 0
    failed_new: int = 0
    last_n_old: int = 0  # units of the last window alone
    last_n_new: int = 0
    last_failed_old: int = 0
    last_failed_new: int = 0
    last_exposure: float = 0.0
    windows: int = 0  # windows (or slices) received in this attempt
    complete_window: bool = True  # the last slice closed its window
    units_per_s: float = 0.0
    success_rate: float | None = None
    lag_s: float = 0.0
    completeness: float = 1.0
    refusal: str | None = None

    def reading(self, channel: str) -> Reading:
        """Return the reading of `channel`, an empty one before its first window."""
        return self.readings.get(channel, _NOTHING)


_NOTHING = Reading()
_PUT = [getattr(Assessment, one.name).__set__ for one in fields(Assessment)]


def assessed(values: tuple[object, ...]) -> Assessment:
    """Return the assessment with all these fields, in order: it is made in every slice.

    What `frozen` does to hinder others costs its own making twice the time.
    """
    made = object.__new__(Assessment)
    for put, value in zip(_PUT, values, strict=True):
        put(made, value)
    return made
