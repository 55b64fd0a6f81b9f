"""The path from a decision to what is in force, in one process: a webhook obeys, or does not."""

import datetime as dt
import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from live_authority import Authority, pem
from live_web import Web, webhook_config

from simcert.control import journal as journals
from simcert.control.windowing import Grid, Windower
from simcert.errors import InputError, MachineError
from simcert.live import _control, _flight, _operate
from simcert.live._bundle import check_new, read_bundle
from simcert.live._clock import after
from simcert.live._config import LiveConfig
from simcert.live._control import ControlSocket
from simcert.live._flight import Flight, control_plan
from simcert.live._journal_file import FileJournal
from simcert.live._terminator import Terminator
from simcert.live._watch import Watch
from simcert.live.haproxy_actuator import HaproxyActuator
from simcert.live.haproxy_feed import HaproxyFeed
from simcert.live.haproxy_socket import HaproxySocket
from simcert.model import Decision, Kind, Phase

CLIMBS = "fixed_linear:step=0.5,every_s=600"


@pytest.fixture
def config(web: Web, tmp_path: Path) -> LiveConfig:
    return webhook_config(web, tmp_path)


def entries(config: LiveConfig) -> list[dict[str, Any]]:
    return journals.read((config.run / "journal.jsonl").read_text(), "journal")


def begun(config: LiveConfig) -> None:
    flight = Flight(config, unvalidated=True)
    flight._tick()
    flight.close()


def finished(config: LiveConfig, word: str) -> Flight:
    flight = Flight(config, unvalidated=True)
    flight.control.words.put(word)
    flight.fly()
    return flight


def test_without_validation_nothing_flies_and_a_rehearsal_touches_nothing(
    config: LiveConfig, web: Web
) -> None:
    with pytest.raises(InputError, match="no `validation` named"):
        Flight(config)
    flight = Flight(config, dry_run=True)
    flight._tick()
    flight.close()

    assert flight.rollout.authorised == 0.5
    assert web.points == 0
    assert not (config.run / "journal.jsonl").exists()


@pytest.mark.parametrize("what", ["policy", "params", "plan", "certificates"])
def test_a_rollout_is_gone_on_with_as_it_began_or_not_at_all(config: LiveConfig, what: str) -> None:
    begun(config)
    changed = {
        "policy": replace(config, policy="all_at_once"),
        "params": replace(config, policy="fixed_linear:step=0.4,every_s=600"),
        "plan": replace(config, plan=replace(config.plan, soak_s=7.0)),
        "certificates": config,
    }
    if what == "certificates":
        new = config.at(config.certificates.new)
        new.write_bytes(config.at(config.certificates.old).read_bytes())

    with pytest.raises(InputError, match=f"began with another {what}; end that rollout"):
        Flight(changed[what], unvalidated=True)


def test_a_rollout_of_other_certificates_begins_a_journal_of_its_own(config: LiveConfig) -> None:
    finished(config, "abort")
    again = Flight(config, unvalidated=True)
    again.close()
    assert again.rollout.phase is Phase.ROLLED_BACK
    assert [one["entry"] for one in entries(config)].count("end") == 1

    new, old = (config.at(one) for one in (config.certificates.new, config.certificates.old))
    new.write_bytes(old.read_bytes())
    other = Flight(config, unvalidated=True)
    other.close()
    assert other.rollout.phase is Phase.WAITING
    assert len(list(config.run.glob("journal-*.jsonl"))) == 1


def test_it_is_not_over_before_what_was_decided_is_in_force(config: LiveConfig, web: Web) -> None:
    begun(config)
    assert web.points == 5000
    web.deaf = True
    flight = Flight(config, unvalidated=True)
    flight.control.words.put("abort")
    flight._tick()

    assert flight.rollout.finished
    assert not flight._over()
    web.deaf = False
    flight._tick()
    assert (flight._over(), web.points) == (True, 0)
    flight.close()


def test_the_end_is_journalled_with_its_cause_and_known_to_the_next_life(
    config: LiveConfig,
) -> None:
    flight = finished(config, "promote")
    ended = flight.status()["ended"]

    assert entries(config)[-1]["entry"] == "end"
    assert entries(config)[-1]["end"] == ended["end"] == "complete"
    assert ended["why"] == "an operator: promote"
    again = Flight(config, unvalidated=True)
    again.close()
    assert again.status()["ended"]["says"] == ended["says"]
    assert Flight.status(again)["phase"] == "complete"


def test_a_rollout_under_way_has_not_ended(config: LiveConfig) -> None:
    begun(config)
    flight = Flight(config, unvalidated=True)
    flight.close()

    assert flight.status()["ended"] is None


