"""A journal's file as entries; InputError says what to give instead."""

from pathlib import Path
from typing import Any

from simcert.control import journal
from simcert.model import given


def entries(path: Path) -> list[dict[str, Any]]:
    """Return the entries of a journal.jsonl; InputError if it cannot be read or is none."""
    return journal.read(given.text(path, journal.FILE_MAX, "give a journal.jsonl"), str(path))
