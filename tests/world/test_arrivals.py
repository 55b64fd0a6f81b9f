"""Arrivals: a day's wave adds nothing and takes nothing, and is highest when it says."""

import numpy as np
import pytest

from simcert.world.arrivals import DAY_S, seconds
from simcert.world.spec import Arrivals

HOURS_S = np.linspace(0.0, DAY_S, 25)


@pytest.mark.parametrize("peak_h", [0.5, 6.5, 14.5, 21.5])
def test_the_wave_is_highest_in_the_hour_of_its_peak(peak_h: float) -> None:
    met = seconds(Arrivals(diurnal=0.5, peak_s=peak_h * 3600.0), HOURS_S)

    assert int(np.argmax(met)) == int(peak_h)
    assert int(np.argmin(met)) == int(peak_h + 12.0) % 24
    assert met.sum() == pytest.approx(DAY_S)


@pytest.mark.parametrize("at_h", [3.0, 12.5, 23.0])
def test_a_pulse_comes_at_its_hour_and_brings_the_whole_day(at_h: float) -> None:
    pulse = Arrivals(pulse_at_s=at_h * 3600.0, pulse_width_s=300.0)
    met = seconds(pulse, np.linspace(0.0, DAY_S, 24 * 60 + 1))

    assert abs(int(np.argmax(met)) - at_h * 60.0) <= 1
    assert met.sum() == pytest.approx(DAY_S)