def test_a_certificate_that_ran_out_is_withdrawn_once_and_the_reason_told(
    config: LiveConfig, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(config)
    flight = Flight(config, unvalidated=True)
    monkeypatch.setattr(_flight, "withdrawn_by_date", lambda *_: "the new certificate ended")
    flight._tick()
    flight._tick()
    flight.close()

    assert (flight.rollout.phase, web.points) == (Phase.ROLLED_BACK, 0)
    assert flight.status()["ended"]["why"] == "the new certificate ended"
    assert [one["word"] for one in entries(config) if one["entry"] == "command"] == ["abort"]


def test_time_goes_on_after_the_last_entry(
    config: LiveConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(config)
    path = config.run / "journal.jsonl"
    last = {"entry": "command", "t": 5000.0, "word": "pause"}
    path.write_text(path.read_text() + json.dumps(last) + "\n")
    flight = Flight(config, unvalidated=True)
    flight.close()

    assert flight.clock.now() >= 5000.0


@pytest.mark.parametrize(
    ("said", "expires", "holds"), [(None, 90.0, 90.0), (40.0, 90.0, 40.0), (99.0, 90.0, 90.0)]
)
def test_the_old_certificate_ends_when_it_expires_or_is_said_to_end(
    config: LiveConfig, said: float | None, expires: float, holds: float
) -> None:
    given = replace(config, plan=replace(config.plan, old_until_s=said))

    assert control_plan(given, expires).old_until_s == holds
    assert control_plan(given).old_until_s == said


def test_a_slow_tick_is_no_leap() -> None:
    assert after((10.0, 50.0), 15.0, 55.0) == (15.0, 0.0)
    assert after((10.0, 50.0), 14.0, 55.0) == (15.0, 0.0), "a wall clock that lags is no guide"
    assert after((10.0, 50.0), 10.5, 50.0) == (10.0, 0.0)
    assert after((10.0, 50.0), 17.0, 55.0) == (17.0, 2.0)
    assert after((10.0, 50.0), 10.0, 49.0) == (10.0, 0.0), "never backwards"


def test_the_word_for_the_next_controller_is_left_where_somebody_will_obey(tmp_path: Path) -> None:
    start: dict[str, Any] = {"entry": "start", "version": 1, "policy": "p", "params": {}}
    start |= {"plan": {}, "prior": None, "truth": None}
    hold = {"entry": "confirm", "t": 9.0, "exposure": 0.5}

    def left(word: str, *more: dict[str, Any]) -> tuple[bool, list[str], float]:
        path = tmp_path / "journal.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in more))
        journal = FileJournal(path)
        done = journal.leave(word)
        journal.close()
        found = journals.read(path.read_text(), "it")[len(more) :] if more else []
        return done, [one["word"] for one in found], max([one["t"] for one in found], default=0.0)

    complete, back = ({"entry": "end", "t": 9.5, "end": end} for end in ("complete", "rolled_back"))
    assert left("pause", start, hold) == (True, ["pause"], 9.0)
    assert left("pause", start, hold, complete) == (False, [], 0.0)
    assert left("abort", start, hold, complete) == (True, ["abort"], 9.5)
    assert left("abort", start, hold, back) == (True, [], 0.0)
    assert left("abort") == (False, [], 0.0)


class Machine:
    """A terminator that obeys, and a feed that notes which exposure holds from when on."""

    def __init__(self) -> None:
        self.live, self.now_s = 0.0, 0.0
        self.heard: list[tuple[float, float]] = []

    def apply(self, exposure: float, now_s: float) -> None:
        del now_s
        self.live = int(exposure * 10_000) / 10_000

    def read_back(self, now_s: float) -> float:
        del now_s
        return self.live

    def exposed(self, exposure: float, from_s: float) -> None:
        self.heard.append((exposure, from_s))

    def changing(self, from_s: float, to_s: float) -> None: ...

    def unsure(self, from_s: float, to_s: float) -> None: ...

    def poll(self, now_s: float) -> tuple[()]:
        del now_s
        return ()


def test_what_is_refused_is_a_raise_and_never_a_way_down() -> None:
    machine, why = Machine(), [""]
    terminator = Terminator(machine, machine, lambda: machine.now_s, refusal=lambda: why[0])
    terminator.apply(0.5, 0.0)
    why[0] = "probes fail"

    with pytest.raises(MachineError, match="not raised: probes fail"):
        terminator.apply(0.6, 1.0)
    assert machine.live == 0.5
    terminator.apply(0.2, 2.0)
    assert machine.live == 0.2


def test_an_exposure_holds_from_the_answer_on_not_from_the_question() -> None:
    machine = Machine()
    terminator = Terminator(machine, machine, lambda: machine.now_s)
    terminator.apply(0.123456, 1.0)
    machine.now_s = 3.0  # the answer took two seconds

    assert terminator.read_back(1.0) == 0.123456
    assert terminator.read_back(4.0) == 0.123456
    assert machine.heard == [(0.1234, 3.0), (0.1234, 4.0)]


def test_the_history_holds_changes_of_exposure_only() -> None:
    watch = Watch(Machine())
    for now_s, exposure in enumerate((0.1, 0.1, 0.2, 0.2, 0.1)):
        watch.decided(float(now_s), Decision(exposure, "why", Kind.HOLD))

    assert [(t, e) for t, e, *_ in watch.shown()["moves"]] == [(0.0, 0.1), (2.0, 0.2), (4.0, 0.1)]


def test_the_control_socket_is_private_bounded_and_takes_nothing_after_its_end(
    tmp_path: Path,
) -> None:
    one = ControlSocket(tmp_path / "c.sock", lambda: {"phase": "waiting"})
    assert (tmp_path / "c.sock").stat().st_mode & 0o777 == 0o600
    assert _control.ask(tmp_path / "c.sock", "status") == {"phase": "waiting"}
    one.close()

    with pytest.raises(BrokenPipeError):
        one._answer(b'{"word": "promote"}')
    assert one.words.empty()
    here, there = socket.socketpair()
    with here, there:
        there.sendall(b"x" * 100_000)
        there.shutdown(socket.SHUT_WR)
        assert len(_control._line(here)) <= _control.LINE_BYTES_MAX + 65_536


def test_a_word_that_nobody_can_obey_says_that_no_controller_answers(config: LiveConfig) -> None:
    with pytest.raises(MachineError, match="no controller answers"):
        _operate.command(config, "pause")


def test_a_chain_that_lost_its_intermediate_is_asked_about(tmp_path: Path) -> None:
    root = Authority("root")
    middle = root.below("middle")
    for name, data in (("bare", middle.bundle()), ("whole", middle.bundle() + pem(middle.root))):
        (tmp_path / name).write_bytes(data)
    bare, whole = (read_bundle(tmp_path / name) for name in ("bare", "whole"))

    with pytest.raises(InputError, match="no intermediate although the old one has"):
        check_new(bare, whole, dt.datetime.now(dt.UTC))
    check_new(whole, bare, dt.datetime.now(dt.UTC))


class Ignorant(HaproxySocket):
    """A HAProxy that takes every word and does nothing."""

    def worker(self) -> str:
        return "1"

    def ask(self, command: str, payload: str = "") -> str:
        told = command.startswith("get map") and not payload
        return 'found=yes, key="exposure", value="700"' if told else ""


def test_what_the_process_ignores_is_no_exposure_and_no_later_start_applies_it(
    tmp_path: Path,
) -> None:
    place = tmp_path / "exposure.map"
    place.write_text("exposure 700\n")
    actuator = HaproxyActuator(Ignorant(tmp_path / "socket"), place)

    with pytest.raises(MachineError, match="asked for 5000, HAProxy has 700"):
        actuator.apply(0.5, 0.0)
    assert place.read_text() == "exposure 700\n"
    with pytest.raises(MachineError, match="asked for 0, HAProxy has 700"):
        actuator.apply(0.0, 1.0)
    assert place.read_text() == "exposure 0\n", "a lowering stays for the next start"


class Silent:
    """A connected HAProxy without clients: no record comes, and none is lost."""

    connected = True

    def take(self) -> list[tuple[bytes, list[int]]]:
        return []

    def lost(self) -> int:
        return 0


def silent_feed(since_s: float = 0.0) -> HaproxyFeed:
    quiet: Any = Silent()
    return HaproxyFeed(quiet, quiet, Windower(Grid(60.0)), since_s)


def test_a_record_that_came_too_late_spoils_the_windows_that_it_may_belong_to() -> None:
    feed = silent_feed()
    feed.windower.late = 3
    closed = []
    for now_s in (70.0, 130.0, 190.0):
        feed.exposed(0.0, now_s)
        closed += feed.poll(now_s)

    assert [one.completeness for one in closed] == [0.0, 0.0, 1.0]


def test_a_window_that_began_before_the_flight_is_not_ours() -> None:
    feed = silent_feed(since_s=90.0)
    feed.exposed(0.0, 250.0)

    assert [one.start_s for one in feed.poll(250.0)] == [120.0, 180.0]
