"""A bank of segment e-processes: the bets of several detectors in one array, made at once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simcert.detect._row_bets import RowBets
from simcert.detect._rows import events
from simcert.model import Window

if TYPE_CHECKING:
    from simcert.detect.segment_e import SegmentE


class SegmentBank:
    """Lays out the wealth of its members side by side; whoever has nothing to bet on does not.

    Members keep views, so each is whole by itself: it may be updated alone, too, or join another
    bank, and then the next update here lays out anew.
    """

    def __init__(self) -> None:
        self._parts: list[RowBets] = []

    def __reduce__(self) -> tuple[type, tuple[()]]:
        """Let the copy of a bank lay out the copies of its members."""
        return SegmentBank, ()

    def update(self, members: Sequence["SegmentE"], window: Window) -> None:
        """Do what `update` of each member does, with the same numbers."""
        due = [one.due(window) for one in members]
        f_new = [f for f in due if f is not None]
        if len(f_new) == len(members) and _alike(members):
            self._gather(members)
            bet(members, self._bets, window, max(f_new))
            return
        for one, f in zip(members, due, strict=True):
            if f is not None:
                bet((one,), one.bets, window, f)

    def _gather(self, members: Sequence["SegmentE"]) -> None:
        """Lay the wealth of all members out in one array, unless it lies there."""
        if [one.bets for one in members] == self._parts:
            return
        self._bets = RowBets.joined([one.bets for one in members])
        self._parts = []
        first = 0
        for one in members:
            signals = len(one.signals)
            one.hold(self._bets.part(first, signals))
            self._parts.append(one.bets)
            first += signals


def _alike(members: Sequence["SegmentE"]) -> bool:
    """Return whether one bet is right for all: same segments, and the same mass to stake."""
    lead = members[0]
    names, released, even = lead.names, lead.released, lead.even
    for one in members:
        if one.released != released or one.even != even or one.names != names:
            return False
    return True


def bet(members: Sequence["SegmentE"], bets: RowBets, window: Window, f_new: int) -> None:
    """Bet for all whose wealth is in `bets`, and let each of them learn.

    None of them has more than `f_new` events of the new arm.
    """
    lead, (n_new, _, n_old, _) = members[0], window.tally()
    if lead.released != lead.even:
        bets.add(lead.released - lead.even)
        for one in members:
            one.even = one.released
    r, rest = n_new / (n_new + n_old), max(1.0 - lead.released, 0.0)
    bounded = bets.bounded(max([one.loudest for one in members]), f_new)
    bets.bet(events(window, lead.names), r, rest, bounded=bounded)
    for one in members:
        one.learn()
