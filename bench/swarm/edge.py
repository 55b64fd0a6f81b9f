"""One server of the swarm: a terminator that obeys or not, its clients, and a real node."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Any, cast

from bench.swarm.world import EPOCH_S, GRACE_S, Crash, Process, World
from simcert.control.analyzer import COMPLETENESS_MIN
from simcert.control.node import Node
from simcert.control.orders import Order, Rank, same
from simcert.control.outbox import Numbered, Outbox
from simcert.control.windowing import Grid, Windower
from simcert.errors import MachineError
from simcert.live._terminator import Terminator
from simcert.live.haproxy_actuator import BASIS, to_points
from simcert.live.haproxy_feed import AHEAD_S, HaproxyFeed
from simcert.live.redis_windows import RedisWindows
from simcert.model import Window

WINDOW_S = 60.0
FIRST = round(EPOCH_S / WINDOW_S)  # number of the slice that begins at virtual time 0
CLOSE_S = 3.0  # a slice is closed so long after its end
SAFE = 0.05


@dataclass
class Box:
    """What survives the node: a process with a map, its file, and the clients that come.

    Records are dated by the wall clock of the machine, `skew_s` off; whoever sets it calls `flow`.
    """

    world: World
    per_s: float
    rates: tuple[float, float]  # of failure, old and new
    live: float = 0.0
    file: float = 0.0
    down: bool = False
    skew_s: Callable[[], float] = float
    unknown: bool = False  # a hand changed what is in force, and nobody read it back yet
    hidden: set[int] = field(default_factory=set)  # slices with clients of that while
    _from_s: float = 0.0
    _rest: list[float] = field(default_factory=lambda: [0.0, 0.0])  # fractions of clients
    _came: dict[int, list[float]] = field(default_factory=dict)  # by slice as dated: old, new

    def flow(self) -> None:
        """Count the clients since the last change, slice by slice."""
        now_s, skew_s = self.world.now_s, self.skew_s()
        while self._from_s < now_s:
            number = int((self._from_s + skew_s) // WINDOW_S)
            to_s = min(max((number + 1) * WINDOW_S - skew_s, self._from_s + 1e-6), now_s)
            n = 0.0 if self.down else self.per_s * (to_s - self._from_s)
            came = self._came.setdefault(number, [0.0, 0.0])
            self.hidden |= {number} if self.unknown and n else set()
            came[0] += n * (1.0 - self.live)
            came[1] += n * self.live
            self._from_s = to_s

    def put(self, share: float) -> None:
        """Change what is in force."""
        self.flow()
        self.live = self.file = share

    def hand(self, share: float) -> None:
        """Change it behind everybody's back."""
        self.flow()
        self.unknown = self.unknown or share != self.live
        self.put(share)

    def seen(self, *, anew: bool = False) -> None:
        """What is in force was read back; a new life of the node knows nothing of before."""
        self.flow()
        self.unknown = False
        self.hidden -= self.hidden if anew else set()

    def restart(self) -> None:
        """Come back with what the file says."""
        self.flow()
        self.live, self.down = self.file, False

    def late(self, number: int) -> int:
        """Return how many clients were dated into slices before one; nobody asks for them again."""
        self.flow()
        return int(sum(sum(self._came.pop(k)) for k in [*self._came] if k < number))

    def counts(self, number: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return units and failures of both arms in a slice, old first."""
        self.flow()
        came = self._came.pop(number, (0.0, 0.0))
        self._rest = [a + b for a, b in zip(came, self._rest, strict=True)]
        old, new = (int(one) for one in self._rest)
        self._rest = [one % 1.0 for one in self._rest]
        return (old, round(old * self.rates[0])), (new, round(new * self.rates[1]))


@dataclass
class Ring:
    """Stands for receiver and records of the real feed: the box counts, nothing else is sent."""

    box: Box

    @property
    def connected(self) -> bool:
        """Whether the terminator is there."""
        return not self.box.down

    def take(self) -> list[Any]:
        """Return no lines."""
        return []

    def lost(self) -> int:
        """Return how many lines were lost."""
        return 0


class Edge(Process):
    """The node's process: it crashes, and comes back with what the disk kept."""

    def __init__(self, world: World, name: str, box: Box, skew_s: float) -> None:
        super().__init__(world, name, skew_s)
        self.box, self.full = box, False
        box.skew_s = lambda: self.wall_skew_s
        self.kept: Order | None = None
        self.highest: Rank = (0, 0)  # that any life of this node obeyed
        self.down_s = 0.0  # until when the process is not there
        self.buffer = 50
        self.carries = 1.0  # share of a slice's records that arrive
        self.start()

    def start(self) -> None:
        """Begin a life."""
        world = self.world
        self.born_s, self.windows = world.now_s, RedisWindows(self.store())
        self.anchor(EPOCH_S)
        windower = Windower(
            Grid(WINDOW_S),
            source=self.name,
            grace_s=CLOSE_S,
            skew_s=AHEAD_S,
            duplicates=True,
            ordered=False,
        )
        ring, since_s = cast("Any", Ring(self.box)), ceil(self.now() / WINDOW_S) * WINDOW_S
        self.feed = HaproxyFeed(ring, ring, windower, since_s, behind_s=self.behind_s)
        self.box.late(int(since_s / WINDOW_S))
        self.box.seen(anew=True)
        self.outbox = Outbox(self.buffer)
        terminator = Terminator(self, self.feed, self.now)
        self.node = Node(
            self.name,
            self.store(),
            terminator,
            self.monotonic,
            world.leash_s,
            SAFE,
            self.remember,
            self.kept,
            lost=lambda: self.outbox.lost,
            born=int(self.wall()),
        )

    def remember(self, order: Order) -> None:
        """Write the fence to the disk."""
        if self.full or self.world.happens("disk"):
            raise MachineError("disk full")
        self.kept = order

    def apply(self, exposure: float, now_s: float) -> None:
        """File first, then the process, as the HAProxy adapter does."""
        del now_s
        if self.box.down or self.world.happens("stuck"):
            raise MachineError("terminator does not answer")
        share = to_points(exposure) / BASIS
        before = self.box.live
        self.box.file = share
        if self.world.happens("crash"):
            raise Crash
        self.box.put(share)
        if share > before and not same(share, before):
            self._raised(share)
        self.highest = max(self.highest, self.node.rank)

    def _raised(self, share: float) -> None:
        """Laws of a raise: on the newest order, of a living leader, and authorised in writing."""
        world, order = self.world, self.node._order
        world.check(order is not None, "raised without an order")
        assert order is not None
        world.check(order.rank >= self.highest, f"obeyed {order.rank} after {self.highest}")
        world.check(
            self.kept is not None and self.kept.rank >= order.rank,
            "raised without remembering the token",
        )
        world.check(same(share, order.exposure), "raised to what nobody ordered")
        if not self.slept and not world.forgot:
            most = world.authorised(world.now_s - 60.0)
            world.check(share <= most + 2e-4, f"{share:g} in force, {most:g} authorised")
        alive = any(t >= self.born_s for t, _ in world.orders[-50:])
        world.check(alive or order.final, "raised on the order of a leader that was never seen")

    def read_back(self, now_s: float) -> float:
        """Return what is in force."""
        del now_s
        if self.box.down or self.world.happens("stuck"):
            raise MachineError("terminator does not answer")
        self.box.seen()
        return self.box.live

    def step(self) -> None:
        """One turn of the node, if its process is there."""
        world = self.world
        if world.now_s < self.down_s:
            return
        if self.down_s:
            self.down_s = 0.0
            self.start()
        try:
            self._close()
            self.node.step()
            self._send()
        except Crash:
            self.down_s = world.now_s + world.dice.choice((5.0, 30.0, 90.0))
            return
        self._left_alone()

    def _left_alone(self) -> None:
        """Law of the leash: without a leader for long, no more than the safe exposure."""
        world = self.world
        heard_s = max((world.orders[-1][0] if world.orders else 0.0), self.born_s)
        heard = self.node._order  # a final one stands until a newer one can be heard
        final = heard is not None and heard.final and any(heard == one for _, one in world.orders)
        behind_s = world.leash_s if "stale" in world.risk else 0.0  # once, what is old looks new
        alone = world.now_s - heard_s > world.leash_s + GRACE_S + behind_s
        if alone and not final and not self.node.trouble.startswith(("read-back", "actuator")):
            world.check(self.box.live <= SAFE + 2e-4, "left alone above the safe exposure")

    def _close(self) -> None:
        """Fill the windows of the feed with the clients that the box counted."""
        for known in self.feed.poll(self.now()):
            at = round(known.start_s / WINDOW_S)
            self.feed.windower.late += self.box.late(at)
            old, new = self.box.counts(at)
            share = self.world.dice.choice((self.carries, 1.0)) * known.completeness
            about = {"exposure": known.exposure, "mixed": known.mixed, "completeness": share}
            window = Window.of(new=new, old=old, source=self.name, **about)
            sure = share < COMPLETENESS_MIN or at not in self.box.hidden
            self.world.check(sure, f"slice {at} is evidence of an exposure that nobody read back")
            self.world.truth.setdefault((self.name, FIRST + at), []).append(
                (old[0] + new[0],) if share >= COMPLETENESS_MIN else ()
            )
            self.outbox.put(Numbered(FIRST + at, window))

    def _send(self) -> None:
        """Deliver at least once: what was not acknowledged goes again, twice and in disorder."""
        while self.node.epoch and (batch := self.outbox.batch()):
            sent = [*batch]
            if self.world.happens("twice"):
                sent = [*batch, *batch]
                self.world.dice.shuffle(sent)
            try:
                self.windows.push(self.name, self.node.epoch, sent)
            except MachineError:
                return
            self.outbox.delivered(batch)
