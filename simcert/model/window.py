"""Window: what the servers saw in [start_s, end_s), by segment, arm and outcome."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from operator import index, itemgetter
from typing import Any, Literal, NamedTuple, Self, get_args

import numpy as np
import numpy.typing as npt

from simcert.errors import MergeError
from simcert.model.bounds import SECONDS, SHARE, SLICES, Within, refusal
from simcert.model.outcome import ARMS, NEW, OK, OLD, SIGNALS, in_signal
from simcert.model.records import FEATURES

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

TIME_EDGES_MS: npt.NDArray[np.float64] = np.logspace(0.0, 4.8, 49)
"""Limits of the handshake-time bins, 1 ms to 63 s, ten bins a decade; bin 0 lies below 1 ms."""
TIME_BINS = len(TIME_EDGES_MS) + 1

Assignment = Literal["per_connection", "salted_per_window", "salted_per_stage", "per_client"]
"""How arms are drawn: by a coin per connection; by a hash of the client, whose salt is drawn again
for every window or stage (which ends when the exposure changes); or by one hash for ever. A client
is a unit once for each coin; `per_client` has one coin only, so its units are no evidence."""


class Tally(NamedTuple):
    """Units and events of both arms: all that a two-sample test of rates needs."""

    n_new: int
    f_new: int
    n_old: int
    f_old: int


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Counts of one window, or of one slice of it: slices partition the units of their window.

    `units` [segment, arm, outcome]: first full handshake per client per window (evidence);
    `attempts` [segment, arm, outcome]: every attempt, resumed ones included;
    `resumed` [segment, arm]; `time_hist` [segment, arm, bin]: successful full handshakes;
    `features` [segment, arm, FEATURES]: of the same, both of units alone if sources are told;
    `reports` [segment, arm]: failure reports that clients sent; `probes` [arm, (asked, failed)].
    All int64. `a + b` joins sources of the same window, associative and commutative. A `mixed` one
    has connections that began under another exposure than its own: they tell nothing of the split.
    """

    start_s: float
    end_s: float
    exposure: float
    segments: tuple[str, ...]
    outcomes: tuple[str, ...]
    units: Counts
    attempts: Counts
    resumed: Counts
    time_hist: Counts
    features: Counts
    reports: Counts
    probes: Counts
    slice_index: int = 0
    slices: int = 1
    lag_s: float = 0.0
    completeness: float = 1.0
    assignment: str = "per_connection"
    source: str = ""
    mixed: bool = False
    _totals: list[list[int]] = field(init=False, repr=False)
    _tallies: dict[str, Tally] = field(init=False, repr=False, default_factory=dict)
    _by_arm: dict[str, list[list[int]]] = field(init=False, repr=False, default_factory=dict)
    _per_arm: dict[str, list[int]] = field(init=False, repr=False, default_factory=dict)
    _events: dict[str, Counts] = field(init=False, repr=False, default_factory=dict)
    _rows: dict[str, Floats] = field(init=False, repr=False, default_factory=dict)
    _summed: dict[str, Counts] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        shape = (len(self.segments), len(ARMS), len(self.outcomes))
        if self.units.shape != shape or self.attempts.shape != shape:
            raise ValueError(f"units {self.units.shape} and attempts must have shape {shape}")
        object.__setattr__(self, "_totals", self.units.sum(axis=0).tolist())

    @classmethod
    def empty(
        cls,
        start_s: float,
        end_s: float,
        exposure: float,
        segments: tuple[str, ...] = ("all",),
        outcomes: tuple[str, ...] = (OK,),
        **rest: Any,  # noqa: ANN401 - any of the remaining fields
    ) -> Self:
        """Return a window in which nothing happened; arrays may be given in `rest`."""
        s, a, o = len(segments), len(ARMS), len(outcomes)
        shapes = {
            "units": (s, a, o),
            "attempts": (s, a, o),
            "resumed": (s, a),
            "time_hist": (s, a, TIME_BINS),
            "features": (s, a, len(FEATURES)),
            "reports": (s, a),
            "probes": (a, 2),
        }
        arrays = {k: rest.pop(k, None) for k in shapes}
        rest |= {k: np.zeros(shapes[k], np.int64) if v is None else v for k, v in arrays.items()}
        return cls(start_s, end_s, exposure, segments, outcomes, **rest)

    @classmethod
    def of(
        cls,
        *,
        new: tuple[int, int],
        old: tuple[int, int],
        start_s: float = 0.0,
        end_s: float = 60.0,
        outcome: str = "alert:unknown_ca",
        **rest: Any,  # noqa: ANN401 - any of the remaining fields
    ) -> Self:
        """Return a one-segment window from (units, failed units) per arm, for trying things out."""
        by_arm = (old, new)
        try:
            legal = all(0 <= index(failed) <= index(n) for n, failed in by_arm)
        except (TypeError, ValueError):
            legal = False
        if not legal:
            raise ValueError(f"need (n, failed), 0 <= failed <= n, got new={new}, old={old}")
        units = np.array([[[n - f, f] for n, f in by_arm]], np.int64)
        total = old[0] + new[0]
        exposure = rest.pop("exposure", new[0] / total if total else 0.0)
        arrays = {"units": units, "attempts": units.copy(), **rest}
        return cls.empty(start_s, end_s, exposure, outcomes=(OK, outcome), **arrays)

    def tally(self, signal: str = "failure", segment: int | None = None) -> Tally:
        """Return units and events of `signal` per arm, of one segment (by index) or of all."""
        if segment is not None:
            return _tally(self.units[segment].tolist(), _columns(self.outcomes, signal))
        found = self._tallies.get(signal)
        if found is None:
            found = self._tallies[signal] = self._tallied(signal)
        return found

    def _tallied(self, signal: str) -> Tally:
        return _tally(self._totals, _columns(self.outcomes, signal))

    def by_arm(self, name: str) -> list[list[int]]:
        """Return an array summed over segments, as [arm][last axis]; counted once per window.

        `name` is units, attempts, time_hist or features; the lists belong to the window.
        """
        if name == "units":
            return self._totals
        found = self._by_arm.get(name)
        if found is None:
            total = self.summed(name)  # which knows already if there is nothing
            found = self._by_arm[name] = self._by_arm.get(name) or total.tolist()
        return found

    def per_arm(self, name: str) -> list[int]:
        """Return the sums of an array for [arm]; counted once per window."""
        found = self._per_arm.get(name)
        if found is None:
            rows: list[Any] = self.by_arm(name)
            found = self._per_arm.get(name)  # made beside them if there is nothing
        if found is None:
            found = rows if name == "resumed" else [sum(row) for row in rows]
            self._per_arm[name] = found
        return found

    def summed(self, name: str) -> Counts:
        """Return an array summed over segments, [arm, last axis]; counted once per window."""
        found = self._summed.get(name)
        if found is None:
            array: Counts = getattr(self, name)
            if np.count_nonzero(array):
                found = np.add.reduce(array, axis=0)
            else:  # often, for not all is told
                found, self._by_arm[name] = _nothing(array.shape[1:])
                self._per_arm[name] = [0, 0]
            self._summed[name] = found
        return found

    def events(self, signal: str = "failure") -> Counts:
        """Return the units with an event of `signal` as [segment, arm]; counted once per window."""
        found = self._events.get(signal)
        if found is None:
            found = self._events[signal] = self.units.dot(picked(self.outcomes, signal))
        return found

    def rows(self) -> Floats:
        """Return the events [new of each of SIGNALS, then both arms of each, segment].

        Counted once. They are whole numbers, as floats because they are multiplied by logarithms.
        """
        found = self._rows.get("all")
        if found is None:
            found = self._rows["all"] = rows(self.units, self.outcomes)
        return found

    @property
    def n(self) -> int:
        """Units of both arms."""
        n_new, _, n_old, _ = self.tally()
        return n_new + n_old

    @property
    def closes_window(self) -> bool:
        """Whether this is the last slice of its window."""
        return self.slice_index == self.slices - 1

    def __add__(self, other: "Window") -> "Window":
        same = ("start_s", "end_s", "exposure", "slice_index", "slices", "assignment")
        for name in same:
            if getattr(self, name) != getattr(other, name):
                mine, theirs = getattr(self, name), getattr(other, name)
                raise MergeError(f"windows differ in {name}: {mine!r} and {theirs!r}")
        segments = tuple(sorted({*self.segments, *other.segments}))
        outcomes = tuple(sorted({*self.outcomes, *other.outcomes}, key=lambda o: (o != OK, o)))
        joined: dict[str, Any] = {
            k: self._laid_out(k, segments, outcomes) + other._laid_out(k, segments, outcomes)
            for k in _AXES
        }
        sources = {*self.source.split("+"), *other.source.split("+")} - {""}
        joined |= {
            "segments": segments,
            "outcomes": outcomes,
            "lag_s": max(self.lag_s, other.lag_s),
            "completeness": min(self.completeness, other.completeness),
            "mixed": self.mixed or other.mixed,
            "source": "+".join(sorted(sources)),
        }
        return replace(self, **joined)

    def _laid_out(self, name: str, segments: tuple[str, ...], outcomes: tuple[str, ...]) -> Counts:
        """Return an array of this window on wider axes."""
        array: Counts = getattr(self, name)
        wanted = {"s": (self.segments, segments), "o": (self.outcomes, outcomes)}
        for axis, letter in enumerate(_AXES[name]):
            if letter in wanted and wanted[letter][0] != wanted[letter][1]:
                have, want = wanted[letter]
                shape = list(array.shape)
                shape[axis] = len(want)
                wide = np.zeros(shape, np.int64)
                at = [want.index(label) for label in have]
                wide[(slice(None),) * axis + (at,)] = array
                array = wide
        return array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Window) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # arrays inside

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; arrays sparse, as flat positions and counts."""
        plain = {k: getattr(self, k) for k in _PLAIN}
        plain |= {"mixed": True} if self.mixed else {}  # rare, and unknown to older journals
        arrays = {k: _sparse(getattr(self, k)) for k in _AXES}
        return {**plain, "segments": [*self.segments], "outcomes": [*self.outcomes], **arrays}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """Return the window that `to_dict` described; ValueError if it describes none."""
        plain = {k: _plain(k, state[k]) for k in _PLAIN}
        if not plain["start_s"] < plain["end_s"] or not plain["slice_index"] < plain["slices"]:
            raise ValueError("a window ends after it starts, and its slice is one of its slices")
        for k in ("segments", "outcomes"):
            plain[k] = tuple(_plain(k, one) for one in state[k])
        plain["mixed"] = state.get("mixed", False)
        if not isinstance(plain["mixed"], bool):
            raise ValueError(f"mixed = {plain['mixed']!r} is neither true nor false")
        window = cls.empty(**plain)
        filled: dict[str, Any] = {k: _dense(state[k], getattr(window, k).shape) for k in _AXES}
        return cls(**plain, **filled)


COUNT_MAX = 2**53  # beyond, other readers of JSON lose digits
_AXES = {
    "units": "sao",
    "attempts": "sao",
    "resumed": "sa",
    "time_hist": "sab",
    "features": "saf",
    "reports": "sa",
    "probes": "ap",
}
_NUMBERS = {
    "start_s": (float, SECONDS),
    "end_s": (float, SECONDS),
    "exposure": (float, SHARE),
    "slice_index": (int, Within(0)),
    "slices": (int, SLICES),
    "lag_s": (float, SECONDS),
    "completeness": (float, SHARE),
}
_PLAIN = (*_NUMBERS, "assignment", "source")


def _plain(name: str, value: Any) -> Any:  # noqa: ANN401 - JSON from outside
    """Return a value that is what its name wants: a number within its bounds, or a text."""
    if name in _NUMBERS:
        wanted = refusal(value, *_NUMBERS[name])
    elif name == "assignment":
        wanted = "" if value in get_args(Assignment) else f"one of {get_args(Assignment)}"
    else:
        wanted = "" if isinstance(value, str) else "a text"
    if wanted:
        raise ValueError(f"{name} must be {wanted}, got {value!r:.60}")
    return value


@lru_cache(maxsize=64)
def _nothing(shape: tuple[int, ...]) -> tuple[Counts, list[Any]]:
    zeros = np.zeros(shape, np.int64)
    zeros.flags.writeable = False
    return zeros, zeros.tolist()


@lru_cache(maxsize=4096)
def _columns(outcomes: tuple[str, ...], signal: str) -> Callable[[list[int]], Sequence[int]]:
    """Return what picks the events of `signal` out of the counts of an arm."""
    at = [i for i, name in enumerate(outcomes) if in_signal(name, signal)]
    if len(at) > 1:
        return itemgetter(*at)
    return itemgetter(slice(at[0], at[0] + 1) if at else slice(0))


@lru_cache(maxsize=4096)
def picked(outcomes: tuple[str, ...], signal: str) -> Counts:
    """Return 1 for each outcome that is an event of `signal`, else 0."""
    return np.array([in_signal(name, signal) for name in outcomes], np.int64)


@lru_cache(maxsize=4096)
def _rows_picked(outcomes: tuple[str, ...]) -> Floats:
    """Return which [arm, outcome] count, for each signal: in the new arm alone, then in both."""
    by_signal = np.array([picked(outcomes, signal) for signal in SIGNALS], float)
    new = np.concatenate((np.zeros_like(by_signal), by_signal), axis=1)
    return np.concatenate((new, np.concatenate((by_signal, by_signal), axis=1)))


def rows(units: Counts, outcomes: tuple[str, ...]) -> Floats:
    """Return the events of `units` [..., segment, arm, outcome] as [..., row, segment].

    Rows are those of `Window.rows`. A product of floats is much faster than one of integers, and
    exact for counts up to COUNT_MAX.
    """
    *before, segments, arms, _ = units.shape
    flat = units.reshape(-1, arms * len(outcomes)).T.astype(float, order="C")
    found: Floats = _rows_picked(outcomes).dot(flat)
    if before:
        found = np.ascontiguousarray(np.moveaxis(found.reshape(-1, *before, segments), 0, -2))
    return found


def _tally(totals: list[list[int]], events: Callable[[list[int]], Sequence[int]]) -> Tally:
    old, new = totals[OLD], totals[NEW]
    return _told((sum(new), sum(events(new)), sum(old), sum(events(old))))


_told: Callable[[tuple[int, int, int, int]], Tally] = partial(tuple.__new__, Tally)


def _sparse(array: Counts) -> list[list[int]]:
    flat = array.ravel()
    at = np.flatnonzero(flat)
    return [at.tolist(), flat[at].tolist()]


def _dense(sparse: list[list[Any]], shape: tuple[int, ...]) -> Counts:
    at, counts = sparse
    flat = np.zeros(int(np.prod(shape)), np.int64)
    if len(at) != len(counts) or any(not 0 <= i < len(flat) for i in at):
        raise ValueError(f"counts at {at} do not fit an array of shape {shape}")
    if any(not isinstance(n, int) or not 0 <= n < COUNT_MAX for n in counts):
        raise ValueError("a count is a whole number from 0 to 2^53: these do not fit")
    flat[at] = counts
    return flat.reshape(shape)
