"""Bugs that are planted to see whether the simulation finds them; each takes one guard away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from simcert.control import fleet, joining, node
from simcert.control.lease import Lease
from simcert.control.loop import Loop
from simcert.control.orders import ORDER, Order
from simcert.errors import MachineError
from simcert.live import haproxy_feed, redis_store


def store_takes_any_token() -> Any:
    """The leader does not look whether a later one gave the order."""
    return patch.object(fleet.Fleet, "_outbid", lambda *_: None)


def node_takes_any_token() -> Any:
    """A node obeys an order of a lower rank, too."""

    def hear(self: node.Node, now_s: float) -> None:
        with suppress(MachineError):
            order = Order.read(self.store.get(ORDER)[0])
            if order is not None and order.rank < self.rank:
                self._order, self.rank = order, order.rank
                return
        true(self, now_s)

    true = node.Node._hear
    return patch.object(node.Node, "_hear", hear)


def windows_count_again() -> Any:
    """A window that is delivered twice is added twice."""

    def again(self: joining.Joiner, here: dict[str, Any], name: str, epoch: int) -> None:
        del self
        here[name] = (epoch, here[name][1] + here[name][1])

    return patch.object(joining.Joiner, "_again", again)


def missing_is_zero() -> Any:
    """A node that sent nothing counts as one that saw nobody."""

    def join(windows: Any, expected: int) -> Any:
        del expected
        return replace(true(windows, 1), completeness=1.0)

    true = joining.join
    return patch.object(joining, "join", join)


def old_report_is_believed() -> Any:
    """A report counts, however old it is."""

    def present(self: fleet.Fleet, name: str, now_s: float) -> bool:
        del now_s
        seen = self._seen.get(name)
        return seen is not None and seen.report.exposure is not None

    return patch.object(fleet.Fleet, "_present", present)


def raised_before_it_is_written() -> Any:
    """A decision counts as written although the journal did not take it."""

    def attempt(self: Loop, write: Callable[[], None]) -> bool:
        true(self, write)
        return True

    true = Loop._try
    return patch.object(Loop, "_try", attempt)


def takeover_asks_no_journal() -> Any:
    """A new leader renews the order that it finds, whatever was authorised."""

    def standing(self: fleet.Fleet, found: Any) -> float:
        known = self._order or found
        return known.exposure if known else 0.0

    return patch.object(fleet.Fleet, "_standing", standing)


def dead_leader_is_obeyed() -> Any:
    """A node raises on the first order that it sees, whoever left it there."""
    return patch.object(node, "NEWS", 0)


def no_leash() -> Any:
    """A node that is left alone stays where it is."""

    def wanted(self: node.Node, in_force: float, now_s: float) -> float:
        self._heard_s = now_s
        return true(self, in_force, now_s)

    true = node.Node.wanted
    return patch.object(node.Node, "wanted", wanted)


def fence_is_forgotten() -> Any:
    """A node does not write the token down before it raises."""
    return patch.object(node.Node, "_check_raise", lambda *_: None)


def journal_of_two() -> Any:
    """Entries are added behind whatever lies in the journal."""

    def append(self: Any, entry: Any) -> None:
        self._length = int(self.call("LLEN", self.key("journal")))
        true(self, entry)

    true = redis_store.RedisStore.append
    return patch.object(redis_store.RedisStore, "append", append)


def lease_never_ends() -> Any:
    """A leader believes in its lease for ever, and does not hear of others."""

    def take(self: Lease, now_s: float) -> Any:
        return self._held or true(self, now_s)

    true = Lease.take
    return patch.object(Lease, "take", take)


def hand_is_not_noticed() -> Any:
    """What was counted since the last look at the exposure is evidence, whoever changed it."""
    return patch.object(haproxy_feed.HaproxyFeed, "unsure", lambda *_: None)


def windows_leave_unlooked() -> Any:
    """A window leaves when its time is over, not when the exposure was looked at after that."""
    return patch.object(haproxy_feed.HaproxyFeed, "_known", lambda _, now_s: now_s)


PLANTS: dict[str, Callable[[], Any]] = {
    one.__name__: one
    for one in (
        store_takes_any_token,
        node_takes_any_token,
        windows_count_again,
        missing_is_zero,
        old_report_is_believed,
        raised_before_it_is_written,
        takeover_asks_no_journal,
        dead_leader_is_obeyed,
        no_leash,
        fence_is_forgotten,
        journal_of_two,
        lease_never_ends,
        hand_is_not_noticed,
        windows_leave_unlooked,
    )
}


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """Plant a bug by name; None plants none."""
    if name is None:
        yield
        return
    with PLANTS[name]():
        yield
