"""Times: how long handshakes take, in milliseconds, and which features they show."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.model import ARMS
from simcert.sim.clients import Encounters, looked_up, shared
from simcert.sim.rare import Chances, rare_each
from simcert.world.network import TIMEOUT_MS
from simcert.world.spec import Cohort

Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TimeLaw:
    """Times and features of one epoch by kind = cohort * 2 + arm; what all kinds share is one."""

    rtt_ms: Singles
    sigma: Singles
    trips: Singles
    cpu_ms: Singles
    lost: Chances
    plain: npt.NDArray[np.uint16]
    mixed: list[int]

    @classmethod
    def of(cls, cohorts: tuple[Cohort, ...], met: Encounters) -> Self:
        """Return the tables of `cohorts`."""
        network = [c.network for c in cohorts for _ in ARMS]
        return cls(
            shared(np.array([one.rtt_ms for one in network], np.float32)),
            shared(np.array([one.rtt_sigma for one in network], np.float32)),
            shared(met.trips.ravel().astype(np.float32)),
            shared(met.cpu_ms.ravel().astype(np.float32)),
            Chances.of(met.lost.ravel()),
            met.plain,
            met.mixed,
        )

    def draw(self, kind: Ints, draw: Generator) -> Singles:
        """Return milliseconds by `kind` = cohort * 2 + arm: log-normal times, and a timeout."""
        rtt = draw.standard_normal(len(kind), dtype=np.float32)
        rtt *= looked_up(self.sigma, kind)
        np.exp(rtt, out=rtt)
        rtt *= looked_up(self.rtt_ms, kind)
        lost = rare_each(kind, self.lost, draw)
        late = np.maximum(np.float32(TIMEOUT_MS), 2 * rtt[lost])
        rtt *= looked_up(self.trips, kind)
        rtt += looked_up(self.cpu_ms, kind)
        rtt[lost] += late
        return rtt
