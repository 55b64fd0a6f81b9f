"""Dominance over the library: fewer harmed somewhere, at no price anywhere, beyond chance."""

import numpy as np

from bench.evidence.rivals import OWN, judged


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
