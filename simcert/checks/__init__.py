"""Conformance suites: public plain functions that judge policies, detectors and adapters."""

from simcert.checks.apart import Judged, judge_apart
from simcert.checks.peers import peer_case
from simcert.checks.suite import (
    Result,
    detector_checks,
    judge_policy,
    judge_policy_file,
    policy_checks,
)

__all__ = [
    "Judged",
    "Result",
    "detector_checks",
    "judge_apart",
    "judge_policy",
    "judge_policy_file",
    "peer_case",
    "policy_checks",
]
