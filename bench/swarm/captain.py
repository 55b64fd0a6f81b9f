"""One controller of the swarm: lease, journal, replay, fleet and loop are the real ones."""

import json
from collections.abc import Callable

from bench.swarm.edge import CLOSE_S, SAFE, WINDOW_S
from bench.swarm.world import URL, Crash, Process, World
from simcert.control import phases
from simcert.control.lease import Lease
from simcert.control.loop import Loop
from simcert.control.plan import Plan
from simcert.control.replay import resume
from simcert.control.rollout import Rollout
from simcert.errors import ContractError, InputError, MachineError
from simcert.live._config import CertificateTable, HaproxyTable, LiveConfig, PlanTable, RedisTable
from simcert.live._fleet import FleetSetup, aligned_s
from simcert.live._journal_store import StoreJournal
from simcert.live._leader import Leader
from simcert.live._terminator import Terminator

TTL_S = 15.0
LATE_S = 20.0


def config_of(nodes: tuple[str, ...], away_s: float, leash_s: float, soak_s: float) -> LiveConfig:
    """Return the configuration of the swarm's fleet."""
    return LiveConfig(
        schema=1,
        certificates=CertificateTable("old.pem", "new.pem"),
        haproxy=HaproxyTable("127.0.0.1:8443", handshake_timeout_s=max(CLOSE_S - 2.0, 0.5)),
        tick_s=5.0,
        plan=PlanTable(WINDOW_S, 1, soak_s, safe_exposure=SAFE),
        redis=RedisTable(URL, "shop", TTL_S, nodes, LATE_S, away_s, leash_s),
    )


class Captain(Process):
    """Comes back after a crash; leaves when the rollout is over."""

    def __init__(
        self,
        world: World,
        name: str,
        config: LiveConfig,
        rollout_of: Callable[[Plan], Rollout],
        skew_s: float,
    ) -> None:
        super().__init__(world, name, skew_s, rate=1.0 + skew_s / 1e4)
        self.config, self.rollout_of = config, rollout_of
        self.lives, self.down_s, self.ended = 0, 0.0, ""
        self.begin()

    def begin(self) -> None:
        """A life: a store, and a lease under a name that nobody had before."""
        self.lives += 1
        self.leader = Leader(self.store(), TTL_S)
        self.leader.lease = Lease(self.leader.store, f"{self.name}/{self.lives}", TTL_S)
        self.loop: Loop | None = None
        self.token = 0
        self.epoch_s = 0.0

    def step(self) -> None:
        """One tick, if the process is there; whatever ends it, a supervisor starts it again."""
        world = self.world
        if self.ended or world.now_s < self.down_s:
            return
        try:
            self._step()
        except (Crash, MachineError, InputError):
            self._fall()
        except ContractError as error:  # a journal that was garbled on its way is refused, too
            world.check("garbled" in world.risk, f"contract: {error}")
            self._fall()

    def _fall(self) -> None:
        self.begin()
        self.down_s = self.world.now_s + self.world.dice.choice((2.0, 10.0, 60.0))

    def _step(self) -> None:
        held = self.leader.lease.take(self.monotonic())
        if held is None:
            self.loop = None
            return
        if self.loop is None or held.token != self.token or self.leader.store.overtaken:
            self._lead(held.token)
        assert self.loop is not None
        self.loop.step(self.now())
        if self._over() and self.setup.settled():
            self.ended = self.loop.rollout.phase.value
            self.journal.end(self.now(), self.ended)

    def _lead(self, token: int) -> None:
        self.token = token
        self.journal = StoreJournal(self.leader.store)
        before = self.journal.entries_before
        if before:
            self.anchor(float(before[0]["epoch_s"]), self.journal.last_s)
        else:
            self.anchor(aligned_s(self.wall(), WINDOW_S))
            self.journal.about(epoch_s=self.epoch_s)
        plan = PlanTable.__slots__
        rollout = self.rollout_of(Plan(**{name: getattr(self.config.plan, name) for name in plan}))
        if before:
            resume(json.loads(json.dumps(before)), rollout)
        self.setup = FleetSetup(self.config, self.leader)
        self.setup.fleet.clock = self.monotonic
        self.setup.begin(rollout)
        feed = self.setup.feed(self, {})
        terminator = Terminator(self.setup.actuator, feed, self.now)
        terminator.refusal = self._refusal
        self.loop = Loop(rollout, feed, terminator, self.journal)

    def _refusal(self) -> str:
        fine = self.leader.lease.may_raise(self.monotonic())
        return "" if fine else "the lease is about to end"

    def _over(self) -> bool:
        assert self.loop is not None
        rollout = self.loop.rollout
        settled = abs(rollout.exposure - rollout.authorised) <= rollout.plan.exposure_tolerance
        return rollout.finished and settled and rollout.phase in phases.FINAL
