"""Fleet: the leader's side of many terminators; one order for all, confirmed when all report it.

It is an actuator over the store: `apply` publishes an order under the leader's token, `read_back`
believes only reports of nodes that this process saw alive. While a node is away, nobody knows what
is in force: nothing is confirmed and nothing is raised. Lowering asks nobody.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from simcert.control.orders import ORDER, Order, Rank, Report, report_key, same
from simcert.errors import MachineError
from simcert.model import Store

UNREAD_MAX = 3  # after so many looks it was not the way that garbled it: it is written anew


@dataclass(slots=True)
class _Seen:
    """The last report of a node; it was written after `since_s`, by our own clock."""

    report: Report
    since_s: float
    looked_s: float  # when the store showed it last
    news: int = 0  # how often it said something new while we watched

    @property
    def alive(self) -> bool:
        """Twice: once may only show that the first look was into the past."""
        return self.news >= 2


@dataclass(slots=True)
class Fleet:
    """Drives `nodes`; token 0 only looks (a rehearsal). `outbid` hears of a higher token."""

    store: Store
    nodes: tuple[str, ...]
    token: int = 0
    away_s: float = 10.0
    served: tuple[str, ...] = ()  # what the nodes must serve before anything is raised
    outbid: Callable[[int], None] = lambda _: None
    authorised: Callable[[], float] = lambda: 1.0  # no order that is renewed lies above it
    clock: Callable[[], float] | None = None  # for the age of reports: one that is never slowed
    _order: Order | None = field(default=None, init=False)  # that we know to be published
    _seen: dict[str, _Seen] = field(default_factory=dict, init=False)
    _confirmed: float | None = field(default=None, init=False)
    _confirmed_rank: Rank = field(default=(0, 0), init=False)  # of the order that it was of
    _unread: int = field(default=0, init=False)  # times that the order was no order

    def _time(self, now_s: float) -> float:
        return now_s if self.clock is None else self.clock()

    def apply(self, exposure: float, now_s: float) -> None:
        """Publish an order; MachineError if a later leader did, or for a raise that may not be."""
        if self._order is None:
            self._publish(None)
        if self._order is None or exposure > self._order.exposure:
            self._look(now_s)
            if why := self.refusal(now_s):
                raise MachineError(f"not raised: {why}")
        else:  # whether or not this one arrives, we stand by the higher one no more
            self._order = replace(self._order, exposure=exposure)
        self._publish(exposure)

    def read_back(self, now_s: float) -> float:
        """Return the exposure that all nodes have in force; MachineError while nobody knows.

        Before all have heard of the order, this is what was confirmed last; of different ones the
        highest if it is above the order, else the lowest.
        """
        if self.token:
            self._publish(None)
        self._look(now_s)
        if away := self.away(now_s):
            raise MachineError(f"{_listed(away)} away: the exposure in force is unknown")
        shares = [self._seen[name].report.exposure or 0.0 for name in self.nodes]
        order = self._order
        if order is None:
            return max(shares)
        ranks = [self._seen[name].report.rank for name in self.nodes]
        if any(rank != order.rank for rank in ranks) and self._confirmed is not None:
            return self._confirmed
        self._confirmed, self._confirmed_rank = _overall(shares, order.exposure), order.rank
        return self._confirmed

    def finish(self) -> None:
        """The rollout is over: let the order stand without a leader.

        MachineError until all nodes confirmed to this process that they have it in force.
        """
        order, wanted = self._order, self.authorised()
        known = order is not None and self._confirmed_rank == order.rank
        if not known or self._confirmed is None or not same(self._confirmed, wanted):
            raise MachineError("not all nodes confirmed the last order yet")
        self._publish(wanted, final=True)

    def refusal(self, now_s: float) -> str:
        """Say why nothing may be raised now, or nothing."""
        if away := self.away(now_s):
            return f"{_listed(away)} away"
        for name in self.nodes:
            report = self._seen[name].report
            if self.served and report.served != self.served:
                return f"node {name} serves other certificates"
        return ""

    def away(self, now_s: float) -> list[str]:
        """Return the nodes that say nothing new, or do not know what they have in force."""
        return [name for name in self.nodes if not self._present(name, now_s)]

    def _present(self, name: str, now_s: float) -> bool:
        seen = self._seen.get(name)
        if seen is None or not seen.alive or seen.report.exposure is None:
            return False
        return 0.0 <= self._time(now_s) - seen.since_s <= self.away_s

    def shown(self, now_s: float) -> list[Mapping[str, Any]]:
        """Return the nodes as JSON values, for status."""
        return [self._node(name, now_s) for name in self.nodes]

    def _node(self, name: str, now_s: float) -> Mapping[str, Any]:
        seen = self._seen.get(name)
        report = seen.report if seen else Report(0, 0)
        known = {"node": name, "away": not self._present(name, now_s), "epoch": report.epoch}
        more = {"lost": report.lost, "trouble": report.trouble}
        return {**known, "exposure": report.exposure, **more}

    def _look(self, now_s: float) -> None:
        """Read all reports; MachineError if one shows that a later leader was here."""
        keys = [report_key(name) for name in self.nodes]
        found = [Report.read(text) for text in self.store.get_all(keys)]
        for name, report in zip(self.nodes, found, strict=True):
            if report is not None:
                self._see(name, report, self._time(now_s))
        highest = max((one.rank[0] for one in found if one is not None), default=0)
        if highest > self.token > 0:
            self._outbid(highest)

    def _see(self, name: str, report: Report, now_s: float) -> None:
        """A report that was not there when we looked before is younger than that look.

        One that is older than what we saw comes from a store that lags behind: it tells nothing.
        """
        seen = self._seen.get(name)
        if seen is None:
            self._seen[name] = _Seen(report, float("-inf"), now_s)
            return
        mine, its = (seen.report.epoch, seen.report.beat), (report.epoch, report.beat)
        if its > mine:
            self._seen[name] = _Seen(report, seen.looked_s, now_s, seen.news + 1)
        elif its == mine:
            seen.looked_s = now_s

    def _publish(self, exposure: float | None, *, final: bool = False) -> None:
        """Write the order, or the one that stands with a new beat; never over a later leader's."""
        value, version = self.store.get(ORDER)
        found = Order.read(value)
        if value is not None and found is None:
            self._unread += 1
            if self._unread < UNREAD_MAX:
                raise MachineError("the order in the store cannot be read")
        if found is not None and found.token > self.token:
            self._outbid(found.token)
        order = self._next(found, exposure, final=final)
        if not self.store.compare_and_set(ORDER, order.text(), version):
            raise MachineError("another controller gave an order at the same time")
        self._order, self._unread = order, 0

    def _next(self, found: Order | None, exposure: float | None, *, final: bool) -> Order:
        """A new leader takes over what stands; with nothing there, nobody is to be exposed."""
        share = self._standing(found) if exposure is None else exposure
        if found is None or found.token < self.token:
            number = self._order.number + 1 if self._order else 1
            return Order(self.token, number, share, 1, final)
        changed = share != found.exposure or final != found.final
        number = max(found.number, self._order.number if self._order else 0) + changed
        return Order(self.token, number, share, found.beat + 1, final)

    def _standing(self, found: Order | None) -> float:
        """Return the exposure to stand by: the lowest of ours, the store's and the authorised."""
        known = [one.exposure for one in (self._order, found) if one is not None]
        if self._order is not None and found is not None and found.token < self.token:
            known.pop()  # the store was reset to what an earlier leader wanted
        return min(*known, self.authorised()) if known else 0.0

    def _outbid(self, token: int) -> None:
        self.outbid(token)
        raise MachineError(f"a leader with token {token} was here, ours is {self.token}")


def _overall(shares: Sequence[float], ordered: float) -> float:
    high, low = max(shares), min(shares)
    if same(high, ordered) and same(low, ordered):
        return ordered
    return high if high > ordered and not same(high, ordered) else low


def _listed(names: Sequence[str]) -> str:
    return ("node " if len(names) == 1 else "nodes ") + ", ".join(names)
