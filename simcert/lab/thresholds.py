"""Thresholds: what a fixed limit on the success rate catches, exactly, without simulation.

In each window the rule counts n units of the new arm and fails it if their success rate is below
the limit; `in_a_row` failed windows withdraw the certificate. Counts are binomial, and the chance
that a day withdraws it follows by a walk over run lengths (a Markov chain, exact).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import bdtrc

from simcert.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]
WINDOW_S = 60.0
WINDOWS = 1440  # a day
SHARES = np.concatenate([[0.0], np.geomspace(1e-4, 0.3, 36), [0.001, 0.03]])
SHARES.sort()


@dataclass(frozen=True, slots=True)
class Threshold:
    """A rule, and the site that it watches; shares are of clients and connections alike."""

    limit: float = 0.98  # success rate of the new certificate
    exposure: float = 0.05
    in_a_row: int = 2  # failed windows
    per_s: float = 6.0  # connections of both arms
    background: float = 0.01  # mean failure rate of either certificate
    swing: float = 0.6  # of the background over the day, as a share of its mean

    def __post_init__(self) -> None:
        for name in ("limit", "exposure", "background", "swing"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InputError(f"{name} {getattr(self, name)!r} is not in [0, 1]")
        if self.in_a_row < 1 or not self.per_s > 0.0:
            raise InputError("in_a_row must be at least 1, and per_s more than 0")

    @property
    def units(self) -> int:
        """Units of the new arm in a window."""
        return round(self.per_s * WINDOW_S * self.exposure)


def outlook(rule: Threshold) -> "pd.DataFrame":
    """Return for each harmed share the chance that a day withdraws the certificate.

    Columns: harmed_share, withdrawn_share; lowest and highest, if the background stayed all day
    where it is in its best and its worst hour.
    """
    import pandas as pd

    wave = np.sin(2.0 * np.pi * np.arange(WINDOWS) / WINDOWS)
    still = np.ones(WINDOWS)
    columns = {
        "withdrawn_share": withdrawn(rule, wave),
        "lowest": withdrawn(rule, -still),
        "highest": withdrawn(rule, still),
    }
    return pd.DataFrame({"harmed_share": SHARES, **columns})


def withdrawn(rule: Threshold, wave: Floats) -> Floats:
    """Return the chance of `in_a_row` failed windows in a row, a value per harmed share."""
    background = rule.background * (1.0 + rule.swing * wave)
    rate = background[:, None] + (1.0 - background[:, None]) * SHARES
    allowed = np.floor(rule.units * (1.0 - rule.limit) + 1e-9)
    failed = bdtrc(allowed, rule.units, rate) if rule.units else np.zeros_like(rate)
    state = np.zeros((rule.in_a_row, len(SHARES)))  # by length of the run of failed windows
    state[0] = 1.0
    done = np.zeros(len(SHARES))
    for q in failed:
        done += state[-1] * q
        state[1:], state[0] = state[:-1] * q, state.sum(axis=0) * (1.0 - q)
    return done


def plot_outlook(*rules: Threshold, names: Sequence[str] = ()) -> "Figure":
    """Return the chance of withdrawal against the share of clients that break, a curve a rule."""
    from simcert.lab.figures import style
    from simcert.lab.figures.run import percent_axis

    colours = (style.BLUE, style.RED, style.GREEN, style.PURPLE)
    if not 1 <= len(rules) <= len(colours):
        raise InputError(f"{len(rules)} rules: a figure shows 1 to {len(colours)}")
    with style.look(10.0):
        figure = style.new_figure(8.0, 4.0)
        figure.set_facecolor("white")
        axes = figure.add_subplot()
        for rule, colour, name in zip(rules, colours, [*names, *[""] * len(rules)], strict=False):
            table = outlook(rule)
            x = np.maximum(table["harmed_share"], SHARES[1] / 2.0)
            axes.fill_between(x, table["lowest"], table["highest"], color=colour, alpha=0.12, lw=0)
            told = f"{rule.units} units a window, limit {rule.limit:g}, {rule.in_a_row} in a row"
            axes.plot(x, table["withdrawn_share"], color=colour, label=f"{name}  {told}".strip())
        axes.set_xscale("log")
        axes.set_xticks([SHARES[1] / 2, 0.001, 0.01, 0.1], ["none", "0.1 %", "1 %", "10 %"])
        axes.minorticks_off()
        axes.set_ylim(-0.02, 1.02)
        percent_axis(axes)
        axes.set_xlabel("clients that the new certificate breaks")
        axes.set_ylabel("days that withdraw it")
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0))
        style.clean(axes)
    return figure
