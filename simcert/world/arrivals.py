"""Arrivals: how many first attempts a cohort may expect in each slice; analytic integrals.

Clients come as a Poisson process whose intensity integrates to one per day of the cohort's daily
mean. Sessions that end at exponential times leave the intensity flat: what makes them special is
that a client is seen only once per session, which the number of distinct clients says.
"""

from math import pi

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from simcert.world.spec import Arrivals

DAY_S = 86_400.0
Floats = npt.NDArray[np.float64]


def seconds(arrivals: Arrivals, edges_s: Floats) -> Floats:
    """Return the seconds at mean rate that fall between each pair of neighbouring edges."""
    low, high = edges_s[:-1], edges_s[1:]
    low = np.clip(low, arrivals.from_s, arrivals.until_s)
    high = np.clip(high, arrivals.from_s, arrivals.until_s)
    if arrivals.pulse_at_s is not None:
        return _pulsed(arrivals, arrivals.pulse_at_s, low, high)
    if arrivals.diurnal and arrivals.session_mean_s is None:
        return high - low + _wave(arrivals, high) - _wave(arrivals, low)
    return high - low


def _wave(arrivals: Arrivals, t_s: Floats) -> Floats:
    turn = 2.0 * pi / DAY_S
    return arrivals.diurnal / turn * np.sin(turn * (t_s - arrivals.peak_s))


def _pulsed(arrivals: Arrivals, at_s: float, low: Floats, high: Floats) -> Floats:
    """Each period's visits are normal around its pulse; tails reach into neighbouring periods."""
    period, width = arrivals.pulse_period_s, arrivals.pulse_width_s
    last = high[-1] if len(high) else 0.0
    first = np.floor((low[0] - at_s - 8.0 * width) / period) if len(low) else 0.0
    centres = at_s + period * np.arange(first, np.ceil((last - at_s + 8.0 * width) / period) + 1)
    reached = ndtr((high[:, None] - centres) / width) - ndtr((low[:, None] - centres) / width)
    total: Floats = period * reached.sum(axis=1)
    return total
