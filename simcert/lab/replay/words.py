"""A replay in words: what both policies said, side by side, and what no record can tell."""

from textwrap import fill
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simcert.lab.replay.decide import Replayed, Side

GAPS = 3  # missing decisions that are told; `--json` has more
ROWS = 40  # of a table on a terminal; `--json` has all
UNKNOWN = (
    "The record holds what clients did under the exposure that was in force, and nothing else. "
    "What more or fewer of them would have done is in no record: neither harm nor time to full of "
    "the other policy can be read from it. `simcert compare` flies both in the simulator."
)


def in_words(found: "Replayed") -> str:
    """Return the answer for a terminal."""
    lines = [_first(found)]
    if found.missing:
        lines += ["", fill(_missing(found), 100)]
    if found.other and found.replay.first_difference is not None:
        lines += ["", *_table(found.changes), "", *_limits(found)]
    if not found.ended:
        last = found.sides[-1].t_s if found.sides else 0.0
        where = f"The record has no end: its last decision is of {last:.0f} s"
        lines += ["", f"{where}; the flight goes on, or was cut off there."]
    return "\n".join(lines)


def _first(found: "Replayed") -> str:
    n, first = len(found.replay.decisions), found.replay.first_difference
    if first is None:
        return f"{found.policy}: all {n} decisions are the recorded ones, byte for byte."
    was, now = (
        f"{one['exposure']:.4g} ({one['reason']})" for one in (first.recorded, first.decided)
    )
    return (
        f"{found.policy}: {n} decisions, the first other one at {first.t_s:.0f} s:\n"
        f"  recorded {was}\n  decided  {now}"
    )


def _missing(found: "Replayed") -> str:
    shown = ", ".join(f"{t_s:g} s" for t_s in found.missing[:GAPS])
    more = f" and {len(found.missing) - GAPS} more" if len(found.missing) > GAPS else ""
    return (
        f"The record lacks the decision at {shown}{more}: a line was taken out, or the controller "
        "was killed between its windows and its decision."
    )


def _table(changes: "list[Side]") -> list[str]:
    head = f"{'time':>9}  {'in force':>9}  {'recorded':>9}  {'decided':>9}  why it would"
    rest = len(changes) - ROWS
    more = [f"... and {rest} more changes (--json has all)"] if rest > 0 else []
    return [head, *map(_row, changes[:ROWS]), *more]


def _row(one: "Side") -> str:
    minutes, seconds = divmod(round(one.t_s), 60)
    time = f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    three = (one.in_force, one.recorded, one.decided)
    shares = "  ".join(f"{100 * share:8.2f}%" for share in three)
    return f"{time:>9}  {shares}  {one.decided_reason}"


def _limits(found: "Replayed") -> list[str]:
    n, beyond = len(found.sides), found.beyond
    wants = f"At {beyond['more']} of {n} ticks it wants more than was in force, at {beyond['less']}"
    said = f"{wants} less. "
    return [fill(said + UNKNOWN, 100)]
