"""What is heard late keeps its law: reports of clients, and clients that answer late.

Fixed seeds; each comparison may fail by chance with probability 1e-3, divided by their number.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from scipy import integrate, stats

from simcert.model import NEW, OLD, RecordBatch, Window
from simcert.sim.driver import traffic_of
from simcert.sim.fidelity import FIDELITIES
from simcert.world.feedback import Feedback
from simcert.world.spec import Arrivals, Background, Reports, Resumption, Retry, WorldSpec
from simcert.world.streams import Streams
from tests.sim.worlds import BROKEN, cohort, world

ALPHA = 1e-3
EXPOSURE, SLICE_S, STEPS = 0.4, 15.0, 40
SHARE, DELAY_S = 0.3, 20.0
AFTER_S = 20.0

Floats = npt.NDArray[np.float64]


def once() -> WorldSpec:
    """Everybody comes in the first slice, so the age of a report is known by its slice."""
    crowd = replace(
        cohort("a broken", 1.0, 100_000, new=BROKEN),
        arrivals=Arrivals(until_s=SLICE_S),
        background=Background(0.2),
        reports=Reports(SHARE, DELAY_S),
        retry=Retry(),
    )
    return world(cohorts=(crowd,), connections_per_s=100.0)


@cache
def reported(fidelity: str, runs: int = 30) -> tuple[Floats, Floats]:
    """Return reports by run, slice and arm, and the failures that they are of, by run and arm."""
    spec = once()
    reports, failed = np.zeros((runs, STEPS, 2)), np.zeros((runs, 2))
    for run in range(runs):
        streams = Streams(7_000 + run)
        traffic, feedback = traffic_of(spec, streams, fidelity), Feedback(spec, streams)
        for step in range(STEPS):
            for window in traffic.advance(EXPOSURE):
                heard = feedback.add(window, probing=False)
                reports[run, step] = heard.reports.sum(axis=0)
                ok = window.attempts[:, :, window.outcomes.index("ok")]
                failed[run] += window.attempts.sum(axis=(0, 2)) - ok.sum(axis=0)
    return reports, failed


def expected_by_slice() -> Floats:
    """Return the share of reports that come in each slice: a uniform moment, then the wait."""

    def by(end_s: float) -> float:
        inside = min(end_s, SLICE_S)
        area, _ = integrate.quad(lambda t: 1.0 - np.exp(-(end_s - t) / DELAY_S), 0.0, inside)
        return area / SLICE_S

    return np.diff([0.0, *(by(SLICE_S * k) for k in range(1, STEPS + 1))])


@pytest.mark.parametrize("arm", [OLD, NEW])
@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_the_declared_share_of_failures_is_reported(fidelity: str, arm: int) -> None:
    """30 waits of the mean are over when the horizon is: all reports have come."""
    reports, failed = reported(fidelity)
    heard, n = int(reports[:, :, arm].sum()), int(failed[:, arm].sum())

    assert n > 3_000
    assert stats.binomtest(heard, n, SHARE).pvalue > ALPHA / 4


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_reports_come_as_late_as_declared(fidelity: str) -> None:
    heard = reported(fidelity)[0].sum(axis=(0, 2))
    law = expected_by_slice() * heard.sum()
    last = int(np.flatnonzero(law >= 10.0)[-1])  # rare ones are one cell
    cells = [np.append(x[: last + 1], x[last + 1 :].sum()) for x in (heard, law)]
    cells[1] *= cells[0].sum() / cells[1].sum()

    assert stats.chisquare(*cells).pvalue > ALPHA / 2


def test_both_fidelities_report_alike() -> None:
    ours, theirs = (reported(name)[0].reshape(30, -1) for name in FIDELITIES)
    seen = np.flatnonzero(ours.sum(axis=0) + theirs.sum(axis=0) > 60)
    p = stats.ttest_ind(ours[:, seen], theirs[:, seen], equal_var=False).pvalue

    assert p.min() > ALPHA / len(seen)


def late(feedback_s: float, after_s: float = AFTER_S) -> WorldSpec:
    """Half of the clients fail with the new certificate, and are silent for a while first."""
    slow = replace(BROKEN, answers_after_s=after_s, connections=1.0)
    plain = {"retry": Retry(), "background": Background(), "resumption": Resumption()}
    cohorts = (
        replace(cohort("a slow", 0.5, 5_000, new=slow), **plain),
        replace(cohort("b fine", 0.5, 5_000), **plain),
    )
    return world(cohorts=cohorts, connections_per_s=40.0, feedback_s=feedback_s)


def windows(spec: WorldSpec, fidelity: str, seed: int) -> list[Window]:
    traffic = traffic_of(spec, Streams(seed), fidelity)
    return [one for _ in range(STEPS) for one in traffic.advance(EXPOSURE)]


def failed(window: Window) -> int:
    """Return the units that failed."""
    return int(window.events().sum())


def alerts(window: Window) -> int:
    """Return the attempts that failed with the new certificate."""
    if "alert:unknown_ca" not in window.outcomes:
        return 0
    return int(window.attempts[:, NEW, window.outcomes.index("alert:unknown_ca")].sum())


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_who_is_waited_for_is_counted_once_where_he_began(fidelity: str) -> None:
    """With `feedback_s` as long as the silence, windows are those of clients that fail at once."""
    slow, prompt = (windows(late(30.0, after), fidelity, 5) for after in (AFTER_S, 0.0))

    assert len(slow) == len(prompt) > 30
    for one, other in zip(slow, prompt, strict=True):
        assert (one.start_s, one.lag_s) == (other.start_s, 30.0)
        assert alerts(one) == alerts(other)
        assert one.attempts.sum() == other.attempts.sum()
        assert one.by_arm("units")[OLD] == other.by_arm("units")[OLD]
        assert sum(one.by_arm("units")[NEW]) == sum(other.by_arm("units")[NEW])
    assert sum(map(alerts, slow)) > 2_000


def test_both_fidelities_agree_on_clients_that_answer_late() -> None:
    def totals(fidelity: str) -> Floats:
        flown = [windows(late(30.0), fidelity, 900 + run)[:30] for run in range(30)]
        return np.array(
            [
                [[one.attempts.sum(), one.units.sum(), alerts(one), failed(one)] for one in each]
                for each in flown
            ],
            float,
        ).sum(axis=1)

    ours, theirs = (totals(name) for name in FIDELITIES)
    p = stats.ttest_ind(ours, theirs, equal_var=False).pvalue

    assert p.min() > ALPHA / 4


@pytest.mark.parametrize(("feedback_s", "share"), [(0.0, 0.0), (15.0, 2 / 3), (30.0, 1.0)])
def test_who_answers_after_his_window_is_missing_from_it(feedback_s: float, share: float) -> None:
    """A slice of 15 s knows by its end and `feedback_s` who began 20 s before that, or earlier."""
    begun: list[Floats] = []

    def watch(batch: RecordBatch, _: npt.NDArray[np.bool_]) -> None:
        code = batch.outcomes.index("alert:unknown_ca")
        begun.append(batch.start_s[batch.outcome == code])

    traffic = traffic_of(late(feedback_s), Streams(11), "records", watch)
    flown = [one for _ in range(STEPS) for one in traffic.advance(EXPOSURE)]
    heard, ends = sum(map(alerts, flown)), flown[-1].end_s
    n = int(np.count_nonzero(np.concatenate(begun) < ends))

    assert n > 2_000
    if share in (0.0, 1.0):
        assert heard == n * share
    else:
        assert stats.binomtest(heard, n, share).pvalue > ALPHA
