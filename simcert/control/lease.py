"""Lease: one leader at a time, and a fencing token that makes a late leader harmless; no I/O.

Any number of controllers call `take` on a shared store; the store's compare-and-set lets one of
them win. Each new holder gets a higher token; whoever changes the exposure shows its token, and
the terminator's side refuses one that is lower than the highest it has seen (M. Kleppmann, "How to
do distributed locking", 2016). A clock that jumped can cost the lease, never make two leaders act.
"""

import json
from dataclasses import dataclass, field

from simcert.errors import MachineError
from simcert.model import Store

KEY = "lease"
MARGIN = 0.25  # share of the lease at whose end a leader no longer raises: an apply takes time


@dataclass(frozen=True, slots=True)
class Held:
    """A lease in our hands: its token, and until when, by our own clock."""

    token: int
    until_s: float


@dataclass(slots=True)
class Lease:
    """What one controller knows of the lease; `holder` must be unique per process start.

    `ttl_s` by the clock of the caller: use one that does not jump back. The time of taking is read
    *before* the store is asked, so that the lease ends here before it ends there.
    """

    store: Store
    holder: str
    ttl_s: float = 15.0
    token_max: int = 0  # highest token ever seen: a store that was reset shows a lower one
    _held: Held | None = field(default=None)
    why: str = ""  # the last look brought no lease; empty if it did
    _watched: tuple[int, float] = (-1, 0.0)  # version of somebody else's lease, and since when

    def take(self, now_s: float) -> Held | None:
        """Take or renew the lease; None if another one holds it or the store does not answer.

        A lease of somebody else is over when it has not changed for its own time to live, measured
        by our clock: no clock but our own is believed.
        """
        try:
            value, version = self.store.get(KEY)
            found, self.why = _read(value), ""
            if value is not None and found is None:  # rubbish may be a lease that was garbled
                found = ("", 0, self.ttl_s)
            if found is not None and found[0] != self.holder:
                self.token_max = max(self.token_max, found[1])
                if self._alive(found, version, now_s):
                    self._held, self.why = None, _leads(found[0])
                    return None
            return self._write(found, version, now_s)
        except MachineError as error:
            self.why = f"nobody knows who leads: {error}"
            return self.held(now_s)  # what we hold we keep until it ends

    def _alive(self, found: tuple[str, int, float], version: int, now_s: float) -> bool:
        if self._watched[0] != version:
            self._watched = (version, now_s)
        return now_s < self._watched[1] + found[2]

    def _write(
        self, found: tuple[str, int, float] | None, version: int, now_s: float
    ) -> Held | None:
        token = self._next_token(found, now_s)
        value = json.dumps({"holder": self.holder, "token": token, "ttl_s": self.ttl_s})
        if not self.store.compare_and_set(KEY, value, version):
            self._held, self.why = None, "another controller was faster"
            return None
        self.token_max = token
        self._held = Held(token, now_s + self.ttl_s)
        return self._held

    def _next_token(self, found: tuple[str, int, float] | None, now_s: float) -> int:
        """Keep the token while the lease was never lost; else one above all that were seen."""
        mine = self.held(now_s)
        if mine is not None and found is not None and found[:2] == (self.holder, mine.token):
            return mine.token
        return max(self.token_max, found[1] if found else 0) + 1

    def held(self, now_s: float) -> Held | None:
        """Return the lease if it is ours now, whatever the store would say."""
        if self._held is None or now_s >= self._held.until_s:
            return None
        if self._held.until_s - now_s > self.ttl_s:  # the clock went back: nothing is certain
            return None
        return self._held

    def may_raise(self, now_s: float) -> bool:
        """Return whether there is time enough left to raise; lowering needs no lease at all."""
        held = self.held(now_s)
        return held is not None and held.until_s - now_s > MARGIN * self.ttl_s

    def outbid(self, token: int) -> None:
        """Somebody showed a higher token: ours is worth nothing, the next one will be above it.

        This happens if the store lost its memory; what is in force did not.
        """
        self.token_max = max(self.token_max, token)
        self._held = None

    def give_up(self, now_s: float) -> None:
        """Let somebody else lead at once; a store that does not answer is left alone."""
        held, self._held = self.held(now_s), None
        if held is None:
            return
        try:
            value, version = self.store.get(KEY)
            found = _read(value)
            if found is not None and found[:2] == (self.holder, held.token):
                gone = json.dumps({"holder": "", "token": held.token, "ttl_s": 0.0})
                self.store.compare_and_set(KEY, gone, version)
        except MachineError:
            return


def _leads(holder: str) -> str:
    """Say who leads: what stands in the store may be anybody's text."""
    return f"another controller leads: {holder!r:.100}" if holder else "the lease has no holder yet"


def _read(value: str | None) -> tuple[str, int, float] | None:
    """Return holder, token and time to live; None if the value is no lease of ours."""
    if value is None:
        return None
    try:
        found = json.loads(value)
        return str(found["holder"]), int(found["token"]), float(found["ttl_s"])
    except (ValueError, KeyError, TypeError):
        return None
