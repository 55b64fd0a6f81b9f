"""Bounds of a number, as an annotation: `Annotated[float, Within(0.0, 1.0)]`.

They are part of the type and change no value, repr or digest; `simcert.scenario.strict` refuses
what lies outside when a text or file becomes a dataclass, `check` when Python does.
"""

from dataclasses import dataclass
from typing import Annotated, get_origin, get_type_hints

from simcert.errors import InputError

INF = float("inf")


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
        return f"in {left}{self.low:g}, {self.high:g}{right}"


def check(made: object) -> None:
    """Raise InputError if a number of a dataclass lies outside the bounds that its type names."""
    for name, limit in _limits(type(made)):
        if getattr(made, name) not in limit:
            got = f"got {getattr(made, name)!r}"
            raise InputError(f"{type(made).__name__}: {name} must be {limit}, {got}")


def _limits(cls: type) -> tuple[tuple[str, Within], ...]:
    hints = get_type_hints(cls, include_extras=True)
    numbers = {name: hint for name, hint in hints.items() if get_origin(hint) is Annotated}
    return tuple(
        (name, one)
        for name, hint in numbers.items()
        for one in hint.__metadata__
        if isinstance(one, Within)
    )


Share = Annotated[float, Within(0.0, 1.0)]
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
