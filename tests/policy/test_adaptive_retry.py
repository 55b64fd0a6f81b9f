"""Laws of `adaptive_retry`: later and later, smaller and smaller error, never for ever."""

from dataclasses import replace

import pytest

from simcert.model import Assessment, Kind, Phase, Progress, View
from simcert.policy.adaptive_retry import AdaptiveRetry

POLICY = AdaptiveRetry()
SEEN = Assessment(units_per_s=20.0, window_s=60.0, slices=6, windows=100)


def _rolled_back(now_s: float, attempt: int) -> View:
    progress = Progress(attempt=attempt, memory={"at_s": 0.0})
    return View(now_s, 0.0, now_s, Phase.ROLLED_BACK, SEEN, progress)


@pytest.mark.parametrize(("attempt", "wait_s"), [(1, 21_600.0), (2, 43_200.0), (3, 86_400.0)])
def test_each_cool_down_is_twice_the_one_before(attempt: int, wait_s: float) -> None:
    assert POLICY.decide(_rolled_back(wait_s - 1.0, attempt)).kind is Kind.HOLD
    again = POLICY.decide(_rolled_back(wait_s, attempt))
    assert again.kind is Kind.RAISE
    assert again.exposure == pytest.approx(0.2 / 200.0)
    assert f"alpha {POLICY.alpha_of(attempt + 1):.2g}" in again.reason


def test_the_last_attempt_is_the_last() -> None:
    assert POLICY.decide(_rolled_back(1e9, POLICY.attempts_max)).kind is Kind.HOLD


@pytest.mark.parametrize(
    ("attempt", "after"),
    [
        (1, "; attempt 2 of 4 in 21600 s"),
        (3, "; attempt 4 of 4 in 86400 s"),
        (4, "; final until an operator starts a new attempt"),
    ],
)
def test_a_rollback_tells_what_comes_after_it(attempt: int, after: str) -> None:
    proven = replace(SEEN, log_e=20.0)
    view = View(0.0, 0.1, 0.0, assessment=proven, progress=Progress(attempt=attempt))
    decision = POLICY.decide(view)
    assert decision.kind is Kind.ROLL_BACK
    assert decision.reason.endswith(after)


def test_all_attempts_spend_at_most_alpha() -> None:
    assert sum(POLICY.alpha_of(k) for k in range(1, POLICY.attempts_max + 1)) <= POLICY.alpha
