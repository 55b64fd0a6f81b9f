"""Trace: a journal as figures need it; moves with their reasons, and counts of all windows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from simcert.model import OK, Kind, Window

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
NOTHING: Counts = np.zeros(0, np.int64)
QUIET_S = 600.0  # shortest span that a time axis shows after the last change


class Move(NamedTuple):
    """A decision that changed something: exposure before and after, and why."""

    t_s: float
    before: float
    exposure: float
    kind: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One rollout: confirmed exposure, moves, and units [window, segment, arm, outcome]."""

    steps: tuple[tuple[float, float], ...]
    moves: tuple[Move, ...]
    end: str | None
    end_s: float
    ends_s: Floats  # of each window or slice
    segments: tuple[str, ...]
    outcomes: tuple[str, ...]  # ok first
    units: Counts
    reports: Counts  # failures that clients told of, by arm
    probes: Counts  # own probe clients by arm: asked, failed

    @classmethod
    def of(cls, entries: Iterable[Mapping[str, Any]]) -> Self:
        """Return the trace of journal entries; ValueError or KeyError if a window is damaged."""
        by_kind: dict[str, list[Mapping[str, Any]]] = {}
        for entry in entries:
            by_kind.setdefault(entry["entry"], []).append(entry)
        windows = [Window.from_dict(entry["window"]) for entry in by_kind.get("window", [])]
        segments, outcomes, units = _stacked(windows)
        last = by_kind.get("end", [])
        return cls(
            tuple(_steps(by_kind.get("confirm", []))),
            tuple(_moves(by_kind.get("decision", []))),
            str(last[-1]["end"]) if last else None,
            float(last[-1]["t"]) if last else max((w.end_s for w in windows), default=0.0),
            np.array([w.end_s for w in windows], np.float64),
            segments,
            outcomes,
            units,
            _total((w.reports.sum(axis=0) for w in windows), (2,)),
            _total((w.probes for w in windows), (2, 2)),
        )

    @property
    def shown_s(self) -> float:
        """How far a time axis should reach: a little beyond the last change, or to the end."""
        last = self.moves[-1].t_s if self.moves else 0.0
        return min(
            max(last * 1.2, last + QUIET_S), max(self.end_s, last + min(60.0, 1.0 + last / 4.0))
        )

    def tally(self) -> tuple[Counts, Counts]:
        """Return units [window, arm] and failed units [window, arm]."""
        by_arm: Counts = self.units.sum(axis=1)
        n: Counts = by_arm.sum(axis=2)
        return n, n - by_arm[:, :, 0]

    def fair(self) -> Counts:
        """Return units [segment, arm, outcome] of windows that served both certificates.

        Of all windows where there are none: then the arms met different hours.
        """
        n, _ = self.tally()
        both = (n > 0).all(axis=1)
        chosen = self.units[both] if both.any() else self.units
        total: Counts = chosen.sum(axis=0)
        return total


def _stacked(windows: Sequence[Window]) -> tuple[tuple[str, ...], tuple[str, ...], Counts]:
    """Return all units on the widest axes that any window has."""
    segments = tuple(dict.fromkeys(s for w in windows for s in w.segments))
    outcomes = tuple(dict.fromkeys([OK, *(o for w in windows for o in w.outcomes)]))
    units = np.zeros((len(windows), len(segments), 2, len(outcomes)), np.int64)
    places: dict[Any, Any] = {}
    for i, window in enumerate(windows):
        key = (window.segments, window.outcomes)
        if key not in places:
            rows = [segments.index(s) for s in window.segments]
            places[key] = np.ix_(rows, (0, 1), [outcomes.index(o) for o in window.outcomes])
        units[i][places[key]] = window.units
    return segments, outcomes, units


def _total(parts: Iterable[Counts], shape: tuple[int, ...]) -> Counts:
    total = np.zeros(shape, np.int64)
    for part in parts:
        total += part
    return total


def _steps(confirms: Iterable[Mapping[str, Any]]) -> Iterable[tuple[float, float]]:
    before: float | None = None
    for entry in confirms:
        if entry["exposure"] != before:
            before = float(entry["exposure"])
            yield float(entry["t"]), before


def _moves(decisions: Iterable[Mapping[str, Any]]) -> Iterable[Move]:
    """Keep what changed the exposure, and the decision that ended an attempt."""
    before, kind = 0.0, ""
    for entry in decisions:
        closes = entry["kind"] in (Kind.ROLL_BACK, Kind.COMPLETE) and entry["kind"] != kind
        if entry["exposure"] != before or closes:
            yield Move(
                float(entry["t"]), before, float(entry["exposure"]), entry["kind"], entry["reason"]
            )
        before, kind = entry["exposure"], entry["kind"]


def cumulative(trace: Trace, points: int = 240) -> tuple[Floats, Counts, Counts]:
    """Return times, units [t, arm] and failed units [t, arm] since the start, thinned to points."""
    n, failed = trace.tally()
    shown = int(np.searchsorted(trace.ends_s, trace.shown_s, side="right"))
    at = np.unique(np.linspace(0, shown - 1, points).astype(np.int64)) if shown else NOTHING
    return trace.ends_s[at], n.cumsum(axis=0)[at], failed.cumsum(axis=0)[at]
