"""Every policy tells the numbers that decided: value, limit, and on how many clients they rest."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from simcert import policy
from simcert.model import Channel, Decision, Policy, Truth, View
from simcert.policy.argo import Argo
from simcert.policy.fixed_linear import FixedLinear
from simcert.policy.iter8 import Iter8
from simcert.policy.target_success import TargetSuccess
from tests.policy.conftest import Fly

NUMBER = re.compile(r"(?<![\w.])-?\d+(\.\d+)?(e[+-]\d+)?")
N = re.compile(r"\bn = \d+")
NO_VALUE = {
    "nothing can be known at 0": "the first step is blind",
    "nothing is known at 0": "the first step is blind",
    "no measurement yet": "an analysis that has not begun, and does not hold the steps",
    "until an operator acts": "an operator's word decides, no number",
    "no truth was given": "the oracle outside a simulation",
}
SETTINGS: dict[str, Policy] = {
    "step analysis": Argo(mode="step"),
    "an alarm beside a schedule": FixedLinear(alarm=True, every_s=600.0),
    "posterior probability": Iter8(credible=0.9),
    "no patience": TargetSuccess(patience_s=600.0, give_up=0.0),
}
POLICIES: dict[str, Any] = {**{stem: cls() for stem, cls in policy.discover().items()}, **SETTINGS}


@dataclass
class Heard:
    """A policy whose every word is written down."""

    flown: Policy
    said: set[str] = field(default_factory=set)

    @property
    def tags(self) -> frozenset[str]:
        return self.flown.tags

    def channels(self) -> tuple[Channel, ...]:
        return self.flown.channels()

    def decide(self, view: View) -> Decision:
        decision = self.flown.decide(view)
        self.said.add(decision.reason)
        return decision


@pytest.mark.parametrize("name", POLICIES)
def test_a_reason_tells_a_value_a_limit_and_one_n(name: str, fly: Fly) -> None:
    said: set[str] = set()
    for delta, q0 in ((0.0, 0.005), (0.01, 0.005), (0.03, 0.005), (0.3, 0.005), (0.0, 0.08)):
        heard = Heard(POLICIES[name])
        fly(heard, delta, q0=q0, n=400, minutes=240)
        said |= heard.said
    if "needs_truth" in POLICIES[name].tags:
        known = [View(0.0, 0.0, 0.0, truth=Truth(share, 0.0, 0.0)) for share in (0.0, 0.03)]
        said |= {POLICIES[name].decide(view).reason for view in known}

    assert said
    for reason in said:
        assert reason.isprintable(), reason
        if any(blind in reason for blind in NO_VALUE):
            continue
        assert len(N.findall(reason)) == 1, reason
        assert len(NUMBER.findall(N.sub("", reason))) >= 2, reason
        assert len(reason) <= (400 if reason.startswith("roll back: ") else 200), reason
