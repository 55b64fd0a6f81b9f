"""Analyzers of two regions become one, so that what both know can be asked together."""

import json
from dataclasses import fields, replace
from math import log

import pytest

from simcert.checks.detectors import slice_of
from simcert.control.analyzer import Analyzer
from simcert.detect.conditional_e import ConditionalE
from simcert.errors import MergeError
from simcert.model import Channel, Reading, Verdict, Window, discovery
from simcert.policy.adaptive import Adaptive


def analyzer_of(channels):
    build = discovery.build
    return Analyzer(
        {c.name: build("simcert.detect", "detector", c.detector, **c.params) for c in channels},
        channels,
    )


def region(source: int, q_new: float = 0.02, slices: int = 24) -> Analyzer:
    analyzer = analyzer_of(Adaptive().channels())
    for k in range(slices):
        analyzer.update(slice_of(k, 0.1 + 0.1 * source, 0.02, q_new, 3000 + 600 * source))
    return analyzer


def alike(one, two) -> bool:
    """Compare two assessments, numbers up to rounding."""
    names = [f.name for f in fields(one) if f.name != "readings"]
    pairs = [(getattr(one, name), getattr(two, name)) for name in names]
    for name, reading in one.readings.items():
        pairs += zip(reading[:5], two.readings[name][:5], strict=True)
    return all(near(a, b) for a, b in pairs)


def near(a, b) -> bool:
    return a == b or a == pytest.approx(b, rel=1e-9, abs=1e-9)


def test_two_regions_with_half_a_proof_each_are_one_together():
    here, there = region(0, 0.028), region(1, 0.0245)
    both = here.merge(there)

    assert max(here.log_e, there.log_e) < log(100.0) <= both.log_e
    assert both.assessment.log_e == both.log_e
    assert both.assessment.n_new == here.assessment.n_new + there.assessment.n_new
    assert both.assessment.units_per_s == pytest.approx(220.0)
    units = [one["n_new"] for one in both.segments()]
    assert units == [
        a["n_new"] + b["n_new"] for a, b in zip(here.segments(), there.segments(), strict=True)
    ]


def test_mergers_of_analyzers_have_no_order_and_a_fresh_one_changes_nothing():
    a, b, c = region(0), region(1, 0.03), region(2, slices=20)
    before = json.dumps([one.to_dict() for one in (a, b, c)])
    one, two = a.merge(b).merge(c), c.merge(b.merge(a))
    for k in range(24, 30):
        assert alike(one.assessment, two.assessment)
        assert alike(one.merge(analyzer_of(Adaptive().channels())).assessment, one.assessment)
        one.update(slice_of(k, 0.2))
        two.update(slice_of(k, 0.2))
    assert json.dumps([one.to_dict() for one in (a, b, c)]) == before


def test_a_merged_analyzer_survives_json_and_goes_on():
    both, again = region(0).merge(region(1)), analyzer_of(Adaptive().channels())
    again.restore(json.loads(json.dumps(both.to_dict())))

    assert again.assessment == both.assessment
    assert again.update(slice_of(24, 0.2)) == both.update(slice_of(24, 0.2))


def test_other_channels_weights_or_parameters_are_refused_by_name():
    channels = Adaptive().channels()
    heavier = (replace(channels[0], weight=0.4), *channels[1:])
    changed = (replace(channels[0], params={**channels[0].params, "first": 0.5}), *channels[1:])
    mine = analyzer_of(channels)

    for theirs, said in ((channels[1:], "global"), (heavier, "global")):
        with pytest.raises(MergeError, match=f"differ in .*{said}"):
            mine.merge(analyzer_of(theirs))
    with pytest.raises(MergeError, match="channel global: states differ in first"):
        mine.merge(analyzer_of(changed))


def test_what_cannot_be_merged_is_told_in_words():
    mine = region(0)
    for no in (None, "journal.jsonl", mine.to_dict()):
        with pytest.raises(MergeError, match="merges with an analyzer, not with"):
            mine.merge(no)
    with pytest.raises(MergeError, match="count twice"):
        mine.merge(mine)
    few = analyzer_of((Channel("a", "conditional_e"),))
    with pytest.raises(MergeError, match=r"a, \w+, \w+ and \d+ more; take both of one policy"):
        mine.merge(few)


def test_windows_of_other_length_are_refused():
    channels = (Channel("a", "conditional_e", weight=1.0),)
    one, two = analyzer_of(channels), analyzer_of(channels)
    one.update(Window.of(new=(10, 1), old=(10, 1)))
    two.update(Window.of(new=(10, 1), old=(10, 1), end_s=30.0))
    with pytest.raises(MergeError, match="window_s"):
        one.merge(two)


def test_a_refusal_of_one_side_stands():
    channels = (Channel("a", "conditional_e", weight=1.0),)
    one, two = analyzer_of(channels), analyzer_of(channels)
    one.update(Window.of(new=(10, 1), old=(10, 1), completeness=0.5))
    two.update(Window.of(new=(10, 1), old=(10, 1)))

    assert one.merge(two).assessment.refusal == one.assessment.refusal is not None
    assert one.merge(two).assessment.completeness == 0.5


def test_a_detector_that_cannot_merge_is_named():
    class Lonely:
        log_e = 0.0

        def update(self, window):
            pass

        def reading(self):
            return Reading(Verdict.NO_DATA)

        def to_dict(self):
            return {}

        from_dict = classmethod(lambda cls, _: cls())

    channels = (Channel("a", "conditional_e", weight=1.0), Channel("b", "lonely"))
    one, two = (Analyzer({"a": ConditionalE(), "b": Lonely()}, channels) for _ in range(2))
    with pytest.raises(MergeError, match="channel b: Lonely has no merge"):
        one.merge(two)
