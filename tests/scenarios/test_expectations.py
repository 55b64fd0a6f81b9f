"""What a scenario expects holds for the flagship policy, and not for some simple baseline."""

import pytest

from simcert import lab
from simcert.scenario import load_scenario, stems

# the baseline that each story was told about; simple schedules where the new certificate breaks
FAILS = {
    "same_ca": "threshold_step",
    "same_ca_api": "threshold_step",
    "same_ca_mobile": "threshold_step",
    "same_ca_iot": "threshold_step",
    "regional_outage": "threshold_step",
    "root_distrusted": "threshold_step",
    "old_expires": "threshold_step",
    "scanner_flood": "flagger",
    "poisoning": "target_success",
    "boots_in_1970": "target_success",
    "expired_cross_root": "threshold_step",
}
SEED = 12


@pytest.mark.slow
@pytest.mark.parametrize("stem", sorted(stems()))
def test_the_expectation_holds_for_adaptive(stem: str) -> None:
    result = lab.run(load_scenario(stem), policy="adaptive", seed=SEED)
    assert not result.failed, result.words()


@pytest.mark.slow
@pytest.mark.parametrize("stem", sorted(stems()))
def test_the_expectation_fails_for_a_baseline(stem: str) -> None:
    result = lab.run(load_scenario(stem), policy=FAILS.get(stem, "all_at_once"), seed=SEED)
    assert result.failed
