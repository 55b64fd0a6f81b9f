"""Looking ahead: it changes nothing, tells what came true, and asks every policy alike."""

import json

import numpy as np
import pytest

from simcert import policy as policies
from simcert.control.foresight import foresee
from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.control.turning import turns
from simcert.model import Kind, Window
from simcert.scenario.build import analyzer_maker

SLICE_S = 15.0
PLAN = Plan(slices=4, soak_s=1800.0)


def fresh(name, **params):
    policy = policies.discover()[name](**params)
    return Rollout(policy, analyzer_maker(policy), PLAN)


def again(rollout):
    def make(saved):
        saved = json.loads(json.dumps(saved))
        return Rollout.from_dict(saved, rollout.policy, analyzer_maker(rollout.policy), PLAN)

    return make


def flown(rollout, slices, draw, *, at=0, until=None):
    """Fly in a world whose new certificate is as good as the old one; return the time."""
    for number in range(at, at + slices):
        n = draw.poisson(300)
        new = draw.binomial(n, rollout.exposure)
        bad = draw.binomial([new, n - new], 0.02)
        arms = {"new": (new, bad[0]), "old": (n - new, bad[1])}
        where = {"slice_index": number % 4, "slices": 4, "exposure": rollout.exposure}
        start_s = number * SLICE_S
        rollout.receive(Window.of(**arms, start_s=start_s, end_s=start_s + SLICE_S, **where))
        decision = rollout.tick(start_s + SLICE_S)
        rollout.confirm(decision.exposure, start_s + SLICE_S)
        if until is not None and rollout.phase.value == until:
            return start_s + SLICE_S
    return (at + slices) * SLICE_S


NAMES = sorted(n for n, one in policies.discover().items() if "needs_truth" not in one.tags)


@pytest.mark.parametrize("name", NAMES)
def test_looking_ahead_changes_nothing_and_asks_every_policy(name):
    rollout = fresh(name)
    now_s = flown(rollout, 30, np.random.default_rng(1))
    before = json.dumps(rollout.to_dict())

    seen = foresee(rollout, again(rollout), now_s, np.random.default_rng(2))
    told = turns(rollout.policy, rollout.view(now_s))

    assert json.dumps(rollout.to_dict()) == before
    assert (seen.eta_s is None) == bool(seen.why)
    assert seen.eta_s is None or seen.low_s <= seen.eta_s
    assert all(one.kind in {kind.value for kind in Kind} for one in told)


def test_what_adaptive_expects_comes_true():
    inside = 0
    for seed in range(6):
        rollout, draw = fresh("adaptive"), np.random.default_rng(seed)
        now_s = flown(rollout, 40, draw)
        seen = foresee(rollout, again(rollout), now_s, np.random.default_rng(9))
        end_s = flown(rollout, 4000, draw, at=40, until="complete")
        took_s = end_s - now_s
        inside += 0.8 * seen.low_s <= took_s <= 1.25 * seen.high_s
        assert seen.high_s < 4.0 * seen.low_s  # an interval that says something

    assert inside >= 5  # of 6: eight flights ahead cover most of the seventh


def test_where_a_decision_turns_is_where_the_policy_turns():
    rollout = fresh("adaptive")
    now_s = flown(rollout, 90, np.random.default_rng(0))
    told = {(one.kind, one.what): one for one in turns(rollout.policy, rollout.view(now_s))}

    assert told["roll_back", "evidence e-value"].limit == 100.0  # 1 / alpha
    assert told["lower", "evidence e-value"].limit == 5.0
    bound = told["raise", "bound"]
    assert bound.limit < bound.value == rollout.assessment.reading("bound").value
    assert bound.n == rollout.assessment.n_new > 0

    steps = fresh("fixed_linear", every_s=600.0)
    now_s = flown(steps, 5, np.random.default_rng(0))
    (one,) = turns(steps.policy, steps.view(now_s))
    assert (one.kind, one.limit) == ("raise", 600.0 - (now_s - SLICE_S))


def test_a_mere_clock_is_foreseen_to_the_slice_however_slow():
    slow = fresh("fixed_linear", every_s=36_000.0)
    seen = foresee(slow, again(slow), 0.0, np.random.default_rng(0))

    assert seen.low_s == seen.high_s == pytest.approx(9 * 36_000.0, abs=20 * SLICE_S)


def test_who_cannot_be_foreseen_says_why():
    rollout = fresh("adaptive")
    assert "no traffic" in foresee(rollout, again(rollout), 0.0, np.random.default_rng(0)).why
    now_s = flown(rollout, 30, np.random.default_rng(1))
    rollout.command("pause")
    assert "paused" in foresee(rollout, again(rollout), now_s, np.random.default_rng(0)).why
    slow = fresh("fixed_linear", alarm=True, alarm_failure_rate=0.9, every_s=1e6)
    now_s = flown(slow, 30, np.random.default_rng(1))
    assert "more than 22500 s" in foresee(slow, again(slow), now_s, np.random.default_rng(0)).why
