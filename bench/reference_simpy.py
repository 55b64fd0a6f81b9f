"""Reference: one SimPy process per connection, the plainest possible telling of the same world.

It is what `records` and `counts` are measured against, in speed (bench.engine) and in law
(tests/sim). Four events a connection: its arrival, its process's begin, its handshake, its end.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from math import exp
from random import Random
from typing import Any

import simpy

from simcert.model import OK
from simcert.world.network import TIMEOUT_MS, cpu_ms, loss_probability, round_trips
from simcert.world.potential import pairs
from simcert.world.spec import Cohort, WorldSpec

Process = Generator[simpy.Event, Any, None]
Key = tuple[int, str, int, str]  # slice, segment, arm, outcome


@dataclass
class Tally:
    """What the reference counted; all keys are slices first."""

    units: dict[Key, int] = field(default_factory=dict)
    attempts: dict[Key, int] = field(default_factory=dict)
    resumed: dict[tuple[int, str, int], int] = field(default_factory=dict)
    times_ms: list[tuple[str, int, float]] = field(default_factory=list)
    harmed: int = 0
    harmed_clients: set[int] = field(default_factory=set)
    connections: int = 0


class Reference:
    """A world without waves, epochs or faults, under one exposure; only what never changes."""

    def __init__(
        self, spec: WorldSpec, exposure: float, seed: int, limit: int | None = None
    ) -> None:
        self.spec, self.exposure, self.draw = spec, exposure, Random(seed)
        self.env = simpy.Environment()
        self.tally = Tally()
        self.seen: set[tuple[int, int]] = set()
        self.slice_s = spec.window_s / spec.slices
        self.limit = limit
        first = 0
        self.cohorts: list[tuple[Cohort, int, list[tuple[str, str, float]], Any]] = []
        for cohort in spec.cohorts:
            met = cohort.encounters[0]
            network = [
                (
                    round_trips(cohort.network, s),
                    cpu_ms(s),
                    loss_probability(cohort.network, s),
                    s.connections - 1.0,
                )
                for s in (met.old, met.new)
            ]
            joint = [tuple(pair) for pair in pairs(met)]
            self.cohorts.append((cohort, first, joint, network))
            first += cohort.clients

    def run(self) -> Tally:
        """Return the tally of the whole horizon, or of the first `limit` connections."""
        self.env.process(self.arrivals())
        self.env.run(until=None if self.limit else self.spec.horizon_s)
        return self.tally

    def arrivals(self) -> Process:
        """First attempts of all cohorts: one Poisson process, a cohort and a client for each."""
        random, env, rate = self.draw.random, self.env, self.spec.connections_per_s
        shares = [cohort.share for cohort in self.spec.cohorts]
        reach = [sum(shares[: i + 1]) for i in range(len(shares))]
        rate *= reach[-1]
        born = 0
        while self.limit is None or born < self.limit:
            yield env.timeout(self.draw.expovariate(rate))
            u, c = random() * reach[-1], 0
            while u >= reach[c] and c < len(reach) - 1:
                c += 1
            client = self.cohorts[c][1] + int(random() * self.cohorts[c][0].clients)
            env.process(self.connection(c, client))
            born += 1

    def connection(self, c: int, client: int) -> Process:
        """One attempt, the connections beside it, and its retries."""
        cohort, _, _, network = self.cohorts[c]
        retry, random, env = cohort.retry, self.draw.random, self.env
        if random() < cohort.resumption.share:
            self.resume(cohort)
            return
        for attempt in range(retry.attempts_max):
            began_s = env.now
            arm, ok, common, ms = self.attempt(c, client, began_s)
            if attempt == 0 and not common and network[arm][3] > 0.0:
                for _ in range(self.poisson(network[arm][3])):
                    self.attempt(c, client, began_s)
            yield env.timeout(ms / 1000.0)
            if ok or random() >= retry.probability or attempt == retry.attempts_max - 1:
                return
            wait_s = self.draw.expovariate(1.0 / (retry.delay_s * retry.growth**attempt))
            yield env.timeout(max(began_s + wait_s - env.now, 0.0))

    def attempt(self, c: int, client: int, at_s: float) -> tuple[int, bool, bool, float]:
        """Return (arm, ok, failed in common, ms) of one full handshake, counted."""
        cohort, _, joint, network = self.cohorts[c]
        random, tally = self.draw.random, self.tally
        arm = 1 if random() < self.exposure else 0
        common = random() < cohort.background.rate
        if common:
            old = new = self.choose(cohort.background.outcomes)
        else:
            old, new = self.meet(joint)
        outcome = new if arm else old
        trips, cpu, lost, _ = network[arm]
        rtt = cohort.network.rtt_ms * exp(cohort.network.rtt_sigma * self.draw.gauss(0.0, 1.0))
        ms = trips * rtt + cpu
        if random() < lost:
            ms += max(TIMEOUT_MS, 2.0 * rtt)
        step = int(at_s / self.slice_s)
        key = (step, cohort.segment, arm, outcome)
        tally.attempts[key] = tally.attempts.get(key, 0) + 1
        tally.connections += 1
        mark = (step // self.spec.slices, client)
        if mark not in self.seen:
            self.seen.add(mark)
            tally.units[key] = tally.units.get(key, 0) + 1
        if outcome == OK:
            if self.limit is None:
                tally.times_ms.append((cohort.segment, arm, ms))
        elif arm and old == OK:
            tally.harmed += 1
            tally.harmed_clients.add(client)
        return arm, outcome == OK, common, ms

    def resume(self, cohort: Cohort) -> None:
        """Count a resumed connection: no certificate is shown."""
        arm = 1 if self.draw.random() < self.exposure else 0
        step = int(self.env.now / self.slice_s)
        key = (step, cohort.segment, arm)
        self.tally.resumed[key] = self.tally.resumed.get(key, 0) + 1
        self.tally.connections += 1

    def meet(self, joint: list[tuple[str, str, float]]) -> tuple[str, str]:
        """Return outcomes under both certificates."""
        if len(joint) == 1:
            return joint[0][0], joint[0][1]
        u = self.draw.random()
        for old, new, share in joint:
            u -= share
            if u < 0.0:
                return old, new
        return joint[-1][0], joint[-1][1]

    def choose(self, outcomes: tuple[tuple[str, float], ...]) -> str:
        """Return one of the outcomes."""
        u = self.draw.random()
        for name, share in outcomes:
            u -= share
            if u < 0.0:
                return name
        return outcomes[-1][0]

    def poisson(self, mean: float) -> int:
        """Return a Poisson number by counting exponential gaps."""
        n, t = 0, self.draw.expovariate(1.0)
        while t < mean:
            n, t = n + 1, t + self.draw.expovariate(1.0)
        return n


def bare(connections: int, seed: int) -> None:
    """A bare SimPy process with the same four events a connection, and nothing else."""
    env, draw = simpy.Environment(), Random(seed)

    def connection() -> Process:
        yield env.timeout(draw.expovariate(20.0))

    def arrivals() -> Process:
        for _ in range(connections):
            yield env.timeout(draw.expovariate(100.0))
            env.process(connection())

    env.process(arrivals())
    env.run()
