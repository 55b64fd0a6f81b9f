"""A View as numbers between known bounds: what an agent observes."""

from math import log10

import numpy as np

from simcert.model import Phase, View

Floats = np.typing.NDArray[np.float32]

_SCALES = {
    "day_share": (0.0, 1.0),  # of the horizon
    "exposure": (0.0, 1.0),  # as confirmed
    "held_share": (0.0, 1.0),  # of the soak, since the exposure last changed
    "log_e_nats": (-1000.0, 1000.0),  # evidence for a rollback
    "units_old_log10": (0.0, 15.0),  # first handshakes so far, log10(1 + n)
    "units_new_log10": (0.0, 15.0),
    "failure_old_share": (0.0, 1.0),  # so far; 0 before the first unit
    "failure_new_share": (0.0, 1.0),
    "window_units_new_log10": (0.0, 15.0),  # of the last window alone
    "window_failure_old_share": (0.0, 1.0),
    "window_failure_new_share": (0.0, 1.0),
    "units_per_s_log10": (0.0, 15.0),
    "success_share": (0.0, 1.0),  # recent, of all connections; 1 before the first
    "lag_min": (0.0, 1440.0),  # of the metrics
    "completeness": (0.0, 1.0),
    "refused": (0.0, 1.0),  # 1: the evidence may not be used
    **{f"phase_{phase.value}": (0.0, 1.0) for phase in Phase},
}
NAMES = tuple(_SCALES)
"""What stands at each place of an observation, unit last."""


def bounds() -> tuple[Floats, Floats]:
    """Return lowest and highest value at each place."""
    low, high = np.array([*_SCALES.values()], np.float32).T
    return low, high


def observed(view: View, horizon_s: float) -> Floats:
    """Return the observation of a view, clipped to the bounds."""
    a, soak_s = view.assessment, view.progress.soak_s
    success = 1.0 if a.success_rate is None else a.success_rate
    values = [
        view.now_s / horizon_s,
        view.exposure,
        min(view.held_s / soak_s, 1.0) if soak_s else 1.0,
        a.log_e,
        log10(1 + a.n_old),
        log10(1 + a.n_new),
        a.failed_old / max(a.n_old, 1),
        a.failed_new / max(a.n_new, 1),
        log10(1 + a.last_n_new),
        a.last_failed_old / max(a.last_n_old, 1),
        a.last_failed_new / max(a.last_n_new, 1),
        log10(1.0 + a.units_per_s),
        success,
        a.lag_s / 60.0,
        a.completeness,
        float(a.refusal is not None),
        *(float(view.phase is phase) for phase in Phase),
    ]
    return np.clip(np.array(values, np.float32), *bounds())
