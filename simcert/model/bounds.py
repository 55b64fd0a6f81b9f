"""Bounds of a number, as an annotation: `Annotated[float, Within(0.0, 1.0)]`.

They are part of the type and change no value, repr or digest; `simcert.scenario.strict` refuses
what lies outside when a text or file becomes a dataclass.
"""

from dataclasses import dataclass
from typing import Annotated

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
