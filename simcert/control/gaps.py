"""Gaps: decisions that a journal owes and does not hold, by what the loop always writes."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

TOLD_MAX = 100
_AFTER = ("actuator:", "read-back:")  # notes that follow a decision, so that they excuse none


def gaps(start: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> tuple[float, ...]:
    """Return the times of decisions that are missing, at most `TOLD_MAX`, the earliest first.

    A step writes its windows and then its decision, unless a policy failed (an `error` says so) or
    the journal did (a `state` mends it). A simulated flight (its start tells the seed) decides at
    every edge of a slice, too. A journal that is cut off at its end owes nothing.
    """
    found = set(_after_windows(entries))
    if "seed" in start:
        found |= set(_off_grid(start["plan"], entries))
    return tuple(sorted(found)[:TOLD_MAX])


def _after_windows(entries: Iterable[Mapping[str, Any]]) -> Iterable[float]:
    owed = None
    for entry in entries:
        kind = entry["entry"]
        if kind in ("decision", "state", "start") or _excuses(entry):
            owed = None
        elif owed is not None and (kind == "end" or float(entry["t"]) > owed):
            yield owed
            owed = None
        if kind == "window":
            owed = float(entry["t"])


def _excuses(entry: Mapping[str, Any]) -> bool:
    return entry["entry"] == "error" and not str(entry["what"]).startswith(_AFTER)


def _off_grid(plan: Mapping[str, Any], entries: Iterable[Mapping[str, Any]]) -> Iterable[float]:
    window_s, slices = plan["window_s"], plan["slices"]
    times = [float(one["t"]) for one in entries if one["entry"] == "decision"]
    for before, after in pairwise(times):
        steps = round((after - before) * slices / window_s)
        first = round(before * slices / window_s)
        for k in range(1, min(steps, TOLD_MAX + 1)):
            yield (first + k) * window_s / slices
