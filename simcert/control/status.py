"""What an operator sees of a rollout, as JSON values."""

from typing import TYPE_CHECKING, Any

from simcert.control.analyzer import Analyzer
from simcert.control.journal import stem
from simcert.model import Decision

if TYPE_CHECKING:
    from simcert.control.rollout import Rollout


def status(
    rollout: "Rollout", analyzer: Analyzer, last: tuple[float, Decision] | None
) -> dict[str, Any]:
    """Return where a rollout stands; who leads is for the driver to say."""
    a = analyzer.assessment
    return {
        "phase": rollout.phase.value,
        "exposure": rollout.exposure,
        "policy": stem(rollout.policy),
        "attempt": rollout.attempt,
        "last_decision": _shown(last),
        "segments": analyzer.segments(),
        "evidence": {"log_e": a.log_e, "n_old": a.n_old, "n_new": a.n_new},
        "success_rate": a.success_rate,
        "target_success": rollout.plan.target_success,
        "feed": {"lag_s": a.lag_s, "completeness": a.completeness, "refusal": a.refusal},
        "leader": None,
        "eta_s": rollout.soak_left_s,
    }


def _shown(last: tuple[float, Decision] | None) -> dict[str, Any] | None:
    if last is None:
        return None
    return {"t": last[0], "exposure": last[1].exposure, "reason": last[1].reason}
