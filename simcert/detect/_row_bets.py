"""Bets on many rows at once: the wealth that `segment_e` and its bank hold, as one array."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import log
from typing import Self

import numpy as np

from simcert.detect._rows import Floats, row
from simcert.model import SIGNALS

MOST, LOG_MOST = 1e250, 575.0  # an e-value is cut there: smaller is still an e-value


class RowBets:
    """Wealth [signal and theta, segment] and e-values [signal, segment].

    f1 events of f multiply wealth by theta^f1 / (1 + r (theta - 1))^f. The arrays are small, so
    what counts is the number of calls: all are laid out once, numbers stand in arrays, and one
    product of matrices makes both logs, each of them exact, for what is added to it is 0.
    """

    def __init__(
        self,
        bets: Sequence[tuple[str, tuple[float, ...]]],  # signals, and the thetas of each
        wealth: Floats,
        e: Floats,
    ) -> None:
        self.bets, self.wealth, self.e = tuple(bets), wealth, e
        each = [(row(signal), theta) for signal, thetas in bets for theta in thetas]
        thetas, k, columns = np.array([theta for _, theta in each]), len(each), 2 * len(SIGNALS)
        won_by, at = np.array([i for i, _ in each]), np.arange(k)
        self._longest, self._log_top = max(len(one) for _, one in bets), log(thetas.max())
        self._steps, self._rates = thetas - 1.0, np.empty(k)
        table = np.zeros((2 * k, columns))
        table[at, won_by] = np.log(thetas)
        self._table, self._flat = table, table.reshape(-1)
        self._paying = (k + at) * columns + len(SIGNALS) + won_by
        self._terms = np.empty((2 * k, e.shape[1]))
        self._won, self._paid = self._terms[:k], self._terms[k:]
        self._runs = [*self._of_equal_length()]
        self._counts = np.empty_like(e)
        self._counts.T[:] = [float(len(thetas)) for _, thetas in bets]
        self._rest, self._share, self._fresh = np.ones_like(e), np.ones(()), np.ones(())

    def _of_equal_length(self) -> Iterator[tuple[Floats, Floats]]:
        """Yield wealth [signal, theta, segment], and e-values, of as many thetas each."""
        bets = signals = 0
        for k, run in groupby([len(thetas) for _, thetas in self.bets]):
            n = len([*run])
            wealth = self.wealth[bets : bets + n * k].reshape(n, k, self.e.shape[1])
            yield wealth, self.e[signals : signals + n]
            bets, signals = bets + n * k, signals + n

    @classmethod
    def joined(cls, parts: Sequence["RowBets"]) -> Self:
        """Return the bets of several, one after another, with copies of what they hold."""
        bets = [bet for one in parts for bet in one.bets]
        wealth = np.concatenate([one.wealth for one in parts])
        return cls(bets, wealth, np.concatenate([one.e for one in parts]))

    def part(self, first: int, signals: int) -> "RowBets":
        """Return the bets on some of the signals; they hold the same wealth as these."""
        last = first + signals
        start, end = (sum(len(thetas) for _, thetas in self.bets[:at]) for at in (first, last))
        return RowBets(self.bets[first:last], self.wealth[start:end], self.e[first:last])

    def add(self, fresh: float) -> None:
        """Stake what was released since the last bet."""
        self._fresh.fill(fresh)
        np.add(self.wealth, self._fresh, self.wealth)

    def bounded(self, loudest: float, f_new: int) -> bool:
        """Return whether no wealth of rows up to `loudest` reaches MOST by `f_new` events."""
        return log(self._longest * (loudest + 1.0)) + f_new * self._log_top < LOG_MOST

    def bet(self, events: Floats, r: float, rest: float, *, bounded: bool) -> None:
        """Bet on `events`, rows of `Window.rows`; a segment without any is multiplied by 1.

        `rest` is what is still to be released, `bounded` says that no wealth can reach MOST.
        """
        self._share.fill(r)
        rates = np.multiply(self._steps, self._share, self._rates)
        self._flat[self._paying] = np.log1p(rates, rates)
        np.dot(self._table, events, self._terms)
        growth = np.subtract(self._won, self._paid, self._won)
        if bounded:
            np.multiply(self.wealth, np.exp(growth, growth), self.wealth)
        else:
            self._cut(growth)
        self.weigh(rest)

    def weigh(self, rest: float) -> None:
        """Reckon the e-values, means of wealth and what is still to be released."""
        for wealth, e in self._runs:
            np.add.reduce(wealth, axis=1, out=e)
        np.divide(self.e, self._counts, self.e)
        self._rest.fill(rest)
        np.add(self.e, self._rest, self.e)

    def _cut(self, growth: Floats) -> None:
        with np.errstate(over="ignore"):  # it is cut
            factors = np.exp(np.minimum(growth, LOG_MOST, out=growth), growth)
            np.multiply(self.wealth, factors, self.wealth)
        np.minimum(self.wealth, MOST, out=self.wealth)
