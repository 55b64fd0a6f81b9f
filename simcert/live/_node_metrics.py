"""`/metrics` of a node: what its HAProxy has in force, and whether its windows get away."""

from collections.abc import Mapping
from typing import Any

COUNTERS = {
    "windows_sent": "Windows that Redis took.",
    "windows_lost": "Windows given up because Redis was away for too long.",
    "orders_refused": "Orders that were older than one seen before.",
    "records": "Lines of HAProxy.",
    "records_lost": "Lines that HAProxy numbered and that never came.",
}
GAUGES = {
    "windows_waiting": "Windows that Redis has not taken yet.",
    "exposure_ratio": "As read back from this HAProxy; NaN if it does not answer.",
    "connected": "1 while HAProxy sends records.",
    "trouble": "1 while store, order, read-back or actuator is in trouble.",
    "last_step_timestamp_seconds": "Last step of the loop.",
}


def text(status: Mapping[str, Any]) -> bytes:
    """Return the metrics in Prometheus' text format; every one exists from the start."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    registry = CollectorRegistry(auto_describe=False)
    families: list[Any] = []
    for table, kind in ((COUNTERS, CounterMetricFamily), (GAUGES, GaugeMetricFamily)):
        for name, said in table.items():
            family = kind(f"simcert_node_{name}", said, labels=["node"])
            family.add_metric([str(status.get("node", ""))], _number(status.get(name, 0)))
            families.append(family)

    class Families:
        def collect(self) -> list[Any]:
            return families

    registry.register(Families())
    return generate_latest(registry)


def _number(value: object) -> float:
    """Return a figure; what is unknown is NaN, what is said in words is 1, silence is 0."""
    if value is None:
        return float("nan")
    return float(value) if isinstance(value, int | float) else float(bool(value))
