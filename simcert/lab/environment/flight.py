"""Airborne: a simulated flight that stops wherever its policy is asked, and waits for an agent.

The driver calls the policy, an agent calls the environment; a thread lets each of them think that
the other one is the function. They never run at the same time, so equal seeds and actions give
equal flights.
"""

from queue import SimpleQueue
from threading import Thread
from typing import Any, ClassVar

from simcert.control.rollout import Rollout
from simcert.lab.setup import Setup
from simcert.model import Channel, Decision, View
from simcert.scenario import build
from simcert.sim import Flight
from simcert.sim.driver import Simulation

Action = tuple[float, float]
"""Exposure wanted, and the verdict: below -0.5 roll back, above 0.5 complete."""


class Abandoned(Exception):  # noqa: N818 - no error: the agent left
    """The agent left in the middle of a flight."""


class Seat:
    """A policy that asks an agent what it wants."""

    tags: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, channels: tuple[Channel, ...]) -> None:
        self.views: SimpleQueue[View | Flight | BaseException] = SimpleQueue()
        self.actions: SimpleQueue[Action | None] = SimpleQueue()
        self._channels = channels

    def channels(self) -> tuple[Channel, ...]:
        """Name the evidence that the agent sees."""
        return self._channels

    def decide(self, view: View) -> Decision:
        """Return what the agent wants; `Abandoned` if it is gone."""
        self.views.put(view)
        action = self.actions.get()
        if action is None:
            raise Abandoned
        exposure, verdict = action
        if verdict < -0.5:
            return view.roll_back("the agent rolls back")
        if verdict > 0.5:
            return view.complete("the agent declares it complete")
        return view.move(exposure, f"the agent wants {exposure:g}")


class Airborne:
    """One flight of one seed; `landed` is None until it is over."""

    def __init__(self, setup: Setup, channels: tuple[Channel, ...], seed: int) -> None:
        self._seat = Seat(channels)
        self.rollout: Rollout = build.rollout(setup.scenario, self._seat, setup.spec)
        self._simulation = Simulation(setup.spec, self.rollout, seed, setup.fidelity, None)
        self.horizon_s = setup.spec.horizon_s
        self.landed: Flight | None = None
        self._view: View | None = None
        self._thread = Thread(target=_fly, args=(self._simulation, self._seat), daemon=True)

    @property
    def now_s(self) -> float:
        """Seconds since the epoch: of the decision that is due, or the end."""
        return self.view().now_s

    @property
    def harmed(self) -> int:
        """Connections harmed so far; the truth, not for agents."""
        if self.landed is not None:
            return self.landed.harmed_connections
        return self._simulation.harmed_connections

    def view(self) -> View:
        """Return what a policy would be shown now."""
        if self.landed is not None or self._view is None:
            return self.rollout.view(self.horizon_s if self.landed else 0.0)
        return self._view

    def last(self) -> dict[str, Any]:
        """Return kind and reason of the last decision, as the safety layer let it through."""
        last = self.rollout.last_decision
        return {"kind": last.kind.value, "reason": last.reason} if last else {}

    def go_on(self, action: Action | None) -> Flight | None:
        """Fly to the next decision, or to the end and return it; the first call takes off."""
        if action is None:
            self._thread.start()
        else:
            self._seat.actions.put(action)
        came = self._seat.views.get()
        if isinstance(came, BaseException):
            raise came
        if isinstance(came, Flight):
            self.landed = came
        else:
            self._view = came
        return self.landed

    def abandon(self) -> None:
        """End the thread of a flight that nobody steers any more."""
        if self._thread.is_alive():
            self._seat.actions.put(None)
            self._thread.join()


def _fly(simulation: Simulation, seat: Seat) -> None:
    """Fly, and hand over how it ended, whatever that was."""
    try:
        seat.views.put(simulation.run())
    except BaseException as error:  # noqa: BLE001 - raised where the agent waits
        seat.views.put(error)
