"""Evidence whose unit is not valid moves nothing: each way to be invalid, by name."""

import numpy as np
import pytest

from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.model import Kind, Window
from simcert.policy.adaptive import Adaptive
from simcert.scenario.build import analyzer_maker

SPOILT = {
    "assignment per client": {"assignment": "per_client"},
    "resumed handshakes are counted as units: at least 30": {"resumed": np.array([[0, 40]])},
    "one-sided telemetry: 0 new": {"new": (0, 0), "old": (2_000, 40)},
    "one-sided telemetry: 100 new and 0 old": {
        "old": (0, 0),
        "attempts": np.array([[[0, 0], [20, 90]]]),
    },
    "window incomplete": {"completeness": 0.98},
}


def flown() -> Rollout:
    """A rollout that has seen one proper window."""
    policy = Adaptive()
    rollout = Rollout(policy, analyzer_maker(policy), Plan())
    rollout.confirm(0.05, 0.0)
    rollout.receive(window(0, new=(100, 2)))
    return rollout


def window(i: int, **change: object) -> Window:
    """100 of 2,000 units saw the new certificate; of its 110 connections 10 were resumed."""
    told = {"new": (100, 90), "old": (1_900, 38), "exposure": 0.05, **change}
    attempts = np.array([[[1_862, 38], [20, 90]]])
    if "old" in change:
        attempts = np.array([[[1_960, 40], [0, 0]]])
    told = {"attempts": attempts, "resumed": np.array([[0, 10]]), **told}
    return Window.of(start_s=60.0 * i, end_s=60.0 * i + 60.0, **told)  # type: ignore[arg-type]


@pytest.mark.parametrize("said", SPOILT)
def test_a_proof_from_spoilt_evidence_withdraws_nothing(said: str) -> None:
    rollout = flown()
    rollout.receive(window(1, **SPOILT[said]))
    decision = rollout.tick(120.0)
    assert said in str(rollout.assessment.refusal)
    assert (decision.kind, decision.exposure) == (Kind.HOLD, rollout.authorised)
    assert said in decision.reason


@pytest.mark.parametrize("said", SPOILT)
def test_no_detector_is_shown_it_so_a_proper_window_after_it_withdraws_nothing(said: str) -> None:
    rollout = flown()
    before = rollout.assessment.log_e
    rollout.receive(window(1, **SPOILT[said]))
    assert rollout.assessment.log_e == before
    rollout.receive(window(2, new=(100, 2)))
    assert rollout.tick(180.0).kind is not Kind.ROLL_BACK


def test_the_same_counts_as_proper_units_are_a_proof() -> None:
    rollout = flown()
    rollout.receive(window(1))
    assert rollout.tick(120.0).kind is Kind.ROLL_BACK
