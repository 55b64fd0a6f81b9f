"""Purses: what each source that ever failed has sent and spent, in columns sorted by its name.

Sources are many and purses never close, so a purse is 20 bytes and not an object.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Names = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

FORGOTTEN = 16  # one in so many goes when there are too many: the oldest


def _none() -> Counts:
    return np.zeros(0, np.int32)


@dataclass(slots=True)
class Purses:
    """At most `most` purses; columns `first` (slice), `units` and `failed` belong to `names`."""

    most: int
    names: Names = field(default_factory=lambda: np.zeros(0, np.int64))
    first: Counts = field(default_factory=_none)
    units: Counts = field(default_factory=_none)
    failed: Counts = field(default_factory=_none)

    def __len__(self) -> int:
        return len(self.names)

    def places(self, names: Names) -> tuple[Names, Mask]:
        """Return the place of each name, and whether it has a purse."""
        at = np.minimum(np.searchsorted(self.names, names), max(len(self) - 1, 0))
        known = self.names[at] == names if len(self) else np.zeros(len(names), bool)
        return at, known

    def open(self, names: Names, number: int) -> None:
        """Open purses for `names`, each once and new, in slice `number`; the oldest make room."""
        if len(self) + len(names) > self.most:
            self._forget(max(len(names), self.most // FORGOTTEN))
        fresh = np.sort(names)[-self.most :]
        at = np.searchsorted(self.names, fresh)
        self.names = np.insert(self.names, at, fresh)
        self.first = np.insert(self.first, at, number)
        self.units = np.insert(self.units, at, 0)
        self.failed = np.insert(self.failed, at, 0)

    def _forget(self, many: int) -> None:
        kept = np.sort(np.argsort(self.first, kind="stable")[many:])
        for column in ("names", "first", "units", "failed"):
            setattr(self, column, getattr(self, column)[kept])
