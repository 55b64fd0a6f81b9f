"""Node: one terminator's side of a fleet; obeys the newest order, and lowers alone if it is left.

A lower token or an older order is refused; a raise needs a leader that was seen alive by this very
process. A node that hears nothing for `leash_s` falls to the safe exposure. No I/O: the store and
the actuator are handed in, and so is the clock, one that never jumps.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from simcert.control.orders import ORDER, Order, Rank, Report, report_key, same
from simcert.errors import MachineError
from simcert.model import Actuator, Store

HURRY_S = 2.0  # an order that was read longer ago is read again before anything is raised


@dataclass(slots=True)
class Node:
    """`remember` writes the highest rank where a crash leaves it, before anything is raised."""

    name: str
    store: Store
    actuator: Actuator
    clock: Callable[[], float]
    leash_s: float
    safe_exposure: float
    remember: Callable[[Rank], None]
    rank: Rank = (0, 0)  # highest that was ever seen
    served: Callable[[], tuple[str, ...]] = tuple
    lost: Callable[[], int] = int
    epoch: int = 0  # 0 until the store gave us one
    refused: int = 0  # orders that were older than one we had seen
    trouble: str = ""
    _order: Order | None = None
    _sure: bool = False  # the leader was seen alive since we began
    _heard_s: float | None = None
    _kept: Rank = field(default=(0, 0), init=False)
    _beat: int = 0

    def __post_init__(self) -> None:
        self._kept = self.rank

    def step(self) -> bool:
        """Hear, obey, read back, report; False if another process took this node over."""
        began_s, self.trouble = self.clock(), ""
        if self._heard_s is None:
            self._heard_s = began_s
        self._hear(began_s)
        in_force = self._read_back()
        if in_force is not None and self._obey(in_force, began_s):
            in_force = self._read_back()
        return self._report(in_force)

    def _hear(self, now_s: float) -> None:
        """Take the order in, unless it is older than one that we know."""
        try:
            order = Order.read(self.store.get(ORDER)[0])
        except MachineError as error:
            self.trouble = f"store: {error}"
            return
        if order is None:
            return
        known = self._order
        if order.rank < self.rank:
            self.refused += 1
        elif known is None:
            self._order, self.rank = order, order.rank  # perhaps of a leader long dead
        elif (order.rank, order.beat) > (known.rank, known.beat):
            self._order, self.rank = order, order.rank
            self._sure, self._heard_s = True, now_s

    def wanted(self, in_force: float, now_s: float) -> float:
        """Return the exposure to have in force now."""
        order = self._order
        if order is not None and order.final:
            return order.exposure
        asked = in_force if order is None else order.exposure
        assert self._heard_s is not None  # the first step began
        if not 0.0 <= now_s - self._heard_s <= self.leash_s:
            self.trouble = "left alone: safe exposure"
            return min(asked, max(self.safe_exposure, 0.0), in_force)
        return asked if self._sure else min(asked, in_force)

    def _obey(self, in_force: float, began_s: float) -> bool:
        wanted = self.wanted(in_force, began_s)
        if same(wanted, in_force):
            return False
        try:
            if wanted > in_force:
                self._check_raise(began_s)
            self.actuator.apply(wanted, began_s)
        except MachineError as error:
            self.trouble = f"actuator: {error}"
        return True

    def _check_raise(self, began_s: float) -> None:
        """MachineError if the order may be outdated by now, or cannot be remembered."""
        if not 0.0 <= self.clock() - began_s <= HURRY_S:
            raise MachineError("not raised: the order was read too long ago")
        if self._kept < self.rank:
            self.remember(self.rank)
            self._kept = self.rank

    def _read_back(self) -> float | None:
        try:
            return self.actuator.read_back(self.clock())
        except MachineError as error:
            self.trouble = f"read-back: {error}"
            return None

    def _report(self, in_force: float | None) -> bool:
        """Tell what is in force; a store that does not answer is asked again at the next step."""
        with suppress(MachineError):
            value, version = self.store.get(report_key(self.name))
            there = Report.read(value)
            theirs = there.epoch if there is not None else 0
            if self.epoch and theirs > self.epoch:
                return False
            epoch = self.epoch or theirs + 1
            self._beat += 1
            text = self._said(epoch, in_force).text()
            if self.store.compare_and_set(report_key(self.name), text, version):
                self.epoch = epoch
        return True

    def _said(self, epoch: int, in_force: float | None) -> Report:
        trouble = self.trouble[:300]
        return Report(epoch, self._beat, self.rank, in_force, self.served(), self.lost(), trouble)
