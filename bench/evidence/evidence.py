"""The detectors of `adaptive`, for many campaigns at once; formulas as in simcert.detect."""

from collections import deque

import numpy as np

from bench.evidence.world import Floats, Ints, Slice
from simcert.detect._restart import Restarting
from simcert.detect._row_bets import LOG_MOST, MOST
from simcert.detect.segment_cusum import SegmentCusum
from simcert.detect.suspicion_cusum import SuspicionCusum
from simcert.detect.upper_bound import UpperBound


class Starts:
    """Start mass per campaign, as `simcert.detect._restart`."""

    def __init__(self, campaigns: int, params: Restarting) -> None:
        self.first, self.later = params.first, params.later
        self.release = params.release
        self.released = np.zeros(campaigns)
        self.falls = np.zeros(campaigns, int)
        self.windows = 0

    def start(self, new_window: bool, fell: np.ndarray) -> None:
        """Release what is due before a slice."""
        if new_window:
            self.windows += 1
            self.released += self.later / (self.windows * (self.windows + 1))
            self.released += self.first if self.windows == 1 else 0.0
        if fell.any():
            self.falls[fell] += 1
            self.released[fell] += self.release * 0.5 ** self.falls[fell]

    def keep(self, rows: np.ndarray) -> None:
        """Forget campaigns that are over."""
        self.released, self.falls = self.released[rows], self.falls[rows]


class Mixtures:
    """Restart mixtures of `rows` streams per campaign; `mean` is their mean e-value."""

    def __init__(self, campaigns: int, rows: int, thetas: tuple[float, ...]) -> None:
        self.rows = rows
        self.steps, self.logs = np.array(thetas) - 1.0, np.log(np.array(thetas))
        self.wealth = np.zeros((campaigns * rows, len(thetas)))
        self.folded = np.zeros(campaigns * rows)
        self.e = np.ones(campaigns * rows)
        self.mean = np.ones(campaigns)

    def bet(self, new: Ints, old: Ints, r: Floats, released: Floats) -> None:
        """Bet on events given as flat (campaign, row) indices, one entry an event."""
        if not len(new) and not len(old):
            return
        f1 = np.bincount(new, minlength=len(self.e))
        f = f1 + np.bincount(old, minlength=len(self.e))
        at = np.flatnonzero(f)
        run = at // self.rows
        at, run = (x[(r[run] > 0.0) & (r[run] < 1.0)] for x in (at, run))
        self.bet_counts(at, run, f1[at], f[at], r, released)

    def bet_counts(
        self, at: Ints, run: Ints, f1: Ints, f: Ints, r: Floats, released: Floats
    ) -> None:
        """Bet on counts of events in rows `at` of campaigns `run`."""
        price = np.log1p(r[:, None] * self.steps)
        log_f = f1[:, None] * self.logs - f[:, None] * price[run]
        fresh = released[run] - self.folded[at]
        wealth = (self.wealth[at] + fresh[:, None]) * np.exp(np.minimum(log_f, LOG_MOST))
        wealth = np.minimum(wealth, MOST)
        self.wealth[at], self.folded[at] = wealth, released[run]
        e = wealth.mean(axis=1) + np.maximum(1.0 - released[run], 0.0)
        change = np.bincount(run, (e - self.e[at]) / self.rows, minlength=len(self.mean))
        self.mean += change
        self.e[at] = e

    def keep(self, rows: np.ndarray) -> None:
        """Forget campaigns that are over."""
        flat = (rows[:, None] * self.rows + np.arange(self.rows)).ravel()
        self.wealth, self.folded, self.e = self.wealth[flat], self.folded[flat], self.e[flat]
        self.mean = self.mean[rows]


