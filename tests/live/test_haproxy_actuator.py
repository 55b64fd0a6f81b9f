"""Exposure of a real HAProxy: exact, file first, and never believed without a look."""

import os
import time
from pathlib import Path

import pytest
from live_rig import Rig

from simcert.errors import MachineError
from simcert.live._terminator import Terminator
from simcert.live.haproxy_actuator import HaproxyActuator, to_points
from simcert.live.haproxy_socket import HaproxySocket

pytestmark = pytest.mark.server


def test_every_basis_point_is_applied_and_read_back(rig: Rig) -> None:
    actuator = rig.start(rig.config())

    for exposure in (0.0001, 0.05, 0.3333, 1.0, 0.0):
        actuator.apply(exposure, 0.0)
        assert actuator.read_back(0.0) == exposure


def test_a_restart_at_any_moment_serves_what_was_decided_last(rig: Rig) -> None:
    config = rig.config()
    actuator = rig.start(config)
    actuator.apply(0.25, 0.0)
    actuator.read_back(0.0)
    worker = actuator.worker
    rig.kill()
    with pytest.raises(MachineError, match="does not answer"):
        actuator.read_back(0.0)

    rig.start(config)

    assert actuator.read_back(0.0) == 0.25
    assert actuator.worker != worker


def test_a_raise_that_a_dead_haproxy_missed_is_never_applied_by_a_restart(rig: Rig) -> None:
    config = rig.config()
    actuator = rig.start(config)
    actuator.apply(0.25, 0.0)
    rig.kill()

    with pytest.raises(MachineError):
        actuator.apply(0.75, 0.0)
    rig.start(config)
    assert actuator.read_back(0.0) == 0.25

    rig.kill()
    with pytest.raises(MachineError):
        actuator.apply(0.0, 0.0)
    rig.start(config)
    assert actuator.read_back(0.0) == 0.0


def test_a_hand_in_the_map_is_seen(rig: Rig) -> None:
    actuator = rig.start(rig.config())
    actuator.apply(0.1, 0.0)

    actuator.socket.ask(f"set map {actuator.map_file} exposure 9000")
    assert actuator.read_back(0.0) == 0.9

    actuator.socket.ask(f"set map {actuator.map_file} exposure 20000")
    with pytest.raises(MachineError, match="more than 10000"):
        actuator.read_back(0.0)
    actuator.socket.ask(f"del map {actuator.map_file} exposure")
    with pytest.raises(MachineError, match="no entry"):
        actuator.read_back(0.0)


@pytest.mark.parametrize(
    ("exposure", "points"),
    [(0.0, 0), (1e-9, 1), (0.05, 500), (0.29, 2900), (1 / 3, 3333), (1.0, 10_000)],
)
def test_rounding_never_exposes_more_than_one_point_beyond_what_was_decided(
    exposure: float, points: int
) -> None:
    assert to_points(exposure) == points


@pytest.mark.parametrize("exposure", [-0.1, 1.1, float("nan")])
def test_what_is_no_share_is_refused(exposure: float) -> None:
    with pytest.raises(MachineError, match="not in"):
        to_points(exposure)


def test_no_haproxy_is_a_machine_error(tmp_path: Path) -> None:
    socket = HaproxySocket(tmp_path / "absent.sock")
    actuator = HaproxyActuator(socket, tmp_path / "exposure.map")

    with pytest.raises(MachineError, match="does not answer"):
        actuator.apply(0.5, 0.0)


def test_rounding_is_no_disagreement(rig: Rig) -> None:
    class Deaf:
        def exposed(self, exposure: float, from_s: float) -> None:
            self.seen, self.from_s = exposure, from_s

        def changing(self, from_s: float, to_s: float) -> None:
            del from_s, to_s

    feed = Deaf()
    terminator = Terminator(rig.start(rig.config()), feed, lambda: 0.0)  # type: ignore[arg-type]
    terminator.apply(1 / 3, 0.0)

    assert terminator.read_back(0.0) == 1 / 3
    assert feed.seen == 0.3333


def test_what_another_hand_changed_makes_the_windows_since_the_last_look_unsure(rig: Rig) -> None:
    class Feed:
        def __init__(self) -> None:
            self.unknown: list[tuple[float, float]] = []
            self.changes: list[tuple[float, float]] = []

        def exposed(self, exposure: float, from_s: float) -> None:
            del exposure, from_s

        def changing(self, from_s: float, to_s: float) -> None:
            self.changes.append((from_s, to_s))

        def unsure(self, from_s: float, to_s: float) -> None:
            self.unknown.append((from_s, to_s))

    feed, actuator = Feed(), rig.start(rig.config())
    terminator = Terminator(actuator, feed, lambda: 0.0)  # type: ignore[arg-type]
    terminator.read_back(0.5)
    terminator.apply(0.1, 1.0)
    terminator.apply(0.1, 1.2)  # a second time: the first may have arrived
    terminator.read_back(1.5)
    terminator.read_back(2.0)
    assert (feed.changes, feed.unknown) == ([(float("-inf"), 0.5), (1.0, 1.5)], [])

    actuator.apply(0.7, 3.0)
    terminator.read_back(4.0)
    assert feed.unknown == [(2.0, 4.0)]


def spent_s(process: int) -> float:
    """Return the seconds of CPU that a process has had."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_terminator_whose_records_nobody_reads_is_idle(rig: Rig) -> None:
    """HAProxy 2.6 looks for a reader of a ring without rest, 0.2 s a second."""
    rig.start(rig.config())
    assert rig.process is not None
    before_s = spent_s(rig.process.pid)
    time.sleep(3.0)
    assert spent_s(rig.process.pid) - before_s < 0.1
