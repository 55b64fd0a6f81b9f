"""What happened lately, for people and scrapes: decisions, windows, success per arm."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simcert.live._metrics import Metrics
from simcert.model import ARMS, Decision, Feed, Window

KEPT = 500


@dataclass(slots=True)
class Watch:
    """A feed that passes windows on and remembers them; memory is bounded."""

    feed: Feed
    metrics: Metrics = field(default_factory=Metrics)
    moves: deque[list[Any]] = field(default_factory=lambda: deque(maxlen=KEPT))
    windows: deque[list[Any]] = field(default_factory=lambda: deque(maxlen=KEPT))

    def poll(self, now_s: float) -> Sequence[Window]:
        """Return what the feed has."""
        found = self.feed.poll(now_s)
        for one in found:
            self.metrics.window(one)
            n_new, f_new, n_old, f_old = one.tally()
            self.windows.append([one.end_s, one.exposure, n_old, f_old, n_new, f_new])
        return found

    def decided(self, now_s: float, decision: Decision) -> None:
        """Remember a decision if it changed the exposure, and count it."""
        self.metrics.decision(decision.kind)
        if not self.moves or self.moves[-1][1] != decision.exposure:
            self.moves.append([now_s, decision.exposure, decision.kind.value, decision.reason])

    def shown(self) -> Mapping[str, Any]:
        """Return the history as JSON values."""
        totals = self.metrics.handshakes
        mix = {arm: {what: n for (a, what), n in totals.items() if a == arm} for arm in ARMS}
        return {"moves": [*self.moves], "windows": [*self.windows], "outcomes": mix}
