"""Dominance over the library: fewer harmed somewhere, at no price anywhere, beyond chance."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from bench.evidence import cells, rivals
from bench.evidence.rivals import OWN, allowed, judged


def row(harmed: float = 0.0, minutes: float | None = 30.0, back: bool = False) -> dict[str, object]:
    told = {"minutes_to_full": minutes, "harmed_connections": harmed, "false_rollback": back}
    return {**told, "rolled_back": back}


def found(rival: list[dict], good: list[dict]) -> dict[str, float]:
    rng = np.random.default_rng(2)
    own = [row(float(x)) for x in rng.poisson(20.0, len(rival))]
    rows = {
        "break": {OWN: own, "rival": rival},
        "good": {OWN: [row() for _ in good], "rival": good},
    }
    return {bar.bar.split()[-2]: bar.value for bar in judged(rows, {"break"})}


FEWER = [row(float(x)) for x in np.random.default_rng(3).poisson(8.0, 20)]
SAME = [row(float(x)) for x in np.random.default_rng(4).poisson(19.0, 20)]


def test_a_rival_that_harms_fewer_at_no_price_dominates() -> None:
    assert found(FEWER, [row(minutes=29.0)] * 20)["rival"] == 1.0


def test_one_false_rollback_or_a_later_end_is_a_price() -> None:
    assert found(FEWER, [row(minutes=29.0)] * 19 + [row(minutes=29.0, back=True)])["rival"] == 0.0
    assert found(FEWER, [row(minutes=31.0)] * 20)["rival"] == 0.0
    assert found(FEWER, [row(minutes=None)] * 20)["rival"] == 0.0


def test_chance_is_no_dominance() -> None:
    assert found(SAME, [row(minutes=29.0)] * 20)["rival"] == 0.0


def test_holm_pays_for_every_comparison() -> None:
    rng = np.random.default_rng(6)
    rivals = {f"r{i}": [row(float(x)) for x in rng.poisson(20.0, 10)] for i in range(200)}
    rivals |= {OWN: [row(float(x)) for x in rng.poisson(23.0, 10)]}
    good = {label: [row(minutes=29.0)] * 10 for label in rivals} | {OWN: [row()] * 10}
    bars = judged({"break": rivals, "good": good}, {"break"})
    assert sum(bar.value for bar in bars if "dominates" in bar.bar) == 0.0


def test_how_many_false_rollbacks_alpha_allows_is_known_before_any_run() -> None:
    """Of 282 runs at .01: more than 6 come by chance less than once in twenty times."""
    assert binom.sf(6, 282, 0.01) <= 0.05 < binom.sf(5, 282, 0.01)
    assert [allowed(k, 282, {}).passed for k in (0, 1, 6, 7)] == [True, True, True, False]
    assert allowed(1, 282, {}).limit == 6.0


def test_a_library_of_which_nothing_is_kept_is_not_flown_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rivals, "FOLDER", tmp_path)
    monkeypatch.setattr(rivals, "stems", lambda: ["same_ca"])
    monkeypatch.setattr(cells, "only_kept", True)
    assert rivals.kept("same_ca") == 0
    with pytest.raises(cells.NotFlownError):
        list(rivals.dominance())


def test_too_few_runs_are_no_proof() -> None:
    rows = {
        "break": {OWN: [row(9.0)], "rival": [row(9.0)]},
        "good": {OWN: [row()], "rival": [row()]},
    }
    bars = {bar.bar: bar for bar in judged(rows, {"break"})}
    assert bars["library: runs of each policy"].value == 2
    assert not bars["library: runs of each policy"].passed


def test_all_rounds_that_are_kept_count_those_of_slow_stories_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """8 rounds of five days for each quick story, 2 of three days for a slow one."""
    monkeypatch.setattr(rivals, "SLOW", 4)
    setups = {s: rivals._setups(s)[:2] for s in ("same_ca", "rare_segment", "scanner_flood")}
    monkeypatch.setattr(rivals, "FOLDER", tmp_path)
    monkeypatch.setattr(rivals, "stems", lambda: [*setups])
    monkeypatch.setattr(rivals, "_setups", setups.__getitem__)
    for stem, both in setups.items():
        days, rounds = (3, 2) if stem == "scanner_flood" else (5, 8)
        for setup, number in product(both, range(rounds)):
            rivals._path(setup, number).write_text(json.dumps([row()] * days))
    bars = {bar.bar: bar for bar in rivals.dominance()}
    assert bars["library: runs of each policy"].value == 2 * 8 * 5 + 2 * 3


def test_what_a_changed_policy_had_flown_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [s for s in rivals._setups("same_ca") if s.label in ("all_at_once", "fixed_linear")]
    monkeypatch.setattr(rivals, "FOLDER", tmp_path)
    monkeypatch.setattr(rivals, "_setups", lambda _: both)
    for setup in both:
        for number in (0, 1):
            rivals.block(setup, number)
    assert rivals.refly("same_ca") == []
    path = rivals._path(both[1], 0)
    rows = json.loads(path.read_text())
    path.write_text(json.dumps([rows[0] | {"harmed_connections": 7}, *rows[1:]]))
    assert rivals.refly("same_ca") == [both[1].label]
    assert [rivals._path(setup, 1).exists() for setup in both] == [True, False]
