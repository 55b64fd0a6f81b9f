"""The journal of a rollout that several controllers share: whoever leads goes on with it."""

import json
from collections.abc import Mapping
from typing import Any

from simcert.control import journal as journals
from simcert.control.journal import Journal
from simcert.live._public import public
from simcert.live.redis_store import RedisStore

KEEP = 1000  # lines kept in memory


class LiveJournal(Journal):
    """A journal that goes on where `entries_before` end; `name` is how people find it."""

    name: str
    entries_before: list[dict[str, Any]]

    @property
    def empty(self) -> bool:
        """Whether nothing was ever written to it, by this process or an earlier one."""
        return not self.entries_before and super().empty

    @property
    def last_s(self) -> float:
        """The latest moment of earlier lives."""
        return max((float(one["t"]) for one in self.entries_before if "t" in one), default=0.0)

    def about(self, **values: object) -> None:
        """Add to what the start entry will tell."""
        self._about.update(values)

    def leave(self, word: str) -> bool:
        """Add an operator's word for the next controller; False if it will find none to obey.

        `abort` is obeyed after the end, too: a controller that begins again on the journal of a
        completed rollout would put back what it says.
        """
        entries = self.entries_before
        if not entries or (entries[-1]["entry"] == "end" and word != "abort"):
            return False
        if entries[-1].get("end") != "rolled_back":
            self.command(self.last_s, word)
        return True

    def archived(self) -> "LiveJournal":
        """Put this journal aside and return a fresh one; a shared one stays what it is."""
        return self

    def close(self) -> None:
        """Let another process have it."""


class StoreJournal(LiveJournal):
    """Kept in Redis; an entry is added behind all that this controller has read, or not at all."""

    def __init__(self, store: RedisStore, about: Mapping[str, Any] | None = None) -> None:
        super().__init__(self._append, KEEP, about)
        self._store = store
        self.name = f"{public(store.url)} {store.key('journal')}"
        text = "".join(json.dumps(one) + "\n" for one in store.entries())
        self.entries_before = journals.read(text, self.name) if text else []

    def _append(self, line: str) -> None:
        self._store.append(json.loads(line))
