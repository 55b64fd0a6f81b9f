"""Draws that cost little have the law of those that cost much; what is drawn late is the same."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.model import Window
from simcert.sim.alias import alias_table
from simcert.sim.driver import traffic_of
from simcert.sim.harmed import distinct_each
from simcert.sim.parts import FEW, SMALL, drawn_from, part_of
from simcert.sim.rare import MANY, RARE, Chances, rare, rare_each
from simcert.world.streams import Purpose, Streams
from tests.sim.worlds import world

RUNS = 20_000


def occupied(hits: int, clients: int) -> np.ndarray:
    """P(k urns are taken after `hits` balls), ball by ball."""
    p = np.zeros(clients + 1)
    p[0] = 1.0
    taken = np.arange(clients + 1) / clients
    for _ in range(hits):
        p[1:] = p[1:] * taken[1:] + p[:-1] * (1.0 - taken[:-1])
        p[0] = 0.0
    return p


@pytest.mark.parametrize(("hits", "clients"), [(2, 2), (5, 8), (9, 9), (30, 8), (12, 200)])
def test_distinct_clients_have_the_law_of_occupied_urns(hits: int, clients: int) -> None:
    draw = np.random.default_rng(1)
    found = distinct_each(np.full(RUNS, hits), np.full(RUNS, clients), draw)
    law = occupied(hits, clients)
    seen = np.bincount(found, minlength=clients + 1) / RUNS

    assert np.all(np.abs(seen - law) < 5.0 * np.sqrt(law * (1.0 - law) / RUNS) + 1e-4)


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=40))
def test_an_alias_table_holds_exactly_its_weights(weights: list[float]) -> None:
    given_ = np.array(weights)
    table = alias_table(given_)
    held = np.bincount(table.other, 1.0 - table.keep, len(given_)) + table.keep
    total = given_.sum()
    share = given_ / total if total > 0.0 else np.full(len(given_), 1.0 / len(given_))

    assert held / len(given_) == pytest.approx(share, abs=1e-9)


def test_times_are_the_same_whenever_they_are_read() -> None:
    soon, late = (traffic_of(world(), Streams(3), "counts") for _ in range(2))
    path = [0.1] * 15 + [0.4] * 25
    read = [(w, w.time_hist.sum()) for e in path for w in soon.advance(e)]
    left = [w for e in path for w in late.advance(e)]

    assert [w for w, _ in read] == left
    assert sum(n for _, n in read) > 0


@pytest.mark.parametrize("chance", [0.0, 1e-12, 0.003, RARE, 0.4, 1.0])
def test_rare_rows_are_as_many_and_anywhere_as_independent_trials_make_them(chance: float) -> None:
    rows, runs = MANY + 300, 3000
    draw = np.random.default_rng(2)
    hit = np.zeros(rows)
    totals = []
    for _ in range(runs):
        at = rare(rows, chance, draw)
        assert np.array_equal(at, np.intersect1d(at, np.arange(rows)))
        hit[at] += 1
        totals.append(len(at))
    spread = np.sqrt(rows * chance * (1.0 - chance))
    assert abs(np.mean(totals) - rows * chance) <= 5.0 * spread / np.sqrt(runs)
    assert abs(np.std(totals) - spread) <= 0.1 * spread + 1e-3
    for part in (hit[:1], hit[-1:], *np.split(hit, 4)):  # early and late rows alike
        n = len(part) * runs
        assert abs(part.sum() - n * chance) <= 5.0 * np.sqrt(n * chance * (1.0 - chance))


def test_each_kind_of_row_has_its_own_chance() -> None:
    draw, chance = np.random.default_rng(3), np.array([0.0, 0.002, 0.05])
    kind = np.arange(30_000) % 3
    chances = Chances.of(chance)
    hit = np.bincount(kind[np.concatenate([rare_each(kind, chances, draw) for _ in range(60)])])
    mean = chance * 10_000 * 60
    assert hit[0] == 0
    assert np.all(np.abs(hit - mean)[1:] <= 5.0 * np.sqrt(mean[1:]))


def test_empty_cells_and_few_rows_change_no_draw() -> None:
    for cells in (50, SMALL):
        n = np.zeros((4, cells), np.int64)
        n[1, 7], n[3, 2] = 90, 40
        share = np.linspace(0.1, 0.9, cells)
        sparse = part_of(n, share, np.random.default_rng(4))
        assert np.array_equal(sparse, np.random.default_rng(4).binomial(n, share))
    good, bad, taken = np.full(FEW, 60), np.full(FEW, 50), np.full(FEW, 30)
    few = drawn_from(good, bad, taken, np.random.default_rng(5))
    assert np.array_equal(few, np.random.default_rng(5).hypergeometric(good, bad, taken))


def test_streams_are_kept_apart_by_seed_purpose_and_step() -> None:
    keys = [(seed, purpose, step) for seed in (1, 2) for purpose in Purpose for step in range(40)]
    first = {key: Streams(key[0]).generator(*key[1:]).random(4).tobytes() for key in keys}
    assert len(set(first.values())) == len(keys)
    for seed, purpose, step in keys[::17]:
        again = Streams(seed).generator(purpose, step).random(4).tobytes()
        assert again == first[seed, purpose, step]


def test_a_late_window_lacks_no_field() -> None:
    traffic = traffic_of(world(), Streams(1), "counts")
    (window,) = traffic.advance(0.1)
    like = Window.from_dict(window.to_dict())
    assert like == window
    assert like.by_arm("units") == window.by_arm("units")
    assert {one.name for one in fields(Window) if not hasattr(window, one.name)} == set()


def test_a_late_window_has_the_sums_of_its_own_slice_and_a_copy_those_of_its_own_arrays() -> None:
    traffic = traffic_of(world(), Streams(1), "counts")
    late = [window for _ in range(6) for window in traffic.advance(0.3)]
    for window in late:
        copy = replace(window, attempts=window.attempts + 1, units=window.units * 2)
        for seen in (window, copy):
            plain = Window.from_dict(seen.to_dict())
            for name in ("units", "attempts", "time_hist", "features"):
                assert seen.by_arm(name) == plain.by_arm(name)
                assert np.array_equal(seen.summed(name), plain.summed(name))
            for name in ("attempts", "resumed", "time_hist"):
                assert seen.per_arm(name) == plain.per_arm(name)
            for signal in ("failure", "trust_alert"):
                assert np.array_equal(seen.events(signal), plain.events(signal))
                assert seen.tally(signal) == plain.tally(signal)
            assert np.array_equal(seen.rows(), plain.rows())
    assert len({window.events("failure").tobytes() for window in late}) > 1
