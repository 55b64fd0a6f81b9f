"""The vocabulary: frozen values and protocols, no behaviour beyond arithmetic."""

from simcert.model.assessment import Assessment, Reading, SegmentReading
from simcert.model.channel import Channel
from simcert.model.decision import Decision, Kind, Phase, Progress, View
from simcert.model.outcome import (
    ALERTS,
    ARMS,
    NEW,
    OK,
    OLD,
    SIGNALS,
    Verdict,
    alert_code,
    alert_name,
    in_signal,
)
from simcert.model.ports import Actuator, Bank, Detector, Feed, Mergeable, Policy, Store
from simcert.model.records import FEATURES, RESUMED, RecordBatch
from simcert.model.truth import Prior, Truth
from simcert.model.window import TIME_EDGES_MS, Assignment, Tally, Window

__all__ = [
    "ALERTS",
    "ARMS",
    "FEATURES",
    "NEW",
    "OK",
    "OLD",
    "RESUMED",
    "SIGNALS",
    "TIME_EDGES_MS",
    "Actuator",
    "Assessment",
    "Assignment",
    "Bank",
    "Channel",
    "Decision",
    "Detector",
    "Feed",
    "Kind",
    "Mergeable",
    "Phase",
    "Policy",
    "Prior",
    "Progress",
    "Reading",
    "RecordBatch",
    "SegmentReading",
    "Store",
    "Tally",
    "Truth",
    "Verdict",
    "View",
    "Window",
    "alert_code",
    "alert_name",
    "in_signal",
]
