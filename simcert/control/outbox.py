"""Outbox: the windows of a node that are on their way to the store, a bounded number of them.

A batch stays until its delivery was acknowledged, so each window is sent at least once; the reader
counts it once. If the store is away for too long the oldest are given up: they are counted here,
and missing there, where a missing window lowers the completeness.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from simcert.model import Window

BATCH = 100


class Numbered(NamedTuple):
    """A window and the number of its slice since 1970, equal on all nodes."""

    number: int
    window: Window


@dataclass(slots=True)
class Outbox:
    """Holds at most `most` windows; one thread may put while another one sends."""

    most: int = 2000
    lost: int = 0
    _held: deque[Numbered] = field(default_factory=deque)

    def put(self, one: Numbered) -> None:
        """Keep a window until it is delivered; the oldest makes room."""
        self._held.append(one)
        while len(self._held) > self.most:
            self._held.popleft()
            self.lost += 1

    def batch(self) -> list[Numbered]:
        """Return the oldest windows that wait."""
        return [*self._held][:BATCH]

    def delivered(self, batch: Sequence[Numbered]) -> None:
        """Let go of what the store acknowledged."""
        last = batch[-1].number
        while self._held and self._held[0].number <= last:
            self._held.popleft()

    def __len__(self) -> int:
        return len(self._held)
