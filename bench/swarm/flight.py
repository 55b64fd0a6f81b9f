"""One seed: a fleet that flies one rollout through faults, and must finish it when they end."""

from dataclasses import dataclass
from functools import partial
from random import Random

from bench.swarm.captain import Captain, config_of
from bench.swarm.edge import Box, Edge
from bench.swarm.world import FAULTS_S, RISKS, Process, ViolationError, World
from simcert.control.analyzer import Analyzer
from simcert.control.orders import same
from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.model import discovery

TICK_S, NODE_S = 5.0, 2.5
SOAK_S = 120.0
LOOK = "an operator looks at it"
QUICK: dict[str, object] = {"delta_safe": 0.09, "budget": 0.1, "overshoot": 0.5, "mid": 0.5}
STEPS: dict[str, object] = {"step": 0.2, "every_s": 60.0}
POLICIES: tuple[tuple[str, dict[str, object], float], ...] = (
    ("fixed_linear", STEPS, 0.01),
    ("adaptive", QUICK, 0.5),
    ("fixed_linear", STEPS, 0.01),
    ("adaptive", QUICK, 0.5),
    ("fixed_linear", STEPS, 0.01),
    ("adaptive", QUICK, 0.01),
)
BOUND_S = {"fixed_linear": 1200.0, "adaptive": 5000.0}  # from the end of the faults to the end


@dataclass(frozen=True)
class Outcome:
    """What became of one seed; `broken` names the law, or is empty."""

    seed: int
    broken: str
    end_s: float
    end: str
    policy: str
    windows: int
    faults: tuple[str, ...]
    asked: bool = False  # it ended with a hold that only an operator can take back


def rollout_of(stem: str, params: dict[str, object], plan: Plan) -> Rollout:
    """Return a fresh rollout of a policy."""
    policy = discovery.build("simcert.policy", "policy", stem, **params)
    channels = policy.channels()
    build = partial(discovery.build, "simcert.detect", "detector")
    make = lambda: Analyzer(  # noqa: E731
        {c.name: build(c.detector, **c.params) for c in channels}, channels
    )
    return Rollout(policy, make, plan)


