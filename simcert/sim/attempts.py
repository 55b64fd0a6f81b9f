"""Attempts: arms, resumption, outcomes, times and retries of the rows of one slice."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.model import ARMS, FEATURES, NEW, RESUMED, RecordBatch
from simcert.sim.clients import Encounters, Tickets, looked_up, shared
from simcert.sim.ground import Ground
from simcert.sim.rare import Chances, rare_each
from simcert.sim.rows import Visitors, appended
from simcert.world.network import TIMEOUT_MS
from simcert.world.population import population
from simcert.world.spec import Cohort, WorldSpec
from simcert.world.streams import Purpose, Streams

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_RETRY = 1 << FEATURES.index("retry")


@dataclass(frozen=True, slots=True)
class Served:
    """Rows with what came of them; `harmed` ones would have succeeded with the old certificate."""

    batch: RecordBatch
    cohort: Ints
    harmed: Mask
    common: Mask  # failed for a reason that both certificates share
    parallel: Mask


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


class Attempts:
    """Tables of all cohorts that hold for the whole horizon, and the clients' tickets."""

    def __init__(self, ground: Ground, tickets: Tickets, streams: Streams) -> None:
        cohorts = population(ground.spec)
        self.ground, self.tickets, self.streams = ground, tickets, streams
        self.segment = np.array([ground.segments.index(c.segment) for c in cohorts], np.uint8)
        self.share = np.array([c.resumption.share for c in cohorts])
        self.shares = bool(self.share.any())
        self.background = Chances.of(np.array([c.background.rate for c in cohorts]))
        self._laws: tuple[Encounters, TimeLaw] | None = None
        self.again = np.array([c.retry.probability for c in cohorts])
        self.delay_s = np.array([c.retry.delay_s for c in cohorts])
        self.growth = np.array([c.retry.growth for c in cohorts])
        self.limit = np.array([c.retry.attempts_max for c in cohorts])
        self.common, self.common_reach = _common(ground)
        prefixes = np.array([c.prefixes for c in cohorts], np.int64)
        self.sources = Sources(prefixes) if prefixes.any() else None
        self._exposure, self.stage = float("nan"), 0
        self.salt = int(streams.generator(Purpose.CLIENTS, 1).integers(0, 2**63))

    def begin(self, step: int, exposure: float, key_s: float, met: Encounters) -> "Slice":
        """Return what serves the rows of slice `step`; another exposure is another stage."""
        if exposure != self._exposure:
            self._exposure, self.stage = exposure, self.stage + 1
        return Slice(self, step, exposure, key_s, met)

    def law_of(self, met: Encounters) -> "TimeLaw":
        """Return the tables of an epoch."""
        if self._laws is None or self._laws[0] is not met:
            self._laws = (met, TimeLaw.of(population(self.ground.spec), met))
        return self._laws[1]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where clients come from: one of the `prefixes` of their cohort, else a place of their own."""

    prefixes: Ints  # by cohort; 0: every client has its own

    def of(self, client: Ints, cohort: Ints) -> Ints:
        """Return a name per row: negative for the prefixes of cohorts, never 0."""
        many = self.prefixes[cohort]
        shared = (np.cumsum(self.prefixes) - self.prefixes)[cohort]
        shared += client % np.maximum(many, 1)
        names: Ints = np.where(many > 0, -1 - shared, client + 1)
        return names


class Slice:
    """One slice under one exposure; visits use a stream of their own, retries another."""

    def __init__(
        self, of: Attempts, step: int, exposure: float, key_s: float, met: Encounters
    ) -> None:
        self._of, self._step, self._exposure, self._key_s, self._met = (
            of,
            step,
            exposure,
            key_s,
            met,
        )
        self._law = of.law_of(met)
        edges = of.ground.edges_s(step, step + 1)
        self._outages = [share[0] for share in of.ground.outages_in(edges)]
        self._draw = of.streams.generator(Purpose.RETRIES, step)

    def serve(self, rows: Visitors) -> Served:
        """Return what came of the rows, and of the connections that they open beside."""
        main = self._serve(rows)
        beside = self._beside(rows, main)
        if not len(beside):
            return main
        return _both(main, self._serve(beside))

    def _serve(self, rows: Visitors) -> Served:
        of, met, draw = self._of, self._met, self._draw
        arm = self._arms(rows)
        old, new, common = self._outcomes(rows)
        resumed = self._resumed(rows, arm)
        outcome = old ^ ((old ^ new) * arm)  # that of the arm: `where` takes longer on bytes
        outcome *= ~resumed  # ok is 0
        failed = outcome != 0
        kind = rows.cohort * 2
        kind += arm
        ms = self._times(kind, draw)
        seen_s = rows.start_s
        if met.late:
            waits = failed & ~common
            seen_s = rows.start_s + np.where(waits, met.late_s[rows.cohort, arm], 0.0)
        if of.tickets.followed:
            of.tickets.issue(rows.client, rows.start_s, arm, np.flatnonzero(failed))
        features = self._features(rows, kind, resumed, draw)
        ground = of.ground
        batch = RecordBatch(
            ground.segments,
            ground.outcomes,
            rows.start_s,
            seen_s,
            ms,
            rows.client,
            of.segment.take(rows.cohort),
            arm,
            outcome,
            features,
            rows.attempt,
            None if of.sources is None else of.sources.of(rows.client, rows.cohort),
        )
        harmed = failed & (old == 0) & (arm == NEW)
        return Served(batch, rows.cohort, harmed, common & failed, rows.parallel)

    def _arms(self, rows: Visitors) -> npt.NDArray[np.uint8]:
        spec = self._of.ground.spec
        if spec.assignment == "per_connection":
            u = self._draw.random(len(rows))
        else:
            u = _hashed(rows.client, self._of.salt, self._coin(spec))
        return (u < self._exposure).view(np.uint8)

    def _coin(self, spec: WorldSpec) -> int:
        """Return which of a client's coins is in force."""
        if spec.assignment == "salted_per_stage":
            return self._of.stage
        return 1 + self._step // spec.slices if spec.assignment == "salted_per_window" else 0

    def _outcomes(
        self, rows: Visitors
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], Mask]:
        """Return the outcomes of a full handshake under both certificates, and common failures."""
        of, met, draw, cohort = self._of, self._met, self._draw, rows.cohort
        if met.steps.shape[1] == 1:
            old, new = (_codes(table[:, 0], cohort) for table in (met.old, met.new))
        else:
            j = (draw.random(len(rows))[:, None] >= met.steps[cohort]).sum(axis=1)
            old, new = met.old[cohort, j], met.new[cohort, j]
        common: Mask = np.zeros(len(rows), bool)
        at = rare_each(cohort, of.background, draw)
        if len(at):
            c = cohort[at]
            which = (draw.random(len(at))[:, None] >= of.common_reach[c]).sum(axis=1)
            old[at] = new[at] = of.common[c, which]
            common[at] = True
        for fault, share in zip(of.ground.outages, self._outages, strict=True):
            if share.any():
                lost = draw.random(len(rows)) < share[of.segment[cohort]]
                old[lost] = new[lost] = of.ground.outcomes.index(fault.seen_as)
                common |= lost
        return old, new, common

    def _resumed(self, rows: Visitors, arm: npt.NDArray[np.uint8]) -> Mask:
        """Only first connections of first attempts resume: who failed has no ticket to show."""
        of, first = self._of, (rows.attempt == 0) & ~rows.parallel
        resumed: Mask = np.zeros(len(rows), bool)
        if of.shares:
            resumed = first & (self._draw.random(len(rows)) < of.share[rows.cohort])
        if of.tickets.followed:
            resumed |= first & of.tickets.accepted(
                rows.client, rows.cohort, rows.start_s, arm, self._key_s
            )
        return resumed

    def _times(self, kind: Ints, draw: Generator) -> npt.NDArray[np.float32]:
        """Return milliseconds by `kind` = cohort * 2 + arm: log-normal times, and a timeout."""
        law = self._law
        rtt = draw.standard_normal(len(kind), dtype=np.float32)
        rtt *= looked_up(law.sigma, kind)
        np.exp(rtt, out=rtt)
        rtt *= looked_up(law.rtt_ms, kind)
        lost = rare_each(kind, law.lost, draw)
        late = np.maximum(np.float32(TIMEOUT_MS), 2 * rtt[lost])
        rtt *= looked_up(law.trips, kind)
        rtt += looked_up(law.cpu_ms, kind)
        rtt[lost] += late
        return rtt

    def _features(
        self, rows: Visitors, kind: Ints, resumed: Mask, draw: Generator
    ) -> npt.NDArray[np.uint16]:
        features = self._law.plain.take(kind)
        for i in self._law.mixed:
            share = self._met.features[:, :, i].ravel().take(kind)
            features[(share < 1.0) & (draw.random(len(rows)) < share)] |= 1 << i
        features[np.flatnonzero(resumed)] = RESUMED
        features[np.flatnonzero(rows.attempt > 0)] |= _RETRY
        return features

    def _beside(self, rows: Visitors, main: Served) -> Visitors:
        """Return the connections that full handshakes open beside, background failures apart."""
        if not self._met.beside:
            return rows.at(np.zeros(0, np.int64))
        mean = self._met.parallel[rows.cohort, main.batch.arm]
        full = (main.batch.features & RESUMED) == 0
        single = (rows.attempt > 0) | ~full | main.common
        at = np.repeat(np.arange(len(rows)), self._draw.poisson(np.where(single, 0.0, mean)))
        opened = rows.at(at)
        opened.parallel = np.ones(len(at), bool)
        return opened

    def retries(self, served: Served) -> Visitors:
        """Return the attempts that follow the failures of `served`."""
        of, draw, batch = self._of, self._draw, served.batch
        failed = np.flatnonzero((batch.outcome != 0) & ~served.parallel)
        failed = failed[batch.attempt[failed] + 1 < of.limit[served.cohort[failed]]]
        failed = failed[draw.random(len(failed)) < of.again[served.cohort[failed]]]
        cohort, attempt = served.cohort[failed], batch.attempt[failed]
        wait_s = draw.standard_exponential(len(failed)) * of.delay_s[cohort]
        wait_s *= of.growth[cohort] ** attempt
        due_s = batch.seen_s[failed] + wait_s
        columns = (cohort, batch.client[failed], due_s, attempt + np.uint8(1))
        return Visitors(*columns, np.zeros(len(failed), bool))