class Bound:
    """The upper bound U per campaign, as `simcert.detect.upper_bound`."""

    def __init__(self, campaigns: int, params: UpperBound) -> None:
        self.deltas = np.array(params.deltas)
        self.limit = np.full(campaigns, -np.log(params.alpha))
        self.again = -np.log(params.alpha_again or params.alpha)
        self.log_n = np.zeros((campaigns, len(self.deltas)))
        self.guess = np.full((campaigns, len(self.deltas)), np.nan)
        self.stands = np.ones((campaigns, len(self.deltas)), bool)
        self.f0, self.n0 = np.zeros(campaigns), np.zeros(campaigns)
        self.u = np.ones(campaigns)
        self.cleared = np.zeros(campaigns, bool)

    def update(self, s: Slice, fell: np.ndarray) -> None:
        """Bet on a slice where a delta still stands and both arms have units."""
        if fell.any():
            self.log_n[fell], self.guess[fell], self.stands[fell] = 0.0, np.nan, True
            self.u[fell] = 1.0
            self.limit[fell & self.cleared] = self.again
        run, d = np.nonzero(self.stands & ((s.n1 > 0) & (s.n0 > 0))[:, None])
        if len(run):
            self._bet(s, run, d)
        self.f0 += s.f0
        self.n0 += s.n0

    def _bet(self, s: Slice, run: Ints, d: Ints) -> None:
        a = ((self.f0 + 1.0) / (self.n0 + 50.0))[run]
        delta = self.deltas[d]
        n1, f1, n0, f0 = (x[run] for x in (s.n1, s.f1, s.n0, s.f0))
        c = project(n1 / (n1 + n0), a, delta, self.guess[run, d])
        self.guess[run, d] = c
        same = (f1 + f0) * np.log(a) + (n1 + n0 - f1 - f0) * np.log1p(-a)
        bet = same - f1 * np.log(c + delta) - f0 * np.log(c)
        bet -= (n1 - f1) * np.log1p(-c - delta) + (n0 - f0) * np.log1p(-c)
        self.log_n[run, d] += bet
        self.stands &= self.log_n < self.limit[:, None]
        above = np.where(self.stands, np.arange(1, len(self.deltas) + 1), 0).max(axis=1)
        self.u = np.append(self.deltas, 1.0)[above]
        self.cleared |= above == 0

    def keep(self, rows: np.ndarray) -> None:
        """Forget campaigns that are over."""
        for name in ("log_n", "guess", "stands", "f0", "n0", "u", "limit", "cleared"):
            setattr(self, name, getattr(self, name)[rows])


def project(share: Floats, a: Floats, d: Floats, guess: Floats) -> Floats:
    """Return the projection of `simcert.detect._projection`, elementwise."""
    low, high = np.maximum(0.0, a - d), np.minimum(a, 1.0 - d)
    c = np.where((low < guess) & (guess < high), guess, 0.5 * (low + high))
    old, new = 1.0 - share, share
    for _ in range(60):
        s = c + d
        v, w = c * (1.0 - c), s * (1.0 - s)
        g = old * (c - a) * w + new * (s - a) * v
        slope = old * (w + (c - a) * (1.0 - 2.0 * s)) + new * (v + (s - a) * (1.0 - 2.0 * c))
        step = np.where(slope > 0.0, g / np.where(slope > 0.0, slope, 1.0), 2.0)
        done = np.abs(step) <= 1e-13
        if done.all():
            break
        low, high = np.where(g < 0.0, c, low), np.where(g < 0.0, high, c)
        after = c - step
        after = np.where((low < after) & (after < high), after, 0.5 * (low + high))
        c = np.where(done, c, after)
    return c


