"""How far the new certificate may go: rules on plain numbers, no state."""

from dataclasses import dataclass
from typing import NamedTuple

from simcert.model.figures import apart, figure

FALLS = "more when U falls"
FALLEN = "down on suspicion, withdrawn on proof"


class Room(NamedTuple):
    """An exposure, what allows it and no more, and what would make that allow more."""

    exposure: float
    why: str
    more: str


@dataclass(frozen=True, slots=True)
class Horizon:
    """What is on the way before a decision can be corrected.

    `units` is the expected number of units in one slice plus the feedback lag, `lag` that lag in
    slices, `slices_per_window` the number of decisions in a window.
    """

    units: float
    lag: float
    slices_per_window: int


def in_flight(horizon: Horizon, n_new: int) -> Room:
    """Allow e with e * units <= k0 + c * n_new, so that harm is at most about (1 + c) x detection.

    If detection needs x harmed units whose results are in, at most k0 * delta + c * x more are on
    the way. c grows with the lag, for waiting costs time, not harm.
    """
    growth = min(2.0, 0.2 * (horizon.lag + 1.0))
    if n_new <= 8:
        growth = min(1.0, growth)
    units = first_units(horizon) + growth * n_new
    return Room(
        min(units / horizon.units, 1.0),
        f"with the results so far {figure(units)} units may be on the way, which allows",
        "more when more are in",
    )


def first_units(horizon: Horizon) -> float:
    """Return how many exposed units may be on the way before any result is in."""
    return 0.2 * (1.0 + 0.4 * horizon.lag)


def bounded(horizon: Horizon, u: float, *, safe: float, budget: float, mid: float) -> Room:
    """Allow at most `budget` / U, and `mid`, until U <= `safe`; then everything but the hold-back.

    `budget` is expected harm as a share of all units, at the bound.
    """
    bound, goal = apart(u, safe)
    if u <= safe:
        return Room(1.0, f"harm bound U = {bound} within the goal {goal} allows", FALLEN)
    room = max(first_units(horizon) / horizon.units, min(mid, budget / u))
    return Room(min(room, 1.0), f"harm bound U = {bound} above the goal {goal} allows", FALLS)


def affordable(horizon: Horizon, u: float, share: float) -> Room:
    """Allow e with e * units * U <= `share` of a window's units: the budget of one overshoot."""
    room = share * horizon.slices_per_window / ((horizon.lag + 1.0) * u)
    spent = f"harm on the way at U = {figure(u)}, {figure(share)} of a window, allows"
    return Room(min(room, 1.0), spent, FALLS)
