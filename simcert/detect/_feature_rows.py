"""Losses by segment: in which of them do successes lose an essential feature, a row for each."""

from collections.abc import Mapping, Sequence
from math import log
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from simcert.model import FEATURES, NEW, OLD, Window

Ints = npt.NDArray[np.int64]
SLOTS = 50  # segments that are followed, in order of appearance; each has its share from the start
WINDOWS = 10  # of one exposure are one batch
LOG_MOST = 575.0  # a logarithm is cut there: smaller is still an e-value
SMALLEST = 1e-250  # an e-value of 0 has no logarithm
TELLING = 3.0  # rows with smaller e-values are left out of readings


class FeatureRows:
    """Conditional e-processes of rows (segment, feature), with the new arm's share of *all* rows.

    The coin ignores segments, so among all successes of one exposure the arms of those without a
    feature are hypergeometric in every segment. A row bets from the second batch on in which its
    old arm has the feature: who never had it cannot lose it.
    """

    def __init__(
        self, essential: Sequence[str], thetas: Sequence[float], kept: Mapping[str, Any]
    ) -> None:
        self._essential = tuple(essential)
        self._at = [FEATURES.index(name) for name in essential]
        self._logs, self._steps = np.log(thetas), np.array(thetas) - 1.0
        f, t = len(essential), len(thetas)
        self.names: tuple[str, ...] = tuple(kept.get("names", ()))
        s = len(self.names)
        self.log_s = np.array(kept.get("log_s", ()), float).reshape(s, f, t)
        self.held = np.array(kept.get("held", ()), np.int64).reshape(s, f)
        self.filling = np.array(kept.get("filling", ()), np.int64).reshape(s, 2, f + 1)
        self.windows = int(kept.get("windows", 0))
        self._labels: tuple[str, ...] | None = None
        self._counted = False  # whether anything was, that is not in the rows
        self._weigh()
        self._rows = self._where = np.zeros(0, np.int64)
        self._times = self._features = np.zeros((0, 2, 0), np.int64)

    def to_dict(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        self._settle()
        arrays = {name: getattr(self, name).tolist() for name in ("log_s", "held", "filling")}
        return {"names": [*self.names], "windows": self.windows, **arrays}

    def add(self, window: Window) -> bool:
        """Count the successes of a slice, and what they have; return whether any were told."""
        if window.segments is not self._labels and window.segments != self._labels:
            self._settle()
            self._relabel(window)
        told = any(window.per_arm("time_hist")) or any(window.per_arm("features"))
        if told:
            self._counted = True
            self._times += window.time_hist
            self._features += window.features
        if window.closes_window:
            self.windows += 1
            if self.windows >= WINDOWS:
                self.bet()
        return told

    def _relabel(self, window: Window) -> None:
        self.grow(window.segments)
        slots = {name: i for i, name in enumerate(self.names)}
        known = [(i, slots[name]) for i, name in enumerate(window.segments) if name in slots]
        self._labels = window.segments
        self._where, self._rows = np.array(known, np.int64).reshape(-1, 2).T
        self._times = np.zeros_like(window.time_hist)
        self._features = np.zeros_like(window.features)

    def grow(self, names: Sequence[str]) -> None:
        """Open rows for new names while there is room."""
        new = [name for name in names if name not in self.names][: SLOTS - len(self.names)]
        self.names = (*self.names, *new)
        for field in ("log_s", "held", "filling"):
            rows = getattr(self, field)
            more = np.zeros((len(new), *rows.shape[1:]), rows.dtype)
            setattr(self, field, np.concatenate([rows, more]))

    def _settle(self) -> None:
        """Move what was counted under the present labels into the rows."""
        if not self._counted:
            return
        self._counted = False
        ok = self._times.sum(axis=2)[self._where]
        has = self._features[self._where][:, :, self._at]
        self.filling[self._rows] += np.concatenate([ok[:, :, None], has], axis=2)
        self._times[:] = 0
        self._features[:] = 0

    def bet(self) -> None:
        """Bet on the batch, and learn from it who has what."""
        self.windows = 0
        self._settle()
        if not np.count_nonzero(self.filling):
            return
        ok, has = self.filling[:, :, 0], self.filling[:, :, 1:]
        n_old, n_new = ok.sum(axis=0).tolist()
        if n_old and n_new:
            lost = np.maximum(ok[:, :, None] - has, 0) * (self.held > 0)[:, None]
            pays = np.log1p(n_new / (n_new + n_old) * self._steps)
            self.log_s += lost[:, NEW, :, None] * self._logs
            self.log_s -= lost.sum(axis=1)[:, :, None] * pays
            np.minimum(self.log_s, LOG_MOST, out=self.log_s)
            self._weigh()
        self.held += has[:, OLD]
        self.filling[:] = 0

    def _weigh(self) -> None:
        """Reckon the mean e-value; a slot without a segment has 1."""
        rows = float(np.exp(self.log_s).sum()) / self.log_s[0].size if self.names else 0.0
        self.e = max(rows + SLOTS - len(self.names), SMALLEST) / SLOTS

    def telling(self) -> dict[str, float]:
        """Return the evidence of the rows that have some, as "segment: feature"."""
        means = np.exp(self.log_s).mean(axis=2)
        return {
            f"{self.names[s]}: {self._essential[f]}": log(means[s, f])
            for s, f in np.argwhere(means > TELLING)
        }

    def joined(self, other: Self, *, whole: bool) -> Self:
        """Return rows that saw what both saw; with `whole` the batches of both are over."""
        for one in (self, other):
            one._settle()
            if whole:
                one.bet()
        names = sorted({*self.names, *other.names})[:SLOTS]
        merged = type(self)(self._essential, [*(self._steps + 1.0)], {})
        merged.grow(names)
        for one in (self, other):
            slots = {name: i for i, name in enumerate(one.names)}
            known = [(i, slots[name]) for i, name in enumerate(names) if name in slots]
            here, there = np.array(known, np.int64).reshape(-1, 2).T
            merged.log_s[here] += one.log_s[there]
            merged.held[here] += one.held[there]
            merged.filling[here] += one.filling[there]
        merged.windows = max(self.windows, other.windows)
        merged._weigh()
        return merged
