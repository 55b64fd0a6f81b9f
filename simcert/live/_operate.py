"""What an operator may do from outside: print and write the plan, ask, command, abort the dead."""

import contextlib
import datetime as dt
import logging
import signal
import time
from pathlib import Path
from typing import Any

from simcert.control import journal as journals
from simcert.errors import InputError, MachineError, SimcertError
from simcert.live import _control
from simcert.live import _story as story
from simcert.live._bundle import check_new, read_bundle
from simcert.live._config import LiveConfig, RedisTable
from simcert.live._fleet import TRIES, withdraw
from simcert.live._flight import Flight, bundles
from simcert.live._issue import issued
from simcert.live._journal_file import FileJournal, is_held
from simcert.live._journal_store import StoreJournal
from simcert.live._leader import Leader
from simcert.live._logging import event
from simcert.live._preflight import forgetful
from simcert.live._public import public
from simcert.live._run_folder import control_name, folder, journal_name
from simcert.live._setup import actuator_of, plan_of
from simcert.live._thin_plan import thin_plan
from simcert.live.haproxy_actuator import write_private
from simcert.live.redis_store import RedisStore
from simcert.model import ARMS

log = logging.getLogger("simcert.live")
START_S = 30.0  # a controller may take so long from the lock of its journal to its first answer


class _Stop:
    """SIGTERM and SIGINT end the flight that is on, and any waiting."""

    def __init__(self) -> None:
        self.asked = False
        self.flight: Flight | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._now)

    def _now(self, *_: object) -> None:
        self.asked = True
        if self.flight is not None:
            self.flight.stop()


def fly(config: LiveConfig, *, dry_run: bool, unvalidated: bool) -> dict[str, Any]:
    """Fly until the end or a signal; returns the last status and how it ended.

    With [redis] this waits until we lead, and again when another one does.
    """
    folder(config)
    stop = _Stop()
    if config.redis is None or dry_run:
        return _flown(Flight(config, dry_run=dry_run, unvalidated=unvalidated), stop)
    leader = Leader(RedisStore(config.redis.url, config.redis.rollout), config.redis.ttl_s)
    shown: dict[str, Any] = {"end": "stopped", "exposure": None, "out": public(leader.store.url)}
    told = False
    while leader.stand_by(lambda: stop.asked):
        if not told and (warning := forgetful(leader.store)):
            log.warning("%s", warning, extra=event("forgetful_store"))
        told = True
        try:
            shown = _flown(Flight(config, unvalidated=unvalidated, leader=leader), stop)
        except MachineError as error:
            if not config.nodes:
                raise
            # Redis, most likely: nodes need no one at once
            log.warning("stepping back: %s", error, extra=event("stepping_back"))
            leader.give_up()
            time.sleep(min(leader.ttl_s / 5.0, 1.0))
            continue
        if shown["end"] != "deposed":
            break
    leader.give_up()
    return shown


def _flown(flight: Flight, stop: _Stop) -> dict[str, Any]:
    stop.flight = flight
    if stop.asked:
        flight.stop()
    end = flight.fly()
    return {**flight.status(), "end": end, "out": flight.journal.name}


def plan(config: LiveConfig, *, write: bool) -> tuple[str, list[Path]]:
    """Return HAProxy's configuration; `write` puts it, both bundles and a map at 0 into `state`.

    What exists already as map stays: it holds the exposure of a rollout. Of a command or URL with
    Prometheus it says what these must do and tell.
    """
    if config.haproxy is None:
        if write:
            raise InputError(f"{config.path}: only [haproxy] has files; docs/live.md shows nginx")
        return thin_plan(config), []
    one = plan_of(config, config.haproxy)
    if not write:
        return one.text(), []
    found = bundles(config)
    folder(config)
    for arm in ARMS:
        if not one.certificate(arm).exists():
            write_private(one.certificate(arm), found[arm].pem)
    if not one.map_file.exists():
        write_private(one.map_file, "exposure 0\n")
    write_private(one.config_file, one.text())
    return one.text(), [one.config_file, one.map_file, *map(one.certificate, ARMS)]


