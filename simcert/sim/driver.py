"""Driver: SimPy carries the control events; between two of them, traffic is drawn in columns."""

import json
from collections.abc import Generator as Process
from typing import Any, Protocol

import simpy

from simcert.control.journal import Journal
from simcert.control.loop import Loop
from simcert.control.phases import FULL
from simcert.control.rollout import Rollout
from simcert.errors import FidelityError, UnknownNameError
from simcert.model import Phase, Window
from simcert.sim.counts import Counts
from simcert.sim.fidelity import FIDELITIES, refusals
from simcert.sim.flight import Flight, Moves
from simcert.sim.lifecycle import Lifecycle
from simcert.sim.plumbing import SimActuator, SimFeed
from simcert.sim.records import Records, Watch
from simcert.world.feedback import Feedback
from simcert.world.population import faults_of
from simcert.world.spec import WorldSpec
from simcert.world.streams import Streams

ENDS = {Phase.COMPLETE: "complete", Phase.ROLLED_BACK: "rolled_back"}


class Traffic(Protocol):
    """What both fidelities offer: the next slice, the rest in bulk, and exact totals."""

    connections: int
    ok_connections: int
    harmed_connections: int

    def advance(self, exposure: float) -> list[Window]:
        """Let one slice pass under `exposure`; return the windows that this made final."""
        ...

    def finish(self, exposure: float) -> None:
        """Let the rest of the horizon pass; nobody looks any more."""
        ...

    def harmed_clients(self) -> int:
        """Return how many distinct clients were harmed."""
        ...


def simulate(
    spec: WorldSpec,
    rollout: Rollout,
    *,
    seed: int,
    fidelity: str = "counts",
    journal: Journal | None = None,
    watch: Watch | None = None,
) -> Flight:
    """Fly `rollout` through the world that `seed` makes of `spec`; equal seeds give equal bytes.

    `watch` is shown every attempt, which only `records` knows. FidelityError if `counts` has no law
    for a feature of the world, or for what is asked of it.
    """
    return Simulation(spec, rollout, seed, fidelity, journal, watch).run()


def traffic_of(
    spec: WorldSpec, streams: Streams, fidelity: str, watch: Watch | None = None
) -> Traffic:
    """Return the traffic of a seed in one fidelity."""
    if fidelity not in FIDELITIES:
        raise UnknownNameError("fidelity", fidelity, FIDELITIES)
    if fidelity == "records":
        return Records(spec, streams, watch)
    features = refusals(spec) or (("records of connections",) if watch is not None else ())
    if features:
        raise FidelityError(features)
    return Counts(spec, streams)


class Simulation:
    """One flight: the loop of live rollouts in virtual time, over drawn traffic."""

    def __init__(
        self,
        spec: WorldSpec,
        rollout: Rollout,
        seed: int,
        fidelity: str,
        journal: Journal | None,
        watch: Watch | None = None,
    ) -> None:
        streams, faults = Streams(seed), faults_of(spec)
        self._spec, self._rollout, self._journal = spec, rollout, journal
        self._traffic = traffic_of(spec, streams, fidelity, watch)
        self._feed, self._actuator = SimFeed(faults, streams), SimActuator(faults)
        self._feedback, self._lifecycle = Feedback(spec, streams), Lifecycle(spec.lifecycle)
        self._begun = False
        self._loop = Loop(rollout, self._feed, self._actuator, journal)
        self._moves: Moves = []
        self._full_s: float | None = None
        self._restarts = sorted(
            t for fault in faults for t in fault.restarts_s() if t <= spec.horizon_s
        )
        self._slice_s = spec.window_s / spec.slices
        self._steps = round(spec.horizon_s / self._slice_s)

    @property
    def harmed_connections(self) -> int:
        """Connections harmed so far: for scorers, never for policies."""
        return self._traffic.harmed_connections

    def run(self) -> Flight:
        """Return what came of it."""
        env = simpy.Environment()
        for at_s in self._restarts:
            env.process(self._restart(env, at_s))
        env.run(until=env.process(self._ticks(env)))
        traffic, rollout = self._traffic, self._rollout
        end = ENDS.get(rollout.phase, "deadline")
        if self._journal is not None:
            self._journal.end(self._spec.horizon_s, end)
        return Flight(
            end=end,
            minutes_to_full=None if self._full_s is None else self._full_s / 60.0,
            harmed_connections=traffic.harmed_connections,
            harmed_clients=traffic.harmed_clients(),
            connections=traffic.connections,
            ok_connections=traffic.ok_connections,
            rolled_back_ever=rollout.rolled_back_ever,
            attempts=rollout.attempt,
            exposure=self._moves,
        )

    def _ticks(self, env: simpy.Environment) -> Process[simpy.Event, Any, None]:
        """Decide at every edge of a slice; draw the traffic of a slice when it is over."""
        self._decide(0.0)
        for step in range(1, self._steps + 1):
            if self._rollout.finished and self._calm():
                self._traffic.finish(self._actuator.serves(env.now))
                return
            now_s = step * self._spec.window_s / self._spec.slices
            exposure = self._actuator.serves(env.now)
            yield env.timeout(max(now_s - env.now, 0.0))
            for window in self._traffic.advance(exposure):
                self._feed.push(self._feedback.add(window, self._rollout.phase not in ENDS))
            self._decide(now_s)

    def _calm(self) -> bool:
        """Return whether what is in force is what was decided, and nothing is on its way."""
        served = self._rollout.exposure
        return (
            self._actuator.settled and self._lifecycle.over and served == self._rollout.authorised
        )

    def _decide(self, now_s: float) -> None:
        servable = self._lifecycle.advance(now_s)
        if self._begun and not servable and self._rollout.phase is not Phase.ROLLED_BACK:
            self._loop.command("abort", now_s)
        self._begun = self._begun or servable
        if not self._begun:
            return
        before = self._rollout.exposure
        decision = self._loop.step(now_s)
        exposure = self._rollout.exposure
        if exposure != before or not self._moves:
            self._moves.append((now_s, exposure, decision.reason))
        if exposure >= FULL and self._full_s is None:
            self._full_s = now_s

    def _restart(self, env: simpy.Environment, at_s: float) -> Process[simpy.Event, Any, None]:
        """Let the controller die and come back from what it had saved, by way of JSON."""
        yield env.timeout(at_s)
        self._rollout.restore(json.loads(json.dumps(self._rollout.to_dict())))
