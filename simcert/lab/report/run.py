"""The report of one rollout."""

from typing import TYPE_CHECKING

from simcert.lab.figures import run as draw
from simcert.lab.figures import style
from simcert.lab.figures.names import segment_name
from simcert.lab.figures.points import takes_turns
from simcert.lab.figures.trace import Trace
from simcert.lab.finished import RunFolder
from simcert.lab.report import html
from simcert.lab.report.html import Cell
from simcert.lab.report.words import percent, run_verdict
from simcert.lab.words import clock, count, time_to_full
from simcert.model import NEW, OLD

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TONES = {"roll_back": "bad", "complete": "good", "lower": "open"}
DID = {
    "raise": "raised to",
    "lower": "lowered to",
    "roll_back": "rolled back to",
    "complete": "complete at",
    "hold": "held at",
}
NBSP = "\u00a0"  # keeps words on one line
ROWS = 60  # moves in the table; a schedule may make hundreds


def run_page(folder: RunFolder) -> str:
    """Return the page of a run."""
    run = folder.run
    figures = html.Figures()
    verdict = run_verdict(folder)
    body = [
        html.verdict_block(verdict, _quote(folder.trace)),
        html.cards(_cards(folder)),
        *trace_sections(folder.trace, figures),
        _expectations(folder),
    ]
    facts = {"seed": str(run["seed"]), "fidelity": run["fidelity"]}
    brand = f"{run['scenario']} · {run['policy']} · seed {run['seed']}"
    title = f"{run['scenario']}, {run['policy']}: {verdict.word}"
    return html.page(title, brand, "\n".join(body), html.provenance(folder.manifest, facts))


def run_figures(folder: RunFolder) -> dict[str, "Figure"]:
    """Return the figures by file name."""
    trace = folder.trace
    return {
        "exposure": draw.exposure(trace),
        "success": draw.success(trace),
        "outcomes": draw.outcomes(trace),
        "segments": draw.segments(trace, style.WIDE),
    }


def _quote(trace: Trace) -> str:
    """Return the reason of the decision that settled it, else of the last move."""
    final = [m for m in trace.moves if m.kind in ("roll_back", "complete")] or list(trace.moves)
    return f"The decision, in its own words: {final[-1].reason}" if final else ""


def _cards(folder: RunFolder) -> list[tuple[str, str, str]]:
    run, target = folder.run, folder.target_success
    time = time_to_full(run["minutes_to_full"], in_turns=takes_turns(run["policy"]))
    clients = f"of {count(run['harmed_clients'], 'client')}" if run["harmed_clients"] else ""
    rate = run["success_rate"]
    aim = ""
    if target is not None and rate is not None:
        aim = f"target {percent(target)}, {'met' if rate >= target else 'missed'}"
    return [
        ("connections broken by it", f"{run['harmed_connections']:,}", clients),
        ("time until everybody had it", time, ""),
        ("connections, both certificates", f"{run['connections']:,}", ""),
        ("of them succeeded", percent(rate), aim),
    ]


def trace_sections(trace: Trace, figures: html.Figures, level: int = 2) -> list[str]:
    """Return the pictures of one rollout with what they say in words."""
    return [
        _exposure(trace, figures, level),
        html.columns(_success(trace, figures, level), _outcomes(trace, figures, level)),
        _segments(trace, figures, level),
    ]


def _exposure(trace: Trace, figures: html.Figures, level: int) -> str:
    picture = figures.both(
        lambda size: draw.exposure(trace, size),
        "Exposure over time with numbered decisions",
        "Share of new connections that were served the new certificate. Numbers refer to the "
        "decisions below; after the last one the picture stops.",
    )
    return html.section("What it decided, and why", picture, _moves(trace), level=level)


def _moves(trace: Trace) -> str:
    """Return the numbered decisions as a table, all others folded away."""
    chosen = draw.told(trace.moves)
    numbers = {i: str(n) for n, i in enumerate(chosen, 1)}
    head = ("", "time", "decision", "reason")
    top = html.table(head, [_move(trace, i, numbers) for i in chosen], kind="moves")
    if len(trace.moves) == len(chosen):
        return top
    shown = range(min(len(trace.moves), ROWS))
    rest = html.table(head, [_move(trace, i, numbers) for i in shown], kind="moves")
    more = f"all {len(trace.moves)} changes"
    if len(trace.moves) > ROWS:
        more = f"the first {ROWS} of {len(trace.moves)} changes; all are in the journal"
    return f"{top}<details><summary>{more}</summary>{rest}</details>"


