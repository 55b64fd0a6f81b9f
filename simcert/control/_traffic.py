"""What the analyzer counts for itself: units, rates, success over all connections."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from simcert.model import OK, Assessment, Reading, Verdict, Window
from simcert.model.assessment import assessed
from simcert.model.merging import State, joined, largest, smallest, state, total

MEMORY_WINDOWS = 10.0  # weight of a window in the moving rates halves in about seven


def _refusals(mine: State, theirs: State, name: str) -> str | None:
    """A refusal of either side stands."""
    return "; ".join(sorted({one for one in (mine[name], theirs[name]) if one})) or None


@dataclass(slots=True)
class Traffic:
    """Sums over the attempt, sums over the window that is being filled, moving rates."""

    at_s: float = state(largest, 0.0)
    window_s: float = 60.0
    slices: int = 1
    windows: int = state(largest, 0)
    n_old: int = state(total, 0)
    n_new: int = state(total, 0)
    failed_old: int = state(total, 0)
    failed_new: int = state(total, 0)
    last_n_old: int = state(total, 0)
    last_n_new: int = state(total, 0)
    last_failed_old: int = state(total, 0)
    last_failed_new: int = state(total, 0)
    exposure: float = state(largest, 0.0)
    complete_window: bool = state(smallest, True)
    units_per_s: float = state(total, 0.0)
    ok: float = state(total, 0.0)  # connections, forgotten with the weight of `units_per_s`
    connections: float = state(total, 0.0)
    lag_s: float = state(largest, 0.0)
    completeness: float = state(smallest, 1.0)
    refusal: str | None = state(_refusals, None)

    def add(self, window: Window, *, whole: bool = True) -> None:
        """Count one slice; one that is not `whole` is no sign of few clients.

        Before the first whole slice the rate is 0: a share of it would be believed for ten windows.
        """
        n_new, f_new, n_old, f_old = window.tally()
        self.n_new += n_new
        self.n_old += n_old
        self.failed_new += f_new
        self.failed_old += f_old
        if window.slice_index == 0:
            self.last_n_new = self.last_n_old = self.last_failed_new = self.last_failed_old = 0
        self.last_n_new += n_new
        self.last_n_old += n_old
        self.last_failed_new += f_new
        self.last_failed_old += f_old
        self._move(window, n_new + n_old, whole)
        self.windows += whole or self.windows > 0

    def _move(self, window: Window, n: int, whole: bool) -> None:
        slice_s = window.end_s - window.start_s
        weight = 1.0 / (MEMORY_WINDOWS * window.slices)
        more = n / slice_s - self.units_per_s
        if whole or (self.windows and more > 0.0):
            self.units_per_s += more * (weight if self.windows else 1.0)
        self.connections += sum(window.per_arm("attempts")) - weight * self.connections
        old, new = window.by_arm("attempts")
        at = window.outcomes.index(OK) if OK in window.outcomes else -1
        self.ok += (old[at] + new[at] if at >= 0 else 0) - weight * self.ok
        self.at_s, self.window_s, self.slices = window.end_s, slice_s * window.slices, window.slices

    @property
    def success_rate(self) -> float | None:
        """Recent share of `ok` among all connections, resumed ones included."""
        return self.ok / self.connections if self.connections else None

    def assess(
        self,
        window: Window,
        log_e: float,
        verdict: Verdict,
        readings: Mapping[str, Reading],
        refusal: str | None,
    ) -> Assessment:
        """Return the assessment after `window`."""
        self.exposure, self.complete_window = window.exposure, window.closes_window
        self.lag_s, self.completeness, self.refusal = window.lag_s, window.completeness, refusal
        return self.again(log_e, verdict, readings)

    def again(self, log_e: float, verdict: Verdict, readings: Mapping[str, Reading]) -> Assessment:
        """Return the assessment of the present state."""
        return assessed(
            (
                self.at_s,
                self.window_s,
                self.slices,
                verdict,
                log_e,
                readings,
                self.n_old,
                self.n_new,
                self.failed_old,
                self.failed_new,
                self.last_n_old,
                self.last_n_new,
                self.last_failed_old,
                self.last_failed_new,
                self.exposure,
                self.windows,
                self.complete_window,
                self.units_per_s,
                self.success_rate,
                self.lag_s,
                self.completeness,
                self.refusal,
            )
        )

    def merge(self, other: "Traffic") -> "Traffic":
        """Return the sums over two disjoint kinds of traffic; MergeError if windows are unlike."""
        if not self.at_s or not other.at_s:  # nothing was added yet
            return replace(self if self.at_s else other)
        return Traffic(**joined(self.to_dict(), other.to_dict(), fields(self)))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """Return the counts that `to_dict` described; ValueError names one that is no count."""
        values = {one.name: state[one.name] for one in fields(cls)}
        for name, value in values.items():
            said = value is None or isinstance(value, str)
            if not (said if name == "refusal" else isinstance(value, int | float)):
                raise ValueError(f"{name} = {value!r:.40} is no count")
        return cls(**values)
