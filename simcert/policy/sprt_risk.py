"""Ramp by tolerated risk: a generalised SPRT of harm x exposure, then a half-and-half phase."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from math import inf, log, sqrt
from typing import Annotated, ClassVar

from simcert.errors import InputError
from simcert.model import Channel, Decision, View, bounds
from simcert.model.bounds import Chance, NotNegative, Positive, Within
from simcert.model.figures import apart
from simcert.policy import _rival


@dataclass(frozen=True, slots=True)
class SprtRisk:
    """The next share is the largest of `ladder` whose risk is accepted; if none ever will be, 0.

    Risk = (failure rate new - old) x share. H0: risk <= `tolerated`, H1: above; the generalised
    likelihood ratio of a normal difference against Wald's limits. At the last share (the ramp of
    most power, half and half) it stays `power_s` and asks for no significant harm before full.
    The ratio is not a martingale (the difference is estimated) and pools all time: as published.
    Source: Xu, Duan, Huang (KDD 2018, arXiv 1801.08532), four phases; Uber (arXiv 1905.10493).
    """

    tags: ClassVar[frozenset[str]] = frozenset({"per_window"})

    ladder: Annotated[tuple[float, ...], Within(0.0, 1.0, open_low=True)] = (
        0.01,
        0.05,
        0.1,
        0.25,
        0.5,
    )
    tolerated: Chance = 0.005  # share of all connections that may be harmed
    alpha: Chance = 0.05  # error probability of going back, each share
    beta: Chance = 0.05  # of going on
    dwell_s: NotNegative = 300.0  # at least, at each share
    undecided_s: Positive = 3600.0  # at most: a share that is neither accepted nor refused
    power_s: NotNegative = 7200.0
    z_harm: NotNegative = 1.645  # one-sided 5 % at the end of the power phase

    def __post_init__(self) -> None:
        bounds.check(self)
        shares = (0.0, *self.ladder, 1.0)
        if any(a >= b for a, b in pairwise(shares)):
            raise InputError(f"SprtRisk: ladder must rise inside (0, 1), got {self.ladder}")

    def channels(self) -> tuple[Channel, ...]:
        """Ask for the counts since the attempt began."""
        return (_rival.success_query(None),)

    def decide(self, view: View) -> Decision:
        """Go back if the next share is refused, else stay `dwell_s`, then take what is accepted."""
        if still := _rival.stands_still(view):
            return still
        seen = _rival.counts(view)
        here = bisect_right(self.ladder, view.exposure + 1e-9)
        if here == 0:
            return _rival.begins(view, self.ladder[0], {})
        following = self.ladder[min(here, len(self.ladder) - 1)]
        ratio, figure = self._ratio(seen, following)
        refused = wald_limits(self.alpha, self.beta)[1]
        if ratio >= refused:
            return view.roll_back(f"roll back: {figure}, refused at {refused:.4g}", {})
        if view.held_s + 1e-6 < self.dwell_s:
            return view.hold(f"{figure}; stays {self.dwell_s - view.held_s:.0f} s more", {})
        if here == len(self.ladder):
            return self._power(view, seen)
        return self._upward(view, seen, here)

    def _ratio(self, seen: _rival.Counts, share: float) -> tuple[float, str]:
        """Return the signed log ratio of "more than tolerated" at `share`, and how to say it."""
        gap = seen.delta - self.tolerated / share
        size = gap * gap / (2.0 * seen.variance) if seen.n_new and seen.n_old else 0.0
        risk = f"risk {seen.delta * share:.4g} at {share:g}, tolerated {self.tolerated:g}"
        value = size if gap > 0.0 else -size
        return value, f"{risk}, log ratio {value:.4g} (n = {seen.n_new})"

    def _upward(self, view: View, seen: _rival.Counts, here: int) -> Decision:
        limit = wald_limits(self.alpha, self.beta)[0]
        tried = [(share, *self._ratio(seen, share)) for share in self.ladder[here:]]
        accepted = [(share, figure) for share, ratio, figure in tried if ratio <= limit]
        if accepted:
            share, figure = accepted[-1]
            return view.move(share, f"{figure}, accepted at {limit:.3g}", {})
        if view.held_s >= self.undecided_s:
            long = f"undecided for {view.held_s:.0f} s, limit {self.undecided_s:g}"
            return view.roll_back(f"roll back: {tried[0][2]}, {long}", {})
        return view.hold(f"{tried[0][2]}, accepted at {limit:.3g}", {})

    def _power(self, view: View, seen: _rival.Counts) -> Decision:
        z = seen.delta / sqrt(seen.variance) if seen.n_new and seen.n_old else inf
        about = "z {}, limit {} (n = {})".format(*apart(z, self.z_harm), seen.n_new)
        if view.held_s + 1e-6 < self.power_s:
            return view.hold(f"half and half, {self.power_s - view.held_s:.0f} s more: {about}", {})
        if not seen.n_new or not seen.n_old:
            return view.hold(f"half and half: no data, {about}", {})
        if z > self.z_harm:
            return view.roll_back(f"roll back: significant harm, {about}", {})
        return view.complete(f"complete: no significant harm, {about}", {})


def wald_limits(alpha: float, beta: float) -> tuple[float, float]:
    """Return the log ratios at which a sequential test accepts H0, and at which it refuses it."""
    return log(beta / (1.0 - alpha)), log((1.0 - beta) / alpha)
