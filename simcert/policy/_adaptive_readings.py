"""What `adaptive` reads from an assessment, as e-values and counts."""

from math import exp

from simcert.model import Assessment

LOG_MAX = 700.0
SUSPICIONS = ("failure_suspicion", "alert_suspicion", "segment_suspicion")


def e_value(log_e: float) -> float:
    """Return evidence as a factor; beyond e^700 it is all the same."""
    return exp(min(log_e, LOG_MAX))


def segment_e_value(a: Assessment) -> float:
    """Return the mean e-value of all segments, failures and trust alerts averaged."""
    failures, alerts = a.reading("segment").log_e, a.reading("segment_alert").log_e
    return 0.5 * (e_value(failures) + e_value(alerts))


def alarms(a: Assessment) -> int:
    """Return how often the suspicion detectors have raised an alarm in this attempt."""
    return sum(int(a.reading(name).detail.get("alarms", 0)) for name in SUSPICIONS)
