"""Tables of a batch as files: CSV whose floats read back exactly, types told by the manifest."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simcert.lab.run.result import FIGURES as RUN_FIGURES

KEYS = ("scenario", "policy", "run", "seed")
FIGURES = (*RUN_FIGURES, "attempts", "expect_met", "error")
RUN_COLUMNS = (*KEYS, *FIGURES)
MOVE_COLUMNS = ("scenario", "policy", "run", "t_s", "exposure", "reason")
_READ: dict[str, Callable[[str], Any]] = {
    "run": int,
    "seed": int,
    "minutes_to_full": float,
    "harmed_connections": int,
    "harmed_clients": int,
    "connections": int,
    "success_rate": float,
    "false_rollback": "True".__eq__,
    "missed": "True".__eq__,
    "attempts": int,
    "expect_met": "True".__eq__,
    "t_s": float,
    "exposure": float,
}
_TEXTS = ("scenario", "policy", "end", "reason")


def to_csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table as text; None is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def from_csv(text: str) -> list[dict[str, Any]]:
    """Return the rows of a table that `to_csv` wrote, types restored."""
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return [{k: _cell(k, v) for k, v in row.items()} for row in rows]


def _cell(column: str, raw: str) -> Any:  # noqa: ANN401 - by column
    if column in _TEXTS:
        return raw or None
    return (_READ[column](raw) if column in _READ else raw) if raw else None


def moves(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each change of exposure of each run."""
    return [
        {**{k: row[k] for k in ("scenario", "policy", "run")}, **_move(*move)}
        for row in rows
        for move in row["moves"]
    ]


def joined(rows: list[dict[str, Any]], moves: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of runs, each with its changes of exposure: [second, exposure, reason]."""
    changes: dict[tuple[Any, ...], list[Any]] = {}
    for move in moves:
        key = (move["scenario"], move["policy"], move["run"])
        changes.setdefault(key, []).append([move["t_s"], move["exposure"], move["reason"]])
    return [
        row | {"moves": changes.get((row["scenario"], row["policy"], row["run"]), [])}
        for row in rows
    ]


def _move(t_s: float, exposure: float, reason: str) -> dict[str, Any]:
    return {"t_s": t_s, "exposure": exposure, "reason": reason}