def _codes(table: npt.NDArray[np.uint8], cohort: Ints) -> npt.NDArray[np.uint8]:
    """Return an outcome per row, in an array of its own."""
    one = shared(table)
    codes: npt.NDArray[np.uint8] = table.take(cohort) if one.ndim else np.full(len(cohort), one)
    return codes


def _common(ground: Ground) -> tuple[npt.NDArray[np.uint8], Floats]:
    """Return the outcomes of background failures and the upper ends of their shares: [C, J]."""
    told = [one.background.outcomes for one in population(ground.spec)]
    codes = np.zeros((len(told), max(map(len, told))), np.uint8)
    reach = np.full(codes.shape, 2.0)
    for c, outcomes in enumerate(told):
        for j, (name, _) in enumerate(outcomes):
            codes[c, j] = ground.outcomes.index(name) if name in ground.outcomes else 0
        ends = np.cumsum([share for _, share in outcomes[:-1]])
        reach[c, : len(ends)] = ends / sum(share for _, share in outcomes)
    return codes, reach


def _both(a: Served, b: Served) -> Served:
    masks = ("cohort", "harmed", "common", "parallel")
    columns = (np.concatenate([getattr(a, name), getattr(b, name)]) for name in masks)
    return Served(appended([a.batch, b.batch]), *columns)


def _hashed(client: Ints, salt: int, coin: int) -> Floats:
    """Return a number in [0, 1) that belongs to a client and a coin (splitmix64's finaliser)."""
    x = client.astype(np.uint64) + np.uint64((salt + coin * 0x9E3779B97F4A7C15) % 2**64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits = (x ^ (x >> np.uint64(31))) >> np.uint64(11)
    return bits.astype(np.float64) * 2.0**-53
