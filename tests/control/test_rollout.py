"""The rollout: nothing raised without evidence, operators win, state survives JSON."""

import json
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import pytest

from simcert.control import phases
from simcert.control.analyzer import Analyzer
from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.errors import ContractError, InputError, UnknownNameError
from simcert.model import Channel, Decision, Kind, Phase, View, Window, discovery


def analyzer_maker(policy):
    channels = policy.channels()
    build = partial(discovery.build, "simcert.detect", "detector")
    return lambda: Analyzer({c.name: build(c.detector, **c.params) for c in channels}, channels)


@dataclass(frozen=True)
class Scripted:
    """Says what it is told to say."""

    exposures: tuple[float | str, ...] = (0.1,)
    evidence: bool = True
    tags: ClassVar[frozenset[str]] = frozenset()
    said: list[View] = field(default_factory=list, compare=False)

    def channels(self):
        return (Channel("rate", "success_rate"),) if self.evidence else ()

    def decide(self, view):
        wanted = self.exposures[min(len(self.said), len(self.exposures) - 1)]
        self.said.append(view)
        if wanted == "back":
            return view.roll_back("it is bad")
        if wanted == "fail":
            raise RuntimeError("bug")
        if wanted == "lie":
            return Decision(0.9, "hold", Kind.HOLD)
        return view.move(wanted, "the script says so", {"k": len(self.said)})


class PerWindow(Scripted):
    tags: ClassVar[frozenset[str]] = frozenset({"per_window"})


class Retries(Scripted):
    tags: ClassVar[frozenset[str]] = frozenset({"retries"})


def rollout(*exposures, cls=Scripted, plan=None, **rest):
    policy = cls(exposures, **rest)
    return Rollout(policy, analyzer_maker(policy), plan or Plan())


def obeyed(flown, now_s):
    decision = flown.tick(now_s)
    flown.confirm(decision.exposure, now_s)
    return decision


def window(k, **rest):
    return Window.of(
        new=rest.pop("new", (50, 0)),
        old=rest.pop("old", (50, 0)),
        start_s=60.0 * k,
        end_s=60.0 * k + 60.0,
        **{"exposure": 0.5, **rest},
    )


def test_stale_evidence_permits_no_raise_but_every_step_down():
    flown = rollout(0.1, 0.5, 0.02)
    obeyed(flown, 0.0)
    late = obeyed(flown, 181.0)
    assert (late.exposure, late.kind) == (0.1, Kind.HOLD)
    assert "181 s old, limit 180 s" in late.reason
    assert obeyed(flown, 182.0).exposure == 0.02


def test_evidence_from_the_future_permits_no_raise():
    flown = rollout(0.1, 0.5)
    obeyed(flown, 0.0)
    flown.receive(window(9))
    assert "a clock is wrong" in obeyed(flown, 60.0).reason


def test_a_policy_without_evidence_needs_none():
    flown = rollout(0.1, 0.5, evidence=False)
    obeyed(flown, 0.0)
    assert obeyed(flown, 1e6).exposure == 0.5


def test_the_lag_that_a_feed_declares_is_not_staleness():
    flown = rollout(0.1, 0.5)
    obeyed(flown, 0.0)
    flown.receive(window(0, lag_s=300.0))
    assert obeyed(flown, 420.0).exposure == 0.5


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"completeness": 0.9}, "incomplete"),
        ({"new": (0, 0), "old": (100, 0)}, "one-sided"),
        ({"new": (100, 0), "old": (0, 0)}, "one-sided"),
    ],
)
def test_incomplete_or_one_sided_windows_permit_no_raise(bad, said):
    flown = rollout(0.1, 0.5)
    obeyed(flown, 0.0)
    flown.receive(window(0, **bad))
    decision = obeyed(flown, 60.0)
    assert decision.exposure == 0.1
    assert said in decision.reason
    flown.receive(window(1))
    assert obeyed(flown, 120.0).exposure == 0.5


def test_reused_randomness_refuses_tests_but_not_thresholds():
    for stem, refused in (("adaptive", True), ("target_success", False)):
        policy = discovery.build("simcert.policy", "policy", stem)
        flown = Rollout(policy, analyzer_maker(policy), Plan())
        flown.receive(window(0, assignment="per_client"))
        assert (flown.assessment.refusal is not None) is refused


def test_blind_for_long_falls_to_the_safe_exposure_and_stays_alive():
    flown = rollout(0.5, plan=Plan(safe_exposure=0.05))
    obeyed(flown, 0.0)
    assert obeyed(flown, 1800.0).exposure == 0.5
    fallen = obeyed(flown, 1801.0)
    assert (fallen.exposure, fallen.kind) == (0.05, Kind.LOWER)
    said = "blind for 1801 s, limit 1800 s: down to the safe exposure 0.05; up again when windows"
    assert fallen.reason == f"{said} come"
    assert flown.phase is Phase.BACKING_OFF
    flown.receive(window(31))
    assert obeyed(flown, 1920.0).exposure == 0.5


