"""Windows of many nodes in Redis: each (node, window) once, however often it is delivered."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from simcert.live.redis_store import RedisStore
from simcert.model import Window

TTL_S = 86_400
BATCH = 200


@dataclass(frozen=True, slots=True)
class RedisWindows:
    """A hash per slice, one field per node; an index of slices by start."""

    store: RedisStore
    ttl_s: int = TTL_S

    def push(self, windows: Iterable[Window]) -> int:
        """Store windows under their `source`; return how many were not there yet."""
        pending, fresh = list(windows), 0
        for at in range(0, len(pending), BATCH):
            commands: list[tuple[object, ...]] = []
            for one in pending[at : at + BATCH]:
                name = f"{one.start_s:.6f}/{one.slice_index}"
                key = self.store.key(f"w:{name}")
                text = json.dumps(one.to_dict(), separators=(",", ":"))
                commands.append(("HSETNX", key, one.source, text))
                commands.append(("EXPIRE", key, self.ttl_s))
                commands.append(("ZADD", self.store.key("w"), one.start_s, name))
            fresh += sum(self.store.together(commands)[::3])
        return fresh

    def since(self, start_s: float) -> list[Window]:
        """Return all windows that begin after `start_s`, oldest first."""
        names = self.store.call("ZRANGEBYSCORE", self.store.key("w"), f"({start_s}", "+inf")
        found: list[Window] = []
        for at in range(0, len(names), BATCH):
            asked = [("HVALS", self.store.key(f"w:{one}")) for one in names[at : at + BATCH]]
            for texts in self.store.together(asked):
                found += [Window.from_dict(json.loads(text)) for text in texts]
        return found

    def forget(self, before_s: float) -> None:
        """Take what nobody will ask for again out of the index."""
        self.store.call("ZREMRANGEBYSCORE", self.store.key("w"), "-inf", f"({before_s}")
