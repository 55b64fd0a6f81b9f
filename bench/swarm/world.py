"""Virtual time, chance, and the laws that hold at every moment; one that broke is an error."""

import heapq
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from bench.swarm.server import Client, Server
from simcert.control.orders import ORDER, Order
from simcert.live import redis_store
from simcert.live._clock import after
from simcert.live.redis_store import RedisStore

ROLLOUT = "shop"
URL = "redis://127.0.0.1:1"
EPOCH_S = 1_800_000_000.0  # of virtual time 0, a multiple of all windows
FAULTS_S = 900.0
RISKS = ("lost", "deaf", "late", "stale", "garbled", "crash", "pause")
STALE_S = 180.0  # three windows, as the plan has it
GRACE_S = 60.0  # until the last order of a leader that died in mid-step is overruled


class ViolationError(AssertionError):
    """A law was broken."""


class Crash(BaseException):
    """A process dies here."""


@dataclass
class Process:
    """What every process has: a name, a place in time, clocks that lie, and its luck."""

    world: "World"
    name: str
    wall_skew_s: float = 0.0
    rate: float = 1.0  # of its monotonic clock
    busy: bool = False  # asleep in the middle of a step
    slept: bool = False  # in this step
    born_s: float = 0.0
    epoch_s: float = 0.0
    _anchor: tuple[float, float] = (0.0, 0.0)

    def wall(self) -> float:
        """Return seconds since 1970, as this machine believes."""
        return EPOCH_S + self.world.now_s + self.wall_skew_s

    def monotonic(self) -> float:
        """Return what its monotonic clock shows."""
        return self.world.now_s * self.rate

    def anchor(self, epoch_s: float, not_before_s: float = 0.0) -> None:
        """Begin to count seconds since `epoch_s`, as the live clock does."""
        self.epoch_s = epoch_s
        self._anchor = (max(self.wall() - epoch_s, not_before_s), self.monotonic())

    def now(self) -> float:
        """Return seconds since the epoch, by the rule of the live clock."""
        wall, monotonic = self.wall() - self.epoch_s, self.monotonic()
        now, _ = after(self._anchor, wall, monotonic)
        self._anchor = (now, monotonic)
        return now

    def behind_s(self) -> float:
        """Return by how much the wall clock is behind that, by the rule of the live clock."""
        return max(self.now() - (self.wall() - self.epoch_s), 0.0)

    def store(self) -> RedisStore:
        """Return a store of its own, with the real client code over a connection that fails."""
        one = RedisStore(URL, ROLLOUT)
        world = self.world
        one._redis = Client(world.server, world.dice, world.risk, self.mishap, world.later)
        return one

    def mishap(self) -> None:
        """Die or sleep in the middle of a call."""
        world = self.world
        if world.happens("crash"):
            raise Crash
        if world.happens("pause") and not any(one.busy for one in world.processes):
            self.busy = self.slept = True
            world.run(world.now_s + world.dice.choice((3.0, 20.0, 60.0)))
            self.busy = False


