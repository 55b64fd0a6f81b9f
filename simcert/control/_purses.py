"""Purses: what each source that ever failed has sent and spent, in columns sorted by its name.

Sources are many and purses never close, so a purse is 20 bytes and not an object. The columns are
from the start as long as they may become, and written to: a week takes no more memory than a day.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Names = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

FORGOTTEN = 16  # one in so many goes when there are too many: the oldest
MOVED = 8192  # rows at a time when new ones come in between: what is in hand stays small


@dataclass(slots=True)
class Purses:
    """At most `most` purses; the first `count` rows of `names`, `first` (slice), `units`, `failed`.

    Forgetting sooner would be a gift: who fails once an hour would be new each time.
    """

    most: int
    count: int = 0
    names: Names = field(init=False)
    first: Counts = field(init=False)
    units: Counts = field(init=False)
    failed: Counts = field(init=False)

    def __post_init__(self) -> None:
        self.names = np.full(self.most, 0, np.int64)
        self.first, self.units, self.failed = (np.full(self.most, 0, np.int32) for _ in range(3))

    def __len__(self) -> int:
        return self.count

    def places(self, names: Names) -> tuple[Names, Mask]:
        """Return the place of each name, and whether it has a purse."""
        used = self.names[: self.count]
        at = np.minimum(np.searchsorted(used, names), max(self.count - 1, 0))
        known = used[at] == names if self.count else np.zeros(len(names), bool)
        return at, known

    def open(self, names: Names, number: int) -> None:
        """Open purses for `names`, each once and new, in slice `number`; the oldest make room."""
        if not len(names):
            return
        fresh = np.sort(names)[-self.most :]
        if self.count + len(fresh) > self.most:
            self._forget(max(len(fresh), self.most // FORGOTTEN))
        at = np.searchsorted(self.names[: self.count], fresh)
        self._make_room(at)
        at = at + np.arange(len(fresh))
        self.names[at], self.first[at] = fresh, number
        self.units[at] = self.failed[at] = 0
        self.count += len(fresh)

    def _make_room(self, at: Names) -> None:
        """Move the rows from each place in `at` up by one, the last ones first."""
        for stop in range(self.count, int(at[0]), -MOVED):
            rows = np.arange(max(stop - MOVED, int(at[0])), stop)
            above = rows + np.searchsorted(at, rows, side="right")
            for column in (self.names, self.first, self.units, self.failed):
                column[above] = column[rows]

    def _forget(self, many: int) -> None:
        kept = np.sort(np.argsort(self.first[: self.count], kind="stable")[many:])
        for column in (self.names, self.first, self.units, self.failed):
            column[: len(kept)] = column[kept]
        self.count = len(kept)