def obtain(config: LiveConfig) -> Path:
    """Ask the authority for a new bundle and write it to `certificates.new`, mode 0600.

    InputError if the file exists already: a rollout may be flying it.
    """
    path = config.at(config.certificates.new)
    if path.exists():
        raise InputError(f"{path}: exists already; move it away to obtain another one")
    old = read_bundle(config.at(config.certificates.old))
    write_private(path, issued(config, old))
    check_new(read_bundle(path), old, dt.datetime.now(dt.UTC))
    return path


def status(config: LiveConfig) -> dict[str, Any]:
    """Return the status of the controller, or of a rehearsal; MachineError if none runs.

    It then tells how the last rollout ended, if that is known.
    """
    with contextlib.suppress(MachineError):
        return _control.ask(config.run / control_name(dry_run=True), "status")
    try:
        return _control.ask(config.run / control_name(dry_run=False), "status")
    except MachineError as error:
        raise MachineError(f"{error}; {_last_words(config)}") from error


def _last_words(config: LiveConfig) -> str:
    """Return how the last rollout stands, from its journal; nobody else is disturbed."""
    path = config.run / journal_name(dry_run=False)
    try:
        if config.redis is not None:
            store = RedisStore(config.redis.url, config.redis.rollout)
            entries = store.entries()
        else:
            entries = journals.read(path.read_text(encoding="utf-8"), path.name)
    except (OSError, SimcertError):
        return "and no journal tells of a rollout"
    found = story.ending(entries)
    said = "a rollout is unfinished; the same `simcert live` goes on with it"
    return f"the last rollout {found['says']}" if found else said


def command(config: LiveConfig, word: str) -> dict[str, Any]:
    """Give a word to the controller; `abort` withdraws the certificate even if there is none.

    With [redis] the leader may run elsewhere: it finds the word in the journal at its next tick.
    """
    try:
        return _control.ask(config.run / control_name(dry_run=False), word)
    except MachineError:
        if word != "abort" and config.redis is None:
            raise
    told = config.redis is not None and _tell_leader(config, config.redis, word)
    if word != "abort":
        if not told:
            raise MachineError(f"{config.path}: {word}: no rollout is under way, nobody would obey")
        return {"done": word, "controller": "the next leader"}
    done = {"done": "abort", "controller": None}
    if config.nodes:
        return done | {"exposure": withdraw(config), "journalled": told}
    actuator = actuator_of(config)
    with contextlib.suppress(MachineError):
        actuator.apply(0.0, 0.0)  # at once; words may have to wait for a controller that starts
    if config.redis is None:
        if (answered := _answered_late(config)) is not None:
            return answered
        told = _leave_word(config)
    actuator.apply(0.0, 0.0)  # whoever began in the meantime may have put back what it knew
    return done | {"exposure": actuator.read_back(0.0), "journalled": told}


def _answered_late(config: LiveConfig) -> dict[str, Any] | None:
    """Return what a controller says that has the journal but does not answer yet: it is starting.

    None as soon as nobody has it; MachineError if that one neither answers nor goes away.
    """
    path = config.run / journal_name(dry_run=False)
    end_s = time.monotonic() + START_S
    while is_held(path):
        with contextlib.suppress(MachineError):
            return _control.ask(config.run / control_name(dry_run=False), "abort")
        if time.monotonic() > end_s:
            found = "a controller has it and does not answer; what it held is withdrawn, but it may"
            remedy = f"put it back: end it (`fuser {path}` tells its number), and say abort again"
            raise MachineError(f"{path}: {found} {remedy}")
        time.sleep(0.1)
    return None


def _leave_word(config: LiveConfig) -> bool:
    """Journal the abort, if a rollout had begun; a journal in trouble must not stop it."""
    path = config.run / journal_name(dry_run=False)
    if not path.is_file():
        return False
    with contextlib.suppress(MachineError, InputError):
        journal = FileJournal(path)
        try:
            return journal.leave("abort")
        finally:
            journal.close()
    return False


def _tell_leader(config: LiveConfig, table: RedisTable, word: str) -> bool:
    """Add a word to the shared journal, between the entries of whoever leads; whether one flies.

    MachineError if Redis is away; `abort` goes on to the terminator all the same.
    """
    trouble: MachineError | None = None
    for _ in range(TRIES):
        try:
            return StoreJournal(RedisStore(table.url, table.rollout)).leave(word)
        except MachineError as error:
            trouble = error
    if word != "abort":
        raise MachineError(f"{config.path}: {word} could not be written: {trouble}")
    return False
