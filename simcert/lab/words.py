"""Results in words: what was at stake in a scenario, and what each policy made of it."""

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, Any

from simcert.lab.setup import Setup

if TYPE_CHECKING:
    from simcert.lab.compare.study import Study
    from simcert.lab.run.result import RunResult

HEAD = ("policy", "what it did", "went out", "time to everybody", "connections broken")


def in_words(study: "Study") -> str:
    """Return one paragraph and one table a scenario; crashed runs are told at the end."""
    scenarios = dict.fromkeys(setup.scenario.stem for setup in study.setups)
    parts = [_scenario(study, stem) for stem in scenarios]
    if any(result["runs"] > 1 for result in study.results):
        days = count(study.results[0]["runs"], "day")
        parts.append(f"Connections broken: mean of {days} (95 % interval). Time: median.")
    if study.failed_runs:
        parts.append(f"{study.failed_runs} runs crashed; their seeds and errors are in runs.csv.")
    return "\n\n".join(parts)


def _scenario(study: "Study", stem: str) -> str:
    pairs = zip(study.setups, study.results, strict=True)
    mine = [(setup, result) for setup, result in pairs if setup.scenario.stem == stem]
    rows = [_row(setup, result) for setup, result in mine]
    head = f"{stem}: {mine[0][0].scenario.summary}\n{stake(mine[0][0])}"
    return f"{head}\n\n{_table([HEAD, *rows])}"


def stake(setup: Setup) -> str:
    """Return what the new certificate would do to clients, in one sentence."""
    truth = setup.truth
    if not truth.harmful:
        return "The new certificate breaks nobody: a good policy lets it out, and soon."
    share = f"{100 * truth.harmed_share:.2g} %"
    return f"The new certificate breaks {share} of clients: a good policy stops it early."


def _row(setup: Setup, result: dict[str, Any]) -> tuple[str, ...]:
    n = result["runs"] - result["failed_runs"]
    if not n:
        return (result["policy"], "crashed", "-", "-", "-")
    return (
        result["policy"],
        verdict(setup.truth.harmful, result),
        f"{round(result['complete_share'] * n)} of {n}",
        time_to_full(
            result["minutes_to_full"]["median"], in_turns="time_sliced" in setup.policy.tags
        ),
        _harm(result["harmed_connections"]),
    )


def verdict(harmful: bool, result: dict[str, Any]) -> str:
    """Return the one thing that matters about a policy in a scenario."""
    if harmful and result["missed_share"]:
        return f"LET THE BREAK OUT in {_percent(result['missed_share'])} of runs"
    if harmful:
        return "stopped the break" if result["rolled_back_share"] == 1.0 else "did not let it out"
    if result["false_rollback_share"]:
        return f"REFUSED a good certificate in {_percent(result['false_rollback_share'])} of runs"
    if result["complete_share"] == 1.0:
        return "let it out"
    return f"NOT FINISHED in time in {_percent(1.0 - result['complete_share'])} of runs"


def _harm(figure: dict[str, Any]) -> str:
    limits = between(figure["ci95"], 0.0)
    return number(figure["mean"]) + (f" ({limits})" if limits else "")


def number(value: float | None) -> str:
    """Return a figure with separators; one decimal below ten, and no minus before a zero."""
    if value is None:
        return "-"
    text = f"{value:,.1f}" if 0 < abs(value) < 10 else f"{value:,.0f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def between(limits: Sequence[float | None], floor: float = -inf) -> str:
    """Return an interval as words, empty if it is not known or is a point."""
    low, high = limits
    if low is None or high is None or low == high:
        return ""
    return f"{number(max(low, floor))} to {number(high)}"


def time_to_full(value: float | None, *, in_turns: bool) -> str:
    """Return when everybody had it; who gives it to all and takes it back has no such moment."""
    return "in turns" if in_turns and value not in (None, inf) else minutes(value)


def minutes(value: float | None) -> str:
    """Return a duration as one reads it; None and infinity are never."""
    if value is None or value == inf:
        return "never"
    if value < 1.0:
        return "less than a minute"
    return f"{value:.0f} min" if value < 120.0 else f"{value / 60.0:.1f} h"


def _percent(share: float) -> str:
    return f"{100.0 * share:.3g} %"


def _table(rows: list[tuple[str, ...]]) -> str:
    """Columns padded to their widest cell, figures to the right."""
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, wide) for row in rows]
    return "\n".join([lines[0], "  " + "-" * (len(lines[0]) - 2), *lines[1:]])


def _line(row: tuple[str, ...], wide: list[int]) -> str:
    left = [cell.ljust(width) for cell, width in zip(row[:2], wide[:2], strict=True)]
    right = [cell.rjust(width) for cell, width in zip(row[2:], wide[2:], strict=True)]
    return "  " + "  ".join([*left, *right])


ENDED = {
    "complete": "the new certificate is out",
    "rolled_back": "the new certificate was withdrawn",
    "deadline": "time was up before the new certificate was out",
}


def run_in_words(result: "RunResult") -> str:
    """Return one run as a paragraph, with every change of exposure."""
    got = result.score
    verdict_ = f"{result.scenario}, {result.policy}, seed {result.seed}: {ENDED[got.end]}."
    rate = "none" if got.success_rate is None else f"{100.0 * got.success_rate:.3f} %"
    harmed = count(got.harmed_connections, "connection")
    who = (
        f"{harmed} of {count(got.harmed_clients, 'client')}" if got.harmed_connections else "Nobody"
    )
    all_ = count(got.connections, "connection")
    harm = f"{who} failed because of it; {all_} in all, {rate} of them succeeded."
    moves = [f"  {clock(t)}  {100.0 * e:6.2f} %  {reason}" for t, e, reason in result.exposure]
    unmet = [f"Expected by the scenario, not met: {one}" for one in result.failed]
    return "\n".join([verdict_, harm, *unmet, "", "Exposure:", *moves])


def count(n: int, one: str, many: str = "") -> str:
    """Return a number with its noun."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def clock(t_s: float) -> str:
    """Return seconds since the epoch as hours, minutes and seconds."""
    minutes, seconds = divmod(round(t_s), 60)
    return f"{minutes // 60:3d}:{minutes % 60:02d}:{seconds:02d}"


def signal(seen: str) -> str:
    """Return an outcome in words that an operator finds in dashboards and logs."""
    kind, _, name = seen.partition(":")
    words = {
        "ok": "a success",
        "alert": f"alert {name}",
        "close": "a close without alert",
        "ok_then_close": "a success, then no request",
        "ok_then_alert": f"a success, then alert {name}",
        "server_abort": f"its own abort: {name}",
        "hang": "a connection that hangs",
    }
    return words.get(kind, seen)


def percent(share: float) -> str:
    """Return a share with two digits that matter."""
    if 0.0 < share < 1e-4:
        return "under 0.01 %"
    return f"{100.0 * share:.2g} %" if share < 0.995 else f"{100.0 * share:.0f} %"
