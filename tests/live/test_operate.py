"""Crashes, operators, second controllers: nothing exposes more than was authorised in writing."""

import json
import random
import signal
import time

import pytest
from live_rig import Rig, controller, curl, ended, entries, finished, until

from simcert.cli.main import code_of
from simcert.live import _operate
from simcert.live._config import LiveConfig
from simcert.live.haproxy_actuator import HaproxyActuator

pytestmark = [pytest.mark.server, pytest.mark.slow]
SLOW = "fixed_linear:step=0.1,every_s=600"


def authorised(config: LiveConfig) -> float:
    """Return the highest exposure in force by any decision so far: the newest one in writing."""
    found = entries(config, "decision")
    return float(found[-1]["exposure"]) if found else 0.0


def exposed(config: LiveConfig, actuator: HaproxyActuator, exposure: float) -> None:
    until(lambda: (config.run / "journal.jsonl").exists() and entries(config, "confirm"), 20.0)
    until(lambda: actuator.read_back(0.0) == exposure, 20.0)


def test_killed_at_any_moment_it_goes_on_and_never_exposes_more_than_was_decided(rig: Rig) -> None:
    config = rig.config("fixed_linear:step=0.1,every_s=0.5", soak_s=0.5)
    actuator = rig.start(config)
    traffic = rig.traffic(rate=50.0)
    rng = random.Random(1)
    for _ in range(6):
        process = controller(config, "--unvalidated")
        time.sleep(rng.uniform(0.8, 2.2))
        process.kill()
        process.communicate()
        if (config.run / "journal.jsonl").exists():
            assert actuator.read_back(0.0) <= authorised(config) + 1e-9

    code, shown, err = finished(controller(config, "--unvalidated"), 30.0)

    assert (code, shown["end"]) == (0, "complete"), err[-2000:]
    assert ended(traffic)[1] == 0
    assert len(entries(config, "start")) == 1
    assert code_of(["replay", str(config.run / "journal.jsonl")]) == 0


def test_a_killed_haproxy_comes_back_with_what_was_decided(rig: Rig) -> None:
    config = rig.config(SLOW)
    actuator = rig.start(config)
    process = controller(config, "--unvalidated")
    exposed(config, actuator, 0.1)

    rig.kill()
    until(lambda: any("does not answer" in one["what"] for one in entries(config, "error")))
    rig.start(config)

    assert actuator.read_back(0.0) == 0.1
    process.send_signal(signal.SIGTERM)
    assert finished(process, 10.0)[0] == 130
    assert authorised(config) == 0.1


def test_a_hand_in_the_map_is_corrected_within_two_ticks_and_journalled(rig: Rig) -> None:
    config = rig.config(SLOW)
    actuator = rig.start(config)
    process = controller(config, "--unvalidated")
    exposed(config, actuator, 0.1)

    actuator.socket.ask(f"set map {actuator.map_file} exposure 9000")

    until(lambda: actuator.read_back(0.0) == 0.1, 2.0)
    assert 0.9 in [one["exposure"] for one in entries(config, "confirm")]
    process.kill()
    process.communicate()


