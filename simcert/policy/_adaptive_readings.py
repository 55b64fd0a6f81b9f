"""What `adaptive` reads from an assessment: e-values, alarms, doubts about the measurement."""

from collections.abc import Sequence
from math import exp

from simcert.model import Assessment, Verdict

LOG_MAX = 700.0
FAIL = Verdict.FAIL  # looked up once: it is asked in every slice
SUSPICIONS = {
    "failure_suspicion": "failures of the new arm ran ahead of the common rate",
    "alert_suspicion": "trust alerts of the new arm ran ahead of the common rate",
    "segment_suspicion": "failures of one segment ran ahead of its rate in the new arm",
}
CHECKS = {
    "split": "the arms get other shares of connections than the exposure says",
    "time": "handshakes with the new certificate are slower",
    "features": "handshakes with the new certificate lose TLS 1.3 or HTTP/2",
}
ADVICE = {
    "clock": "clocks disagree with its dates: wait until it is older, or reissue it backdated",
    "trust": "clients distrust it: withdraw, or serve a chain cross-signed by a root they know",
    "unsaid": "clients reject it and do not say why: withdraw; where trust fails, a chain "
    "cross-signed by a root they know helps, where clocks do, waiting or a backdated one",
    "capability": "clients cannot use its key: serve a second certificate beside it",
    "name": "clients leave after the handshake: withdraw, and check pins and names",
    "path": "handshakes hang: send a shorter chain, some path drops the large flight",
    "revoked": "clients hold it for revoked: withdraw, and reissue",
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


def alarms(a: Assessment) -> list[int]:
    """Return how often each suspicion has raised an alarm in this attempt."""
    return [int(a.reading(name).detail.get("alarms", 0)) for name in SUSPICIONS]


def alarm(a: Assessment, answered: Sequence[int]) -> str:
    """Say which suspicion raised an alarm that was not answered yet, or nothing."""
    raised, known = alarms(a), answered or [0] * len(SUSPICIONS)
    if raised == known:  # nearly always
        return ""
    for (name, said), before, now in zip(SUSPICIONS.items(), known, raised, strict=True):
        if now > before:
            suspicion = f"suspicion above {a.reading(name).limit or 0.0:.3g} nats"
            return f"{said}: {suspicion}, evidence e-value {e_value(a.log_e):.3g}"
    return ""


def doubt(a: Assessment) -> str:
    """Say what is wrong with the measurement or the times, or nothing: a reason to wait."""
    for name, said in CHECKS.items():
        reading = a.reading(name)
        if reading.verdict is FAIL:
            value = f"evidence {reading.log_e:.3g}, limit {reading.limit:.3g} nats, n = {reading.n}"
            left = reading.detail.get("nats_left")
            ends = "" if left is None else f"it ends when {left:.3g} nats speak against it; "
            return f"hold: {said} ({value}): {ends}an operator looks at it"
    return ""


def advice(a: Assessment) -> str:
    """Return what the outcome with the largest excess in the new arm asks for."""
    loud = a.reading("causes").detail
    if not loud:
        return "no outcome stands out: look at the segments"
    outcome = max(loud, key=lambda name: loud[name])
    return f"{ADVICE[cause(outcome)]} ({outcome}, {loud[outcome]:.3g} more than its share)"


def cause(outcome: str) -> str:
    """Return the kind of fault that an outcome points to (docs/evidence.md, advice)."""
    if outcome.startswith("ok_then"):
        return "name"
    alert = outcome.partition(":")[2]
    if alert:
        return CAUSES.get(alert, "unsaid")
    return "path" if outcome == "hang" else "unsaid"
