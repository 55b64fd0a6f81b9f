"""What `adaptive` reads from an assessment: e-values, alarms, doubts about the measurement."""

from collections.abc import Mapping, Sequence
from math import exp
from typing import NamedTuple

from simcert.model import Assessment, Reading, Verdict
from simcert.model.figures import above, figure, reached

LOG_MAX = 700.0
FAIL = Verdict.FAIL  # looked up once: it is asked in every slice
SUSPICIONS = {
    "failure_suspicion": "failures of the new arm ran ahead of the common rate",
    "alert_suspicion": "trust alerts of the new arm ran ahead of the common rate",
    "segment_suspicion": "new failures of {} ran ahead of its rate",
}
CHECKS = {
    "split": "the arms get other shares of connections than the exposure says",
    "time": "handshakes with the new certificate are slower",
    "features": "handshakes with the new certificate lose TLS 1.3 or HTTP/2",
}
ADVICE = {
    "clock": "clocks disagree with its dates: wait until it is older, or backdate it",
    "trust": "clients distrust it: serve a chain cross-signed by a root they know",
    "unsaid": "clients do not say why: cross-sign if trust fails, wait or backdate if clocks do",
    "capability": "clients cannot use its key: serve a second certificate beside it",
    "name": "clients leave after the handshake: check pins and names",
    "path": "handshakes hang: send a shorter chain, some path drops the large flight",
    "revoked": "clients hold it for revoked: reissue",
}
CAUSES = {
    "certificate_expired": "clock",
    "certificate_revoked": "revoked",
    "unknown_ca": "trust",
    "bad_certificate": "trust",
    "certificate_unknown": "unsaid",
    "unsupported_certificate": "capability",
    "handshake_failure": "capability",
    "illegal_parameter": "capability",
    "insufficient_security": "capability",
    "protocol_version": "capability",
}


def e_value(log_e: float) -> float:
    """Return evidence as a factor; beyond e^700 it is all the same."""
    return exp(min(log_e, LOG_MAX))


def segment_e_value(a: Assessment) -> float:
    """Return the mean e-value of all segments, failures and trust alerts averaged."""
    failures, alerts = a.reading("segment").log_e, a.reading("segment_alert").log_e
    return 0.5 * (e_value(failures) + e_value(alerts))


class Doubt(NamedTuple):
    """What looks bad enough to go down: value and limit in words, and the units it rests on."""

    said: str
    n: int
    is_evidence: bool = False  # for a rollback: it turns into one at 1 / alpha


def proven(a: Assessment, alpha: float) -> str:
    """Say that the evidence is enough for a rollback."""
    return f"evidence e-value {reached(e_value(a.log_e), 1.0 / alpha)}"


def alarms(a: Assessment) -> list[int]:
    """Return how often each suspicion has raised an alarm in this attempt."""
    return [int(a.reading(name).detail.get("alarms", 0)) for name in SUSPICIONS]


def alarm(a: Assessment, answered: Sequence[int]) -> Doubt | None:
    """Say which suspicion raised an alarm that was not answered yet, or nothing."""
    raised, known = alarms(a), answered or [0] * len(SUSPICIONS)
    if raised == known:  # nearly always
        return None
    for name, before, now in zip(SUSPICIONS, known, raised, strict=True):
        if now > before:
            return _rang(name, a.reading(name))
    return None


def _rang(name: str, reading: Reading) -> Doubt:
    """Say who rang, at which sum, above which limit; the sum is 0 again by now."""
    rang = next((key for key in reading.detail if key.startswith("alarm:")), "")
    if not rang:  # a state that was written before the sum was kept
        limit = figure(reading.limit or 0.0)
        said = f"{SUSPICIONS[name].format('a segment')}: suspicion above {limit} nats"
        return Doubt(said, reading.n)
    who = f"segment {rang.partition(':')[2]}"
    value = above(reading.detail[rang], reading.detail["alarm_limit"])
    return Doubt(f"{SUSPICIONS[name].format(who)}: suspicion {value} nats", reading.n)


def doubt(a: Assessment) -> str:
    """Say what is wrong with the measurement or the times, or nothing: a reason to wait."""
    for name, said in CHECKS.items():
        reading = a.reading(name)
        if reading.verdict is FAIL:
            value = f"evidence {reached(reading.log_e, reading.limit or 0.0)} nats"
            left = reading.detail.get("nats_left")
            ends = f"when {figure(left)} nats speak against it" if left else "when it falls"
            who = _loudest(reading.detail) if name == "features" else ""
            said = f"{said}{who}: {value} (n = {reading.n})"
            return f"hold: {said}; ends {ends}, an operator looks at it"
    return ""


def _loudest(detail: Mapping[str, float]) -> str:
    """Name the row of evidence that says most: a feature, or the segment that loses it."""
    return f" ({max(detail, key=lambda row: detail[row])})" if detail else ""


def advice(a: Assessment) -> str:
    """Return what the outcome with the largest excess in the new arm asks for."""
    loud = a.reading("causes").detail
    if not loud:
        return "no outcome stands out: look at the segments"
    outcome = max(loud, key=lambda name: loud[name])
    return f"{ADVICE[cause(outcome)]} ({outcome}, {figure(loud[outcome])} over its share)"


def cause(outcome: str) -> str:
    """Return the kind of fault that an outcome points to (docs/evidence.md, advice)."""
    if outcome.startswith("ok_then"):
        return "name"
    alert = outcome.partition(":")[2]
    if alert:
        return CAUSES.get(alert, "unsaid")
    return "path" if outcome == "hang" else "unsaid"
