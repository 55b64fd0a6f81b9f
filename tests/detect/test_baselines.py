"""What is remembered: slices that a baseline has yet to learn, and segments seen while soaking."""

import numpy as np

from simcert.detect.coverage import Coverage
from simcert.detect.suspicion_cusum import SuspicionCusum
from simcert.model import Window


def test_a_baseline_learns_a_slice_its_delay_later_and_no_sooner() -> None:
    cusum = SuspicionCusum(delay=2.0, seen=100.0, rate=0.02)
    rates = []
    for _ in range(4):
        cusum.update(Window.of(new=(50, 10), old=(50, 10)))
        rates.append(cusum.rate)

    assert rates[:2] == [0.02, 0.02]
    assert 0.02 < rates[2] < rates[3]


def test_what_soaked_is_summed_over_changes_of_the_segments() -> None:
    coverage = Coverage(known=1)
    for names in (("a", "b"), ("a",), ("b", "a")):
        units = np.tile(np.array([[[1], [2]]]), (len(names), 1, 1))
        coverage.update(Window.empty(0.0, 60.0, 0.95, names, ("ok",), units=units, attempts=units))

    assert coverage.to_dict()["counts"] == {"a": [9, 6], "b": [6, 4]}
