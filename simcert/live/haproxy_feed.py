"""HAProxy's ring of records as a feed of windows: nothing is lost in silence.

Records come over a stream (a unix socket of mode 0600, or TCP). While no HAProxy is connected,
lines are missing or too late, the windows of that time are incomplete; silence is never success.
No window leaves before the exposure was looked at after its end, by the clock that dates records:
a hand may have changed it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from simcert.control.windowing import Windower
from simcert.live._receiver import Receiver
from simcert.live.haproxy_records import HaproxyRecords
from simcert.model import Window

UNKNOWN = 1_000_000_000  # rows lost when nobody can say how many
SLICES_MAX = 100_000  # after a longer sleep the first ones are no longer open anyway
AHEAD_S = 2.0  # a record from further in the future came from another clock
WAIT_SLICES = 10  # that a window waits for a look at the exposure before it is lost


@dataclass(slots=True)
class HaproxyFeed:
    """Cuts windows from what `receiver` holds; windows that began before `since_s` are not ours.

    `behind_s` tells by how much the clock that dates records is behind ours.
    """

    receiver: Receiver
    records: HaproxyRecords
    windower: Windower
    since_s: float = 0.0
    slice_s: float = 60.0
    behind_s: Callable[[], float] = float
    skewed: int = 0
    lost: int = 0  # records that HAProxy numbered and that never came
    _late: int = field(default=0, init=False)
    _polled_s: float = field(init=False)
    _looked_s: float = field(init=False)  # as records are dated; nobody looked before `since_s`

    def __post_init__(self) -> None:
        self._polled_s = self._looked_s = self.since_s

    def exposed(self, exposure: float, from_s: float) -> None:
        """Note the exposure in force, so that every window knows its own."""
        self._looked_s = from_s - self.behind_s()
        self.windower.exposed(exposure, from_s)

    def changing(self, from_s: float, to_s: float) -> None:
        """Note when the exposure changed, as well as it is known."""
        self.windower.changing(from_s, to_s)

    def unsure(self, from_s: float, to_s: float) -> None:
        """Note that another exposure may have been in force than we thought.

        All slices of which connections may still be told are lost: while the wall clock is behind
        they are dated in the past.
        """
        first_s = min(from_s, self._looked_s, to_s - self.windower.grace_s) - AHEAD_S
        self._lost(UNKNOWN, to_s + AHEAD_S, first_s)

    def poll(self, now_s: float) -> Sequence[Window]:
        """Return the windows that are over, as complete as they will get; MachineError if deaf."""
        for text, ends in self.receiver.take():
            if ends:
                self._add(text, ends, now_s)
        missing = self.records.lost()
        self.lost += missing
        self._lost(missing + self.windower.late - self._late, now_s)
        self._late = self.windower.late
        if not self.receiver.connected:
            self._lost(UNKNOWN, now_s)
        self._polled_s = now_s
        closed = self.windower.close(self._known(now_s))
        return [one for one in closed if one.start_s >= self.since_s - 1e-6]

    def _known(self, now_s: float) -> float:
        """Return until when slices may leave: what nobody looks at for long is lost."""
        known_s, late_s = self._looked_s + self.windower.grace_s, now_s - WAIT_SLICES * self.slice_s
        if known_s < late_s:
            self._lost(UNKNOWN, late_s, self._looked_s)
            self._looked_s = late_s - self.windower.grace_s  # what is lost needs no look
        return min(now_s, max(known_s, late_s))

    def _add(self, text: bytes, ends: list[int], now_s: float) -> None:
        batch = self.records.parse(text, ends)
        ahead = int((batch.start_s > now_s + AHEAD_S).sum())
        if ahead:  # the clocks disagree: the rows' window cannot be told
            self.skewed += ahead
            self._lost(ahead, now_s)
        else:
            self.windower.add(batch)

    def _lost(self, rows: int, now_s: float, from_s: float | None = None) -> None:
        """Note a loss in every slice since the last poll: which of them it was, nobody knows."""
        if rows <= 0:
            return
        since_s = self._polled_s if from_s is None else from_s
        first, last = int(since_s // self.slice_s), int(now_s // self.slice_s)
        for number in range(max(first, last - SLICES_MAX), last + 1):
            self.windower.lost(rows, (number + 0.5) * self.slice_s)

    def close(self) -> None:
        """Stop listening."""
        self.receiver.close()
