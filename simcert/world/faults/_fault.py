"""What every fault may do; each one overrides what it disturbs, the rest stays undisturbed."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.model import Window
from simcert.model.bounds import Checked
from simcert.world.spec import Cohort

Floats = npt.NDArray[np.float64]
Parcels = list[tuple[float, Window]]  # when a window reaches the analyzer, and which


class Fault(Checked):
    """A fault that does nothing; times are seconds since the epoch, slices decide when it acts."""

    __slots__ = ()

    def failures(self, edges_s: Floats, segments: Sequence[str]) -> Floats | None:
        """Return the extra failure probability of both arms per slice and segment, if any."""
        del edges_s, segments
        return None

    @property
    def seen_as(self) -> str:
        """Return the outcome that `failures` are seen as."""
        return "hang"

    def met(self, cohorts: tuple[Cohort, ...]) -> tuple[Cohort, ...]:
        """Return the clients of the scenario as they fare with this fault on their path."""
        return cohorts

    def cohorts(self, connections_per_s: float) -> tuple[Cohort, ...]:
        """Return clients that come on top; their shares are of `connections_per_s`."""
        del connections_per_s
        return ()

    def deliver(self, due_s: float, window: Window, draw: Generator) -> Parcels:
        """Return when a window arrives, and what is left of it."""
        del draw
        return [(due_s, window)]

    def effective_s(self, now_s: float) -> float:
        """Return when an exposure that is asked for now comes into force."""
        return now_s

    def refuses(self, now_s: float) -> bool:
        """Return whether the terminator refuses to be told anything now."""
        del now_s
        return False

    def restarts_s(self) -> tuple[float, ...]:
        """Return when the controller dies and comes back from what it had saved."""
        return ()

    def rotations_s(self) -> tuple[float, ...]:
        """Return when all session tickets become worthless."""
        return ()


def overlap(edges_s: Floats, from_s: float, until_s: float) -> Floats:
    """Return which share of each slice lies in [from_s, until_s)."""
    low, high = edges_s[:-1], edges_s[1:]
    inside = np.minimum(high, until_s) - np.maximum(low, from_s)
    share: Floats = np.clip(inside / (high - low), 0.0, 1.0)
    return share
