"""The ramp in numbers: what may be on the way, and doubts about the measurement that hold."""

from math import log

import pytest

from simcert.detect.coverage import Coverage
from simcert.model import Assessment, Kind, Phase, Reading, Verdict, View, Window
from simcert.policy import _adaptive_ramp as ramp
from simcert.policy._adaptive_readings import CHECKS
from simcert.policy.adaptive import Adaptive

WAY = ramp.Horizon(units=1000.0, lag=9.0, slices_per_window=5)  # first units: .2 (1 + .4 * 9)


@pytest.mark.parametrize(("n_new", "room"), [(0, 0.92), (8, 8.92), (9, 18.92), (2000, 1000.0)])
def test_what_is_on_the_way_grows_with_what_is_in_and_slowly_at_first(
    n_new: int, room: float
) -> None:
    assert ramp.in_flight(WAY, n_new).exposure == pytest.approx(room / 1000.0)


@pytest.mark.parametrize(("u", "room"), [(0.04, 0.2), (0.001, 1.0), (1.0, 0.008)])
def test_an_overshoot_costs_a_share_of_a_window(u: float, room: float) -> None:
    assert ramp.affordable(WAY, u, 0.016).exposure == pytest.approx(room)


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("exposure", [0.02, 0.3, 0.95])
def test_a_doubt_about_the_measurement_holds_wherever_it_stands(name: str, exposure: float) -> None:
    spoilt = Reading(Verdict.FAIL, 12.0, 12.0, log(1e4), 500)
    readings = {"bound": Reading(value=0.0075), name: spoilt}
    seen = Assessment(n_old=9000, n_new=5000, units_per_s=30.0, readings=readings)
    decision = Adaptive().decide(View(600.0, exposure, 60.0, Phase.RAMPING, seen))

    assert decision.kind is Kind.HOLD
    assert CHECKS[name] in decision.reason
    assert "n = 500" in decision.reason


def test_only_a_segment_with_twenty_units_is_waited_for() -> None:
    coverage = Coverage()
    for name, units in (("often", 20), ("once", 19)):
        one = Window.of(new=(0, 0), old=(units, 0))
        coverage.update(Window.empty(0.0, 60.0, 0.1, (name,), one.outcomes, units=one.units))
    coverage.update(Window.of(new=(50, 0), old=(2, 0), exposure=0.95))

    assert set(coverage.reading().detail) == {"often"}
