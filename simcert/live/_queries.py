"""PromQL that gives monotone totals per arm; the defaults fit HAProxy's own exporter."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Queries:
    """Instant queries; `{arm}` is filled in where it stands.

    `epoch` changes when the terminator restarts, `age_s` is how old the newest sample is.
    """

    attempts: str = 'sum(haproxy_frontend_connections_total{proxy="arm_{arm}"})'
    completed: str = 'sum(haproxy_frontend_sessions_total{proxy="arm_{arm}"})'
    epoch: str = "max(haproxy_process_start_time_seconds)"
    age_s: str = 'time() - min(timestamp(haproxy_frontend_connections_total{proxy=~"arm_.*"}))'
