"""Analyzer: one weighted average of evidence; what is not bet on stays as it is."""

from math import log

import numpy as np
import pytest

from simcert.control.analyzer import Analyzer, resumed_units
from simcert.detect.conditional_e import ConditionalE
from simcert.model import NEW, OLD, Assessment, Channel, Reading, Window
from simcert.policy._adaptive_readings import culprits


def test_weight_that_no_channel_has_is_bet_on_nothing() -> None:
    names = {"a": 50.0, "b": 4.0}
    channels = [
        Channel("a", "conditional_e", weight=0.3),
        Channel("b", "conditional_e", weight=0.2),
    ]
    analyzer = Analyzer({name: ConditionalE(log_e=log(e)) for name, e in names.items()}, channels)

    assert analyzer.log_e == pytest.approx(log(0.3 * 50.0 + 0.2 * 4.0 + 0.5))


@pytest.mark.parametrize("arm", [OLD, NEW])
def test_a_resumed_handshake_among_the_units_of_either_arm_is_noticed(arm: int) -> None:
    resumed = np.zeros((1, 2), np.int64)
    resumed[0, arm] = 40

    assert resumed_units(Window.of(new=(100, 1), old=(100, 1), resumed=resumed)) == 40
    assert resumed_units(Window.of(new=(100, 1), old=(100, 1))) == 0


@pytest.mark.parametrize("loudest", [600.0, 1100.0])
def test_culprits_are_named_together_by_e_bh(loudest: float) -> None:
    """At alpha .01 among 10 rows one alone needs 1000, each of two 500, each of three 334."""
    loud = {"a/failure": loudest, "b/failure": 550.0, "c/failure": 300.0}
    detail = {name: log(e) for name, e in loud.items()}
    seen = Assessment(readings={"segment": Reading(value=10.0, detail=detail)})

    assert culprits(seen, 0.01) == ["a", "b"]
