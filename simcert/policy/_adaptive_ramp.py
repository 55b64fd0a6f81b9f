"""How far the new certificate may go: rules on plain numbers, no state."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from simcert.model.figures import apart, figure

FALLS = "more when U falls"
FALLEN = "down on suspicion, withdrawn on proof"


class Room(NamedTuple):
    """An exposure, what allows it and no more, and what would make that allow more."""

    exposure: float
    why: Callable[[], str]  # said of the lowest room only: of three, in every slice
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
        min(units / horizon.units, 1.0), lambda: _on_the_way(units), "more when more are in"
    )


def _on_the_way(units: float) -> str:
    return f"with the results so far {figure(units)} units may be on the way, which allows"


def first_units(horizon: Horizon) -> float:
    """Return how many exposed units may be on the way before any result is in."""
    return 0.2 * (1.0 + 0.4 * horizon.lag)


def bounded(horizon: Horizon, u: float, *, safe: float, budget: float, mid: float) -> Room:
    """Allow at most `budget` / U, and `mid`, until U <= `safe`; then everything but the hold-back.

    `budget` is expected harm as a share of all units, at the bound.
    """
    if u <= safe:
        return Room(1.0, lambda: _held_against(u, safe, "within"), FALLEN)
    room = max(first_units(horizon) / horizon.units, min(mid, budget / u))
    return Room(min(room, 1.0), lambda: _held_against(u, safe, "above"), FALLS)


def _held_against(u: float, safe: float, side: str) -> str:
    bound, goal = apart(u, safe)
    return f"harm bound U = {bound} {side} the goal {goal} allows"


def affordable(horizon: Horizon, u: float, share: float) -> Room:
    """Allow e with e * units * U <= `share` of a window's units: the budget of one overshoot."""
    room = share * horizon.slices_per_window / ((horizon.lag + 1.0) * u)
    return Room(min(room, 1.0), lambda: _overshot(u, share), FALLS)


def _overshot(u: float, share: float) -> str:
    return f"harm on the way at U = {figure(u)}, {figure(share)} of a window, allows"


def lowest(*rooms: Room) -> Room:
    """Return the room that all rules allow; of equal ones the first."""
    return min(rooms, key=_exposure)


_exposure = attrgetter("exposure")