def test_operators_always_win_within_a_tick(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    config = rig.config(SLOW, tick_s=0.3)
    actuator = rig.start(config)
    process = controller(config, "--unvalidated")
    exposed(config, actuator, 0.1)
    path = str(config.path)

    assert code_of(["live", "pause", path]) == 0
    until(lambda: _operate.status(config)["phase"] == "paused", 2.0)
    assert code_of(["live", "resume", path]) == 0
    until(lambda: _operate.status(config)["phase"] != "paused", 2.0)
    capsys.readouterr()
    assert code_of(["live", "status", path, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert {
        "phase",
        "exposure",
        "policy",
        "last_decision",
        "segments",
        "feed",
        "leader",
        "eta_s",
        "eta",
        "would_change",
        "ended",
    } <= (shown.keys())
    until(lambda: _operate.status(config)["would_change"], 5.0)  # it looks ahead beside the loop
    capsys.readouterr()
    assert code_of(["live", "status", path]) == 0
    said = capsys.readouterr().out
    assert "completion: complete in" in said
    assert "would change it: raise in" in said
    assert code_of(["live", "abort", path]) == 0
    code, end, _ = finished(process, 10.0)

    assert (code, end["end"]) == (1, "rolled_back")
    assert actuator.read_back(0.0) == 0.0
    assert [one["word"] for one in entries(config, "command")] == ["pause", "resume", "abort"]
    assert end["ended"]["says"].endswith("because an operator: abort")
    assert code_of(["live", "status", path]) == 3  # nobody runs, but the journal remembers
    assert "the last rollout rolled back at 20" in capsys.readouterr().err


def test_a_rollback_is_in_force_in_less_than_a_tick(rig: Rig) -> None:
    config = rig.config(SLOW, tick_s=20.0)
    actuator = rig.start(config)
    process = controller(config, "--unvalidated")
    exposed(config, actuator, 0.1)
    assert (config.run / "control.sock").stat().st_mode & 0o777 == 0o600  # nobody else can say it

    began = time.monotonic()
    assert code_of(["live", "abort", str(config.path)]) == 0
    until(lambda: actuator.read_back(0.0) == 0.0, 10.0)

    assert time.monotonic() - began < 10.0  # half a tick, on a busy machine; alone 20 ms
    assert finished(process, 30.0)[0] == 1


def test_promote_serves_only_the_new_certificate(rig: Rig) -> None:
    config = rig.config(SLOW)
    actuator = rig.start(config)
    process = controller(config, "--unvalidated")
    exposed(config, actuator, 0.1)

    assert code_of(["live", "promote", str(config.path)]) == 0

    assert finished(process, 10.0)[0] == 0
    assert actuator.read_back(0.0) == 1.0


def test_abort_works_when_the_controller_is_dead_and_the_next_one_obeys(rig: Rig) -> None:
    config = rig.config(SLOW)
    actuator = rig.start(config)
    process = controller(config, "--unvalidated")
    exposed(config, actuator, 0.1)
    process.kill()
    process.communicate()

    assert code_of(["live", "abort", str(config.path)]) == 0

    assert actuator.read_back(0.0) == 0.0
    assert finished(controller(config, "--unvalidated"), 15.0)[0] == 1
    assert actuator.read_back(0.0) == 0.0


def test_of_two_controllers_the_second_one_is_sent_away(rig: Rig) -> None:
    config = rig.config(SLOW)
    actuator = rig.start(config)
    first = controller(config, "--unvalidated")
    exposed(config, actuator, 0.1)

    code, _, err = finished(controller(config, "--unvalidated"), 15.0)

    assert code == 3
    assert "another controller" in err
    first.kill()
    first.communicate()


def test_without_validation_nothing_flies_and_nothing_is_touched(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    config = rig.config(SLOW)
    actuator = rig.start(config)
    path = str(config.path)

    assert code_of(["live", path]) == 2
    assert "--unvalidated" in capsys.readouterr().err
    assert code_of(["live", "status", path]) == 3
    assert code_of(["live", "pause", path]) == 3
    assert actuator.read_back(0.0) == 0.0
    assert not (config.run / "journal.jsonl").exists()


def test_a_rehearsal_decides_and_touches_nothing(rig: Rig) -> None:
    config = rig.config("fixed_linear:step=0.1,every_s=0.5")
    actuator = rig.start(config)
    process = controller(config, "--dry-run")
    until(lambda: (config.run / "rehearsal.jsonl").exists(), 60.0)
    until(lambda: '"raise"' in (config.run / "rehearsal.jsonl").read_text(), 10.0)

    assert actuator.read_back(0.0) == 0.0
    assert _operate.status(config)["dry_run"] is True
    process.send_signal(signal.SIGTERM)
    finished(process, 10.0)
    assert not (config.run / "journal.jsonl").exists()
    assert curl(rig, rig.root_a) == 0


def test_the_next_rotation_begins_where_the_last_one_was_completed(rig: Rig) -> None:
    quick = "fixed_linear:step=0.5,every_s=0.4"
    config = rig.config(quick, soak_s=0.2)
    actuator = rig.start(config)
    assert finished(controller(config, "--unvalidated"), 30.0)[0] == 0
    (rig.folder / "old.pem").write_bytes((rig.folder / "new.pem").read_bytes())
    (rig.folder / "new.pem").write_bytes(rig.a.bundle())

    assert finished(controller(config, "--unvalidated"), 30.0)[0] == 0

    assert actuator.read_back(0.0) == 1.0
    assert curl(rig, rig.root_a) == 0
    assert len(list(config.run.glob("journal-*.jsonl"))) == 1
    assert [one["exposure"] for one in entries(config, "decision")][-1] == 1.0


def test_an_exposure_that_nobody_can_explain_stops_the_start(rig: Rig) -> None:
    config = rig.config(SLOW)
    actuator = rig.start(config)
    actuator.apply(0.5, 0.0)

    code, _, err = finished(controller(config, "--unvalidated"), 15.0)

    assert code == 3
    assert "simcert live abort" in err
    assert actuator.read_back(0.0) == 0.5
