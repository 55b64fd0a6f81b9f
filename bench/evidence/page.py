"""The tables of docs/evidence.md, from results/evidence: `python -m bench.evidence.page`."""

import json
import re
from collections.abc import Iterator
from typing import Any

from bench._results import asked
from bench.evidence.bars import BARS
from bench.evidence.record import FOLDER

PAGE = FOLDER.parents[1] / "docs" / "evidence.md"
MARKS = re.compile(r"(<!-- bars -->\n).*?(<!-- /bars -->)", re.S)
REPORTED = re.compile(r"(<!-- reported -->\n).*?(<!-- /reported -->)", re.S)
CORROBORATION = re.compile(r"(<!-- corroboration -->\n).*?(<!-- /corroboration -->)", re.S)


def table() -> str:
    """Return one row per bar: cells kept, and the cell that comes nearest to its limit."""
    rows = "".join(row for k in sorted(BARS) for row in _rows(k))
    return f"| bar | kept | the tightest cell, or those missed | value | limit | n |\n{RULE}{rows}"


RULE = "|---|---|---|---|---|---|\n"


def _rows(k: int) -> Iterator[str]:
    path = FOLDER / f"bar_{k}.json"
    if not path.exists():
        yield f"| {k} | not measured | | | | |\n"
        return
    cells = json.loads(path.read_text(encoding="utf-8"))["bars"]
    kept = f"{sum(cell['passed'] for cell in cells)} of {len(cells)}"
    for cell in [c for c in cells if not c["passed"]] or [max(cells, key=_tightness)]:
        figures = f"{cell['value']:.4g} | {cell['limit']:.4g} | {cell['n']:,}"
        yield f"| {k} | {kept} | {cell['bar']} | {figures} |\n"


def reported() -> str:
    """Return one row per cell that has no limit."""
    head = "| bar | reported, without a limit | value | found | n |\n" + "|---|---|---|---|---|\n"
    files = [FOLDER / f"bar_{k}.json" for k in sorted(BARS)]
    proofs = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]
    return head + "".join(
        f"| {proof['name'].removeprefix('bar_')} | {cell['bar']} | {cell['value']:.4g} "
        f"| {cell['detected']:,} | {cell['n']:,} |\n"
        for proof in proofs
        for cell in proof.get("reported", ())
    )


def told() -> str:
    """Return one row per story and what `adaptive` was told beside the windows."""
    path = FOLDER / "corroboration.json"
    if not path.exists():
        return "not measured\n"
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    head = "| story | told | harmed, mean | rolled back | median minutes to full | predicted |\n"
    return head + "|---|---|---|---|---|---|\n" + "".join(_told(row) for row in rows)


def _told(row: dict[str, Any]) -> str:
    minutes, share = row["median_minutes_to_full"], row["predicted_share"]
    harmed = f"{row['harmed_mean']:.1f} +- {row['harmed_error']:.1f}"
    said = f"{row['scenario']} | {row['told']} | {harmed} | {row['rolled_back']} of {row['runs']}"
    full = "-" if minutes is None else f"{minutes:g}"
    predicted = "-" if share is None else f"{share:.3g}"
    refused = ", start refused" if row["default_prior_refuses"] else ""
    return f"| {said} | {full} | {predicted}{refused} |\n"


def _tightness(cell: dict[str, Any]) -> float:
    """Return how much of its room a cell uses; what has no chance or no room says nothing."""
    value, limit = float(cell["value"]), float(cell["limit"])
    if cell.get("exact") or not limit or value == limit == 1.0:
        return 0.0
    return min(value / limit, limit / value) if value else 0.0


def main() -> None:
    """Put the tables into the page."""
    text = MARKS.sub(lambda m: m[1] + table() + m[2], PAGE.read_text(encoding="utf-8"))
    text = REPORTED.sub(lambda m: m[1] + reported() + m[2], text)
    text = CORROBORATION.sub(lambda m: m[1] + told() + m[2], text)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    asked(__doc__)
    main()
