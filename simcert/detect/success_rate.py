"""Success rate: the share of units that ended `ok`, window by window, against a fixed limit."""

from dataclasses import dataclass

from simcert.detect._merge import Merging
from simcert.detect._metrics import check, measure
from simcert.detect._windowed import Windowed
from simcert.model import Verdict, Window
from simcert.model.merging import either, state


@dataclass(slots=True)
class SuccessRate(Windowed, Merging):
    """Fails when `datapoints` of the last `of` windows with at least `n_min` were below `limit`.

    `arm` is new, old or both; `over` is `units` or `attempts` (every connection, resumed ones
    included). Windows with fewer than `n_min` say nothing and are not remembered. Merged, a window
    is below if it was for either side.
    """

    limit: float = 0.95
    arm: str = "new"
    over: str = "units"
    n_min: int = 1
    datapoints: int = 1
    of: int = 1
    below: list[bool] = state(either, factory=list)  # newest last

    def __post_init__(self) -> None:
        check("success_rate", self.arm, self.over)
        if not 1 <= self.datapoints <= self.of:
            raise ValueError(f"need 1 <= datapoints <= of, got {self.datapoints} of {self.of}")

    def _counts(self, window: Window) -> list[float]:
        return [*measure(window, "success_rate", self.arm, self.over)]

    def _close(self, sums: list[float]) -> None:
        ok, n = sums
        if n >= max(self.n_min, 1):
            self.below = [*self.below, ok / n < self.limit][-self.of :]
        self._judge(sums)

    def _judge(self, sums: list[float]) -> None:
        ok, n = sums
        if n < max(self.n_min, 1):
            self._say(Verdict.FAIL if self._rings() else Verdict.NO_DATA, None, self.limit, n)
            return
        self._say(Verdict.FAIL if self._rings() else Verdict.PASS, ok / n, self.limit, n)

    def _rings(self) -> bool:
        return sum(self.below) >= self.datapoints