@dataclass
class World:
    """Everything that is shared, and a ledger of what really happened."""

    seed: int
    dice: Random
    now_s: float = 0.0
    risk: dict[str, float] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    ledger: list[tuple[float, float]] = field(default_factory=list)  # decisions: when, exposure
    orders: list[tuple[float, Order]] = field(default_factory=list)
    reported: dict[str, float] = field(default_factory=dict)
    windows: int = 0
    uses_evidence: bool = False
    forgot: bool = False  # the server lost its memory once
    truth: dict[tuple[str, int], list[tuple[int, int, int, int]]] = field(default_factory=dict)
    leash_s: float = 200.0
    away_s: float = 15.0
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _count: int = 0
    _last: dict[str, Any] = field(default_factory=dict)  # of the journal that is written
    acting: Process | None = None

    def __post_init__(self) -> None:
        self.server = Server(self._written)

    def happens(self, what: str) -> bool:
        """Throw the dice for a fault."""
        chance = self.risk.get(what, 0.0)
        return chance > 0.0 and self.dice.random() < chance

    def at(self, when_s: float, what: Callable[[], None]) -> None:
        """Do something at a moment."""
        self._count += 1
        heapq.heappush(self._events, (when_s, self._count, what))

    def later(self, what: Callable[[], object]) -> None:
        """Do something after a while, as a slow network would."""
        self.at(self.now_s + self.dice.choice((1.0, 10.0, 40.0)), lambda: what() and None)

    def every(self, pause_s: float, who: Process, what: Callable[[], None]) -> None:
        """Let a process step again and again; while it sleeps in a step its turn is over."""

        def turn() -> None:
            self.at(self.now_s + pause_s, turn)
            if not who.busy:
                before, self.acting = self.acting, who
                who.slept = False
                what()
                self.acting = before

        self.at(self.now_s + self.dice.uniform(0.0, pause_s), turn)

    def run(self, until_s: float) -> None:
        """Let time pass; may be called by a process that sleeps in the middle of its step."""
        while self._events and self._events[0][0] <= until_s:
            when_s, _, what = heapq.heappop(self._events)
            self.now_s = max(self.now_s, when_s)
            what()
        self.now_s = max(self.now_s, until_s)

    def check(self, holds: bool, law: str) -> None:
        """Raise ViolationError if a law does not hold."""
        if not holds:
            raise ViolationError(f"at {self.now_s:.1f} s: {law}")

    def authorised(self, since_s: float) -> float:
        """Return the highest exposure that was the last written decision since a moment."""
        found = 0.0
        for when_s, exposure in reversed(self.ledger):
            found = max(found, exposure)
            if when_s <= since_s:
                break
        return found

    def _written(self, key: str, value: str) -> None:
        name = key.partition(":")[2]
        if name == "journal":
            self._entry(json.loads(redis_store.opened(value)))
        elif name == ORDER:
            self._ordered(Order.read(value))
        elif name.startswith("node:"):
            self.reported[name[5:]] = self.now_s

    def _entry(self, entry: dict[str, Any]) -> None:
        """Laws of the journal: time never goes back, evidence counts once and is whole."""
        kind, last = entry["entry"], self._last
        if kind == "start":
            self.check(not last or self.forgot, "a journal began twice")
            self._last = {"t": 0.0, "start_s": -1.0, "back": False, "epoch_s": entry["epoch_s"]}
            return
        if "t" in entry:
            self.check(entry["t"] >= last["t"], "the journal goes back in time")
            last["t"] = entry["t"]
        if kind == "window":
            self._counted(entry["window"])
        if kind == "decision":
            self.ledger.append((self.now_s, entry["exposure"]))
            age_s = entry["t"] - last.get("whole_s", 0.0)
            blind = self.uses_evidence and entry["kind"] == "raise" and age_s > STALE_S
            self.check(not blind, f"raised on evidence that is {age_s:.0f} s old")
            back = last["back"] and entry["exposure"] > 0.0
            self.check(not back, "raised again after the rollback")
            last["back"] = last["back"] or entry["kind"] == "roll_back"

    def _counted(self, window: dict[str, Any]) -> None:
        self.check(window["start_s"] > self._last["start_s"], "a slice counted twice")
        self._last["start_s"] = window["start_s"]
        self.windows += 1
        if window["completeness"] < 0.99:
            return
        self._last["whole_s"] = window["end_s"] + window["lag_s"]
        names = sorted(self.reported)
        self.check(window["source"] == "+".join(names), "whole, although a node is missing")
        slice_s = window["end_s"] - window["start_s"]
        number = round((self._last["epoch_s"] + window["start_s"]) / slice_s)
        counted = sum(window["units"][1])
        sums = {0}
        for name in names:
            told = self.truth.get((name, number), [])
            sums = {a + sum(b) for a in sums for b in told}
        self.check(counted in sums, f"{counted} units of slice {number}, nodes sent {sums}")

    def _ordered(self, order: Order | None) -> None:
        """Laws of the order: a token never falls, and nothing is ordered that was not written."""
        assert order is not None
        before = self.orders[-1][1] if self.orders else Order(0, 0, 0.0)
        self.orders.append((self.now_s, order))
        if not self.forgot:
            self.check(order.token >= before.token, "an order under a lower token")
            written = self.ledger[-1][1] if self.ledger else 0.0
            allowed = max(written, before.exposure if order.exposure <= before.exposure else 0.0)
            if order.token > before.token:
                allowed = written
            self.check(
                order.exposure <= allowed + 1e-12,
                f"{order.exposure:g} ordered, {written:g} was decided in writing",
            )
        if order.exposure > before.exposure + 1e-12 and not self._excused():
            oldest = min(self.reported.values(), default=-1e9)
            behind_s = 15.0 if "stale" in self.risk else 0.0  # as long as a replica may lag
            self.check(
                self.now_s - oldest <= self.away_s + 5.0 + behind_s,
                f"raised although a node was silent for {self.now_s - oldest:.0f} s",
            )

    def _excused(self) -> bool:
        """Whether who acts slept since it looked: nobody can act on what happened meanwhile."""
        return self.acting is None or self.acting.slept
