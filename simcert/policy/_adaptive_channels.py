"""The evidence that `adaptive` asks for: weights, bets and start mass of every channel."""

from simcert.model import Channel

START = {"first": 0.8, "later": 0.1, "release": 0.1}
FAILURE_THETAS = (1.3, 1.6, 2.2, 3.5, 8.0, 30.0, 100.0)
ALERT_THETAS = (1.5, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
SEGMENT_ALERT_THETAS = (10.0, 30.0, 100.0, 1000.0)


def evidence() -> tuple[Channel, ...]:
    """Return the channels whose weighted average is the only reason for a rollback."""
    failures = START | {"thetas": FAILURE_THETAS}
    alerts = START | {"thetas": ALERT_THETAS, "signal": "trust_alert"}
    cells = START | {"thetas": SEGMENT_ALERT_THETAS, "signals": ("trust_alert",)}
    return (
        Channel("global", "conditional_e", failures, 0.50),
        Channel("trust_alert", "conditional_e", alerts, 0.25),
        Channel("segment", "segment_e", failures, 0.05),
        Channel("segment_alert", "segment_e", cells, 0.15),
    )


def guides(
    delta_safe: float, alpha_bound: float, failure_limit: float, alert_limit: float
) -> tuple[Channel, ...]:
    """Return the channels of weight 0: the bound that permits, the suspicion that rebalances."""
    failures = {"limit": failure_limit, "reference": 2000.0}
    alerts = {
        "signal": "trust_alert",
        "ratio": 4.0,
        "limit": alert_limit,
        "reference": 2000.0,
        "speed": 0.01,
        "from_exposure": 0.05,
        "rate": 2e-4,
        "seen": 5000.0,
    }
    return (
        Channel("bound", "upper_bound", {"alpha": alpha_bound, "floor": delta_safe}),
        Channel("failure_suspicion", "suspicion_cusum", failures),
        Channel("alert_suspicion", "suspicion_cusum", alerts),
    )
