"""Suspicion by segment: one CUSUM of the new arm's failures for each segment; only rebalances."""

from dataclasses import dataclass, field
from math import log
from typing import Self

import numpy as np

from simcert.detect._merge import Merging
from simcert.detect._restart import fell
from simcert.detect._rows import Floats, events, places, row, union
from simcert.detect._state import NOTHING, SEEN, rung, said
from simcert.model import Reading, Window
from simcert.model.merging import follows, largest, mean_by, state, total

NEW_ARM, BOTH = row("failure"), row("failure", both=True)
ZERO = np.zeros(())  # numpy is slow to take a number of Python's


@dataclass(slots=True)
class SegmentCusum(Merging):
    """Counts the alarms of G_s = max(0, G_s + f1_s ln ratio - (ratio - 1) n1 q_s) > `limit`.

    q_s is the rate of failures of segment s per unit of *all* segments, both arms: it starts as
    an equal part of `rate` worth `seen` units, forgets with weight `speed` a window, and rides the
    daily wave of all failures, which is followed with weight `wave_speed`. Fed from
    exposure `from_exposure` on; all G start afresh after an alarm and when the exposure falls.
    After `patience` exposed units the limit grows with their logarithm. What the last alarm was
    raised at, and by which segment, is kept.
    """

    ratio: float = 7.0
    limit: float = 8.0
    speed: float = 0.01
    wave_speed: float = 0.07
    from_exposure: float = 0.05
    patience: float = 2e4  # exposed units
    rate: float = 0.02
    seen: float = 5000.0  # units that the first rates are worth
    segments_max: int = 50
    learned: int = state(total, 0, shown=False)  # units since
    names: tuple[str, ...] = state(follows, ())
    rates: Floats = state(follows, factory=lambda: np.empty(0))  # q_s
    fast: float = state(mean_by("learned"), 0.02)  # failures per unit, all segments
    g: Floats = state(follows, factory=lambda: np.empty(0))
    highest: float = state(follows, 0.0)
    alarms: int = state(total, 0)
    alarm_g: float = state(follows, 0.0, shown=False)  # G_s at the last alarm; decides nothing
    alarm_limit: float = state(follows, 0.0, shown=False)  # that it was above
    alarm_segment: str = state(follows, "", shown=False)  # whose it was
    n: int = state(total, 0)
    exposure: float = state(largest, 0.0)
    _room: Floats = field(init=False, repr=False)  # to reckon in
    _factor: Floats = field(init=False, repr=False, default_factory=lambda: np.ones(()))

    def __post_init__(self) -> None:
        self.names = tuple(self.names)
        self.rates, self.g = np.asarray(self.rates, float), np.asarray(self.g, float)
        self._room = np.empty(len(self.names))

    @property
    def log_e(self) -> float:
        """Return 0: suspicion is no evidence."""
        return 0.0

    @property
    def threshold(self) -> float:
        """Return the alarm limit after the units seen."""
        return self.limit + log(max(1.0, self.n / self.patience))

    def update(self, window: Window) -> None:
        """Compare the new arm with the baseline of earlier slices, then move the baseline."""
        if not self.names:
            self.names = window.segments[: self.segments_max]
            self.rates = np.full(len(self.names), self.rate / len(self.names))
            self.g, self._room = np.zeros(len(self.names)), np.empty(len(self.names))
        if fell(self.exposure, window.exposure):
            self._forget()
        self.exposure = window.exposure
        n_new, f_new, n_old, f_old = window.tally()
        n, f = n_new + n_old, f_new + f_old
        if n:
            seen = events(window, self.names) if f else None
            if window.exposure >= self.from_exposure:
                self._compare(n_new, seen[NEW_ARM] if seen is not None and f_new else None)
            self._learn(n, f, None if seen is None else seen[BOTH], window.slices)
        self.n += n_new

    def _compare(self, n_new: int, f_new: Floats | None) -> None:
        wave = self.fast / float(np.add.reduce(self.rates))
        g = self.g
        np.subtract(g, self._times(self.rates, (self.ratio - 1.0) * n_new * wave), g)
        if f_new is not None:
            np.add(g, self._times(f_new, log(self.ratio)), g)
        np.maximum(g, ZERO, out=g)
        at = g.argmax()  # several times faster than max
        self.highest, limit = g.item(at), self.threshold
        if self.highest > limit:
            self.alarm_g, self.alarm_limit = self.highest, limit
            self.alarm_segment = self.names[at]
            self.alarms += 1
            self._forget()

    def _times(self, row: Floats, factor: float) -> Floats:
        """Return a product that the next one overwrites."""
        self._factor.fill(factor)
        return np.multiply(row, self._factor, self._room)

    def _forget(self) -> None:
        self.g[:] = 0.0
        self.highest = 0.0

    def _learn(self, n: int, f: int, both: Floats | None, slices: int) -> None:
        self.learned += n
        new = n / (self.seen + self.learned)
        weight = max(self.speed / slices, new)
        rates = self.rates
        self._factor.fill(1.0 - weight)
        np.multiply(rates, self._factor, rates)
        if both is not None:
            np.add(rates, self._times(both, weight / n), rates)
        self.fast += max(self.wave_speed / slices, new) * (f / n - self.fast)
        self.fast = max(self.fast, 1e-9)

    def _join(self, mine: Self, theirs: Self) -> None:
        """Be as suspicious of each segment as the more suspicious side; rates by what they saw."""
        names = union(mine.names, theirs.names)
        sides = [(one, places(one.names, names)) for one in (mine, theirs)]
        rates, g = np.zeros(len(names)), np.zeros(len(names))
        for one, at in sides:
            rates[at] += one.learned / max(self.learned, 1) * one.rates
            g[at] = np.maximum(g[at], one.g)
        if not self.learned:
            rates[:] = self.rate / max(len(names), 1)
        last = min(len(names), self.segments_max) - 1
        if last < len(names) - 1:
            rates[last], g[last] = rates[last:].sum(), g[last:].max()
        self.names = names[: self.segments_max]
        self.rates, self.g = rates[: last + 1], g[: last + 1]
        self._room, self.highest = np.empty(len(self.names)), float(self.g.max(initial=0.0))
        alarms = [(one.alarm_g, one.alarm_limit, one.alarm_segment) for one in (mine, theirs)]
        self.alarm_g, self.alarm_limit, self.alarm_segment = max(alarms)

    def reading(self) -> Reading:
        """Return the largest G, its limit, the exposed units, how many alarms, and the last one."""
        verdict = SEEN if self.n else NOTHING
        alarms = rung(self.alarms, self.alarm_segment, self.alarm_g, self.alarm_limit)
        return said((verdict, 0.0, self.highest, self.threshold, self.n, alarms))
