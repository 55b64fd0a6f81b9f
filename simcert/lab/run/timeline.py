"""Timeline: a journal as a table, one row a window."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from simcert.model import ARMS, OK, Window

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


def segments(entries: Iterable[Mapping[str, Any]]) -> "pd.DataFrame":
    """Return a row for each segment and arm: segment, arm, units, failed (units)."""
    import pandas as pd

    counts: Counter[tuple[str, str, str]] = Counter()
    for entry in entries:
        if entry["entry"] == "window":
            window = Window.from_dict(entry["window"])
            for s, segment in enumerate(window.segments):
                for a, arm in enumerate(ARMS):
                    units = int(window.units[s, a].sum())
                    counts[segment, arm, "units"] += units
                    ok = window.outcomes.index(OK) if OK in window.outcomes else None
                    good = 0 if ok is None else int(window.units[s, a, ok])
                    counts[segment, arm, "failed"] += units - good
    names = sorted({segment for segment, _, _ in counts})
    rows = [
        (s, arm, counts[s, arm, "units"], counts[s, arm, "failed"]) for s in names for arm in ARMS
    ]
    return pd.DataFrame(rows, columns=["segment", "arm", "units", "failed"])


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
