"""A whole live rollout: real HAProxy, real clients, the controller as a user starts it."""

import pytest
from live_rig import Rig, controller, curl, ended, finished

from simcert.cli.main import code_of

pytestmark = [pytest.mark.server, pytest.mark.slow]
ADAPTIVE = "adaptive:delta_safe=0.09,budget=0.1,overshoot=0.5,mid=0.5"
QUICK = {"window_s": 0.5, "slices": 2, "tick_s": 0.1, "grace_s": 0.1}


def test_a_good_certificate_reaches_everybody_and_nobody_is_harmed(rig: Rig) -> None:
    config = rig.config(ADAPTIVE, **QUICK)
    actuator = rig.start(config)
    traffic = rig.traffic()

    code, shown, err = finished(controller(config, "--unvalidated"), 60.0)

    made, failed = ended(traffic)
    assert (code, shown["end"]) == (0, "complete"), err[-2000:]
    assert failed == 0
    assert made > 200
    assert actuator.read_back(0.0) == 1.0
    assert curl(rig, rig.root_b) == 0
    assert code_of(["replay", str(config.run / "journal.jsonl")]) == 0


def test_one_that_a_third_of_the_clients_cannot_verify_is_withdrawn(rig: Rig) -> None:
    config = rig.config(ADAPTIVE, **QUICK)
    actuator = rig.start(config)
    traffic = rig.traffic(blind_share=1 / 3)

    code, shown, err = finished(controller(config, "--unvalidated"), 60.0)

    made, failed = ended(traffic)
    assert (code, shown["end"]) == (1, "rolled_back"), err[-2000:]
    assert actuator.read_back(0.0) == 0.0
    assert 0 < failed <= 40, (made, failed)
    assert curl(rig, rig.root_a) == 0
    assert code_of(["replay", str(config.run / "journal.jsonl")]) == 0
