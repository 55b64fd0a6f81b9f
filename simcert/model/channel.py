"""Channel: one stream of evidence that a policy asks for, by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Channel:
    """A request for one detector; the analyzer builds it and reports its `Reading` under `name`.

    `detector` is a file stem of `simcert/detect`, `params` its constructor arguments. `weight` is
    the channel's share in the rollback evidence, a weighted average of e-processes: 0 for channels
    that only inform (bounds, suspicion, thresholds); the weights of a policy sum to at most 1.
    """

    name: str
    detector: str
    params: Mapping[str, object] = field(default_factory=dict)
    weight: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.weight <= 1.0:
            raise ValueError(f"channel {self.name}: weight {self.weight} is not in [0, 1]")
