"""The files of the proofs hold every cell that was asked for, with its limit and enough runs."""

import json
from itertools import product
from typing import Any

import pytest
from scipy.stats import binom

from bench.evidence import record
from bench.evidence.bar_eight import DESIGN, exact
from bench.evidence.bar_three import DELTAS, SMALL
from bench.evidence.bars import NULLS
from bench.evidence.reported import visible_shares
from bench.evidence.rivals import DOCUMENTED, TUNED
from bench.evidence.traps import traps
from bench.evidence.wald import WALD

SITES, RATES, MULTIPLES = (200, 2000, 20000), (0.005, 0.02, 0.03), (0.25, 0.5, 1, 2.5, 5, 10)


def _proof(k: int, under: str = "bars") -> dict[str, dict[str, Any]]:
    proof = json.loads((record.FOLDER / f"bar_{k}.json").read_text())
    return {cell["bar"]: cell for cell in proof[under]}


def _small(q0: float, multiple: float) -> bool:
    return q0 * multiple < 0.0075


def _asked() -> dict[int, dict[str, float]]:
    """Return {bar: {cell: limit}} as the bars are worded."""
    cells = {1: {f"false rollback, {name}, N {n}": 0.01 for name in NULLS for n in (200, 2000)}}
    cells[1]["mean e-value, all n up to 12"] = 1.0 + 1e-9
    cells[2] = {f"harm / H*, N {n}, q0 {q:g}, total break": 3.1 for n in SITES for q in RATES}
    cells[2] |= {
        f"harm / H*, N {n}, q0 {q:g}, delta {m:g} q0": 2.25
        for n, q, m in product(SITES, RATES, MULTIPLES)
        if not _small(q, m)
    }
    cells[4] = {"0.1 % inside the largest segment, ramp, v 1": 10.0}
    for how, limits in (("constant", (5.0, 7.0, 8.0)), ("ramp", (7.0, 11.0, 20.0))):
        for v, limit in zip((1, 0.66, 0), limits, strict=True):
            cells[4][f"rare segment, {how}, v {v:g}"] = limit
    cells[4] |= {f"detected, {name}": 1.0 for name in cells[4]}
    cells[5] = {f"late fault, delta {d}": x for d, x in ((0.01, 95.0), (0.02, 60.0), (0.05, 45.0))}
    cells[6] = {
        f"windows to 95 %, N {n}, q0 {q}": x
        for n, q, x in ((2000, 0.02, 18), (2000, 0.005, 9), (20000, 0.02, 4))
    }
    cells[7] = {"time to 95 % with delay / without": 2.0, "total break with delay, harm / H*": 5.5}
    cells[10] = {f"back-offs in 600 windows, N {n}": 3.0 for n in SITES}
    cells[10]["mean exposure, diurnal"] = 0.85
    return cells


@pytest.mark.parametrize(("k", "cells"), _asked().items(), ids=map(str, _asked()))
def test_a_proof_holds_the_cells_that_were_asked_for_and_they_are_kept(
    k: int, cells: dict[str, float]
) -> None:
    found = _proof(k)
    assert {name: cell["limit"] for name, cell in found.items()} == cells
    chance = [cell for cell in found.values() if not cell.get("exact")]
    assert min(cell["n"] for cell in chance) >= (20_000 if k == 1 else 1000)
    assert all(cell["passed"] for cell in found.values())
    assert all(cell["seeds"] for cell in chance)
    assert min(cell.get("horizon_windows", 600) for cell in found.values()) == 600


def test_every_rival_is_flown_a_thousand_times_and_so_is_every_schedule() -> None:
    found = _proof(3)
    ratios = {f"adaptive / best fixed, delta {delta:g}": 1.25 for delta in DELTAS}
    ratios |= {f"{x} / adaptive, total break": 30.0 for x in ("linear 10 % steps", "canary 10 %")}
    ratios[f"best fixed / adaptive, delta {SMALL:g}"] = 5.0
    assert {name: cell["limit"] for name, cell in found.items() if "library" not in name} == ratios
    rivals = [name for name in found if name.endswith("dominates")]
    assert len(rivals) == len(DOCUMENTED) + len(TUNED)
    assert all(found[name]["n"] >= 1000 and found[name]["limit"] == 0.0 for name in rivals)
    own = found["library: false rollbacks of adaptive, as alpha allows"]
    assert own["limit"] == binom.ppf(0.95, own["good_runs"], 0.01)
    assert all(cell["passed"] for cell in found.values())


@pytest.mark.parametrize("cell", _proof(6).values(), ids=lambda cell: cell["bar"])
def test_a_median_stands_with_its_upper_limit(cell: dict[str, Any]) -> None:
    assert cell["median"] <= cell["value"] <= cell["limit"]


def test_the_ratio_of_times_stands_with_its_upper_limit_and_both_seeds() -> None:
    cell = _proof(7)["time to 95 % with delay / without"]
    lower, upper = cell["limits_of_medians"]
    assert cell["ratio"] < cell["value"] <= upper / lower  # both together hold it, too
    assert cell["seeds"] == [9700, 9701]


def test_every_row_of_the_external_checks_is_kept() -> None:
    found = _proof(8)
    assert {row.bar for row in exact()} < {*found}
    assert len({*found} - {row.bar for row in exact()}) == 2 * len(DESIGN) + 2 + 2 * len(WALD)
    assert all(cell["passed"] for cell in found.values())


def test_every_trap_stands_beside_the_right_unit() -> None:
    found = _proof(9)
    for name, trap in traps().items():
        low = found.get(f"{name}: false rollback, lower limit")
        high = found.get(f"{name}: false rollback, upper limit")
        assert (high or low or {})["limit"] == trap.least
        assert trap.most in (None, 1.0) or (low or {})["limit"] == trap.most
        assert found[f"beside it, the right unit: {name}"]["limit"] == 0.01
    assert all(cell["passed"] and cell["n"] >= 1000 for cell in found.values())


def test_limits_of_false_rollbacks_are_those_of_their_counts() -> None:
    counted = [cell for cell in _proof(1).values() if not cell.get("exact")]
    assert len(counted) == 14
    for cell in counted:
        assert cell["false_rollbacks"] <= 167
        exact = record.upper_share(cell["false_rollbacks"], cell["n"], 0.99)
        assert cell["value"] == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("k", [2, 4, 5])
def test_what_stands_against_a_limit_is_the_upper_end_of_the_mean(k: int) -> None:
    harm = [cell for cell in _proof(k).values() if "error" in cell]
    assert len(harm) == {2: 51, 4: 7, 5: 3}[k]
    for cell in harm:
        assert cell["value"] == pytest.approx(cell["mean"] + record.Z95 * cell["error"])


def test_harm_that_is_tolerated_is_reported_and_no_limit_held_against_it() -> None:
    small = [x for x in product(SITES, RATES, MULTIPLES) if _small(*x[1:])]
    found = _proof(2, "reported")
    assert {*found} == {f"harm / H*, N {n}, q0 {q:g}, delta {m:g} q0" for n, q, m in small}
    assert min(cell["n"] for cell in found.values()) >= 1000
    assert not any("limit" in cell or "passed" in cell for cell in found.values())


def test_a_rare_segment_is_reported_as_visible_as_the_handshake_model_says() -> None:
    expected = {f"rare segment, ramp, v {v:.3f} as of {mix}" for mix, v in visible_shares()}
    assert {*_proof(4, "reported")} == expected
