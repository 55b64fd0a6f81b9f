"""Protocols: what a policy, detector, feed, actuator and store owe to the rest."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from simcert.model.assessment import Reading
from simcert.model.channel import Channel
from simcert.model.decision import Decision, View
from simcert.model.window import Window


@runtime_checkable
class Policy(Protocol):
    """A frozen dataclass of parameters with a pure `decide`; its memory travels in the decision.

    `tags` declares what is unusual about it: `needs_truth` (simulation only), `time_sliced`
    (exposure is 0 or 1 over time, not a split of traffic), `per_window` (decides only when a
    whole window is closed, not inside it), `retries` (is asked after a rollback too; a raise then
    begins a fresh attempt).
    """

    tags: ClassVar[frozenset[str]]

    def channels(self) -> tuple[Channel, ...]:
        """Name the evidence that this policy wants."""
        ...

    def decide(self, view: View) -> Decision:
        """Return the exposure wanted from now on, with its reason; no clock, no randomness."""
        ...


@runtime_checkable
class Detector(Protocol):
    """A small accumulator of sufficient statistics: window in, evidence out.

    Windows arrive once each, in order of start; equal inputs give equal outputs, and
    `from_dict(d.to_dict())` behaves as `d` does, also after a JSON round trip.
    """

    def update(self, window: Window) -> None:
        """Bet on the window first, then learn from it."""
        ...

    @property
    def log_e(self) -> float:
        """Evidence in nats against "the new certificate changes nothing"; 0 without a test."""
        ...

    def reading(self) -> Reading:
        """Return the state as a value for policies, the journal and people."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return parameters and state as JSON values."""
        ...

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """Return the detector that `to_dict` described."""
        ...


@runtime_checkable
class Mergeable(Detector, Protocol):
    """A detector whose states of *disjoint units* join: two terminators, regions or rollouts.

    Each source has coins of its own. Merging is commutative and associative, a fresh detector
    changes nothing, and where exp(log_e) is an e-process, so it is after a merger, for every
    exposure path and while merged windows follow. Which sources are merged is settled before
    anybody looks at their evidence.
    """

    def merge(self, other: Self) -> Self:
        """Return a new detector of what both saw; MergeError names a parameter that differs."""
        ...


class Bank(Protocol):
    """Updates several detectors of one kind in one go, for it costs less than one by one.

    A detector's class offers it as `bank`, and it is made without arguments, once for an analyzer.
    All that counts is in the members, and each can be updated, saved and copied by itself.
    """

    def update(self, members: Sequence[Any], window: Window) -> None:
        """Do what `update` of each member does, with the same numbers."""
        ...


class Feed(Protocol):
    """Metrics in: windows that are complete, or as complete as they will get, oldest first."""

    def poll(self, now_s: float) -> Sequence[Window]:
        """Return the windows that became final since the last call; never blocks for long."""
        ...


class Actuator(Protocol):
    """Exposure out: apply what is asked, and tell what is really in force."""

    def apply(self, exposure: float, now_s: float) -> None:
        """Ask for `exposure`; MachineError if the terminator cannot be reached."""
        ...

    def read_back(self, now_s: float) -> float:
        """Return the exposure in force at the terminator; MachineError if unknown."""
        ...


class Store(Protocol):
    """Shared state: an append-only journal and small named values with compare-and-set."""

    def append(self, entry: Mapping[str, Any]) -> None:
        """Add one journal entry durably, or raise MachineError and add nothing."""
        ...

    def entries(self) -> Sequence[Mapping[str, Any]]:
        """Return all journal entries, oldest first."""
        ...

    def get(self, key: str) -> tuple[str | None, int]:
        """Return value and version of `key`; (None, 0) if absent."""
        ...

    def get_all(self, keys: Sequence[str]) -> Sequence[str | None]:
        """Return the values of several keys, in one request."""
        ...

    def compare_and_set(self, key: str, value: str, version: int) -> bool:
        """Set `key` if its version is still `version`; return whether it was."""
        ...
