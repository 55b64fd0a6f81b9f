"""Coverage: which segments that the site knows were not yet seen with the new certificate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from simcert.detect._merge import Merging
from simcert.detect._state import SEEN, Stateful, said
from simcert.model import NEW, Reading, Window
from simcert.model.assessment import NO_DETAIL
from simcert.model.merging import either, state, total

Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class Coverage(Merging):
    """`value` counts the segments with `known` units or more, none of them new while soaking.

    Soaking is an exposure of `from_exposure` or more, all such times together; before the first,
    `value` is None. A fleet that comes once a night is known from the night before, and not covered
    until it has come again. At most `segments_max` segments are followed, in order of appearance.
    Coverage is no test: `log_e` is 0.
    """

    from_exposure: float = 0.95
    known: int = 20
    segments_max: int = 64
    counts: dict[str, list[int]] = state(total, factory=dict)  # units, new ones while soaking
    n: int = state(total, 0)
    soaked: bool = state(either, False)
    _labels: tuple[tuple[str, ...], tuple[str, ...]] = field(
        init=False, repr=False, default=((), ())
    )
    _units: Ints = field(init=False, repr=False, default_factory=lambda: np.zeros((0, 2, 0), int))
    _new: Ints = field(init=False, repr=False, default_factory=lambda: np.zeros((0, 0), int))

    @property
    def log_e(self) -> float:
        """Return 0: it says nothing about failures."""
        return 0.0

    def update(self, window: Window) -> None:
        """Count the units of every segment, and those that met the new certificate in the soak."""
        labels = (window.segments, window.outcomes)
        if labels != self._labels:
            self._settle()
            self._labels = labels
            self._units, self._new = (
                np.zeros_like(window.units),
                np.zeros_like(window.units[:, NEW]),
            )
        self._units += window.units
        if window.exposure >= self.from_exposure:
            self.soaked = True
            self._new += window.units[:, NEW]
        n_new, _, n_old, _ = window.tally()
        self.n += n_new + n_old

    def _settle(self) -> None:
        """Move the sums under the present labels into counts by name."""
        units, new = self._units.sum(axis=(1, 2)).tolist(), self._new.sum(axis=1).tolist()
        for name, seen, soaked in zip(self._labels[0], units, new, strict=True):
            if seen and (name in self.counts or len(self.counts) < self.segments_max):
                before = self.counts.get(name, [0, 0])
                self.counts[name] = [before[0] + seen, before[1] + soaked]
        self._units[:] = 0
        self._new[:] = 0

    def _conclude(self) -> None:
        self.counts = {name: self.counts[name] for name in sorted(self.counts)[: self.segments_max]}

    def reading(self) -> Reading:
        """Return the number of segments that are not covered, and their units so far."""
        if not self.n:
            return Reading()
        if not self.soaked:
            return said((SEEN, 0.0, None, None, self.n, NO_DETAIL))
        self._settle()
        known = {name: count for name, count in self.counts.items() if count[0] >= self.known}
        missing = {name: float(units) for name, (units, new) in known.items() if not new}
        return said((SEEN, 0.0, float(len(missing)), 0.0, self.n, missing))

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
