"""Oracle: knows the truth; what no policy can beat. Simulation only."""

from dataclasses import dataclass
from typing import ClassVar

from simcert.model import Channel, Decision, View, bounds
from simcert.model.bounds import Share


@dataclass(frozen=True, slots=True)
class Oracle:
    """A harmless certificate goes to 1 at once, a harmful one is withdrawn before anybody saw it.

    `tolerated_share` of harmed clients still counts as harmless.
    """

    tags: ClassVar[frozenset[str]] = frozenset({"needs_truth"})

    tolerated_share: Share = 0.0

    def __post_init__(self) -> None:
        bounds.check(self)

    def channels(self) -> tuple[Channel, ...]:
        """Return nothing: the truth needs no evidence."""
        return ()

    def decide(self, view: View) -> Decision:
        """Return all or nothing; without the truth nothing moves."""
        if view.truth is None:
            return view.hold("no truth was given: the oracle speaks in simulations only")
        known = f"tolerated {self.tolerated_share:g}, known before any client (n = 0)"
        harm = f"{view.truth.harmed_share:.4g} of the clients are harmed, {known}"
        if view.truth.harmed_share > self.tolerated_share:
            return view.roll_back(f"roll back: {harm}")
        return view.complete(f"complete: {harm}")
