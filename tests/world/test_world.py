"""Arrivals, potential outcomes, handshake times and truth: closed forms against plain reckoning."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.model import TIME_EDGES_MS
from simcert.world import truth_of
from simcert.world.arrivals import DAY_S, seconds
from simcert.world.network import bin_shares, cpu_ms, extra_round_trips, round_trips
from simcert.world.potential import pairs
from simcert.world.spec import (
    Arrivals,
    Background,
    Cohort,
    Encounter,
    Network,
    Resumption,
    Seen,
    WorldSpec,
)
from simcert.world.streams import Purpose, Streams

OK = Seen()
BROKEN = Seen(outcomes=(("alert:unknown_ca", 1.0),))

WAVES = st.one_of(
    st.builds(Arrivals, diurnal=st.floats(0.0, 0.99), peak_s=st.floats(0.0, DAY_S)),
    st.builds(Arrivals, pulse_at_s=st.floats(0.0, DAY_S), pulse_width_s=st.floats(60.0, 7200.0)),
    st.builds(Arrivals, session_mean_s=st.floats(60.0, 1e6)),
)


@given(WAVES)
def test_a_whole_day_has_the_daily_mean_however_it_is_cut(wave: Arrivals) -> None:
    edges = np.linspace(DAY_S, 2 * DAY_S, 97)
    cut = seconds(wave, edges)

    assert cut.min() >= 0.0
    assert cut.sum() == pytest.approx(DAY_S, rel=1e-6)
    assert seconds(wave, edges[[0, -1]])[0] == pytest.approx(cut.sum())


def test_nobody_comes_before_or_after() -> None:
    edges = np.linspace(0.0, DAY_S, 25)
    came = seconds(Arrivals(from_s=7200.0, until_s=9000.0), edges)

    assert came.sum() == pytest.approx(1800.0)
    assert np.flatnonzero(came).tolist() == [2]


SEEN = st.sampled_from(
    [
        OK,
        BROKEN,
        Seen(outcomes=(("close", 0.5), ("ok", 0.5))),
        Seen(outcomes=(("ok", 0.2), ("hang", 0.3), ("alert:unknown_ca", 0.5))),
    ]
)


@given(SEEN, SEEN)
def test_pairs_have_both_distributions_as_margins(old: Seen, new: Seen) -> None:
    joint = pairs(Encounter(0.0, old, new))
    for seen, side in ((old, 0), (new, 1)):
        margin: dict[str, float] = {}
        for pair in joint:
            margin[pair[side]] = margin.get(pair[side], 0.0) + pair.probability
        assert margin == pytest.approx(dict(seen.outcomes))


@given(SEEN)
def test_an_equal_certificate_harms_nobody(seen: Seen) -> None:
    assert not any(pair.harms for pair in pairs(Encounter(0.0, seen, seen)))


@pytest.mark.parametrize(
    ("flight", "trips"), [(1, 0), (14_600, 0), (14_601, 1), (43_800, 1), (43_801, 2), (102_201, 3)]
)
def test_a_flight_waits_at_the_steps_of_the_congestion_window(flight: int, trips: int) -> None:
    assert extra_round_trips(flight, 14_600) == trips


@pytest.mark.parametrize("seen", [OK, Seen(flight_bytes=20_000, server_cpu_us=4_000.0)])
def test_bin_shares_are_those_of_simulated_handshakes(seen: Seen) -> None:
    network, n = Network(rtt_ms=70.0, rtt_sigma=0.8, loss=0.05), 400_000
    draw = Streams(1).generator(Purpose.TIMES, 0)
    rtt = network.rtt_ms * np.exp(network.rtt_sigma * draw.standard_normal(n))
    trips = round_trips(network, seen)
    ms = trips * rtt + cpu_ms(seen)
    lost = draw.random(n) < 1.0 - 0.95**trips
    ms[lost] += np.maximum(200.0, 2.0 * rtt[lost])
    counted = np.bincount(np.searchsorted(TIME_EDGES_MS, ms, side="right"), minlength=50)
    expected = n * bin_shares(network, seen)

    assert expected.sum() == pytest.approx(n)
    assert np.all(np.abs(counted - expected) < 5.0 * np.sqrt(expected) + 5.0)


def test_truth_is_weighted_by_connections_and_counts_clients() -> None:
    half = Background(0.5)
    spec = WorldSpec(
        cohorts=(
            Cohort("fine", "a", 0.75, 900, (Encounter(0.0, OK, OK),), background=half),
            Cohort("broken", "b", 0.25, 100, (Encounter(0.0, OK, BROKEN),), background=half),
        ),
        connections_per_s=10.0,
    )
    truth = truth_of(spec)

    assert truth.failure_rate == pytest.approx(0.5)
    assert truth.delta == pytest.approx(0.125)
    assert truth.harmed_share == pytest.approx(0.1)
    assert dict(truth.segments) == pytest.approx({"a": 0.0, "b": 0.5})


def test_truth_weighs_full_handshakes_and_only_the_time_in_which_a_certificate_fails() -> None:
    late = (Encounter(0.0, OK, OK), Encounter(64_800.0, OK, BROKEN))
    cohort = Cohort("late", "a", 0.5, 10, late, resumption=Resumption(0.5))
    spec = WorldSpec((cohort, replace(cohort, name="b", encounters=late[:1])), 1.0)

    assert truth_of(spec).delta == pytest.approx(0.125)
    assert truth_of(spec).harmed_share == pytest.approx(0.5)


def test_streams_are_keyed_by_seed_purpose_and_step_alone() -> None:
    def numbers(seed: int, purpose: Purpose, step: int) -> list[float]:
        return Streams(seed).generator(purpose, step).random(4).tolist()

    keys = [(s, p, k) for s in (1, 2**62) for p in (Purpose.ARMS, Purpose.TIMES) for k in (0, 9)]
    drawn = {tuple(numbers(*key)) for key in keys}

    assert len(drawn) == len(keys)
    assert numbers(1, Purpose.ARMS, 9) == numbers(1, Purpose.ARMS, 9)
