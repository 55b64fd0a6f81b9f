"""Draws that cost little have the law of those that cost much; what is drawn late is the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.sim.alias import alias_table
from simcert.sim.driver import traffic_of
from simcert.sim.harmed import distinct_each
from simcert.world.streams import Streams
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
