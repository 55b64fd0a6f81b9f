"""Client Feedback Channel: reports that clients send of their failures, and own probe clients.

Of the failed connections of a segment a share is reported, each after an exponential wait; an
exponential wait that outlasts a slice begins anew, so what is on its way is one number per segment
and arm. Probes are asked in turn to connect to the new arm, before and during the ramp; each
behaves like a client of its cohort, and their failures harm nobody.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from simcert.errors import UnknownNameError
from simcert.model import NEW, OK, Window
from simcert.world.population import population
from simcert.world.potential import encounter_at, pairs
from simcert.world.spec import Cohort, Reports, WorldSpec
from simcert.world.streams import Purpose, Streams

Ints = npt.NDArray[np.int64]


class Feedback:
    """Adds reports and probes to windows; both are off unless the world declares them."""

    def __init__(self, spec: WorldSpec, streams: Streams) -> None:
        cohorts = population(spec)
        self._streams, self._probes = streams, spec.probes
        self._asked = _probed(spec.probes.cohorts, cohorts)
        self._reports = {s: _reports(s, cohorts) for s in {c.segment for c in cohorts}}
        self.silent = not self._asked and not any(r.share for r in self._reports.values())
        self._waiting: dict[str, Ints] = {}

    def add(self, window: Window, probing: bool) -> Window:
        """Return the window with the reports that arrived in it, and its probes."""
        if self.silent:
            return window
        slice_s = window.end_s - window.start_s
        draw = self._streams.generator(Purpose.FEEDBACK, round(window.start_s / slice_s))
        reports = np.zeros_like(window.reports)
        for i, segment in enumerate(window.segments):
            told = self._reports.get(segment)  # none of a window before the first record
            if told is not None and told.share:
                failed = window.attempts[i].sum(axis=1) - _ok(window, i)
                reports[i] = self._arrived(segment, told, failed, slice_s, draw)
        probes = self._probed_in(window, draw) if probing else window.probes
        return replace(window, reports=reports, probes=probes)

    def _arrived(
        self, segment: str, told: Reports, failed: Ints, slice_s: float, draw: np.random.Generator
    ) -> Ints:
        x = slice_s / told.delay_s
        waiting = self._waiting.get(segment, np.zeros(2, np.int64))
        sent = draw.binomial(failed, told.share)
        soon = draw.binomial(sent, 1.0 + np.expm1(-x) / x)  # sent at a uniform moment of the slice
        due = draw.binomial(waiting, -np.expm1(-x))
        self._waiting[segment] = waiting + sent - soon - due
        arrived: Ints = soon + due
        return arrived

    def _probed_in(self, window: Window, draw: np.random.Generator) -> Ints:
        every_s = self._probes.every_s
        first, last = (int(np.ceil(t / every_s - 1e-9)) for t in (window.start_s, window.end_s))
        probes = window.probes.copy()
        for _ in range(first, last):
            for cohort in self._asked:
                probes[NEW] += (1, draw.random() < _failure(cohort, window.start_s))
        return probes


def _probed(names: tuple[str, ...], cohorts: tuple[Cohort, ...]) -> list[Cohort]:
    known = {one.name: one for one in cohorts}
    for name in names:
        if name not in known:
            raise UnknownNameError("cohort of probes", name, known)
    return [known[name] for name in names]


def _reports(segment: str, cohorts: tuple[Cohort, ...]) -> Reports:
    """Return how a segment reports: the mean share of its connections, and its first's delay."""
    here = [one for one in cohorts if one.segment == segment]
    total = sum(one.share for one in here) or 1.0
    share = sum(one.share * one.reports.share for one in here) / total
    telling = [one.reports.delay_s for one in here if one.reports.share]
    return Reports(share, telling[0] if telling else 1.0)


def _failure(cohort: Cohort, t_s: float) -> float:
    """Return how likely a full handshake of the cohort fails with the new certificate."""
    wrong = sum(p.probability for p in pairs(encounter_at(cohort, t_s)) if p.new != OK)
    return 1.0 - (1.0 - cohort.background.rate) * (1.0 - wrong)


def _ok(window: Window, segment: int) -> Ints:
    if OK not in window.outcomes:
        return np.zeros(2, np.int64)
    ok: Ints = window.attempts[segment, :, window.outcomes.index(OK)]
    return ok