def test_an_empty_window_is_no_evidence_but_no_silence_either():
    flown = rollout(*[0.1] * 4, 0.5, plan=Plan(safe_exposure=0.05))
    obeyed(flown, 0.0)
    for k in range(31):
        flown.receive(window(k, new=(0, 0), old=(0, 0)))
        assert obeyed(flown, 60.0 * (k + 1)).exposure == 0.1  # not raised, not lowered
    assert "s old, limit 180 s" in flown.last_decision.reason
    flown.receive(window(31))
    assert obeyed(flown, 1920.0).exposure == 0.5


def test_nothing_is_raised_before_the_last_change_is_confirmed():
    flown = rollout(0.1, 0.2, 0.3)
    flown.tick(0.0)
    held = flown.tick(10.0)
    assert held.exposure == 0.1
    assert "0.1 was decided" in held.reason
    flown.confirm(0.1, 15.0)
    assert flown.tick(20.0).exposure == 0.3


def test_a_hold_does_not_take_back_a_change_on_its_way():
    flown = rollout(0.1, 0.0)
    flown.tick(0.0)
    assert flown.tick(10.0).exposure == 0.1


def test_exposure_above_the_plan_is_clipped():
    flown = rollout(0.9, plan=Plan(exposure_max=0.5))
    decision = flown.tick(0.0)
    assert decision.exposure == 0.5
    assert "clipped" in decision.reason


def test_after_the_deadline_nothing_is_raised():
    flown = rollout(0.1, 0.5, plan=Plan(deadline_s=100.0))
    obeyed(flown, 0.0)
    flown.receive(window(0))
    assert "held: 101 s, and the deadline passed at 100 s" in obeyed(flown, 101.0).reason
    assert flown.exposure == 0.1


@pytest.mark.parametrize("said", ["fail", "lie"])
def test_a_broken_policy_moves_nothing(said):
    flown = rollout(0.1, said, 0.1)
    obeyed(flown, 0.0)
    with pytest.raises(ContractError):
        flown.tick(10.0)
    assert (flown.authorised, flown.phase) == (0.1, Phase.PROBING)


def test_a_rollback_is_latched():
    flown = rollout(0.1, "back", 0.5)
    for k in range(5):
        obeyed(flown, 10.0 * k)
    assert (flown.phase, flown.exposure, flown.finished) == (Phase.ROLLED_BACK, 0.0, True)
    assert flown.rolled_back_ever


def test_a_policy_that_retries_begins_a_fresh_attempt():
    flown = rollout(0.1, "back", 0.2, cls=Retries)
    flown.receive(window(0))
    for now_s in (60.0, 70.0, 80.0):
        obeyed(flown, now_s)
    assert (flown.attempt, flown.phase, flown.exposure) == (2, Phase.PROBING, 0.2)
    assert (flown.assessment.windows, flown.rolled_back_ever) == (0, True)
    assert not flown.receive(window(0))


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.RAMPING, Phase.ROLLED_BACK, Phase.COMPLETE])
@pytest.mark.parametrize(("word", "exposure"), [("abort", 0.0), ("promote", 1.0)])
def test_abort_and_promote_win_within_a_tick(phase, word, exposure):
    flown = rollout(0.3)
    flown.confirm(0.3, 0.0)
    flown._state.phase = phase
    flown.command(word)
    assert obeyed(flown, 10.0).exposure == exposure
    assert flown.finished


def test_a_promotion_says_that_it_skipped_the_soak_and_a_completion_does_not():
    flown = rollout(0.3)
    flown.confirm(0.3, 0.0)
    flown.command("promote")
    again = rollout(0.3)
    again.restore(flown.to_dict())
    for one in (flown, again):
        assert "an operator promoted it, and skipped" in obeyed(one, 10.0).reason
    flown.command("abort")
    assert "promoted" not in obeyed(flown, 20.0).reason

    complete = rollout(0.3)
    complete._state.phase = Phase.COMPLETE
    complete.command("promote")
    assert "promoted" not in obeyed(complete, 10.0).reason


def test_a_state_of_before_promotions_were_told_can_be_gone_on_with():
    kept = rollout(0.3).to_dict()
    del kept["state"]["promoted"]
    again = rollout(0.3)
    again.restore(kept)
    assert again.phase is Phase.WAITING


