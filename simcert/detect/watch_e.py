"""Watch: the conditional e-process of those segments alone that somebody predicts to break."""

from dataclasses import dataclass

from simcert.detect.conditional_e import ConditionalE
from simcert.model import NEW, OLD, Window


@dataclass(slots=True)
class WatchE(ConditionalE):
    """As `conditional_e`, on the failures of `segments` together.

    Whom to watch is said before the first window, so a wrong prediction costs weight, never
    validity. r is the new arm's share of the whole slice, for the coin ignores segments.
    """

    segments: tuple[str, ...] = ()

    def update(self, window: Window) -> None:
        """Bet on the failures of the watched segments."""
        self._start(window)
        n_new, _, n_old, _ = window.tally()
        self.n += n_new + n_old
        if not n_new or not n_old:
            return
        at = [i for i, name in enumerate(window.segments) if name in self.segments]
        events = window.events(self.signal)[at].sum(axis=0).tolist()
        if sum(events):
            self._bet(events[NEW], events[NEW] + events[OLD], n_new / (n_new + n_old))
