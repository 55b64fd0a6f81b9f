"""Scores one flight against the truth: who was harmed, what was false, what was missed."""

from dataclasses import dataclass
from math import inf, log

from simcert.model import Truth
from simcert.scenario.schema import Expect
from simcert.sim import Flight

ALPHA = 0.01  # level at which the information bound is stated


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of one run; `minutes_to_full` is None where full exposure was never reached."""

    end: str
    minutes_to_full: float | None
    harmed_connections: int
    harmed_clients: int
    connections: int
    success_rate: float | None
    false_rollback: bool
    missed: bool
    rolled_back_ever: bool
    attempts: int


def score(flight: Flight, truth: Truth) -> Score:
    """Return the figures of a flight; a rollback is false if the new certificate harms nobody."""
    seen = flight.connections
    return Score(
        end=flight.end,
        minutes_to_full=flight.minutes_to_full,
        harmed_connections=flight.harmed_connections,
        harmed_clients=flight.harmed_clients,
        connections=seen,
        success_rate=flight.ok_connections / seen if seen else None,
        false_rollback=flight.rolled_back_ever and not truth.harmful,
        missed=flight.end == "complete" and truth.harmful,
        rolled_back_ever=flight.rolled_back_ever,
        attempts=flight.attempts,
    )


def information_bound(truth: Truth, alpha: float = ALPHA) -> float | None:
    """Return H* = delta ln(1/alpha) / KL(q1 || q0), the fewest harmed that any test can do with.

    Connections; None where the certificate changes nothing, or where one failure proves all.
    Source: Wald's bound on the expected sample size of a test of level alpha and power one.
    """
    q0, q1 = truth.failure_rate, min(truth.failure_rate + truth.delta, 1.0)
    if truth.delta <= 0.0 or q0 <= 0.0:
        return None
    divergence = q1 * log(q1 / q0) + (_x_log(1.0 - q1, (1.0 - q1) / (1.0 - q0)) if q1 < 1 else 0.0)
    return truth.delta * log(1.0 / alpha) / divergence


def _x_log(x: float, ratio: float) -> float:
    return x * log(ratio)


def unmet(expect: Expect, got: Score, moves: list[tuple[float, float, str]]) -> list[str]:
    """Return what a scenario expected and did not get, in words; empty if all was met."""
    wanted = {
        "end": (expect.end, got.end),
        "complete": (expect.complete, got.end == "complete"),
        "rolled_back": (expect.rolled_back, got.rolled_back_ever),
        "false_rollback": (expect.false_rollback, got.false_rollback),
        "missed": (expect.missed, got.missed),
    }
    failed = [
        f"{name}: expected {_word(want)}, got {_word(have)}"
        for name, (want, have) in wanted.items()
        if want is not None and want != have
    ]
    limits = {
        "harmed_connections": (got.harmed_connections, expect.harmed_connections_max),
        "harmed_clients": (got.harmed_clients, expect.harmed_clients_max),
        "within_s": (_settled_s(expect, got, moves), expect.within_s),
    }
    failed += [
        f"{name}: expected at most {high:g}, got {_number(have)}"
        for name, (have, high) in limits.items()
        if high is not None and have > high
    ]
    low, rate = expect.success_rate_min, got.success_rate
    if low is not None and (rate is None or rate < low):
        failed.append(f"success_rate: expected at least {low:g}, got {rate}")
    return failed


def _settled_s(expect: Expect, got: Score, moves: list[tuple[float, float, str]]) -> float:
    """Moment of the rollback where one was expected, else of full exposure; infinite if never."""
    if expect.end == "rolled_back" or expect.rolled_back:
        gone = [t for t, exposure, _ in moves if exposure == 0.0 and t > 0.0]
        return gone[-1] if gone and got.rolled_back_ever else inf
    return inf if got.minutes_to_full is None else got.minutes_to_full * 60.0


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: float) -> str:
    return "never" if value == inf else f"{value:g}"
