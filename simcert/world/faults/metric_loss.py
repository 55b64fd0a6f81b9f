"""Metric loss: some windows never arrive, others lack a share of their records and say so."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from simcert.model import Window
from simcert.model.bounds import Moment, Share, Until
from simcert.world.faults._fault import Fault, Parcels

_COUNTED = ("units", "attempts", "resumed", "time_hist", "features", "reports", "probes")


@dataclass(frozen=True, slots=True)
class MetricLoss(Fault):
    """Of windows due in [from_s, until_s), `windows` vanish; the rest loses `records`."""

    from_s: Moment = 0.0
    until_s: Until = float("inf")
    windows: Share = 0.1
    records: Share = 0.0

    def deliver(self, due_s: float, window: Window, draw: Generator) -> Parcels:
        """Return what is left: nothing, or fewer records with the completeness that they have."""
        if not self.from_s <= due_s < self.until_s:
            return [(due_s, window)]
        if draw.random() < self.windows:
            return []
        return [(due_s, self._thinned(window, draw) if self.records else window)]

    def _thinned(self, window: Window, draw: Generator) -> Window:
        kept = 1.0 - self.records
        units = draw.binomial(window.units, kept)
        left = {name: draw.binomial(getattr(window, name), kept) for name in _COUNTED[2:]}
        rest = draw.binomial(window.attempts - window.units, kept)
        asked_failed = left.pop("probes")
        probes = np.stack([asked_failed[:, 0], np.minimum(*asked_failed.T)], axis=1)
        return replace(
            window,
            units=units,
            attempts=units + rest,
            probes=probes,
            completeness=window.completeness * kept,
            **left,
        )
