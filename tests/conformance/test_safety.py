"""Whatever traffic, machines and operators do: no policy gets past the safety layer."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcert import policy
from simcert.control.analyzer import Analyzer
from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.model import Kind, Phase, Truth, Window, discovery

PLAN = Plan(slices=2, soak_s=300.0, deadline_s=7200.0, exposure_max=0.97)


def rollout_of(stem):
    flown = policy.discover()[stem]()
    build = partial(discovery.build, "simcert.detect", "detector")
    channels = flown.channels()
    truth = Truth(0.01, 0.0, 0.0) if "needs_truth" in flown.tags else None

    def make():
        return Analyzer({c.name: build(c.detector, **c.params) for c in channels}, channels)

    return Rollout(flown, make, PLAN, truth=truth)


@st.composite
def happenings(draw):
    """Return what happens in one slice: units, failures, completeness, obedience, a word."""
    n_new, n_old = draw(st.integers(0, 300)), draw(st.integers(0, 300))
    return {
        "new": (n_new, draw(st.integers(0, n_new))),
        "old": (n_old, draw(st.integers(0, n_old))),
        "completeness": draw(st.sampled_from((1.0, 1.0, 1.0, 0.5))),
        "arrives": draw(st.sampled_from((True, True, True, False))),
        "obeys": draw(st.sampled_from((True, True, True, False))),
        "word": draw(st.sampled_from((None,) * 12 + ("pause", "resume", "abort", "promote"))),
    }


@pytest.mark.parametrize("stem", sorted(policy.discover()))
@settings(max_examples=12, deadline=None)
@given(story=st.lists(happenings(), min_size=5, max_size=60))
def test_nothing_is_raised_against_evidence_machines_or_operators(stem, story):
    flown = rollout_of(stem)
    uses_evidence = bool(flown.policy.channels())
    for k, one in enumerate(story):
        now_s = 30.0 * (k + 1)
        if one["arrives"]:
            flown.receive(
                Window.of(
                    new=one["new"],
                    old=one["old"],
                    start_s=now_s - 30.0,
                    end_s=now_s,
                    exposure=flown.exposure,
                    slice_index=k % 2,
                    slices=2,
                    completeness=one["completeness"],
                )
            )
        if one["word"]:
            flown.command(one["word"], now_s)
        before, in_force, phase = flown.authorised, flown.exposure, flown.phase
        decision = flown.tick(now_s)
        assert 0.0 <= decision.exposure <= 1.0
        assert decision.reason
        assert flown.authorised == decision.exposure
        if phase is Phase.ROLLED_BACK and flown.finished:
            assert decision.exposure == 0.0
        if phase is Phase.PAUSED:
            assert decision.exposure == before
        if phase is not Phase.COMPLETE and decision.exposure > before:
            assert decision.kind in (Kind.RAISE, Kind.COMPLETE)
            assert decision.exposure <= PLAN.exposure_max
            assert in_force == before, "raised before the last change was confirmed"
            assert not (uses_evidence and flown.assessment.refusal), "raised on refused evidence"
        if one["obeys"]:
            flown.confirm(decision.exposure, now_s)
