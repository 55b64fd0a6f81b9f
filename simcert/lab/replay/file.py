"""A journal's file as entries; InputError says what to give instead."""

from pathlib import Path
from typing import Any

from simcert.control import journal
from simcert.errors import InputError


def entries(path: Path) -> list[dict[str, Any]]:
    """Return the entries of a journal.jsonl; InputError if it cannot be read or is none."""
    try:
        return journal.read(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{path}: cannot be read: {why}; give a journal.jsonl") from error
