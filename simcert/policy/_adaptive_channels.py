"""The evidence that `adaptive` asks for: weights, bets and start mass of every channel."""

from dataclasses import replace

from simcert.model import Channel

START = {"first": 0.8, "later": 0.02, "release": 0.18}
FAILURE_THETAS = (1.3, 1.6, 2.2, 3.5, 8.0, 30.0, 100.0)
ALERT_THETAS = (1.5, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
SEGMENT_ALERT_THETAS = (10.0, 30.0, 100.0, 1000.0)


def evidence() -> tuple[Channel, ...]:
    """Return the channels whose weighted average is the only reason for a rollback."""
    failures = START | {"thetas": FAILURE_THETAS}
    cells = START | {"thetas": SEGMENT_ALERT_THETAS}
    return (
        Channel("global", "conditional_e", failures, 0.50),
        Channel("trust_alert", "conditional_e", _alerts("trust_alert"), 0.25),
        Channel("after_handshake", "conditional_e", _alerts("after_handshake"), 0.02),
        Channel("crypto_alert", "conditional_e", _alerts("crypto_alert"), 0.01),
        Channel("segment", "segment_e", failures, 0.05),
        Channel("segment_alert", "segment_e", cells | {"signals": ("trust_alert",)}, 0.15),
        Channel("segment_other", "segment_e", cells | {"signals": OTHERS}, 0.02),
    )


def corroborated(
    corroboration: float, watched: tuple[str, ...], watch_weight: float
) -> tuple[Channel, ...]:
    """Return the evidence beside which reports, probes and watched segments have a weight, too.

    All others give up their weight in proportion; with nothing to add they are as they were.
    """
    more = []
    if corroboration:
        thetas = START | {"thetas": FAILURE_THETAS}
        more += [Channel("reports", "report_e", thetas, 0.5 * corroboration)]
        more += [Channel("probes", "probe_e", weight=0.5 * corroboration)]
    if watched:
        told = START | {"thetas": FAILURE_THETAS, "segments": watched}
        more += [Channel("watched", "watch_e", told, watch_weight)]
    left = 1.0 - sum(one.weight for one in more)
    return (*(replace(one, weight=left * one.weight) for one in evidence()), *more)


OTHERS = ("after_handshake", "crypto_alert")


def _alerts(signal: str) -> dict[str, object]:
    return START | {"thetas": ALERT_THETAS, "signal": signal}


def guides(
    delta_safe: float, alpha_bound: float, alpha_again: float, limits: tuple[float, float, float]
) -> tuple[Channel, ...]:
    """Return the channels of weight 0: a bound that permits, suspicion that rebalances, checks.

    `limits` are those of failures, trust alerts and segments, in nats.
    """
    failures = {"limit": limits[0], "trend_speed": 0.07, "delay": 2.0, "per_alarm": 1.0}
    alerts = {"signal": "trust_alert", "ratio": 4.0, "limit": limits[1], "speed": 0.01}
    alerts |= {"patience": 2.5e4, "from_exposure": 0.05, "rate": 2e-4, "seen": 5000.0}
    bound = {"alpha": alpha_bound, "alpha_again": alpha_again, "floor": delta_safe}
    return (
        Channel("bound", "upper_bound", bound),
        Channel("failure_suspicion", "suspicion_cusum", failures),
        Channel("alert_suspicion", "suspicion_cusum", alerts),
        Channel("segment_suspicion", "segment_cusum", {"limit": limits[2]}),
        Channel("split", "split_e"),
        Channel("time", "time_quantile_e"),
        Channel("features", "feature_e"),
        Channel("old_arm", "old_arm_e", START | {"thetas": (1.6, 4.0)}),
        Channel("coverage", "coverage"),
        Channel("causes", "causes"),
    )
