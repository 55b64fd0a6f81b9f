"""Turning: what would change the last decision, asked from the policy itself.

A policy is pure, so its decision is taken again with one figure changed, and the change that is
nearest to what is known tells where the decision turns. Nothing is assumed about how it decides.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from math import ceil, exp

from simcert.errors import SimcertError
from simcert.model import Assessment, Kind, Policy, Reading, Verdict, View

EVIDENCE = "evidence e-value"
UNITS = "exposed results"
SECONDS = "seconds from now"
LOG_MAX = 700.0
NATS = 12.0  # evidence that is tried on top of what there is
HALVINGS = 24
FACTORS = tuple(2.0 ** (k / 2) for k in range(1, 17))
TIMES_S = tuple(0.5 * 1.5**k for k in range(33))  # to two days ahead


@dataclass(frozen=True, slots=True)
class Turn:
    """The policy would decide `kind` if `what`, which is `value` now, were `limit`; n units."""

    kind: str
    what: str
    value: float | None
    limit: float | None
    n: int


Changed = Callable[[float], View]


def turns(policy: Policy, view: View) -> list[Turn]:
    """Return what would change the decision, evidence first; empty if nothing that is known does.

    The safety limits around the policy are not in it: they only hold back.
    """
    now = _kind(policy, view)
    if now is None:
        return []
    found: list[Turn] = []
    for what, n, value, tried, changed in _figures(view):
        found += _along(policy, now, what, n, value, tried, changed)
    return [_rounded(one) for one in (*found, *_verdicts(policy, now, view))]


def _rounded(one: Turn) -> Turn:
    """Return a turn as people read it: evidence as a factor, whole units, four digits."""
    figures = [one.value, one.limit]
    if one.what == EVIDENCE:
        figures = [None if x is None else exp(min(x, LOG_MAX)) for x in figures]
    if one.what == UNITS:
        figures = [None if x is None else float(ceil(x - 1e-6)) for x in figures]
    value, limit = (None if x is None else float(f"{x:.4g}") for x in figures)
    return replace(one, value=value, limit=limit)


def _figures(view: View) -> Iterator[tuple[str, int, float, Iterable[float], Changed]]:
    """Tell every figure: name, n, value now, values to try in order of distance, the view then."""
    a = view.assessment
    steps = [a.log_e + NATS * k / 48 for k in range(1, 49)]
    yield EVIDENCE, a.n_new, a.log_e, steps, lambda x: _seen(view, replace(a, log_e=x))
    for name, one in a.readings.items():
        if one.value is None:
            continue
        for tried in (_below(one.value), _above(one.value)):
            yield name, one.n, one.value, tried, _read(view, name, one)
    more = [float(a.n_new + k) for k in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)]
    yield UNITS, a.n_new, float(a.n_new), more, lambda x: _seen(view, replace(a, n_new=round(x)))
    yield SECONDS, a.n_new, 0.0, TIMES_S, lambda x: _later(view, x)


def _below(value: float) -> list[float]:
    return [value / f for f in FACTORS] if value > 0.0 else []


def _above(value: float) -> list[float]:
    return [value * f for f in FACTORS] if value > 0.0 else [0.01 * f for f in FACTORS]


def _read(view: View, name: str, one: Reading) -> Changed:
    def changed(x: float) -> View:
        return _heard(view, name, one._replace(value=x))

    return changed


def _seen(view: View, assessment: Assessment) -> View:
    return replace(view, assessment=assessment)


def _heard(view: View, name: str, reading: Reading) -> View:
    readings = {**view.assessment.readings, name: reading}
    return _seen(view, replace(view.assessment, readings=readings))


def _later(view: View, seconds: float) -> View:
    return replace(view, now_s=view.now_s + seconds, held_s=view.held_s + seconds)


def _along(
    policy: Policy,
    now: Kind,
    what: str,
    n: int,
    value: float,
    tried: Iterable[float],
    changed: Changed,
) -> Iterator[Turn]:
    """Tell where the decision turns, once a kind: the nearest place, narrowed down by halves."""
    before, told = value, {now}
    for x in tried:
        kind = _kind(policy, changed(x))
        if kind is not None and kind not in told:
            told.add(kind)
            yield Turn(kind.value, what, value, _narrowed(policy, kind, before, x, changed), n)
        before = x


def _narrowed(policy: Policy, kind: Kind, low: float, high: float, changed: Changed) -> float:
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if _kind(policy, changed(middle)) is kind:
            high = middle
        else:
            low = middle
    return high


def _verdicts(policy: Policy, now: Kind, view: View) -> Iterator[Turn]:
    """Tell which channels turn the decision by their verdict, or by one more alarm."""
    for name, one in view.assessment.readings.items():
        tried = [(f"{name} says {v.value}", one._replace(verdict=v)) for v in _SAID]
        if "alarms" in one.detail:
            more = {**one.detail, "alarms": one.detail["alarms"] + 1.0}
            tried.append((name, one._replace(detail=more)))
        for what, reading in tried:
            kind = _kind(policy, _heard(view, name, reading))
            if kind is not None and kind is not now:
                yield Turn(kind.value, what, one.value, one.limit, one.n)


_SAID = (Verdict.FAIL, Verdict.PASS)


def _kind(policy: Policy, view: View) -> Kind | None:
    """Return what the policy decides; None for one that cannot decide about this view."""
    try:
        return policy.decide(view).kind
    except (SimcertError, ArithmeticError, LookupError, TypeError, ValueError):
        return None
