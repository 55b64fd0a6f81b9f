"""What lies in the private folder of a rollout: its journal, and the socket of who flies it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simcert.errors import MachineError
from simcert.live._bundle import Bundle
from simcert.live._config import LiveConfig
from simcert.live._journal_file import FileJournal, is_held
from simcert.live._journal_store import LiveJournal, StoreJournal
from simcert.live._leader import Leader
from simcert.live.redis_store import RedisStore
from simcert.model import ARMS


def journal_of(config: LiveConfig, dry_run: bool, leader: Leader | None) -> LiveJournal:
    """Return the journal: shared with other controllers, or a file."""
    if leader is not None:
        return StoreJournal(leader.store)
    return FileJournal(config.run / journal_name(dry_run))


def recorded(config: LiveConfig) -> list[dict[str, Any]]:
    """Return what the journal of the last rollout holds; MachineError while a controller has it."""
    if config.redis is not None:
        return StoreJournal(RedisStore(config.redis.url, config.redis.rollout)).entries_before
    if not (config.run / journal_name(False)).is_file():
        return []
    journal = FileJournal(config.run / journal_name(False))
    journal.close()
    return journal.entries_before


def is_of_another(entries: list[dict[str, Any]], found: Mapping[str, Bundle]) -> bool:
    """Return whether a journal is that of a rollout that ended, of other certificates."""
    leaves = {arm: found[arm].digest for arm in ARMS}
    ended: Mapping[str, Any] = next((e for e in reversed(entries) if e["entry"] != "command"), {})
    return ended.get("entry") == "end" and entries[0].get("certificates") != leaves


def check_alone(config: LiveConfig) -> None:
    """Raise MachineError if a rehearsal would take the records of a controller that flies."""
    path = config.run / journal_name(dry_run=False)
    if config.haproxy is not None and not config.nodes and is_held(path):
        what = "a controller flies this rollout, and only one can read the records"
        raise MachineError(
            f"{path}: {what}; `simcert live status {config.path}` tells what it decides"
        )


def journal_name(dry_run: bool) -> str:
    """Return the file name of the journal: a rehearsal has its own."""
    return "rehearsal.jsonl" if dry_run else "journal.jsonl"


def control_name(dry_run: bool) -> str:
    """Return the file name of the control socket."""
    return "rehearsal.sock" if dry_run else "control.sock"


def folder(config: LiveConfig) -> Path:
    """Return the private folder, made if it is not there."""
    try:
        config.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(f"{config.run}: cannot be made: {error.strerror}") from error
    return config.run
