"""Prometheus as a feed for thin deployments: raw counters, own differences, gaps told as gaps.

Never `increase()`: it extrapolates (104.65 for 100 events), and shows 0 for a series that was born
with its first failures. Four instant queries give the totals per arm, all of one moment: totals of
two scrapes would be failures that never were. A scrape that is missing, old or restarted in between
makes the window incomplete, never empty.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simcert.control.counters import Counters
from simcert.errors import MachineError
from simcert.live._public import public, why
from simcert.live._queries import Queries
from simcert.model import ARMS, OK, Window

FAILED = "close"  # a counter knows no alerts
ATTEMPTS, COMPLETED = "attempts", "completed"
CLOCK = "vector(time())"
SETTLED_S = 0.25  # what a scrape may take; one that takes longer is noticed


@dataclass(slots=True)
class _Prometheus:
    url: str
    timeout_s: float

    def value(self, query: str, at_s: float | None = None) -> float:
        """Return the one value of a query at a moment, or now; MachineError if there is none."""
        import httpx

        asked = {"query": query} if at_s is None else {"query": query, "time": f"{at_s:.3f}"}
        try:
            with httpx.Client(trust_env=False, timeout=self.timeout_s) as client:
                answer = client.get(f"{self.url}/api/v1/query", params=asked)
            answer.raise_for_status()
            found: list[dict[str, Any]] = answer.json()["data"]["result"]
            return float(found[0]["value"][1])
        except IndexError:
            raise MachineError(f"{public(self.url)}: no sample for {query}") from None
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise MachineError(f"{public(self.url)}: {query}: {why(error)}") from None


@dataclass(slots=True)
class PrometheusFeed:
    """One window per `window_s` from differences of totals; attempts count as units.

    A window is read once the samples of its end are there. It is incomplete (0) if the terminator
    restarted in it, a sample was older than `stale_s`, or the exposure changed inside.
    """

    url: str
    window_s: float
    stale_s: float = 60.0
    since_s: float = 0.0
    queries: Queries = field(default_factory=Queries)
    timeout_s: float = 2.0
    _counters: Counters = field(default_factory=Counters)
    _end_s: float = field(init=False)
    _exposure: float = 0.0
    _changed: bool = False
    _whole: bool = True

    def __post_init__(self) -> None:
        self._end_s = (self.since_s // self.window_s + 1) * self.window_s

    def exposed(self, exposure: float, from_s: float) -> None:
        """Note the exposure in force; a window of two exposures is no evidence."""
        del from_s
        self._changed = self._changed or exposure != self._exposure
        self._exposure = exposure

    def changing(self, from_s: float, to_s: float) -> None:
        """A change makes its window no evidence: nothing to note here."""

    def unsure(self, from_s: float, to_s: float) -> None:
        """Nor here, whoever made the change."""

    def poll(self, now_s: float) -> Sequence[Window]:
        """Return the window that ended; MachineError while Prometheus does not answer."""
        if now_s < self._end_s:
            return ()
        # asked late, the totals are those of more than one window: none of them can be told apart
        late = now_s >= self._end_s + self.window_s
        end_s = now_s // self.window_s * self.window_s
        self._end_s = end_s + self.window_s
        before = self._whole and not late and not self._changed
        self._whole, self._changed = False, False  # until this reading succeeds
        first = not self._counters.epoch
        counts, complete = self._increase()
        self._whole = True
        return () if first else (self._window(end_s, counts, complete and before),)

    def _increase(self) -> tuple[Mapping[str, float], bool]:
        prometheus = _Prometheus(self.url, self.timeout_s)
        at_s = prometheus.value(CLOCK) - SETTLED_S
        age_s = prometheus.value(self.queries.age_s, at_s)
        epoch = f"{prometheus.value(self.queries.epoch, at_s):.0f}"
        totals = {}
        for arm in ARMS:
            for name in (ATTEMPTS, COMPLETED):
                query: str = getattr(self.queries, name)
                totals[f"{arm}.{name}"] = prometheus.value(query.replace("{arm}", arm), at_s)
        if prometheus.value(self.queries.age_s, at_s) != age_s:
            raise MachineError(f"{public(self.url)}: a late scrape came in between two totals")
        increase = self._counters.read(epoch, totals)
        return increase.counts, increase.complete and age_s <= self.stale_s

    def _window(self, end_s: float, counts: Mapping[str, float], complete: bool) -> Window:
        units = np.zeros((1, len(ARMS), 2), np.int64)
        for a, arm in enumerate(ARMS):
            tried, done = (int(counts.get(f"{arm}.{name}", 0)) for name in (ATTEMPTS, COMPLETED))
            units[0, a] = min(done, tried), max(tried - done, 0)
        return Window.empty(
            end_s - self.window_s,
            end_s,
            self._exposure,
            outcomes=(OK, FAILED),
            units=units,
            attempts=units.copy(),
            completeness=float(complete),
            source="prometheus",
        )
