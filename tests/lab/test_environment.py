"""The Gymnasium environment is the world of `run` with an agent in the policy's seat."""

import gc
import threading
import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import simcert
from simcert.errors import InputError
from simcert.lab.environment.view import NAMES
from simcert.model import Channel, Decision, View
from simcert.scenario.policies import parse

MADE = "simcert.lab.environment:simcert/Rollout-v0"


def make(*scenarios: str, **rest: Any) -> Any:
    return gymnasium.make(MADE, scenarios=scenarios or ("same_ca",), **rest).unwrapped


@dataclass(frozen=True, slots=True)
class Stairs:
    """What the agent below does, as a policy."""

    tags: ClassVar[frozenset[str]] = frozenset()

    def channels(self) -> tuple[Channel, ...]:
        return parse("adaptive").channels()

    def decide(self, view: View) -> Decision:
        exposure, verdict = stairs(view.now_s)
        if verdict > 0.5:
            return view.complete("the agent declares it complete")
        return view.move(exposure, f"the agent wants {exposure:g}")


def stairs(now_s: float) -> tuple[float, float]:
    return (0.25 * min(1 + now_s // 1800.0, 4.0), 1.0 if now_s >= 7200.0 else 0.0)


def fly(env: Any, seed: int, act: Any = stairs) -> list[Any]:
    _, info = env.reset(seed=seed)
    seen: list[Any] = [info]
    over = cut = False
    while not (over or cut):
        obs, reward, over, cut, info = env.step(np.array(act(info["t_s"])))
        seen.append((obs.tobytes(), reward, over, cut, info))
    return seen


def test_gymnasium_finds_nothing_to_say() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make())


@pytest.mark.parametrize("scenario", ["same_ca", "android_root_missing"])
def test_an_agent_that_does_what_a_policy_does_has_the_same_day(scenario: str) -> None:
    env = make(scenario)
    first, *_, last = fly(env, seed=3)
    result = simcert.run(scenario, Stairs(), seed=first["seed"])

    assert last[4]["harmed_connections"] == result.score.harmed_connections
    assert last[4]["end"] == result.end
    assert last[4]["minutes_to_full"] == result.score.minutes_to_full


def test_equal_seeds_and_actions_give_equal_episodes_and_others_do_not() -> None:
    env = make("same_ca", "android_root_missing")

    assert fly(env, seed=5) == fly(make("same_ca", "android_root_missing"), seed=5)
    assert fly(env, seed=5) != fly(env, seed=6)


def test_rewards_are_harm_in_connections_and_delay_in_minutes() -> None:
    plain, *steps = fly(make("android_root_missing"), seed=1)
    dear = fly(make("android_root_missing", harm_price=0.0, delay_price=2.0), seed=1)

    harmed = steps[-1][4]["harmed_connections"]
    delay = sum(reward for _, reward, *_ in dear[1:]) / -2.0
    assert harmed > 0
    assert delay == pytest.approx(30 * (0.75 + 0.5 + 0.25))  # minutes on the stairs
    assert -sum(reward for _, reward, *_ in steps) == pytest.approx(harmed + delay)
    assert plain["scenario"] == "android_root_missing"


def test_the_truth_is_not_observed() -> None:
    """Before anybody met the new certificate, a good and a bad one look alike."""
    env = make("same_ca", "android_root_missing")
    for seed in range(3):
        obs, _ = env.reset(seed=seed, options={"scenario": "android_root_missing"})
        twin, _ = env.reset(seed=seed, options={"scenario": "same_ca"})
        assert np.array_equal(obs, twin)
    assert not [name for name in NAMES if "harm" in name or "truth" in name]


def test_the_safety_layer_has_the_last_word() -> None:
    """On evidence of long ago an agent raises nothing, and in silence it is taken back."""
    env = make("same_ca")
    env.reset(seed=1)
    env.step(np.array([0.1, 0.0]))
    state = env._flight.rollout._state
    state.usable_s = -1e6
    obs, *_, stale = env.step(np.array([1.0, 0.0]))
    state.usable_s = state.heard_s = -1e6
    *_, silent = env.step(np.array([1.0, 0.0]))

    assert (stale["kind"], "newest evidence is" in stale["reason"]) == ("hold", True)
    assert (silent["kind"], "blind for" in silent["reason"]) == ("lower", True)
    assert obs[NAMES.index("exposure")] <= 0.11


def test_rollback_terminates_and_the_horizon_truncates() -> None:
    back = fly(make(), seed=1, act=lambda t_s: (0.1, -1.0 if t_s > 300 else 0.0))
    late = fly(make(), seed=1, act=lambda _: (0.1, 0.0))

    assert back[-1][2:4] == (True, False)
    assert back[-1][4]["end"] == "rolled_back"
    assert late[-1][2:4] == (False, True)
    assert late[-1][4]["end"] == "deadline"


def test_nonsense_is_refused_and_no_thread_is_left() -> None:
    others = {*threading.enumerate()}
    env = make()
    with pytest.raises(InputError, match="reset"):
        env.step(np.zeros(2))
    env.reset(seed=1)
    for bad in (np.zeros(3), np.array([np.nan, 0.0])):
        with pytest.raises(InputError, match="two finite numbers"):
            env.step(bad)
    with pytest.raises(InputError, match="none of this environment's: same_ca"):
        env.reset(options={"scenario": "rare_segment"})
    env.close()
    env.close()
    env.reset(seed=2)
    del env
    gc.collect()

    assert {*threading.enumerate()} <= others
