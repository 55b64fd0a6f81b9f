"""The bound that permits: no harm is excluded before its e-value says so, nor after a retreat."""

from dataclasses import replace
from math import log

import pytest

from simcert.detect.upper_bound import UpperBound
from simcert.model import Window

ALPHA = 0.01
CALM = Window.of(new=(20, 0), old=(180, 2))


def test_a_harm_is_excluded_when_its_e_value_reaches_1_over_alpha_and_not_before() -> None:
    patient = UpperBound(alpha=1e-300, alpha_again=0.0, deltas=(0.05,))  # only adds up
    bound = UpperBound(alpha=ALPHA, alpha_again=0.0, deltas=(0.05,))
    for _ in range(30):
        patient.update(CALM)
        bound.update(CALM)

        assert bool(bound.rejected) == (patient.log_n[0] >= log(1.0 / ALPHA))
    assert bound.rejected


def test_a_retreat_takes_the_permission_back() -> None:
    bound = UpperBound(alpha=ALPHA)
    for _ in range(60):
        bound.update(replace(CALM, exposure=0.1))
    assert bound.value < 1.0

    bound.update(replace(Window.of(new=(0, 0), old=(200, 2)), exposure=0.01))

    assert (bound.value, bound.n) == (pytest.approx(1.0), 0)


def test_the_floor_is_tested_itself_wherever_it_lies_on_the_grid() -> None:
    on, off = UpperBound(floor=0.0075), UpperBound(floor=0.008)

    assert on.deltas == tuple(d for d in UpperBound().deltas if d >= 0.0075)
    assert off.deltas == (0.008, *on.deltas[1:])
    for _ in range(400):
        off.update(Window.of(new=(100, 0), old=(100, 0), exposure=0.5))
    assert off.value == 0.008
