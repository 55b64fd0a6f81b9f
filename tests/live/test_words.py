"""An operator is obeyed, or told that nobody obeys: also between two states of a controller."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from live_authority import Authority
from live_rig import until
from live_web import CONFIG, Web, webhook_config

from simcert.control import journal as journals
from simcert.errors import MachineError
from simcert.live import _control, _flight, _operate
from simcert.live._config import LiveConfig, load
from simcert.live._control import ControlSocket
from simcert.live._flight import Flight, bundles_as_given
from simcert.live._journal_file import FileJournal, is_held
from simcert.live._run_folder import folder, is_of_another, recorded


@pytest.fixture
def config(web: Web, tmp_path: Path) -> LiveConfig:
    return webhook_config(web, tmp_path)


@pytest.fixture
def other() -> Iterator[ThreadPoolExecutor]:
    """Another terminal of the same machine."""
    with ThreadPoolExecutor(2) as pool:
        yield pool


def begun(config: LiveConfig, web: Web) -> None:
    """Leave a rollout under way that has exposed half of all clients, and nobody who flies it."""
    flight = Flight(config, unvalidated=True)
    flight._tick()
    flight.close()
    assert web.points == 5000


def words(config: LiveConfig) -> list[str]:
    text = (config.run / "journal.jsonl").read_text()
    found = journals.read(text, "journal")
    return [one["word"] for one in found if one["entry"] == "command"]


def test_an_abort_while_the_controller_starts_lowers_at_once_and_is_obeyed(
    config: LiveConfig, web: Web, other: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(config, web)
    may_listen = threading.Event()

    def later(*given: object) -> ControlSocket:
        may_listen.wait(20.0)
        return ControlSocket(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(_flight, "ControlSocket", later)
    ended = other.submit(lambda: Flight(config, unvalidated=True).fly())
    until(lambda: is_held(config.run / "journal.jsonl"))
    said = other.submit(_operate.command, config, "abort")

    until(lambda: web.points == 0)
    assert not said.done()  # a controller that puts 0.5 back would make it a lie
    may_listen.set()
    assert said.result(20.0) == {"done": "abort"}
    assert ended.result(20.0) == "rolled_back"
    assert (web.points, words(config)) == (0, ["abort"])


def test_an_abort_outlives_a_controller_that_dies_while_it_starts(
    config: LiveConfig, web: Web, other: ThreadPoolExecutor
) -> None:
    begun(config, web)
    starting = FileJournal(config.run / "journal.jsonl")
    said: Future[object] = other.submit(_operate.command, config, "abort")
    until(lambda: web.points == 0)
    web.points = 5000  # the last thing that it did
    starting.close()

    done = {"done": "abort", "controller": None, "exposure": 0.0, "journalled": True}
    assert said.result(20.0) == done
    assert web.points == 0
    assert Flight(config, unvalidated=True).fly() == "rolled_back"


def test_an_abort_that_a_hanging_controller_may_undo_says_so(
    config: LiveConfig, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(config, web)
    hanging = FileJournal(config.run / "journal.jsonl")
    monkeypatch.setattr(_operate, "START_S", 0.2)

    with pytest.raises(MachineError, match=r"does not answer.*end it.*and say abort again"):
        _operate.command(config, "abort")
    assert web.points == 0
    hanging.close()


def test_an_abort_before_any_rollout_says_that_the_next_one_is_not_stopped(
    config: LiveConfig, web: Web
) -> None:
    web.points = 700

    done = _operate.command(config, "abort")

    assert done == {"done": "abort", "controller": None, "exposure": 0.0, "journalled": False}
    assert web.points == 0


def test_an_abort_after_the_end_is_not_undone_by_the_next_start(
    config: LiveConfig, web: Web
) -> None:
    flight = Flight(config, unvalidated=True)
    flight.loop.command("promote", 0.0)
    assert flight.fly() == "complete"
    assert web.points == 10_000

    for _ in range(2):
        assert _operate.command(config, "abort")["journalled"]
    assert web.points == 0
    assert words(config) == ["promote", "abort", "abort"]
    found = bundles_as_given(config)
    assert is_of_another(recorded(config), {"old": found["new"], "new": found["old"]})
    assert not is_of_another(recorded(config), found)
    asked: list[int] = []
    web.heard = asked.append
    assert Flight(config, unvalidated=True).fly() == "rolled_back"
    assert set(asked) <= {0}


def test_who_was_answered_is_obeyed_although_the_controller_was_told_to_leave(
    config: LiveConfig, web: Web
) -> None:
    begun(config, web)
    flight = Flight(config, unvalidated=True)
    flight.stop()
    assert _control.ask(config.run / "control.sock", "abort") == {"done": "abort"}

    assert flight.fly() == "rolled_back"
    assert web.points == 0


def test_a_word_between_the_last_tick_and_the_end_is_left_to_the_next_controller(
    config: LiveConfig, web: Web
) -> None:
    begun(config, web)
    flight = Flight(config, unvalidated=True)
    assert _control.ask(config.run / "control.sock", "abort") == {"done": "abort"}
    flight.close()

    with pytest.raises(MachineError, match=r"no controller answers \(No such file or directory\)"):
        _control.ask(config.run / "control.sock", "pause")
    assert (web.points, words(config)) == (0, ["abort"])
    assert Flight(config, unvalidated=True).fly() == "rolled_back"


def test_a_rehearsal_never_takes_the_records_of_a_controller(tmp_path: Path) -> None:
    for arm in ("old", "new"):
        (tmp_path / f"{arm}.pem").write_bytes(Authority(arm).bundle())
    text = CONFIG.replace("[webhook]", "[haproxy]").replace(
        'url = "{url}"', 'listen = "[::1]:1"', 1
    )
    (tmp_path / "live.toml").write_text(text.replace("{url}", "http://x"))
    config = load(tmp_path / "live.toml")
    flying = FileJournal(folder(config) / "journal.jsonl")
    (config.run / "records.sock").touch()

    with pytest.raises(MachineError, match="only one can read the records"):
        Flight(config, dry_run=True)
    assert (config.run / "records.sock").is_file()
    flying.close()


def test_nobody_is_answered_by_a_controller_that_cannot_start(
    config: LiveConfig, web: Web, tmp_path: Path
) -> None:
    begun(config, web)
    taken = config.path.read_text() + f'[reports]\nlisten = "{web.url[7:]}"\n'
    (tmp_path / "taken.toml").write_text(taken)

    with pytest.raises(MachineError, match="is the address free"):
        Flight(load(tmp_path / "taken.toml"), unvalidated=True)
    assert not (config.run / "control.sock").exists()
    Flight(config, unvalidated=True).close()  # and what it had opened is closed
