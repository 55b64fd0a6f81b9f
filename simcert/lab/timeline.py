"""Timeline: a journal as a table, one row a window."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from simcert.model import Window

if TYPE_CHECKING:
    import pandas as pd


def timeline(entries: Iterable[Mapping[str, Any]]) -> "pd.DataFrame":
    """Return a row for each window or slice that counted, with the decision that followed.

    Columns: t_s (its start), exposure, n_old, failed_old, n_new, failed_new (units), decided
    (exposure wanted then), kind, reason.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    open_from = 0  # rows from here on wait for a decision
    for entry in entries:
        if entry["entry"] == "window":
            rows.append(_counts(Window.from_dict(entry["window"])))
        elif entry["entry"] == "decision":
            said = {k: entry[k] for k in ("kind", "reason")} | {"decided": entry["exposure"]}
            for row in rows[open_from:]:
                row.update(said)
            open_from = len(rows)
    return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = [
    *("t_s", "exposure", "n_old", "failed_old", "n_new", "failed_new"),
    *("decided", "kind", "reason"),
]


def _counts(window: Window) -> dict[str, Any]:
    tally = window.tally()
    return {
        "t_s": window.start_s,
        "exposure": window.exposure,
        "n_old": tally.n_old,
        "failed_old": tally.f_old,
        "n_new": tally.n_new,
        "failed_new": tally.f_new,
    }
