"""Every file in simcert/policy meets every check; nothing is listed by hand but what must fail."""

import pytest

from simcert import checks, policy

KNOWN_FAILURES: dict[tuple[str, str], str] = {
    ("threshold_step", "check_completes_on_a_good_certificate"): "wants success > 1.0",
    ("threshold_step", "check_can_recover"): "wants success > 1.0, and is blind at 0",
    (
        "argo",
        "check_a_total_break_never_goes_out",
    ): "the analysis begins at 40 % and is late",
    ("argo", "check_can_recover"): "a fixed limit blames an outage of both arms; final",
    ("flagger", "check_can_recover"): "a fixed limit blames an outage of both arms; final",
    ("iter8", "check_can_recover"): "a fixed limit blames an outage of both arms; final",
    ("risk_of_ruin", "check_can_recover"): "sums over changing exposures: Simpson's paradox; final",
    ("sprt_risk", "check_can_recover"): "sums over changing exposures: Simpson's paradox; final",
}
CASES = [(stem, check) for stem in policy.discover() for check in checks.policy_checks()]


@pytest.mark.parametrize(
    ("stem", "check"), CASES, ids=[f"{stem}-{check.__name__}" for stem, check in CASES]
)
def test_conforms(stem, check, request):
    if reason := KNOWN_FAILURES.get((stem, check.__name__)):
        request.applymarker(pytest.mark.xfail(strict=True, reason=reason, raises=AssertionError))
    check(policy.discover()[stem])
