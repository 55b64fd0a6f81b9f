"""Orders and reports: what a leader and its nodes tell each other through the store.

Both come from outside: what is not whole, bounded and of the right type is no order and no report.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

TEXT_MAX = 8192  # characters; a longer value is none of ours
BASIS = 10_000  # terminators count exposure in basis points
Rank = tuple[int, int]

ORDER = "order"


def report_key(node: str) -> str:
    """Return the key under which a node reports."""
    return f"node:{node}"


@dataclass(frozen=True, slots=True)
class Order:
    """The exposure that every node shall have in force, as the leader with `token` wants it."""

    token: int
    number: int  # grows with every change under one token
    exposure: float
    beat: int = 0  # grows while the leader lives
    final: bool = False  # the rollout is over: the order stands without a leader

    @property
    def rank(self) -> Rank:
        """What a node compares: an order of a lower rank is an old one."""
        return self.token, self.number

    def text(self) -> str:
        """Return the value that the store keeps."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """Return the order in `text`; None if there is none."""
        found = _object(text)
        exposure = _share(found.get("exposure"))
        numbers = [_count(found.get(name)) for name in ("token", "number", "beat")]
        if exposure is None or None in numbers or not isinstance(found.get("final"), bool):
            return None
        token, number, beat = (int(one or 0) for one in numbers)
        return cls(token, number, exposure, beat, found["final"])


@dataclass(frozen=True, slots=True)
class Report:
    """What one node has in force, read back after it heard of `rank`."""

    epoch: int  # of the node's process
    beat: int  # grows while it lives
    rank: Rank = (0, 0)  # highest of an order that it saw
    exposure: float | None = None  # in force; None: nobody knows
    served: tuple[str, ...] = ()  # names of the certificates, old and new
    lost: int = 0  # windows that its buffer could not keep
    trouble: str = ""

    def text(self) -> str:
        """Return the value that the store keeps."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """Return the report in `text`; None if there is none."""
        found = _object(text)
        rank, served = found.get("rank"), found.get("served")
        if not isinstance(rank, list) or len(rank) != 2 or not isinstance(served, list):
            return None
        asked = [found.get("epoch"), found.get("beat"), found.get("lost"), *rank]
        counts = [_count(one) for one in asked]
        if None in counts:
            return None
        epoch, beat, lost, token, number = (int(one or 0) for one in counts)
        names = tuple(str(one)[:200] for one in served[:4])
        trouble = str(found.get("trouble", ""))[:300]
        exposure = _share(found.get("exposure"))
        return cls(epoch, beat, (token, number), exposure, names, lost, trouble)


def points(exposure: float) -> int:
    """Return basis points, rounded down: no more is in force than was decided.

    The smallest exposure above 0 is one point: what is never tried is never known.
    """
    return max(int(exposure * BASIS + 1e-6), 1) if exposure > 0.0 else 0


def same(a: float, b: float) -> bool:
    """Return whether a terminator makes the same of two exposures."""
    return points(a) == points(b)


def _object(text: str | None) -> Mapping[str, Any]:
    if text is None or len(text) > TEXT_MAX:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _count(value: object) -> int | None:
    fine = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62
    return value if fine and isinstance(value, int) else None


def _share(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0.0 <= value <= 1.0:
        return None
    return float(value)
