"""Laws of `adaptive`: proof for zero, suspicion for down, permission for up."""

from dataclasses import replace
from math import log
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.errors import InputError
from simcert.model import (
    Assessment,
    Decision,
    Kind,
    Phase,
    Progress,
    Reading,
    View,
    Window,
)
from simcert.policy.adaptive import Adaptive
from simcert.scenario.build import analyzer_maker

POLICY = Adaptive()
PROOF = log(100.0)


def _view(exposure: float = 0.2, log_e: float = 0.0, u: float = 0.02, **rest: object) -> View:
    readings = rest.pop("readings", {})
    seen = Assessment(
        at_s=600.0,
        slices=10,
        log_e=log_e,
        n_old=9000,
        n_new=1000,
        failed_old=180,
        failed_new=20,
        windows=100,
        units_per_s=33.0,
        readings={"bound": Reading(value=u), **readings},
        refusal=rest.pop("refusal", None),
    )
    progress = Progress(soak_s=rest.pop("soak_s", 7200.0), memory=rest.pop("memory", {}))
    return View(600.0, exposure, 60.0, assessment=seen, progress=progress, **rest)


@given(st.floats(-50.0, PROOF - 1e-6), st.floats(0.0, 0.95), st.floats(0.0075, 1.0))
def test_never_rolls_back_without_proof(log_e: float, exposure: float, u: float) -> None:
    assert POLICY.decide(_view(exposure, log_e, u)).kind is not Kind.ROLL_BACK


@given(st.floats(PROOF, 900.0), st.floats(0.0, 0.95), st.floats(0.0075, 1.0))
def test_a_proof_always_rolls_back(log_e: float, exposure: float, u: float) -> None:
    assert POLICY.decide(_view(exposure, log_e, u)).kind is Kind.ROLL_BACK


@given(st.floats(log(5.0) + 1e-6, 900.0), st.floats(0.0, 0.95), st.floats(0.0075, 1.0))
def test_bad_news_never_raises_the_exposure(log_e: float, exposure: float, u: float) -> None:
    assert POLICY.decide(_view(exposure, log_e, u)).exposure <= exposure


@pytest.mark.parametrize("name", ["failure_suspicion", "alert_suspicion", "segment_suspicion"])
def test_suspicion_rebalances_once_and_never_goes_to_zero(name: str) -> None:
    alarm = {name: Reading(detail={"alarms": 1.0})}
    first = POLICY.decide(_view(0.95, u=0.0075, readings=alarm))
    assert (first.kind, first.exposure) == (Kind.LOWER, 0.10)
    again = POLICY.decide(_view(0.10, readings=alarm, memory=first.memory))
    assert again.kind is Kind.HOLD


@pytest.mark.parametrize(
    ("u", "highest"), [(1.0, 0.0045), (0.045, 0.10), (0.0225, 0.20), (0.0115, 0.30), (0.0075, 0.95)]
)
def test_permission_grows_as_the_bound_falls(u: float, highest: float) -> None:
    assert POLICY.decide(_view(0.001, u=u)).exposure == pytest.approx(highest)


def test_few_results_permit_few_units_on_the_way() -> None:
    view = _view(0.0, u=0.0075)
    early = view.assessment.__class__(units_per_s=33.0, slices=10, n_new=0, windows=1)
    decision = POLICY.decide(View(6.0, 0.0, 6.0, assessment=early))
    assert decision.exposure * 33.0 * 6.0 == pytest.approx(0.2)


def test_nothing_is_exposed_before_traffic_was_seen() -> None:
    assert POLICY.decide(View(0.0, 0.0, 0.0)).exposure == 0.0


def test_a_refusal_holds_even_a_proof() -> None:
    decision = POLICY.decide(_view(0.2, 50.0, refusal="assignment per client"))
    assert decision.kind is Kind.HOLD
    assert "assignment per client" in decision.reason


@pytest.mark.parametrize(("soaked_s", "kind"), [(7199.0, Kind.HOLD), (7200.0, Kind.COMPLETE)])
def test_completes_only_after_the_soak(soaked_s: float, kind: Kind) -> None:
    memory = {"at_s": 600.0, "soaked_s": soaked_s, "until_s": 0.0, "alarms": []}
    assert POLICY.decide(_view(0.95, u=0.0075, memory=memory)).kind is kind


def test_all_attempts_together_spend_at_most_alpha() -> None:
    policy = Adaptive(attempts_max=5)
    assert sum(policy.alpha_of(k) for k in range(1, 10_000)) <= policy.alpha
    assert POLICY.alpha_of(1) == POLICY.alpha


def _flown(units: int, slices: int, q: tuple[float, float], windows: int) -> tuple[Rollout, float]:
    """Fly one site of independent units; return the rollout and the expected harm."""
    rng = np.random.Generator(np.random.PCG64(5))
    rollout = Rollout(POLICY, analyzer_maker(POLICY), Plan(slices=slices, soak_s=7200.0))
    slice_s, size, harm = 60.0 / slices, units // slices, 0.0
    for i in range(windows * slices):
        n_new = int(rng.binomial(size, rollout.exposure))
        new, old = (n_new, rng.binomial(n_new, q[1])), (size - n_new, 0)
        old = (old[0], rng.binomial(old[0], q[0]))
        start = i * slice_s
        at = {"slice_index": i % slices, "slices": slices, "exposure": rollout.exposure}
        rollout.receive(
            Window.of(new=new, old=old, start_s=start, end_s=start + slice_s, outcome="close", **at)
        )
        decision: Decision = rollout.tick(start + slice_s)
        harm += n_new * (q[1] - q[0])
        rollout.confirm(decision.exposure, start + slice_s)
        if rollout.finished:
            break
    return rollout, harm


@pytest.mark.parametrize(
    ("units", "slices", "q0"), [(200, 2, 0.02), (100, 1, 0.005), (2000, 10, 0.02)]
)
def test_eventually_completes_a_good_rotation_within_24_hours(
    units: int, slices: int, q0: float
) -> None:
    rollout, _ = _flown(units, slices, (q0, q0), 1440)
    assert rollout.phase is Phase.COMPLETE


@pytest.mark.parametrize(("q1", "harmed"), [(1.0, 8.0), (0.2, 25.0), (0.04, 80.0)])
def test_eventually_withdraws_a_broken_certificate_within_24_hours(
    q1: float, harmed: float
) -> None:
    rollout, harm = _flown(2000, 10, (0.02, q1), 1440)
    assert rollout.phase is Phase.ROLLED_BACK
    assert harm < harmed


@pytest.mark.parametrize(
    "given",
    [{"alpha": 2.0}, {"alpha": 0.0}, {"mid": 0.0}, {"budget": float("nan")}, {"attempts_max": 0}],
)
def test_a_setting_outside_its_bounds_is_refused_from_python_too(given: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"{next(iter(given))} must be"):
        Adaptive(**given)


@pytest.mark.parametrize(("held_s", "wanted"), [(299.0, 0.02), (300.0, 0.04)])
def test_a_held_exposure_doubles_after_five_windows_to_learn_more(
    held_s: float, wanted: float
) -> None:
    doubted = _view(0.02, log(4.0), 0.01)
    seen = replace(doubted.assessment, window_s=60.0)

    decision = POLICY.decide(replace(doubted, held_s=held_s, assessment=seen))

    assert decision.exposure == pytest.approx(wanted)
