"""Analyzer: one weighted average of evidence; what is not bet on stays as it is."""

import copy
from dataclasses import replace
from math import log

import numpy as np
import pytest

from simcert.checks.detectors import windows
from simcert.control.analyzer import Analyzer, resumed_units
from simcert.control.segments import Segments
from simcert.detect.conditional_e import ConditionalE
from simcert.model import NEW, OLD, Channel, Reading, Verdict, Window
from simcert.policy.adaptive import Adaptive
from simcert.scenario.build import analyzer_maker


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


@pytest.mark.parametrize(("e", "said"), [(4900.0, Verdict.INCONCLUSIVE), (5100.0, Verdict.FAIL)])
def test_a_segment_fails_when_the_evidence_pays_for_all_rows_looked_at(
    e: float, said: Verdict
) -> None:
    """At .01 among the 50 rows of a channel: 5000, so that none of them is wrong, ever."""
    segments = Segments()
    segments.add(Window.of(new=(10, 1), old=(10, 1), segments=("a",)))
    (told,) = segments.readings({"segment": Reading(value=50.0, detail={"a/failure": log(e)})})
    assert (told.segment, told.verdict, told.log_e) == ("a", said, log(e))


def test_a_copy_of_an_analyzer_goes_on_by_itself() -> None:
    """What its detectors share inside a bank is not shared with the copy."""
    analyzer = analyzer_maker(Adaptive())()
    for window in windows(9):
        analyzer.update(window)
    twin, then = copy.deepcopy(analyzer), analyzer.to_dict()
    for window in windows(15):
        twin.update(window)
    assert analyzer.to_dict() == then

    for window in windows(15):
        analyzer.update(window)
    assert analyzer.to_dict() == twin.to_dict()
    assert analyzer.assessment == twin.assessment


def test_windows_that_lost_their_records_are_no_sign_of_few_clients() -> None:
    # or the first step after an outage of the feed exposes many times what was meant
    analyzer = analyzer_maker(Adaptive())()
    whole = Window.of(new=(0, 0), old=(600, 0))
    lost = [replace(Window.of(new=(0, 0), old=(n, 0)), completeness=0.2) for n in (0, 3)]
    seen = [analyzer.update(one).units_per_s for one in (*lost, whole, *lost * 20)]

    assert seen == [0.0, 0.0, *[pytest.approx(10.0)] * 41]
    assert Adaptive().room(analyzer.assessment).exposure < 0.002


def test_more_clients_than_were_known_are_believed_of_an_incomplete_window_too() -> None:
    analyzer = analyzer_maker(Adaptive())()
    analyzer.update(Window.of(new=(0, 0), old=(600, 0)))
    more = replace(Window.of(new=(0, 0), old=(6000, 0)), completeness=0.9)

    assert analyzer.update(more).units_per_s > 15.0
