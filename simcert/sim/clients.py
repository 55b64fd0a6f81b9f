"""Clients: the tables that `records` looks rows up in, and all that a client remembers."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.model import NEW, OLD
from simcert.sim.ground import Ground
from simcert.sim.handshakes import feature_shares
from simcert.world.network import cpu_ms, loss_probability, round_trips
from simcert.world.population import population
from simcert.world.potential import encounter_at, pairs

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Encounters:
    """What each cohort makes of both certificates in one epoch; [C], or [C, arm]."""

    steps: Floats  # [C, J] upper ends of the cumulative joint distribution
    old: Codes  # [C, J] outcome under the old certificate
    new: Codes
    parallel: Floats  # [C, arm] connections beyond the first
    late_s: Floats  # [C, arm] how late a failure is known
    trips: Floats  # [C, arm]
    cpu_ms: Floats
    lost: Floats  # [C, arm] probability of a retransmission timeout
    features: Floats  # [C, arm, feature]
    beside: bool = field(init=False)  # somebody opens more than one connection
    late: bool = field(init=False)  # somebody answers late

    def __post_init__(self) -> None:
        object.__setattr__(self, "beside", bool(self.parallel.any()))
        object.__setattr__(self, "late", bool(self.late_s.any()))

    @property
    def plain(self) -> npt.NDArray[np.uint16]:
        """Return the features that all clients have, as bits: [C * 2 + arm]."""
        bits = (self.features >= 1.0) << np.arange(self.features.shape[2])
        plain: npt.NDArray[np.uint16] = bits.sum(axis=2).ravel().astype(np.uint16)
        return plain

    @property
    def mixed(self) -> list[int]:
        """Return the features that some clients of a cohort have and others have not."""
        some = (self.features > 0.0) & (self.features < 1.0)
        found: list[int] = np.flatnonzero(some.any(axis=(0, 1))).tolist()
        return found

    @classmethod
    def at(cls, ground: Ground, t_s: float) -> Self:
        """Return the tables of the epoch that `t_s` lies in."""
        cohorts = population(ground.spec)
        met = [encounter_at(one, t_s) for one in cohorts]
        joint = [pairs(one) for one in met]
        width = max(map(len, joint))
        steps = np.full((len(met), width), 2.0)
        codes = np.zeros((2, len(met), width), np.uint8)
        for c, row in enumerate(joint):
            total = 0.0
            for j, pair in enumerate(row):
                total += pair.probability
                steps[c, j] = total if j < len(row) - 1 else 2.0
                codes[:, c, j] = [ground.outcomes.index(name) for name in (pair.old, pair.new)]
            codes[:, c, len(row) :] = codes[:, c, len(row) - 1, None]
        arms = [(one.old, one.new) for one in met]
        net = [one.network for one in cohorts]
        both = list(zip(net, arms, cohorts, strict=True))
        return cls(
            steps,
            codes[OLD],
            codes[NEW],
            np.array([[max(s.connections - 1.0, 0.0) for s in seen] for seen in arms]),
            np.array([[s.answers_after_s for s in seen] for seen in arms]),
            np.array([[float(round_trips(n, s)) for s in seen] for n, seen, _ in both]),
            np.array([[cpu_ms(s) for s in seen] for _, seen, _ in both]),
            np.array([[loss_probability(n, s) for s in seen] for n, seen, _ in both]),
            np.array([[feature_shares(c.features, s) for s in seen] for _, seen, c in both]),
        )


def shared(table: Any) -> Any:  # noqa: ANN401 - an array, and one of its numbers
    """Return the one value of a table of equal ones: a row that looks nothing up costs nothing."""
    return table[0] if np.all(table == table[0]) else table


def looked_up(table: Any, kind: Ints) -> Any:  # noqa: ANN401
    """Return a value per row of a `shared` table, or the one of all rows."""
    return table.take(kind) if table.ndim else table


class Clients:
    """Numbers of clients: each cohort owns a range; busy ones are drawn more often."""

    def __init__(self, ground: Ground, draw: Generator) -> None:
        cohorts = population(ground.spec)
        self.count = np.array([one.clients for one in cohorts], np.int64)
        self.first = np.concatenate([[0], np.cumsum(self.count)[:-1]])
        self.total = int(self.count.sum())
        self._size = shared(self.count)
        self._busy = {
            c: _activity(one.clients, one.activity_sigma, draw)
            for c, one in enumerate(cohorts)
            if one.activity_sigma > 0.0
        }

    def pick(self, cohort: Ints, u: Floats) -> Ints:
        """Return a client of each cohort, by a uniform number."""
        client: Ints = (u * looked_up(self._size, cohort)).astype(np.int64)
        client += self.first.take(cohort)
        for c, reach in self._busy.items():
            at = np.flatnonzero(cohort == c)
            client[at] = self.first[c] + np.searchsorted(reach, u[at], side="right")
        return client


def _activity(clients: int, sigma: float, draw: Generator) -> Floats:
    """Return the cumulative share of visits over clients whose rates are log-normal."""
    weight = np.exp(sigma * draw.standard_normal(clients))
    reach = np.cumsum(weight)
    reach /= reach[-1]
    return reach


class Tickets:
    """When and from which arm every client got its session ticket.

    A client that connects twice in one slice finds both times the ticket that it had at its start.
    """

    def __init__(self, ground: Ground, clients: int) -> None:
        lives = [one.resumption.ticket_life_s for one in population(ground.spec)]
        self.followed = any(life is not None for life in lives)
        each = np.array([-1.0 if life is None else life for life in lives])
        self._life_s = shared(each)
        self._shared = ground.spec.tickets_shared
        size = clients + 1 if self.followed else 0  # the last one is nobody
        self._issued_s = np.full(size, -np.inf)
        self._arm = np.zeros(size if not self._shared else 0, np.uint8)

    def accepted(
        self, client: Ints, cohort: Ints, start_s: Floats, arm: Codes, key_s: float
    ) -> npt.NDArray[np.bool_]:
        """Return which connections resume; tickets from before `key_s` are worthless."""
        issued = self._issued_s.take(client)
        known = issued >= key_s if key_s > -np.inf else None
        issued += looked_up(self._life_s, cohort)
        good: npt.NDArray[np.bool_] = issued > start_s
        if known is not None:
            good &= known
        if not self._shared:
            good &= self._arm[client] == arm
        return good

    def issue(self, client: Ints, start_s: Floats, arm: Codes, failed: Ints) -> None:
        """Give a ticket to clients whose handshake did not fail, resumed ones included."""
        where = client.copy()
        where[failed] = len(self._issued_s) - 1  # few: cheaper than to leave them out
        self._issued_s[where] = start_s
        if not self._shared:
            self._arm[where] = arm
