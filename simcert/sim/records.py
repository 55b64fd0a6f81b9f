"""Records: a row per handshake attempt, in columns; clients remember tickets, arms and failures.

Rows become windows through the same windowing code as live ones. What would come of a visit under
both certificates is drawn before its arm, from a stream that no policy touches.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from simcert.control.windowing import Grid, Windower
from simcert.model import RecordBatch, Window
from simcert.sim.alias import alias_table
from simcert.sim.attempts import Attempts, Served
from simcert.sim.clients import Clients, Encounters, Tickets
from simcert.sim.ground import ground_of
from simcert.sim.rows import Visitors, appended, batch_of, joined, part_of
from simcert.world.arrivals import seconds
from simcert.world.population import faults_of, population
from simcert.world.spec import WorldSpec
from simcert.world.streams import Purpose, Streams

Floats = npt.NDArray[np.float64]
Watch = Callable[[RecordBatch, npt.NDArray[np.bool_]], None]
"""Is shown the attempts of every step, and which of them were harmed."""

NUMBERED = 1 << 25  # clients up to which a window has a byte for each of them
AHEAD = 128  # slices whose expected visits are worked out together


class Records:
    """Traffic of one seed, slice by slice; totals are exact integers."""

    def __init__(self, spec: WorldSpec, streams: Streams, watch: Watch | None = None) -> None:
        self._ground = ground = ground_of(spec)
        self._cohorts = population(spec)
        self._streams = streams
        self._watch = watch
        self._clients = Clients(ground, streams.generator(Purpose.CLIENTS, 0))
        self._attempts = Attempts(ground, Tickets(ground, self._clients.total), streams)
        self._windower = Windower(
            Grid(spec.window_s, spec.slices),
            assignment=spec.assignment,
            grace_s=spec.feedback_s,
            clients=self._clients.total if self._clients.total <= NUMBERED else None,
        )
        self._harmed = np.zeros(self._clients.total, bool)
        self._calendar: dict[int, list[Visitors]] = {}
        self._held: list[tuple[float, RecordBatch]] = []  # slices by their end, oldest first
        self._mass: tuple[int, Floats] = (-AHEAD, np.zeros((0, len(self._cohorts))))
        self._epoch: tuple[int, Encounters] | None = None
        self._rotations = sorted(_rotations_s(spec))
        self._step = 0
        self.connections = 0
        self.ok_connections = 0
        self.harmed_connections = 0

    def advance(self, exposure: float) -> list[Window]:
        """Return the windows that are final after the next slice under `exposure`."""
        start_s, end_s = self._ground.edges_s(self._step, self._step + 1).tolist()
        self._windower.exposed(exposure, start_s)
        parts = [served.batch for served in self._served(exposure)]
        late = bool(self._held) or self._encounters(self._step).late
        # within a slice only clients that it has shown retry, so units do not depend on the order
        if late:
            self._held.append((end_s, batch_of(parts)))
            self._hear(end_s)
        else:
            self._windower.add(appended(parts))
        self._step += 1
        return self._windower.close(end_s)

    def finish(self, exposure: float) -> None:
        """Let the rest of the horizon pass; no windows are cut any more."""
        while self._step < self._ground.steps:
            for _ in self._served(exposure):
                pass
            self._step += 1

    def rows(self, exposure: float) -> RecordBatch:
        """Return the rows of the next slice, all outcomes known, and cut no windows."""
        batch = batch_of([served.batch for served in self._served(exposure)])
        self._step += 1
        return batch

    def harmed_clients(self) -> int:
        """Return how many distinct clients the harmed connections belong to."""
        return int(np.count_nonzero(self._harmed))

    def _served(self, exposure: float) -> Iterator[Served]:
        """Serve the visits of a slice, then retries that fall into it, until none is left."""
        step = self._step
        here = self._attempts.begin(step, exposure, self._key_s(step), self._encounters(step))
        waiting = self._calendar.pop(step, [])
        rows = joined(self._visits(step), waiting)
        fresh = True
        while len(rows) or fresh:
            served = here.serve(rows)
            self._count(served)
            yield served
            rows, fresh = self._keep(here.retries(served), step), False

    def _visits(self, step: int) -> Visitors:
        """Draw first attempts in order of start; nothing here depends on the policy."""
        expected = self._expected(step)
        draw = self._streams.generator(Purpose.ARRIVALS, step)
        n = int(draw.poisson(expected.sum()))
        start_s, end_s = self._ground.edges_s(step, step + 1).tolist()
        gaps = draw.standard_exponential(n + 1)
        np.cumsum(gaps, out=gaps)
        cohort = alias_table(expected).pick(draw.random(n))
        client = self._clients.pick(cohort, draw.random(n))
        began = gaps[:-1]
        began /= gaps[-1]
        began *= end_s - start_s
        began += start_s
        return Visitors(cohort, client, began, np.zeros(n, np.uint8), np.zeros(n, bool))

    def _expected(self, step: int) -> Floats:
        first, mass = self._mass
        if not first <= step < first + len(mass):
            edges = self._ground.edges_s(step, step + AHEAD)
            rate = self._ground.spec.connections_per_s
            known = {one.arrivals: seconds(one.arrivals, edges) for one in self._cohorts}
            columns = [rate * one.share * known[one.arrivals] for one in self._cohorts]
            self._mass = first, mass = step, np.stack(columns, axis=1)
        row: Floats = mass[step - first]
        return row

    def _encounters(self, step: int) -> Encounters:
        first = self._ground.epoch_of(step).first
        if self._epoch is None or self._epoch[0] != first:
            t_s = self._ground.edges_s(step, step)[0]
            self._epoch = (first, Encounters.at(self._ground, float(t_s)))
        return self._epoch[1]

    def _key_s(self, step: int) -> float:
        """Return when the key that tickets are sealed with came into use."""
        start_s = float(self._ground.edges_s(step, step)[0])
        used = bisect_right(self._rotations, start_s + 1e-6)
        return self._rotations[used - 1] if used else float("-inf")

    def _count(self, served: Served) -> None:
        self.connections += len(served.batch)
        self.ok_connections += len(served.batch) - int(np.count_nonzero(served.batch.outcome))
        harmed = served.batch.client[served.harmed]
        self.harmed_connections += len(harmed)
        self._harmed[harmed] = True
        if self._watch is not None:
            self._watch(served.batch, served.harmed)

    def _keep(self, due: Visitors, step: int) -> Visitors:
        """Return the retries that fall into this slice, keep the others for theirs."""
        if not len(due):
            return due
        spec = self._ground.spec
        reached = np.minimum(due.start_s, 2.0 * spec.horizon_s)  # a wait may be of any length
        number = np.floor(reached * (spec.slices / spec.window_s)).astype(np.int64)
        for later in set(number.tolist()):
            if step < later < self._ground.steps:
                rows = due.at(np.flatnonzero(number == later))
                self._calendar.setdefault(later, []).append(rows)
        return due.at(np.flatnonzero(number <= step))

    def _hear(self, now_s: float) -> None:
        """Count slices that are final now: what is known of them, in order of start.

        Not row by row as it becomes known: of a client that comes again while it is silent, the
        first handshake is the unit, not the first that was heard of.
        """
        grace_s = self._ground.spec.feedback_s
        while self._held and self._held[0][0] + grace_s <= now_s + 1e-9:
            _, batch = self._held.pop(0)
            self._windower.add(part_of(batch, batch.seen_s <= now_s))


def _rotations_s(spec: WorldSpec) -> list[float]:
    """Return when ticket keys change, by plan or by fault."""
    times = [t for fault in faults_of(spec) for t in fault.rotations_s()]
    every_s = spec.ticket_key_rotation_s
    if every_s is not None:
        times += [i * every_s for i in range(1, int(spec.horizon_s / every_s) + 1)]
    return times
