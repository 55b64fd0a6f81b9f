"""Environment: a rollout as a Gymnasium environment, in the world and under the safety of `run`.

gymnasium.make("simcert.lab.environment:simcert/Rollout-v0", scenarios=("same_ca",))
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simcert.errors import InputError, MachineError
from simcert.lab.environment.flight import Airborne
from simcert.lab.environment.view import NAMES, Floats, bounds, observed
from simcert.lab.setup import Setup, prepare
from simcert.lab.words import clock
from simcert.scenario import Scenario
from simcert.scenario.policies import parse
from simcert.sim import Flight

try:
    import gymnasium
except ImportError as error:
    raise MachineError("the environment needs an extra: pip install 'simcert[rl]'") from error

ID = "simcert/Rollout-v0"
SEEDS = 2**31 - 1


class RolloutEnv(gymnasium.Env):
    """One day of a certificate rollout; the agent sits where a policy sits.

    ## Description
    A new certificate may break some clients, or none; nobody says which. At each slice of a window
    (30 s in a quiet scenario) the agent chooses the share of new connections that are served it.
    World, evidence, actuator and safety layer are those of `simcert run`: equal seeds mean equal
    clients for agents and policies.

    ## Action Space
    `Box([0, -1], [1, 1], (2,), float32)`.

    | i | action | meaning |
    |---|---|---|
    | 0 | exposure wanted | share of new connections served the new certificate |
    | 1 | verdict | below -0.5 roll back; above 0.5 declare complete; else go on |

    What is unsafe is not carried out: a raise on stale or refused evidence, before the last change
    is confirmed, above the plan's maximum or after its deadline is held (`info["kind"]`).

    ## Observation Space
    `Box(float32)`: what a policy's View tells, never the truth. Names and units are
    `simcert.lab.environment.NAMES`: clocks, phase (one of nine), counts and failure shares of
    both arms, evidence in nats.

    ## Starting State
    A scenario of `scenarios`, drawn with its seed from `reset(seed=...)`; exposure 0. With
    `options={"scenario": stem}` that one. `info["seed"]` is the seed for `simcert.run`.

    ## Rewards
    `-(harm_price * connections + delay_price * minutes)`: connections that failed in this step
    because of the new certificate, and minutes that passed, times the share still served the old
    one. The last step settles the rest of the day. Only this figure knows the truth.

    ## Episode End
    Terminated when `complete` or `rolled_back`; truncated at the scenario's horizon (`deadline`).

    ## Information
    `t_s`, `kind` and `reason` of the last decision, `harmed_connections` so far (for people and
    logs, not for agents); at the end `end`, `minutes_to_full`.

    ## Arguments
    `scenarios` (names, paths or values), `evidence` (the policy whose detectors are read),
    `harm_price` (reward a connection), `delay_price` (reward a minute), `fidelity`.

    ## Version History
    v0: initial version; a new version means other rewards or observations.
    """

    metadata = {"render_modes": ["ansi"], "render_fps": 2}  # noqa: RUF012 - as Gymnasium has it

    def __init__(
        self,
        scenarios: Sequence[Scenario | str | Path] = ("same_ca", "android_root_missing"),
        evidence: str = "adaptive",
        harm_price: float = 1.0,
        delay_price: float = 1.0,
        fidelity: str | None = None,
        render_mode: str | None = None,
    ) -> None:
        if not scenarios or isinstance(scenarios, str):
            raise InputError(f"scenarios {scenarios!r}: give a sequence of at least one")
        low, high = bounds()
        self.observation_space = gymnasium.spaces.Box(low, high, dtype=np.float32)
        self.action_space = gymnasium.spaces.Box(
            np.array([0.0, -1.0], np.float32), np.array([1.0, 1.0], np.float32), dtype=np.float32
        )
        self.render_mode = render_mode
        self._setups = [prepare(one, evidence, fidelity) for one in scenarios]
        self._channels = parse(evidence).channels()
        self._prices = (harm_price, delay_price)
        self._flight: Airborne | None = None

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Floats, dict[str, Any]]:
        """Begin a day; return the first observation, and the scenario and seed in `info`."""
        super().reset(seed=seed)
        self.close()
        setup = self._setups[int(self.np_random.integers(len(self._setups)))]
        if options and "scenario" in options:
            setup = self._named(str(options["scenario"]))
        drawn = int(self.np_random.integers(SEEDS))
        self._flight = Airborne(setup, self._channels, drawn)
        self._flight.go_on(None)
        return self._observation(), {"scenario": setup.scenario.stem, "seed": drawn, "t_s": 0.0}

    def step(self, action: Any) -> tuple[Floats, float, bool, bool, dict[str, Any]]:  # noqa: ANN401
        """Let one slice pass under what the agent wants; see the class for all five values."""
        flight = self._flight
        if flight is None or flight.landed is not None:
            raise InputError("there is no flight to steer: call reset() first")
        wanted = np.asarray(action, np.float64)
        if wanted.shape != (2,) or not np.isfinite(wanted).all():
            raise InputError(f"action {action!r}: give two finite numbers, exposure and verdict")
        before_s, before = flight.now_s, flight.harmed
        landed = flight.go_on((float(np.clip(wanted[0], 0.0, 1.0)), float(wanted[1])))
        minutes = (flight.now_s - before_s) / 60.0 * (1.0 - flight.rollout.exposure)
        harm_price, delay_price = self._prices
        reward = -(harm_price * (flight.harmed - before) + delay_price * minutes)
        end = landed.end if landed else None
        over = end in ("complete", "rolled_back")
        return self._observation(), reward, over, end == "deadline", _told(flight, landed)

    def render(self) -> str | None:
        """Return the state of the rollout in one line."""
        flight = self._flight
        if flight is None or self.render_mode != "ansi":
            return None
        rollout = flight.rollout
        return f"{clock(flight.now_s)}  {100.0 * rollout.exposure:6.2f} %  {rollout.phase.value}"

    def close(self) -> None:
        """End the flight, if there is one; may be called again."""
        if self._flight is not None:
            self._flight.abandon()

    def _observation(self) -> Floats:
        assert self._flight is not None
        return observed(self._flight.view(), self._flight.horizon_s)

    def _named(self, stem: str) -> Setup:
        for setup in self._setups:
            if setup.scenario.stem == stem:
                return setup
        known = ", ".join(setup.scenario.stem for setup in self._setups)
        raise InputError(f'option scenario "{stem}" is none of this environment\'s: {known}')

    def __del__(self) -> None:
        if getattr(self, "_flight", None) is not None:
            self.close()


def _told(flight: Airborne, landed: Flight | None) -> dict[str, Any]:
    told = {"t_s": flight.now_s, "harmed_connections": flight.harmed, **flight.last()}
    if landed is not None:
        told |= {"end": landed.end, "minutes_to_full": landed.minutes_to_full}
    return told


gymnasium.register(ID, entry_point=f"{__name__}:{RolloutEnv.__name__}")

__all__ = ["ID", "NAMES", "RolloutEnv"]
