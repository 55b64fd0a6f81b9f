"""Many servers as one setup: an order in Redis, and the windows of all nodes."""

import time
from collections.abc import Callable
from typing import Any

from simcert.control.fleet import Fleet
from simcert.control.joining import Joiner
from simcert.control.orders import ORDER, Order
from simcert.control.rollout import Rollout
from simcert.control.windowing import Grid
from simcert.errors import MachineError
from simcert.live._clock import Clock
from simcert.live._config import LiveConfig
from simcert.live._leader import Leader
from simcert.live._public import public
from simcert.live._setup import Bundles, LiveFeed
from simcert.live.redis_feed import RedisFeed
from simcert.live.redis_store import RedisStore
from simcert.live.redis_windows import RedisWindows
from simcert.model import ARMS, Actuator

TRIES = 20  # against a leader that writes at the same time


class FleetSetup:
    """The leader's side; without a leader (a rehearsal) it only looks."""

    def __init__(self, config: LiveConfig, leader: Leader | None) -> None:
        assert config.redis is not None  # nodes stand there
        self._config, self._table = config, config.redis
        self.store = leader.store if leader else RedisStore(self._table.url, self._table.rollout)
        self.fleet = Fleet(
            self.store, config.nodes, away_s=self._table.away_s, clock=time.monotonic
        )
        if leader is not None:
            self.fleet.token, self.fleet.outbid = leader.token, leader.lease.outbid
        self._feed: RedisFeed | None = None
        self._now: Callable[[], float] = float
        self._since_s = 0.0

    @property
    def actuator(self) -> Actuator:
        """The order that all nodes obey."""
        return self.fleet

    def prepare(self, bundles: Bundles, *, fresh: bool, touch: bool) -> None:
        """Nodes install the bundles themselves; nothing is raised until all serve ours."""
        del fresh, touch
        self.fleet.served = tuple(bundles[arm].serial for arm in ARMS)

    def begin(self, rollout: Rollout) -> None:
        """Renew no order above what the rollout has authorised; go on after its last window."""
        self.fleet.authorised = lambda: rollout.authorised
        self._since_s = rollout.assessment.at_s

    def feed(self, clock: Clock, bundles: Bundles) -> LiveFeed:
        """Join what the nodes sent since the rollout began or its journal ends."""
        del bundles
        self._now = clock.now
        plan = self._config.plan
        grid = Grid(plan.window_s, plan.slices)
        first = first_slice(clock.epoch_s, grid)
        since = first + round(self._since_s / grid.slice_s)
        joiner = Joiner(self._config.nodes, grid, first, self._table.late_s, since)
        read_only = not self.fleet.token
        self._feed = RedisFeed(RedisWindows(self.store), joiner, read_only)
        return self._feed

    def settled(self) -> bool:
        """Let the last order stand without a leader; False if that has to be tried again."""
        try:
            self.fleet.finish()
        except MachineError:
            return False
        return True

    def health(self) -> dict[str, Any]:
        """Return what is known of every node."""
        assert self._feed is not None
        now_s, joiner = self._now(), self._feed.joiner
        return {
            "connected": not self.fleet.away(now_s),
            "lines": joiner.next - joiner.first,
            "late": joiner.late,
            "repeated": joiner.repeated,
            "refused": joiner.refused + joiner.contradicted + self._feed.windows.broken,
            "nodes": self.fleet.shown(now_s),
        }

    def close(self) -> None:
        """The store belongs to the leader, who may lead again."""
        if not self.fleet.token:
            self.store.close()


def withdraw(config: LiveConfig) -> float:
    """Order all nodes to expose nobody, over the head of any leader, and return that exposure."""
    assert config.redis is not None
    store = RedisStore(config.redis.url, config.redis.rollout)
    for _ in range(TRIES):
        value, version = store.get(ORDER)
        found = Order.read(value)
        mine = Order(found.token + 1 if found else 1, 1, 0.0)
        if store.compare_and_set(ORDER, mine.text(), version):
            return mine.exposure
    raise MachineError(f"{public(config.redis.url)}: the order could not be written; try again")


def aligned_s(wall_s: float, window_s: float) -> float:
    """Return the begin of the window since 1970 that a moment lies in: the same on every node."""
    return wall_s // window_s * window_s


def first_slice(epoch_s: float, grid: Grid) -> int:
    """Return the number since 1970 of the slice that begins at an aligned epoch."""
    return round(epoch_s / grid.window_s) * grid.slices
