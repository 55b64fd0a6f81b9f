"""Coverage: which segments that the site knows were not yet seen with the new certificate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from simcert.detect._state import Stateful
from simcert.model import NEW, Reading, Verdict, Window

Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class Coverage(Stateful):
    """`value` counts the segments with `known` units or more, none of them new while soaking.

    Soaking is an exposure of `from_exposure` or more, all such times together; before the first,
    `value` is None. A fleet that comes once a night is known from the night before, and not covered
    until it has come again. At most `segments_max` segments are followed, in order of appearance.
    Coverage is no test: `log_e` is 0.
    """

    from_exposure: float = 0.95
    known: int = 20
    segments_max: int = 64
    counts: dict[str, list[int]] = field(default_factory=dict)  # units, new ones while soaking
    n: int = 0
    soaked: bool = False
    _names: tuple[str, ...] = field(init=False, repr=False, default=())
    _sums: Ints = field(init=False, repr=False, default_factory=lambda: np.zeros((2, 0), np.int64))

    @property
    def log_e(self) -> float:
        """Return 0: it says nothing about failures."""
        return 0.0

    def update(self, window: Window) -> None:
        """Count the units of every segment, and those that met the new certificate in the soak."""
        if window.segments != self._names:
            self._settle()
            self._names = window.segments
            self._sums = np.zeros((2, len(self._names)), np.int64)
        by_arm = np.add.reduce(window.units, axis=2)
        self._sums[0] += np.add.reduce(by_arm, axis=1)
        if window.exposure >= self.from_exposure:
            self.soaked = True
            self._sums[1] += by_arm[:, NEW]
        self.n += window.n

    def _settle(self) -> None:
        """Move the sums under the present names into counts by name."""
        for name, units, new in zip(self._names, *self._sums.tolist(), strict=True):
            if units and (name in self.counts or len(self.counts) < self.segments_max):
                before = self.counts.get(name, [0, 0])
                self.counts[name] = [before[0] + units, before[1] + new]
        self._sums[:] = 0

    def reading(self) -> Reading:
        """Return the number of segments that are not covered, and their units so far."""
        if not self.n:
            return Reading()
        if not self.soaked:
            return Reading(Verdict.INCONCLUSIVE, n=self.n)
        self._settle()
        known = {name: count for name, count in self.counts.items() if count[0] >= self.known}
        missing = {name: float(units) for name, (units, new) in known.items() if not new}
        return Reading(Verdict.INCONCLUSIVE, 0.0, float(len(missing)), 0.0, self.n, missing)

    def to_dict(self) -> dict[str, Any]:
        """Return parameters and counts as JSON values."""
        self._settle()
        state = Stateful.to_dict(self)
        return {**state, "counts": {name: [*count] for name, count in self.counts.items()}}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """Return the detector that `to_dict` described."""
        counts = {name: [*count] for name, count in state["counts"].items()}
        return cls(**{**state, "counts": counts})