class Flight:
    """The world of one seed."""

    def __init__(self, seed: int) -> None:
        self.dice = dice = Random(seed)
        stem, params, failing = POLICIES[seed % len(POLICIES)]
        self.stem, self.good = stem, failing < 0.1
        self.world = world = World(seed, dice, uses_evidence=stem == "adaptive")
        names = tuple(f"n{i}" for i in range(dice.choice((1, 2, 2, 3))))
        wide = dice.choice((0.0, 1.0, 4.0))
        per_s = 400.0 / len(names)
        self.edges = [
            Edge(world, one, Box(world, per_s, (0.01, failing)), dice.uniform(-wide, wide))
            for one in names
        ]
        config = config_of(names, world.away_s, world.leash_s, SOAK_S)
        make = partial(rollout_of, stem, params)
        self.captains = [
            Captain(world, one, config, make, dice.uniform(-wide, wide))
            for one in "abc"[: dice.choice((1, 2, 2, 3))]
        ]
        world.processes = [*self.edges, *self.captains]
        world.reported = dict.fromkeys(names, 0.0)
        self.faults = self._faults()
        self.asked = False

    def _faults(self) -> tuple[str, ...]:
        """Switch a random subset of all faults on, each with a strength of its own."""
        dice, world = self.dice, self.world
        chosen = [one for one in (*RISKS, "disk", "stuck", "twice") if dice.random() < 0.35]
        for one in chosen:
            most = {"crash": 0.004, "pause": 0.003, "twice": 0.5, "disk": 0.5, "stuck": 0.1}
            world.risk[one] = dice.choice((0.1, 0.4, 1.0)) * most.get(one, 0.12)
        events = {
            "outage": self._outage,
            "hand": self._hand,
            "reboot": self._reboot,
            "jump": self._jump,
            "thin": self._thin,
            "dead node": self._dead,
            "forgets": self._forgets,
        }
        for name, what in events.items():
            if dice.random() < (0.08 if name == "forgets" else 0.35):
                chosen.append(name)
                for _ in range(1 if name == "forgets" else dice.choice((1, 3))):
                    world.at(dice.uniform(20.0, FAULTS_S), what)
        return tuple(chosen)

    def _outage(self) -> None:
        world = self.world
        world.server.down = True
        length_s = self.dice.choice((10.0, 60.0, 320.0))
        world.at(
            min(world.now_s + length_s, FAULTS_S), partial(setattr, world.server, "down", False)
        )

    def _hand(self) -> None:
        box = self.dice.choice(self.edges).box
        box.hand(self.dice.choice((0.0, min(1.0, box.live + 0.3))))

    def _reboot(self) -> None:
        world, box = self.world, self.dice.choice(self.edges).box
        box.flow()
        box.down = True
        world.at(min(world.now_s + self.dice.choice((1.0, 30.0, 200.0)), FAULTS_S), box.restart)

    def _jump(self) -> None:
        one = self.dice.choice(self.world.processes)
        self._set(one, one.wall_skew_s + self.dice.choice((-200.0, -20.0, 20.0, 200.0)))
        self.world.at(FAULTS_S, partial(self._set, one, 0.0))

    def _set(self, one: Process, skew_s: float) -> None:
        if isinstance(one, Edge):
            one.box.flow()  # so far its records were dated by the clock as it was
        one.wall_skew_s = skew_s

    def _thin(self) -> None:
        edge = self.dice.choice(self.edges)
        edge.carries = 0.5
        self.world.at(FAULTS_S, partial(setattr, edge, "carries", 1.0))

    def _dead(self) -> None:
        edge = self.dice.choice(self.edges)
        edge.down_s = max(edge.down_s, self.world.now_s + self.dice.choice((20.0, 120.0, 400.0)))

    def _forgets(self) -> None:
        self.world.forgot = True
        self.world.server.clear()

    def _calm(self) -> None:
        world = self.world
        world.risk.clear()
        for one in (*self.edges, *self.captains):
            one.down_s = min(one.down_s, world.now_s + 1.0) if one.down_s else 0.0

    def over(self) -> bool:
        """Whether all nodes have in force what was decided last.

        A bad certificate after the store lost its memory may be held at 0, with the evidence of
        the rollout before, until an operator speaks: that is an end, too. And so is a hold that
        names the operator, because a terminator's arms did not get what was in force.
        """
        self.asked = self.world.now_s > FAULTS_S + 600.0 and self._asks()
        if self.asked:
            return True
        wanted = 1.0 if self.good else 0.0
        there = all(same(one.box.live, wanted) for one in self.edges)
        held = self.world.forgot and not self.good and self.world.now_s > FAULTS_S + 600.0
        return there and (held or any(one.ended for one in self.captains))

    def fly(self) -> None:
        """Raise ViolationError if a law is broken, or if the rollout is not over in time."""
        world = self.world
        for one in self.edges:
            world.every(NODE_S, one, one.step)
        for two in self.captains:
            world.every(TICK_S, two, two.step)
        world.run(FAULTS_S)
        self._calm()
        bound_s = FAULTS_S + BOUND_S[self.stem]
        while not self.over():
            world.check(world.now_s < bound_s, f"no end: {self._where()}")
            world.run(world.now_s + 20.0)
        if self.asked:
            return
        ends = {one.ended for one in self.captains} - {""}
        wanted = "complete" if self.good else "rolled_back"
        world.check(
            ends == {wanted} or (world.forgot and ends <= {wanted}),
            f"ended {ends}, wanted {wanted}",
        )

    def _asks(self) -> bool:
        """Whether a leader holds what is in force, and says that a person must look."""
        loops = [one.loop for one in self.captains if one.loop is not None]
        said = [one.rollout.last_decision for one in loops]
        return any(
            one is not None
            and LOOK in one.reason
            and all(box.live <= one.exposure + 1e-4 for box in (edge.box for edge in self.edges))
            for one in said
        )

    def _where(self) -> str:
        loops = [one.loop for one in self.captains if one.loop is not None]
        shares = [one.box.live for one in self.edges]
        troubles = [one.node.trouble for one in self.edges]
        said = [one.rollout.status()["last_decision"] for one in loops]
        return f"{shares} in force, {troubles}, {said}"


def fly(seed: int) -> Outcome:
    """Fly one seed; what is broken is told, a law or our own code."""
    flight, broken = Flight(seed), ""
    try:
        flight.fly()
    except ViolationError as violation:
        broken = str(violation)
    except Exception as error:  # noqa: BLE001 - a traceback is a finding, too
        broken = f"at {flight.world.now_s:.1f} s: {error!r}"
    world = flight.world
    end = next((one.ended for one in flight.captains if one.ended), "")
    return Outcome(
        seed, broken, world.now_s, end, flight.stem, world.windows, flight.faults, flight.asked
    )
