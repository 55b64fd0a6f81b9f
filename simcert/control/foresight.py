"""Foresight: when the policy itself expects to complete, if nothing is wrong with the certificate.

Copies of the rollout are flown on with the traffic that was seen, both arms failing as the old one
did. It is no promise: a policy that sees harm does something else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from simcert.control.phases import FINAL
from simcert.control.rollout import Rollout
from simcert.control.turning import turns
from simcert.errors import ContractError
from simcert.model import OK, Phase, Window

TICKS_MAX = 1500  # of one flight
TICKS = 3000  # of all flights together, three flights at least
RUNS = 8
SOAK_STEP = 0.1  # of the soak that is left is flown in one step: nothing happens in it


@dataclass(frozen=True, slots=True)
class Foresight:
    """Seconds until complete, the middle and the ends of `runs` flights; without them `why` not."""

    eta_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None
    runs: int = 0
    why: str = ""


def obstacle(rollout: Rollout) -> str:
    """Say why nobody can foresee the end now, or nothing; cheap."""
    waits = {
        Phase.PAUSED: "paused: nothing goes on before `resume`",
        Phase.ROLLED_BACK: "rolled back: nothing goes on before an operator's `resume`",
        Phase.COMPLETE: "complete already",
    }
    if rollout.phase in waits:
        return waits[rollout.phase]
    if "time_sliced" in rollout.policy.tags:
        return "this policy slices time, not traffic"
    if not rollout.policy.channels():
        return ""
    a = rollout.assessment
    if a.refusal:
        return f"the evidence cannot be used: {a.refusal}"
    return "" if a.units_per_s else "no traffic was seen yet"


def foresee(
    rollout: Rollout,
    make: Callable[[Mapping[str, Any]], Rollout],
    now_s: float,
    draw: Generator,
) -> Foresight:
    """Return when `rollout` completes; `make` builds a copy of it from what `to_dict` gave."""
    if why := obstacle(rollout):
        return Foresight(why=why)
    saved, clients = rollout.to_dict(), _clients(rollout)
    ends: list[_End] = []
    while len(ends) < RUNS and (len(ends) < 3 or sum(one.ticks for one in ends) < TICKS):
        ends.append(_flown(make(saved), now_s, clients, draw))
        if ends[0].ticks == TICKS_MAX:
            break  # the others would take as long
    return _told(ends, now_s)


class _End(NamedTuple):
    """How one flight ended: when, after how many decisions, in which phase."""

    at_s: float
    ticks: int
    phase: Phase


def _told(ends: Sequence[_End], now_s: float) -> Foresight:
    n = len(ends)
    known = sorted(one.at_s - now_s for one in ends if one.phase is Phase.COMPLETE)
    if 2 * len(known) > n:
        high_s = known[-1] if len(known) == n else None
        return Foresight(known[len(known) // 2], known[0], high_s, n)
    if back := sum(one.phase is Phase.ROLLED_BACK for one in ends):
        what = f"in {back} of {n} flights ahead it withdrew a certificate as good as the old one"
        return Foresight(runs=n, why=what)
    longest = max(ends)
    what = f"it takes more than {longest.at_s - now_s:.0f} s, {longest.ticks} decisions from now"
    return Foresight(runs=n, why=what)


@dataclass(frozen=True, slots=True)
class _Clients:
    """Units a second of every segment, and the share of them that fails with the old one."""

    segments: tuple[str, ...]
    per_s: tuple[float, ...]
    failing: tuple[float, ...]


def _clients(rollout: Rollout) -> _Clients:
    """Return the traffic so far; without any segment everybody is alike."""
    a, seen = rollout.assessment, rollout.status()["segments"]
    rows = [(one["segment"], one["n_old"] + one["n_new"], one) for one in seen]
    total = sum(n for _, n, _ in rows)
    if not total:
        return _Clients(("all",), (a.units_per_s,), (0.0,))
    usual = a.failed_old / a.n_old if a.n_old else 0.0
    failing = [one["failed_old"] / one["n_old"] if one["n_old"] else usual for _, _, one in rows]
    return _Clients(
        tuple(name for name, _, _ in rows),
        tuple(a.units_per_s * n / total for _, n, _ in rows),
        tuple(failing),
    )


def _flown(rollout: Rollout, now_s: float, clients: _Clients, draw: Generator) -> _End:
    """Fly this copy until it completes, withdraws, or takes too long."""
    plan, then_s = rollout.plan, now_s
    lag_s, at = rollout.assessment.lag_s, int(now_s // plan.slice_s)
    for tick in range(1, TICKS_MAX + 1):
        at += int(_idle_s(rollout, then_s) / plan.slice_s)
        rollout.receive(_window(at, rollout, clients, draw, lag_s))
        at += 1
        then_s = at * plan.slice_s + lag_s
        try:
            decision = rollout.tick(then_s)
        except ContractError:
            return _End(then_s, tick, rollout.phase)
        rollout.confirm(decision.exposure, then_s)
        if rollout.phase in FINAL:
            return _End(then_s, tick, rollout.phase)
    return _End(then_s, TICKS_MAX, rollout.phase)


def _idle_s(rollout: Rollout, now_s: float) -> float:
    """Return how long nothing is decided: a part of the soak, or until a mere clock is due."""
    if not rollout.policy.channels():
        waits = [one.limit for one in turns(rollout.policy, rollout.view(now_s)) if one.limit]
        return min(waits, default=0.0)
    return SOAK_STEP * (rollout.soak_left_s or 0.0)


def _window(
    number: int, rollout: Rollout, clients: _Clients, draw: Generator, lag_s: float
) -> Window:
    """Return a slice in which the new certificate is as good as the old one."""
    plan, exposure = rollout.plan, rollout.exposure
    n = draw.poisson(np.array(clients.per_s) * plan.slice_s)
    new = draw.binomial(n, exposure)
    by_arm = np.stack((n - new, new), axis=1)
    failed = draw.binomial(by_arm, np.array(clients.failing)[:, None])
    units = np.stack((by_arm - failed, failed), axis=2).astype(np.int64)
    return Window.empty(
        number * plan.slice_s,
        (number + 1) * plan.slice_s,
        exposure,
        clients.segments,
        (OK, "close"),
        units=units,
        attempts=units.copy(),
        slice_index=number % plan.slices,
        slices=plan.slices,
        lag_s=lag_s,
    )
