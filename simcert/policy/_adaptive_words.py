"""What `adaptive` says at the turns of a rollout: value, limit, n, and what would change it."""

from simcert.model import View
from simcert.policy import _adaptive_back as back
from simcert.policy import _adaptive_readings as read
from simcert.policy._adaptive_culprits import culprits


def proof(view: View, alpha: float, after: str) -> str:
    """Say why the new certificate is withdrawn, who is harmed, what helps, and what comes after."""
    a = view.assessment
    named = ", ".join(culprits(a, alpha)) or "no single segment"
    return (
        f"roll back: evidence e-value {read.e_value(a.log_e):.4g} reached {1.0 / alpha:g}: "
        f"{a.failed_new} of {a.n_new} new units failed, {a.failed_old} of {a.n_old} old ones; "
        f"culprits: {named}; {read.advice(a)}; {after}"
        f"{back.remark(view)}"
    )


def no_way_back(view: View, worse: str) -> str:
    """Say that the evidence is there, and why going back would harm more."""
    a = view.assessment
    against = f"evidence e-value {read.e_value(a.log_e):.4g} against the new one too"
    said = f"no way back: {worse}; {against} (n = {a.n_new}): an operator decides"
    return f"{said}; {read.advice(a)}"


def backed_off(view: View, until_s: float) -> str:
    """Say how long a suspicion that was answered still keeps the exposure down."""
    left_s, n = until_s - view.now_s, view.assessment.n_new
    return f"backed off: next look in {left_s:.0f} s, up again by a fresh bound (n = {n})"


def soaking(view: View, left_s: float, calm: str, hold_e: float) -> str:
    """Say how long the soak still takes, and what forbids its end if anything does."""
    a = view.assessment
    value = calm or f"evidence e-value {read.e_value(a.log_e):.3g} of at most {hold_e:g}"
    what = f"soak at {view.exposure:g}: {max(left_s, 0.0):.0f} s to go"
    return f"{what}, {value} (n = {a.n_new})"


def all_clear(view: View, soaked_s: float, hold_e: float) -> str:
    """Say on what the new certificate is served to everybody from now on."""
    a = view.assessment
    return (
        f"complete: soaked {soaked_s:.0f} of {view.progress.soak_s:.0f} s, evidence "
        f"e-value {read.e_value(a.log_e):.3g} below {hold_e:g} (n = {a.n_new})"
    )
