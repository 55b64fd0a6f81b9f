"""A whole live rollout: real HAProxy, real clients, the controller as a user starts it."""

import json
import signal
import subprocess
import sys
from typing import Any

import pytest
from live_rig import Rig, curl

from simcert.cli.main import code_of
from simcert.live._config import LiveConfig

pytestmark = [pytest.mark.server, pytest.mark.slow]
ADAPTIVE = "adaptive:delta_safe=0.09,budget=0.1,overshoot=0.5,mid=0.5"
QUICK = {"window_s": 0.5, "slices": 2, "tick_s": 0.1, "grace_s": 0.1}


def controller(config: LiveConfig, *more: str) -> subprocess.Popen[str]:
    code = "import sys; from simcert.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "live", str(config.path), "--json", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(process: subprocess.Popen[str], seconds: float) -> tuple[int, dict[str, Any], str]:
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"did not end in time:\n{err[-3000:]}")
    return process.returncode, json.loads(out) if out else {}, err


def entries(config: LiveConfig, kind: str) -> list[dict[str, Any]]:
    lines = (config.run / "journal.jsonl").read_text().splitlines()
    return [one for one in map(json.loads, lines) if one["entry"] == kind]


def ended(traffic: "subprocess.Popen[bytes]") -> tuple[int, int]:
    traffic.send_signal(signal.SIGTERM)
    out, _ = traffic.communicate(timeout=10)
    made, failed = out.split()
    return int(made), int(failed)


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
