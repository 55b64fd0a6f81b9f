"""Faults: the objections of a client, in the order in which it comes to them."""

from collections.abc import Iterator, Mapping

from simcert.tls import _faults_keys, _faults_message, _faults_path, _faults_policy
from simcert.tls.case import Case, Check, Fault

__all__ = ["CHECKS", "Case", "Fault", "find", "objections"]

CHECKS: Mapping[str, Check] = {
    **_faults_message.CHECKS,
    **_faults_keys.CHECKS,
    **_faults_path.CHECKS,
    **_faults_policy.CHECKS,
}


def find(case: Case) -> Fault | None:
    """Return the objection that this client raises first, None if it has none."""
    return next(objections(case), None)


def objections(case: Case) -> Iterator[Fault]:
    """Yield every objection in the order in which this client would come to it."""
    rules = case.verifier
    late = rules.order_13 if case.negotiated.version == "1.3" else None
    for step in rules.order if late is None else late:
        listed, _, where = step.partition("@")
        checks = [CHECKS[name] for name in listed.split(",")]
        for index in _indices(where, len(case.path.certificates)):
            for check in checks:
                fault = check(case, index)
                if fault is not None:
                    yield fault


def _indices(where: str, length: int) -> range:
    return {
        "up": range(length),
        "down": range(length - 1, -1, -1),
        "cas": range(length - 1, 0, -1),
    }.get(where, range(1))
