"""Three tellings of one world agree in law: SimPy per connection, records, counts.

The world is dense (most clients come several times a window, retries cross slices and windows), so
a unit law that only holds for rare visits would show. Fixed seeds; each family of comparisons may
fail by chance with probability 1e-3 (Bonferroni).
"""

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from bench.reference_simpy import Reference
from simcert.sim.driver import traffic_of
from simcert.world.streams import Streams
from tests.sim.worlds import world

SPEC = world()
EXPOSURE, WINDOWS, SLICES = 0.4, 10, 4
SEGMENTS, OUTCOMES = ("a", "b", "c"), ("ok", "close", "hang", "alert:unknown_ca")
RUNS = {"reference": 50, "records": 100, "counts": 100}
ALPHA = 1e-3

Runs = dict[str, npt.NDArray[np.float64]]


def reference(seed: int) -> dict[str, npt.NDArray[np.float64]]:
    tally = Reference(SPEC, EXPOSURE, seed).run()
    steps = WINDOWS * SLICES
    found = {name: np.zeros((steps, 3, 2, 4)) for name in ("units", "attempts")}
    for name, counts in (("units", tally.units), ("attempts", tally.attempts)):
        for (step, segment, arm, outcome), n in counts.items():
            found[name][step, SEGMENTS.index(segment), arm, OUTCOMES.index(outcome)] += n
    for (step, segment, arm), n in tally.resumed.items():
        found["attempts"][step, SEGMENTS.index(segment), arm, 0] += n
    found["harm"] = np.array([tally.harmed, len(tally.harmed_clients)], float)
    return found


def engine(fidelity: str, seed: int) -> dict[str, npt.NDArray[np.float64]]:
    traffic = traffic_of(SPEC, Streams(seed), fidelity)
    windows = [w for _ in range(WINDOWS * SLICES) for w in traffic.advance(EXPOSURE)]
    found = {name: np.zeros((len(windows), 3, 2, 4)) for name in ("units", "attempts")}
    for step, window in enumerate(windows):
        s = [SEGMENTS.index(name) for name in window.segments]
        o = [OUTCOMES.index(name) for name in window.outcomes]
        found["units"][step][np.ix_(s, [0, 1], o)] = window.units
        found["attempts"][step][np.ix_(s, [0, 1], o)] = window.attempts
    found["harm"] = np.array([traffic.harmed_connections, traffic.harmed_clients()], float)
    return found


@cache
def flown(engine_: str) -> Runs:
    seeds = range(1000, 1000 + RUNS[engine_])
    fly = reference if engine_ == "reference" else lambda seed: engine(engine_, seed)
    runs = [fly(seed) for seed in seeds]
    return {name: np.array([run[name] for run in runs]) for name in runs[0]}


def per_run(runs: Runs, what: str) -> npt.NDArray[np.float64]:
    """Mean per slice of the windows after the first, by run and cell."""
    return runs[what][:, SLICES:].mean(axis=1).reshape(len(runs[what]), -1)


@pytest.mark.slow
@pytest.mark.parametrize("fidelity", ["records", "counts"])
@pytest.mark.parametrize("what", ["units", "attempts"])
def test_means_of_all_cells_agree_with_the_reference(fidelity: str, what: str) -> None:
    ours, theirs = per_run(flown(fidelity), what), per_run(flown("reference"), what)
    cells = np.flatnonzero(theirs.sum(axis=0) + ours.sum(axis=0))
    p = stats.ttest_ind(ours[:, cells], theirs[:, cells], equal_var=False).pvalue

    assert p.min() > ALPHA / len(cells)


@pytest.mark.slow
@pytest.mark.parametrize("fidelity", ["records", "counts"])
def test_units_fall_into_slices_alike(fidelity: str) -> None:
    def by_slice(runs: Runs) -> npt.NDArray[np.float64]:
        totals = runs["units"].sum(axis=(2, 3, 4))[:, SLICES:]
        return totals.reshape(len(totals), -1, SLICES).mean(axis=1)

    ours, theirs = by_slice(flown(fidelity)), by_slice(flown("reference"))
    p = stats.ttest_ind(ours, theirs, equal_var=False).pvalue

    assert p.min() > ALPHA / SLICES


@pytest.mark.slow
@pytest.mark.parametrize("fidelity", ["records", "counts"])
@pytest.mark.parametrize("what", ["units", "attempts"])
def test_spread_and_shape_of_window_totals_agree(fidelity: str, what: str) -> None:
    def windows(runs: Runs) -> npt.NDArray[np.float64]:
        failed = runs[what][:, SLICES:, :, :, 1:].sum(axis=(2, 3, 4))
        return failed.reshape(len(failed), -1, SLICES).sum(axis=2)[:, ::2].ravel()

    ours, theirs = windows(flown(fidelity)), windows(flown("reference"))

    assert stats.levene(ours, theirs).pvalue > ALPHA / 8
    assert stats.ks_2samp(ours, theirs).pvalue > ALPHA / 8


@pytest.mark.slow
@pytest.mark.parametrize("fidelity", ["records", "counts"])
def test_harm_agrees(fidelity: str) -> None:
    ours, theirs = flown(fidelity)["harm"], flown("reference")["harm"]
    p = stats.ttest_ind(ours, theirs, equal_var=False).pvalue

    assert p.min() > ALPHA / 2
    assert theirs.mean(axis=0).min() > 10