class Suspicion:
    """The CUSUM per campaign, as `simcert.detect.suspicion_cusum`."""

    def __init__(self, campaigns: int, params: SuspicionCusum) -> None:
        self.p = params
        self.rate = np.full(campaigns, params.rate)
        self.seen = np.full(campaigns, float(params.seen))
        self.trend, self.g = np.zeros(campaigns), np.zeros(campaigns)
        self.n, self.alarms = np.zeros(campaigns), np.zeros(campaigns)
        self.recent: deque[tuple[Ints, Ints]] = deque()

    def update(
        self, n1: Ints, f1: Ints, n: Ints, f: Ints, e: Floats, slices: int, fell: np.ndarray
    ) -> np.ndarray:
        """Return which campaigns raise an alarm after this slice."""
        self.g[fell] = 0.0
        ratio, fed = self.p.ratio, e >= self.p.from_exposure
        rate = np.maximum(self.rate + self.trend * self.p.delay, 0.5 * self.rate)
        g = np.maximum(0.0, self.g + f1 * np.log(ratio) - (ratio - 1.0) * n1 * rate)
        self.g = np.where(fed, g, self.g)
        limit = threshold(self.p, self.n) + self.p.per_alarm * np.log1p(self.alarms)
        alarm: np.ndarray = self.g > limit
        self.n = self.n + n1
        self.g[alarm] = 0.0
        self.alarms = self.alarms + alarm
        self.recent.append((n, f))
        if len(self.recent) > round(self.p.delay * slices):
            self._learn(*self.recent.popleft(), slices)
        return alarm

    def _learn(self, n: Ints, f: Ints, slices: int) -> None:
        self.seen = self.seen + n
        weight = np.maximum(self.p.speed / slices, n / self.seen)
        ahead = self.rate + self.trend / slices
        error = f / np.maximum(n, 1) - ahead
        self.rate = np.maximum(ahead + weight * error, 0.5 * self.rate)
        cap = self.p.trend_max * self.rate
        trend = self.trend + self.p.trend_speed * self.p.speed / slices * error
        self.trend = np.minimum(np.maximum(trend, -cap), cap)

    def keep(self, rows: np.ndarray) -> None:
        """Forget campaigns that are over."""
        self.rate, self.trend, self.g = self.rate[rows], self.trend[rows], self.g[rows]
        self.seen, self.n, self.alarms = self.seen[rows], self.n[rows], self.alarms[rows]
        self.recent = deque((n[rows], f[rows]) for n, f in self.recent)


def threshold(params: SuspicionCusum | SegmentCusum, n_new: Floats) -> Floats:
    """Return the alarm limit after `n_new` exposed units."""
    return np.asarray(params.limit + np.log(np.maximum(1.0, n_new / params.patience)))


class SegmentSuspicion:
    """The CUSUM of every segment per campaign, as `simcert.detect.segment_cusum`."""

    def __init__(self, campaigns: int, params: SegmentCusum, segments: int) -> None:
        self.p = params
        self.rates = np.full((campaigns, segments), params.rate / segments)
        self.fast = np.full(campaigns, params.fast)
        self.g = np.zeros((campaigns, segments))
        self.seen = np.full(campaigns, float(params.seen))
        self.n = np.zeros(campaigns)

    def update(
        self, n1: Ints, n: Ints, at: tuple[Ints, Ints], e: Floats, slices: int, fell: np.ndarray
    ) -> np.ndarray:
        """Return which campaigns raise an alarm after this slice; `at` as `Mixtures.bet`."""
        f1, f0 = (np.bincount(x, minlength=self.g.size).reshape(self.g.shape) for x in at)
        self.g[fell] = 0.0
        ratio, fed = self.p.ratio, e >= self.p.from_exposure
        wave = self.fast / self.rates.sum(axis=1)
        drift = ((ratio - 1.0) * n1 * wave)[:, None] * self.rates
        g = np.maximum(0.0, self.g + f1 * np.log(ratio) - drift)
        self.g = np.where(fed[:, None], g, self.g)
        alarm: np.ndarray = self.g.max(axis=1) > threshold(self.p, self.n)
        self.n = self.n + n1
        self.g[alarm] = 0.0
        self.seen = self.seen + n
        new, f, n = n / self.seen, f1 + f0, np.maximum(n, 1)
        weight = np.maximum(self.p.speed / slices, new)[:, None]
        self.rates += weight * (f / n[:, None] - self.rates)
        self.fast += np.maximum(self.p.wave_speed / slices, new) * (f.sum(axis=1) / n - self.fast)
        self.fast = np.maximum(self.fast, 1e-9)
        return alarm

    def keep(self, rows: np.ndarray) -> None:
        """Forget campaigns that are over."""
        for name in ("rates", "fast", "g", "seen", "n"):
            setattr(self, name, getattr(self, name)[rows])
