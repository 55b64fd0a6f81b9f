"""From rows of runs to the points of the Pareto picture: time where it is good, harm where not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from simcert.control.phases import FULL
from simcert.lab.figures.study import Point, point
from simcert.policy import discover

FLAGSHIP = "adaptive"

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Panel:
    """One Pareto picture: times from one scenario, harm from another or the same."""

    time_in: str
    harm_in: str
    points: tuple[Point, ...]


def flagship_of(policies: Sequence[str]) -> str:
    """Return the policy that a report is about: `adaptive` if it flew, else the first."""
    named = [policy for policy in policies if stem(policy) == FLAGSHIP]
    return named[0] if named else policies[0]


def stem(policy: str) -> str:
    """Return the file stem in a policy's label."""
    return policy.partition(":")[0]


def knows_truth(policy: str) -> bool:
    """Return whether a policy is told the truth, which no real one ever is."""
    return _tagged(policy, "needs_truth")


def takes_turns(policy: str) -> bool:
    """Return whether a policy serves the new certificate to everybody, then to nobody, again."""
    return _tagged(policy, "time_sliced")


def _tagged(policy: str, tag: str) -> bool:
    found = discover().get(stem(policy))
    return found is not None and tag in getattr(found, "tags", ())


def guess_harmful(rows: Rows) -> dict[str, bool]:
    """Return for each scenario whether the new certificate harmed anybody in any run."""
    harmful = {row["scenario"]: False for row in rows}
    for row in rows:
        harmful[row["scenario"]] |= bool(row["harmed_connections"] or row["missed"])
    return harmful


def panels(rows: Rows, harmful: Mapping[str, bool]) -> list[Panel]:
    """Return one panel a breaking scenario, timed in the first good one if there is one.

    In a break nobody should ever arrive at everybody, so its own times say nothing; with breaks
    alone, or good rotations alone, a panel shows time and harm of the same scenario.
    """
    flown = [row for row in rows if row["error"] is None]
    stems = dict.fromkeys(row["scenario"] for row in flown)
    good = [s for s in stems if not harmful[s]]
    bad = [s for s in stems if harmful[s]]
    pairs = [(good[0] if good else s, s) for s in bad] or [(s, s) for s in good]
    return [Panel(t, h, _points(flown, t, h)) for t, h in pairs]


def _points(rows: Rows, time_in: str, harm_in: str) -> tuple[Point, ...]:
    policies = list(dict.fromkeys(row["policy"] for row in rows))
    flagship = flagship_of(policies)
    made = []
    for policy in policies:
        harmed = [r["harmed_connections"] for r in _of(rows, harm_in, policy)]
        minutes = [_minutes(r) for r in _of(rows, time_in, policy)]
        if harmed and minutes:
            first, told = policy == flagship, knows_truth(policy)
            made.append(point(policy, harmed, minutes, flagship=first, omniscient=told))
    return tuple(made)


def _of(rows: Rows, scenario: str, policy: str) -> Rows:
    return [r for r in rows if r["scenario"] == scenario and r["policy"] == policy]


def _minutes(row: Mapping[str, Any]) -> float:
    """Return from when on everybody has it for good; the first time where no changes are told."""
    if row["minutes_to_full"] is None:
        return inf
    moves = row.get("moves")
    return kept_from_s(moves) / 60.0 if moves else float(row["minutes_to_full"])


def kept_from_s(moves: Sequence[Sequence[Any]]) -> float:
    """Return when a run came to full exposure and stayed there; inf if it never did.

    `moves` are (second, exposure, ...). Who serves it in turns has it full at once, and not kept.
    """
    since_s = inf
    for t_s, exposure, *_ in moves:
        since_s = min(since_s, t_s) if exposure >= FULL else inf
    return since_s
