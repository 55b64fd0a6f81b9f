"""Node: one terminator's side of a fleet; obeys the newest order, and lowers alone if it is left.

A lower token or an older order is refused; a raise needs a leader that was seen alive by this very
process. A node that hears nothing for `leash_s` falls to the safe exposure. No I/O: the store and
the actuator are handed in, and so is the clock, one that never jumps.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from simcert.control.orders import ORDER, Order, Rank, Report, report_key, same
from simcert.errors import MachineError
from simcert.model import Actuator, Store

NEWS = 2  # signs of life of a leader; one may only show that the first look was into the past
OWN_CLOCK_S = 0.0  # whoever labels windows knows the time of their grid; ours only counts seconds
HURRY_S = 2.0  # an order that was read longer ago is read again before anything is raised


@dataclass(slots=True)
class Node:
    """`remember` writes an order where a crash leaves it, before anything is raised because of it.

    `kept` is the last one that was written: no older one is obeyed, and a final one stands alone.
    """

    name: str
    store: Store
    actuator: Actuator
    clock: Callable[[], float]
    leash_s: float
    safe_exposure: float
    remember: Callable[[Order], None]
    kept: Order | None = None
    rank: Rank = (0, 0)  # highest that was ever seen
    served: Callable[[], tuple[str, ...]] = tuple
    lost: Callable[[], int] = int
    born: int = 1  # an epoch is no lower: seconds since 1970, so that they grow without the store
    epoch: int = 0  # 0 until the store gave us one
    refused: int = 0  # orders that were older than one we had seen
    trouble: str = ""
    in_force: float | None = None  # as read back last; None: nobody knows
    _order: Order | None = None
    _news: int = 0  # how often the leader was seen alive since we began
    _heard_s: float | None = None  # the leader gave a sign of life after that
    _looked_s: float = 0.0  # when the store answered last
    _beat: int = 0

    def __post_init__(self) -> None:
        if self.kept is not None:
            self.rank = self.kept.rank
            self._order = self.kept if self.kept.final else None

    def step(self) -> bool:
        """Hear, obey, read back, report; False if another process took this node over."""
        began_s, self.trouble = self.clock(), ""
        if self._heard_s is None:
            self._heard_s = self._looked_s = began_s
        self._hear(began_s)
        in_force = self._read_back()
        if in_force is not None and self._obey(in_force, began_s):
            in_force = self._read_back()
        self.in_force = in_force
        return self._report(in_force)

    def _hear(self, now_s: float) -> None:
        """Take the order in, unless it is older than one that we know."""
        before_s = self._looked_s
        try:
            order = Order.read(self.store.get(ORDER)[0])
        except MachineError as error:
            self.trouble = f"store: {error}"
            return
        known = self._order
        if order is None:  # none was given yet, or the way garbled it
            return
        if order.rank < self.rank:
            self.refused += 1
            return
        self._looked_s = now_s
        if known is None:
            self._order, self.rank = order, order.rank  # perhaps of a leader long dead
        elif (order.rank, order.beat) > (known.rank, known.beat):
            self._order, self.rank = order, order.rank
            self._news, self._heard_s = self._news + 1, before_s  # it is younger than that
        outdated = self.kept is not None and self.kept.final  # would stand alone after a crash
        if (order.final or outdated) and self._order == order and self.kept != order:
            self._keep(order)

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
        return asked if self._news >= NEWS else min(asked, in_force)

    def _obey(self, in_force: float, began_s: float) -> bool:
        wanted = self.wanted(in_force, began_s)
        if same(wanted, in_force):
            return False
        try:
            if wanted > in_force:
                self._check_raise(began_s)
            self.actuator.apply(wanted, OWN_CLOCK_S)
        except MachineError as error:
            self.trouble = f"actuator: {error}"
        return True

    def _check_raise(self, began_s: float) -> None:
        """MachineError if the order may be outdated by now, or cannot be remembered."""
        if not 0.0 <= self.clock() - began_s <= HURRY_S:
            raise MachineError("not raised: the order was read too long ago")
        order = self._order
        if order is not None and (self.kept is None or self.kept.rank < order.rank):
            self.remember(order)
            self.kept = order

    def _keep(self, order: Order) -> None:
        """Remember a final order, or what is newer than one; else the store still has it."""
        with suppress(MachineError):
            self.remember(order)
            self.kept = order

    def _read_back(self) -> float | None:
        try:
            return self.actuator.read_back(OWN_CLOCK_S)
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
            epoch = self.epoch or max(theirs + 1, self.born)
            self._beat += 1
            text = self._said(epoch, in_force).text()
            if self.store.compare_and_set(report_key(self.name), text, version):
                self.epoch = epoch
        return True

    def _said(self, epoch: int, in_force: float | None) -> Report:
        trouble = self.trouble[:300]
        return Report(epoch, self._beat, self.rank, in_force, self.served(), self.lost(), trouble)
