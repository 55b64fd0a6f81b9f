"""Attempts: resumption, outcomes, features and retries of the rows of one slice."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.model import FEATURES, NEW, RESUMED, RecordBatch
from simcert.sim.clients import Encounters, Tickets, shared
from simcert.sim.coins import Coins
from simcert.sim.ground import Ground
from simcert.sim.rare import Chances, rare_each
from simcert.sim.rows import Visitors, appended
from simcert.sim.sources import Sources
from simcert.sim.times import TimeLaw
from simcert.world.population import population
from simcert.world.streams import Purpose, Streams

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
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
        self.coins = Coins(ground.spec, streams)

    def begin(self, step: int, exposure: float, key_s: float, met: Encounters) -> "Slice":
        """Return what serves the rows of slice `step`."""
        self.coins.expose(exposure)
        return Slice(self, step, key_s, met)

    def law_of(self, met: Encounters) -> TimeLaw:
        """Return the tables of an epoch."""
        if self._laws is None or self._laws[0] is not met:
            self._laws = (met, TimeLaw.of(population(self.ground.spec), met))
        return self._laws[1]


class Slice:
    """One slice under one exposure; visits use a stream of their own, retries another."""

    def __init__(self, of: Attempts, step: int, key_s: float, met: Encounters) -> None:
        self._of, self._step, self._key_s, self._met = of, step, key_s, met
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
        arm = of.coins.arms(rows.client, self._step, draw)
        old, new, common = self._outcomes(rows)
        resumed = self._resumed(rows, arm)
        outcome = old ^ ((old ^ new) * arm)  # that of the arm: `where` takes longer on bytes
        outcome *= ~resumed  # ok is 0
        failed = outcome != 0
        kind = rows.cohort * 2
        kind += arm
        ms = self._law.draw(kind, draw)
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
