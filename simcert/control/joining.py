"""Joining: windows of several nodes become one, each node counted once, exposures apart."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import isfinite

from simcert.control.windowing import Grid
from simcert.model import Window

MISSED_MAX = 0.9  # completeness of a window to which a node is missing: never evidence
AHEAD_S = 5.0  # a window from further in the future came from another clock
BACKLOG = 2000  # slices; what is older after a long sleep has no turn any more
CELLS_MAX = 200_000  # cells of one node's window


@dataclass(slots=True)
class Joiner:
    """Waits for the windows of all `nodes`, at most `wait_s` after the end of each slice.

    Slices are numbered since 1970; `first` is the one with which `grid` begins. Whatever order
    windows come in, and however often: (node, slice) counts once, and joined windows leave in
    order, one for every slice. Nodes that are missing, tell a slice twice under two epochs, or saw
    another exposure than most, make the window incomplete; what comes after its turn is late.
    """

    nodes: tuple[str, ...]
    grid: Grid = field(default_factory=Grid)
    first: int = 0
    wait_s: float = 30.0
    next: int = 0  # number of the oldest slice that has not left
    late: int = 0
    repeated: int = 0
    refused: int = 0  # windows of strangers, of other clocks, or that are none
    contradicted: int = 0
    _exposure: float = 0.0
    _waiting: dict[int, dict[str, tuple[int, Window | None]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.next = max(self.next, self.first)

    def add(self, number: int, node: str, epoch: int, window: Window, now_s: float) -> bool:
        """Take a window in; False if it does not count."""
        if number < self.next:
            self.late += 1
            return False
        if node not in self.nodes or self._start_s(number) > now_s + AHEAD_S:
            self.refused += 1
            return False
        if not fits(window, number, self.grid):
            self.refused += 1
            return False
        here = self._waiting.setdefault(number, {})
        if node in here:
            self._again(here, node, epoch)
            return False
        start_s, end_s = self._start_s(number), self._start_s(number + 1)
        here[node] = (epoch, replace(window, start_s=start_s, end_s=end_s, source=node))
        return True

    def _again(self, here: dict[str, tuple[int, Window | None]], node: str, epoch: int) -> None:
        """Count a delivery that is not the first: the same one, or one that contradicts it."""
        if here[node][0] == epoch:
            self.repeated += 1
        else:
            self.contradicted += 1
            here[node] = (epoch, None)

    def take(self, now_s: float) -> list[Window]:
        """Return the windows that are whole or have waited long enough, oldest first."""
        joined: list[Window] = []
        self._skip(now_s)
        while True:
            end_s = self._start_s(self.next + 1)
            here = self._waiting.get(self.next, {})
            found = [one for _, one in here.values() if one is not None]
            patient = now_s + 1e-9 < end_s + (0.0 if len(found) == len(self.nodes) else self.wait_s)
            if patient:
                return joined
            joined.append(self._joined(found))
            self._waiting.pop(self.next, None)
            self.next += 1

    def _skip(self, now_s: float) -> None:
        oldest = self.first + int(now_s // self.grid.slice_s) - BACKLOG
        if oldest > self.next:
            self.next = oldest
            self._waiting = {k: one for k, one in self._waiting.items() if k >= oldest}

    def _joined(self, found: list[Window]) -> Window:
        if found:
            total = join(found, len(self.nodes))
            self._exposure = total.exposure
            return replace(total, lag_s=total.lag_s + self.wait_s)
        return Window.empty(
            self._start_s(self.next),
            self._start_s(self.next + 1),
            self._exposure,
            slice_index=self.next % self.grid.slices,
            slices=self.grid.slices,
            completeness=0.0,
            lag_s=self.wait_s,
        )

    def _start_s(self, number: int) -> float:
        return self.grid.start_s(number - self.first)


def fits(window: Window, number: int, grid: Grid) -> bool:
    """Return whether a window of a node can be what it says: it came from outside."""
    arrays = (window.units, window.attempts, window.resumed, window.time_hist, window.features)
    return (
        window.slices == grid.slices
        and window.slice_index == number % grid.slices
        and isfinite(window.exposure)
        and 0.0 <= window.exposure <= 1.0
        and 0.0 <= window.completeness <= 1.0
        and 0.0 <= window.lag_s < 86_400.0
        and all(one.size <= CELLS_MAX and not (one < 0).any() for one in arrays)
        and bool((window.units <= window.attempts).all())
    )


def join(windows: Iterable[Window], expected: int) -> Window:
    """Return the sum of the largest group that fits together, its completeness scaled.

    Completeness is the mean over the `expected` nodes, and `MISSED_MAX` at most if one of them is
    missing or cannot be added: a busy node may be a small share of the nodes.
    """
    groups: list[list[Window]] = []
    for one in sorted(windows, key=lambda w: w.source):
        for group in groups:
            if _fits(group[0], one):
                group.append(one)
                break
        else:
            groups.append([one])
    best = max(groups, key=lambda group: (len(group), sum(one.n for one in group)))
    total = best[0]
    for one in best[1:]:
        total = total + one
    share = sum(one.completeness for one in best) / expected
    return replace(total, completeness=share if len(best) == expected else min(share, MISSED_MAX))


def _fits(a: Window, b: Window) -> bool:
    same = ("start_s", "exposure", "slice_index", "slices", "assignment")
    return all(getattr(a, name) == getattr(b, name) for name in same)
