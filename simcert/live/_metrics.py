"""`/metrics` in the conventions of Prometheus: every label set exists from the start, at 0."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from simcert.model import ARMS, SIGNALS, Kind, Phase, Window, in_signal

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

OUTCOMES = ("ok", *SIGNALS[1:])
"""Outcomes by signal: few, whatever codes anybody sends."""


class Metrics:
    """Counts what the loop did; `text` is one scrape. MachineError without the extra `live`."""

    def __init__(self) -> None:
        self.handshakes = {(arm, what): 0 for arm in ARMS for what in OUTCOMES}
        self.decisions = {kind.value: 0 for kind in Kind}
        self.completeness = 1.0
        self.lag_s = 0.0

    def window(self, window: Window) -> None:
        """Count the units of one window."""
        totals = window.units.sum(axis=0)
        for i, outcome in enumerate(window.outcomes):
            name = next((s for s in SIGNALS[1:] if in_signal(outcome, s)), "ok")
            for a, arm in enumerate(ARMS):
                self.handshakes[arm, name] += int(totals[a, i])
        self.completeness, self.lag_s = window.completeness, window.lag_s

    def decision(self, kind: Kind) -> None:
        """Count one decision."""
        self.decisions[kind.value] += 1

    def text(self, status: Mapping[str, Any]) -> bytes:
        """Return the metrics in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Families(self._families(status)))
        return generate_latest(registry)

    def _families(self, status: Mapping[str, Any]) -> list[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        def counter(name: str, text: str, labels: list[str], rows: Mapping[Any, float]) -> Any:  # noqa: ANN401
            family = CounterMetricFamily(name, text, labels=labels)
            for key, value in rows.items():
                family.add_metric([key] if isinstance(key, str) else list(key), value)
            return family

        def gauge(name: str, text: str, value: float) -> Any:  # noqa: ANN401
            return GaugeMetricFamily(name, text, value=value)

        phase = GaugeMetricFamily("simcert_rollout_phase", "1 for the phase.", labels=["phase"])
        for one in Phase:
            phase.add_metric([one.value], float(status.get("phase") == one.value))
        evidence = status.get("evidence", {}).get("log_e", 0.0)
        lost = status.get("feed", {}).get("lost", 0)
        counted = "First full handshakes per client and window."
        return [
            counter("simcert_handshakes", counted, ["arm", "outcome"], self.handshakes),
            counter("simcert_decisions", "Decisions by kind.", ["kind"], self.decisions),
            counter("simcert_errors", "Failed calls.", [], {(): status.get("errors", 0)}),
            counter("simcert_records_lost", "Records that never came.", [], {(): lost}),
            phase,
            gauge("simcert_exposure_ratio", "As read back.", status.get("exposure", 0.0)),
            gauge("simcert_exposure_target_ratio", "As decided.", status.get("asked", 0.0)),
            gauge("simcert_evidence_log_e", "Evidence for a rollback, nats.", evidence),
            gauge("simcert_window_completeness_ratio", "Records that came.", self.completeness),
            gauge("simcert_window_lag_seconds", "Until a window closes.", self.lag_s),
            gauge("simcert_last_tick_timestamp_seconds", "Last tick.", status.get("tick_at_s", 0)),
        ]


class _Families:
    """What a registry wants to collect from."""

    def __init__(self, families: "list[Collector]") -> None:
        self._families = families

    def collect(self) -> "Iterable[Any]":
        return self._families
