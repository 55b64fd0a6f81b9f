"""Bounds of a number, as an annotation: `Annotated[float, Within(0.0, 1.0)]`.

They are part of the type and change no value, repr or digest; `simcert.scenario.strict` refuses
what lies outside when a text or file becomes a dataclass, `check` when Python does.
"""

from dataclasses import dataclass
from functools import cache
from numbers import Integral, Real
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from simcert.errors import InputError

INF = float("inf")
_KINDS: dict[object, tuple[Any, str]] = {
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
}


@dataclass(frozen=True, slots=True)
class Within:
    """Bounds of a number, or of every number in an array; `low` and `high` may be excluded."""

    low: float = -INF
    high: float = INF
    open_low: bool = False
    open_high: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.open_low else value >= self.low
        return above and (value < self.high if self.open_high else value <= self.high)

    def __str__(self) -> str:
        if self.high == INF:
            if self.low == -INF:
                return "a finite number"
            return f"{'more than' if self.open_low else 'at least'} {self.low:g}"
        left, right = "(" if self.open_low else "[", ")" if self.open_high else "]"
        return f"in {left}{_said(self.low)}, {_said(self.high)}{right}"

    def wanted(self, value: float) -> str:
        """Return what a value that lies outside should have been; of infinity, that it ends."""
        endless = self.high == INF and (abs(value) == INF or value != value)
        return "a finite number" if endless else str(self)


def _said(limit: float) -> str:
    """Return a limit as TOML takes it: 1e6 in full, as six digits may be too few."""
    return f"{limit:_.0f}" if 1e6 <= abs(limit) < 1e12 else f"{limit:g}"


def check(made: Any) -> None:  # noqa: ANN401 - any dataclass
    """Raise InputError with field, bound and value if a number of a dataclass is out of bounds.

    As in a file: what may be None may be None, and of an array every number is looked at.
    """
    for name, kind, limit, optional in _limits(made.__class__):
        value = getattr(made, name)
        for one in value if isinstance(value, tuple) else (value,):
            if one is None and optional:
                continue
            if wanted := refusal(one, kind, limit):
                place = f"{type(made).__name__}: {name}"
                raise InputError(f"{place} must be {wanted}, got {one!r}")


class Checked:
    """A dataclass that cannot be made, by file or by Python, with a number out of bounds."""

    __slots__ = ()

    def __post_init__(self) -> None:
        check(self)


def refusal(one: Any, kind: Any, limit: Within) -> str:  # noqa: ANN401 - anything was given
    """Return what `one` should have been; nothing if it is that."""
    family, said = _KINDS[kind]
    if not isinstance(one, family) or isinstance(one, bool):
        return said
    return "" if one in limit else limit.wanted(one)


@cache
def _limits(cls: type) -> tuple[tuple[str, Any, Within, bool], ...]:
    """Return (field, int or float, bounds, may be None) of every number that has bounds."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple(
        (name, _number_of(kind), one, optional)
        for name, hint in hints.items()
        for optional, plain in [_unwrapped(hint)]
        if get_origin(plain) is Annotated
        for kind, *bounds in [get_args(plain)]
        for one in bounds
        if isinstance(one, Within)
    )


def _unwrapped(hint: Any) -> tuple[bool, Any]:  # noqa: ANN401 - any annotation
    """Return whether None is allowed, and the annotation without it."""
    options = get_args(hint)
    if type(None) not in options:
        return False, hint
    return True, next(one for one in options if one is not type(None))


def _number_of(kind: Any) -> Any:  # noqa: ANN401 - any annotation
    """Return the type of a number, or of the numbers in an array."""
    return get_args(kind)[0] if get_origin(kind) is tuple else kind


SECONDS = Within(-1e12, 1e12)
"""Any time or span that a file may tell: 30,000 years either way."""
Time = Annotated[float, SECONDS]
SHARE = Within(0.0, 1.0)
SLICES = Within(1, 1e6)  # of one window
Share = Annotated[float, SHARE]
Chance = Annotated[float, Within(0.0, 1.0, open_low=True, open_high=True)]
"""An error probability: neither never nor always."""
Exposure = Annotated[float, Within(0.0, 1.0, open_low=True)]
"""An exposure that is a step: 0 would be none."""
Percent = Annotated[float, Within(0.0, 100.0)]
Positive = Annotated[float, Within(0.0, open_low=True, open_high=True)]
NotNegative = Annotated[float, Within(0.0, open_high=True)]
Finite = Annotated[float, Within(open_low=True, open_high=True)]
Whole = Annotated[int, Within(1)]
Count = Annotated[int, Within(0)]

# What a world may be made of: beyond any site and clock of this planet, within reach of a machine.
YEAR_S = 366 * 86_400.0
Moment = Annotated[float, Within(-100.0 * YEAR_S, 100.0 * YEAR_S)]
"""Seconds before or after the epoch: a century, since some clocks began in 1970."""
Life = Annotated[float, Within(1.0, 100.0 * YEAR_S)]
"""Seconds that a certificate still lives: a private CA gives decades."""
Until = Annotated[float, Within(0.0)]
"""Seconds after the epoch; infinity is for ever."""
Delay = Annotated[float, Within(0.0, YEAR_S)]
"""Seconds that something comes late, or none."""
Wait = Annotated[float, Within(0.001, YEAR_S)]
"""Mean of a random wait, in seconds."""
Span = Annotated[float, Within(1.0, YEAR_S)]
"""Length of a stretch of time, in seconds."""
Period = Annotated[float, Within(10.0, YEAR_S)]
"""Seconds from one of many events to the next."""
Rate = Annotated[float, Within(1e-6, 1e8)]
"""Connections per second: from three a month to more than the largest networks see."""
Clients = Annotated[int, Within(1, 1_000_000_000)]
Prefixes = Annotated[int, Within(0, 1_000_000)]
"""Networks that clients share; 0: each has its own."""
Bytes = Annotated[int, Within(1, 1_000_000_000)]
Tally = Annotated[int, Within(0, 10**18)]
"""A number of events of a run."""
