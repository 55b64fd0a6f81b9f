"""Policies that misbehave: one raises at full exposure, one takes its process with it."""

import os
from dataclasses import dataclass
from typing import ClassVar

from simcert.model import Channel, Decision, View


@dataclass(frozen=True)
class Mortal:
    """Climbs at once; dies at `hours` where the failures seen by then are an odd number."""

    how: str = "raise"
    hours: float = 1.0
    tags: ClassVar[frozenset[str]] = frozenset()

    def channels(self) -> tuple[Channel, ...]:
        return ()

    def decide(self, view: View) -> Decision:
        late = view.now_s >= self.hours * 3600.0
        if late and not view.progress.memory.get("survived") and self._cursed(view):
            if self.how == "kill":
                os._exit(9)
            raise RuntimeError("odd")
        return view.move(1.0, "at once", {"survived": late})

    def _cursed(self, view: View) -> bool:
        seen = view.assessment
        return (seen.failed_old + seen.failed_new) % 2 == 1
