"""Windows of many nodes in Redis: each (node, epoch, slice) once, however often it is delivered."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from simcert.control.joining import CELLS_MAX
from simcert.control.outbox import Numbered
from simcert.live.redis_store import RedisStore, opened, sealed
from simcert.model import Window

TTL_S = 86_400
BATCH = 200
TEXT_MAX = 4_000_000  # characters of one window
SLICES_MAX = 5000  # read at once


class Sent(NamedTuple):
    """A window as it lies in Redis: which slice, whose, and of which life of that node."""

    number: int
    node: str
    epoch: int
    window: Window


@dataclass(slots=True)
class RedisWindows:
    """A hash per slice with a field per node and epoch; an index of slices by number.

    A text that is no window is passed over and counted: its node is missing in that slice.
    """

    store: RedisStore
    ttl_s: int = TTL_S
    broken: int = field(default=0, init=False)

    def push(self, node: str, epoch: int, batch: Sequence[Numbered]) -> int:
        """Store a batch of one node; return how many windows were not there yet."""
        commands: list[tuple[object, ...]] = []
        for number, window in batch:
            key = self.store.key(f"w:{number}")
            text = sealed(json.dumps(window.to_dict(), separators=(",", ":"), allow_nan=False))
            commands.append(("HSETNX", key, f"{epoch}/{node}", text))
            commands.append(("EXPIRE", key, self.ttl_s))
            commands.append(("ZADD", self.store.key("w"), number, number))
        return sum(self.store.together(commands)[::3])

    def since(self, first: int) -> Iterator[Sent]:
        """Yield all windows from slice `first` on, oldest slice first."""
        found = self.store.call(
            "ZRANGEBYSCORE", self.store.key("w"), first, "+inf", "LIMIT", 0, SLICES_MAX
        )
        numbers = [int(one) for one in found if str(one).isdigit()]
        for at in range(0, len(numbers), BATCH):
            part = numbers[at : at + BATCH]
            asked = [("HGETALL", self.store.key(f"w:{one}")) for one in part]
            for number, fields in zip(part, self.store.together(asked), strict=True):
                yield from self._read(number, _pairs(fields))

    def _read(self, number: int, fields: Iterable[tuple[str, str]]) -> Iterator[Sent]:
        for name, text in fields:
            epoch, _, node = name.partition("/")
            try:
                yield Sent(number, node, int(epoch), _window(text))
            except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError):
                self.broken += 1

    def forget(self, before: int) -> None:
        """Take slices that nobody will ask for again out of the index."""
        self.store.call("ZREMRANGEBYSCORE", self.store.key("w"), "-inf", f"({before}")


def _pairs(fields: object) -> Iterable[tuple[str, str]]:
    """Return the fields of a hash, which comes as a mapping or as a flat list."""
    if isinstance(fields, dict):
        return fields.items()
    assert isinstance(fields, list)
    return zip(fields[::2], fields[1::2], strict=True)


def _window(text: str) -> Window:
    """Return the window in `text`; ValueError and its like if it is none, or too large."""
    if len(text) > TEXT_MAX:
        raise ValueError("too long")
    found = json.loads(opened(text))
    if len(found["segments"]) * max(len(found["outcomes"]), 50) > CELLS_MAX:
        raise ValueError("too many cells")
    return Window.from_dict(found)
