"""Feature negotiation: what successful full handshakes negotiated, new arm against old arm."""

from dataclasses import dataclass
from math import sqrt

from simcert.detect._merge import Merging
from simcert.detect._metrics import check, measure
from simcert.detect._windowed import Windowed
from simcert.model import Verdict, Window


@dataclass(slots=True)
class FeatureRate(Windowed, Merging):
    """Fails when the share with `feature` moved by more than `tolerance` beyond chance.

    The new arm's share must stay within `tolerance` plus `z` standard errors of the old arm's, in
    either direction. Key type of the certificate itself (`ecdsa`) differs by design if the chain's
    key type does, so it is no default.
    """

    feature: str = "tls13"
    tolerance: float = 0.02
    z: float = 4.0
    n_min: int = 50

    def __post_init__(self) -> None:
        check(f"feature:{self.feature}", "new", "units")

    def _counts(self, window: Window) -> list[float]:
        metric = f"feature:{self.feature}"
        return [*measure(window, metric, "new"), *measure(window, metric, "old")]

    def _judge(self, sums: list[float]) -> None:
        has_new, n_new, has_old, n_old = sums
        if min(n_new, n_old) < max(self.n_min, 1):
            self._say(Verdict.NO_DATA, None, None, n_new)
            return
        new, old = has_new / n_new, has_old / n_old
        share = (has_new + has_old) / (n_new + n_old)
        chance = self.z * sqrt(share * (1.0 - share) * (1.0 / n_new + 1.0 / n_old))
        limit = self.tolerance + chance
        verdict = Verdict.FAIL if abs(new - old) > limit else Verdict.PASS
        self._say(verdict, new - old, limit, n_new, new=new, old=old)