def _move(trace: Trace, i: int, numbers: dict[int, str]) -> list[Cell]:
    move = trace.moves[i]
    did = f"{DID.get(move.kind, move.kind)} {percent(move.exposure)}".replace(" ", NBSP)
    tone = TONES.get(move.kind, "")
    return [
        Cell(numbers.get(i, "")),
        Cell(clock(move.t_s).strip()),
        Cell(did, tone=tone),
        Cell(move.reason),
    ]


def _success(trace: Trace, figures: html.Figures, level: int) -> str:
    picture = figures.one(
        lambda size: draw.success(trace, size),
        "Success rate of both certificates since the start",
        "First full handshakes that succeeded, since the start. The bands are 95 % confidence "
        "sequences: each holds at all times at once, so looking often does no harm. The arms "
        "met different hours; decisions therefore compare them window by window.",
    )
    n, failed = trace.tally()
    units, bad = n.sum(axis=0), failed.sum(axis=0)
    said = "; ".join(
        f"{name}: {percent(1.0 - bad[arm] / units[arm])} of {units[arm]:,}"
        if units[arm]
        else f"{name}: never served"
        for arm, name in ((OLD, "old"), (NEW, "new"))
    )
    return html.section("Do connections succeed?", picture, html.paragraph(said), level=level)


def _outcomes(trace: Trace, figures: html.Figures, level: int) -> str:
    told = _feedback(trace)
    if len(trace.outcomes) < 2:
        return html.section(
            "How do they fail?", html.paragraph("Nobody failed."), told, level=level
        )
    picture = figures.one(
        lambda size: draw.outcomes(trace, size),
        "Failures by kind, old certificate against new",
        "What the server saw of failed first handshakes, in windows that served both "
        "certificates where there were any. Lines: 95 % intervals.",
    )
    return html.section("How do they fail?", picture, told, level=level)


def _feedback(trace: Trace) -> str:
    """Return what clients told by themselves, and what asked probes found; empty if nothing."""
    said = []
    if trace.reports.any():
        old, new = (int(n) for n in trace.reports)
        said.append(f"Clients reported {old:,} failures with the old, {new:,} with the new one.")
    if trace.probes.any():
        asked, failed = (int(n) for n in trace.probes[NEW])
        said.append(f"Probe clients tried the new one {asked:,} times and failed {failed:,} times.")
    return html.paragraph(" ".join(said)) if said else ""


def _segments(trace: Trace, figures: html.Figures, level: int) -> str:
    picture = figures.both(
        lambda size: draw.segments(trace, size),
        "Excess failures of each segment with the new certificate, over time",
        "A row is what a server can tell of a client: its ClientHello, named after the clients "
        "that send such a one, or by version and cipher suites where many do. Orange: fails more "
        "often with the new certificate than with the old, so far; grey: no difference beyond "
        f"doubt; blank: fewer than {draw.SEEN} first handshakes yet. At the end of the row: the "
        "difference.",
    )
    return html.section("Who fails?", picture, _segment_table(trace), level=level)


def _segment_table(trace: Trace) -> str:
    total = trace.units.sum(axis=0)
    n = total.sum(axis=2)
    failed = n - total[:, :, 0]
    order = sorted(range(len(trace.segments)), key=lambda s: -int(n[s].sum()))
    rows = [
        [
            Cell(segment_name(trace.segments[s], 80), small=trace.segments[s]),
            *(_share(int(failed[s, a]), int(n[s, a])) for a in (OLD, NEW)),
        ]
        for s in order
    ]
    head = ("segment", "failed with the old", "failed with the new")
    return f"<details><summary>as a table</summary>{html.table(head, rows)}</details>"


def _share(failed: int, n: int) -> Cell:
    return Cell(
        percent(failed / n if n else None), failed / n if n else -1.0, f"{failed:,} of {n:,}"
    )


def _expectations(folder: RunFolder) -> str:
    failed = folder.run["expect"]["failed"]
    if not failed:
        return ""
    rows = [[Cell(one)] for one in failed]
    return html.section(
        "What the scenario expected, and did not get", html.table(("expectation",), rows)
    )