def test_pause_holds_and_resume_goes_on_where_it_was():
    flown = rollout(0.1, 0.2, 0.3)
    obeyed(flown, 0.0)
    flown.command("pause")
    flown.command("pause")
    assert [obeyed(flown, t).exposure for t in (10.0, 20.0)] == [0.1, 0.1]
    flown.command("resume")
    assert obeyed(flown, 30.0).exposure == 0.2


def test_abort_wins_over_pause():
    flown = rollout(0.1)
    obeyed(flown, 0.0)
    flown.command("pause")
    flown.command("abort")
    flown.command("resume", 5.0)
    assert (flown.phase, flown.attempt) == (Phase.WAITING, 2)
    flown.command("abort")
    assert obeyed(flown, 10.0).exposure == 0.0


def test_an_unknown_word_is_refused_with_the_nearest_one():
    with pytest.raises(UnknownNameError, match="abort"):
        rollout(0.1).command("abrt")


def test_a_window_counts_once_and_never_out_of_order():
    flown = rollout(0.1)
    assert [flown.receive(window(k)) for k in (0, 0, 2, 1, 3)] == [True, False, True, False, True]
    assert flown.assessment.n_new == 150


def test_per_window_policies_are_asked_at_window_ends_only():
    flown = rollout(0.1, 0.2, 0.3, cls=PerWindow)
    for k in range(13):
        decision = obeyed(flown, 10.0 * k)
        if k == 2:
            said = "between windows: 40 of 60 s to go (n = 0); this policy decides at their ends"
            assert decision.reason == said
    assert [view.now_s for view in flown.policy.said] == [0.0, 60.0, 120.0]


def test_the_table_has_a_way_out_of_every_phase_but_the_final_ones():
    for phase in Phase:
        assert (phase, "abort") in phases.COMMANDED
        ways = {then for (at, _), then in phases.DECIDED.items() if at is phase}
        assert ways - {phase} or phase in (*phases.FINAL, Phase.PAUSED)


def test_state_survives_json_in_the_middle_of_a_flight():
    policy = discovery.build("simcert.policy", "policy", "adaptive")
    flown = Rollout(policy, analyzer_maker(policy), Plan())

    def fly(one, ks):
        said = []
        for k in ks:
            one.receive(window(k, new=(40, k % 2), old=(1960, 20), exposure=0.02))
            said.append(obeyed(one, 60.0 * (k + 1)))
        return said

    fly(flown, range(10))
    saved = json.loads(json.dumps(flown.to_dict()))
    twin = Rollout.from_dict(saved, policy, analyzer_maker(policy), Plan())
    assert fly(flown, range(10, 40)) == fly(twin, range(10, 40))
    assert json.dumps(flown.status()) == json.dumps(twin.status())


@pytest.mark.parametrize("broken", [{}, {"state": {}, "analyzer": {}, "last": None}, {"state": 3}])
def test_a_broken_state_is_refused(broken):
    with pytest.raises(ContractError, match="saved state"):
        rollout(0.1).restore(broken)


@pytest.mark.parametrize(
    "bad", [{"window_s": 0.0}, {"slices": 0}, {"safe_exposure": 2.0}, {"target_success": -1.0}]
)
def test_a_plan_that_cannot_be_flown_is_refused(bad):
    with pytest.raises(InputError, match=next(iter(bad))):
        Plan(**bad)


def test_a_fresh_attempt_never_starts_above_what_was_decided_while_that_is_not_in_force(
    rollout_of,
):
    rollout = rollout_of("threshold_step")
    rollout.command("promote")
    rollout.confirm(rollout.tick(30.0).exposure, 30.0)
    rollout.command("abort")
    assert rollout.tick(60.0).exposure == 0.0  # the terminator does not obey: 1.0 stays in force

    rollout.command("resume", 90.0)

    assert rollout.tick(90.0).exposure == 0.0


@pytest.mark.parametrize(
    ("exposure", "phase"),
    [(0.94, Phase.RAMPING), (phases.FULL, Phase.SOAKING), (1.0, Phase.SOAKING)],
)
def test_who_is_nearly_everywhere_soaks_and_what_is_left_of_it_only_falls(exposure, phase):
    flown = rollout(0.1, exposure, evidence=False, plan=Plan(soak_s=100.0))
    obeyed(flown, 0.0)
    assert flown.soak_left_s is None
    obeyed(flown, 10.0)
    left = []
    for now_s in (10.0, 50.0, 110.0, 500.0):
        assert flown.phase is (phase if now_s == 10.0 or phase is Phase.SOAKING else Phase.HOLDING)
        left.append(flown.soak_left_s)
        obeyed(flown, now_s)

    assert flown.soak_left_s == (0.0 if phase is Phase.SOAKING else None)
    assert left[:2] == ([100.0, 100.0] if phase is Phase.SOAKING else [None, None])
    assert None in left or left == sorted(left, reverse=True)
