"""The report of a batch: all policies on the same days, harm against time."""

from math import inf
from typing import TYPE_CHECKING, Any

from simcert.lab.compare.tables import joined
from simcert.lab.figures import run as figures_run
from simcert.lab.figures import study as figures_study
from simcert.lab.figures.notebook import plot_panels
from simcert.lab.figures.points import Panel, flagship_of, knows_truth, panels, takes_turns
from simcert.lab.figures.study import Day
from simcert.lab.finished import StudyFolder
from simcert.lab.report import html
from simcert.lab.report.html import Cell
from simcert.lab.report.run import trace_sections
from simcert.lab.report.words import (
    did,
    percent,
    stake,
    study_verdict,
    well,
)
from simcert.lab.words import between, minutes, number, time_to_full

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PRAISED = ("let it out", "stopped the break")
HEAD = (
    "policy",
    "what it did",
    "went out",
    "time to everybody",
    "connections broken a day",
    "bad day",
    "against ",
)


def study_page(folder: StudyFolder) -> str:
    """Return the page of a batch."""
    study, figures = folder.study, html.Figures()
    policies = list(dict.fromkeys(r["policy"] for r in study["results"]))
    first = flagship_of(policies)
    verdict = study_verdict(folder)
    body = [
        html.verdict_block(verdict),
        html.cards(_cards(folder, first), linked=True),
        _harm_against_time(folder, figures),
        *(_scenario(folder, stem, first, figures) for stem in folder.about),
        _crashed(folder),
    ]
    facts = {
        "seed": str(study["seed"]),
        "runs": f"{study['runs']} of each scenario and policy, {study['fidelity']}",
        "intervals": f"{study.get('method', 'level 0.95')}; medians: order statistics",
    }
    brand = f"{', '.join(folder.about)} · {len(policies)} policies"
    return html.page(
        f"simcert: {verdict.headline}",
        brand,
        "\n".join(body),
        html.provenance(folder.manifest, facts),
    )


def study_figures(folder: StudyFolder) -> dict[str, "Figure"]:
    """Return the figures by file name."""
    made = {"pareto": plot_panels(_panels(folder))}
    first = flagship_of([r["policy"] for r in folder.study["results"]])
    for stem in folder.about:
        made[f"days-{stem}"] = figures_study.days(_days(folder, stem), first, _horizon(folder))
        trace = folder.trace(stem, first)
        if trace is not None:
            made[f"exposure-{stem}"] = figures_run.exposure(trace)
            made[f"segments-{stem}"] = figures_run.segments(trace)
    return made


def _cards(folder: StudyFolder, first: str) -> list[tuple[str, str, str]]:
    made = []
    for result in _results(folder):
        if result["policy"] == first and result["complete_share"] is not None:
            if folder.about[result["scenario"]]["harmful"]:
                value = f"{number(result['harmed_connections']['mean'])} broken"
            else:
                value = minutes(result["minutes_to_full"]["median"])
            made.append((result["scenario"], value, f"{first}: {did(folder, result)}"))
    return made


def _results(folder: StudyFolder, scenario: str | None = None) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = folder.study["results"]
    return [r for r in results if scenario in (None, r["scenario"])]


def _panels(folder: StudyFolder) -> list[Panel]:
    rows = joined(folder.rows, folder.moves)
    return panels(rows, {stem: a["harmful"] for stem, a in folder.about.items()})


def _harm_against_time(folder: StudyFolder, figures: html.Figures) -> str:
    drawn = [_panel(panel, figures) for panel in _panels(folder)]
    pictures = html.columns(*drawn) if len(drawn) > 1 else f'<div class="solo">{drawn[0]}</div>'
    told = html.paragraph(
        "A policy is good if it is quick with a good certificate and gentle with a bad one: left "
        "and low. Each point is a policy, lines are 95 % intervals over days."
    )
    return html.section("Harm against time", told, pictures)


def _panel(panel: Panel, figures: html.Figures) -> str:
    caption = (
        f"Across: median time from which at least 95 % of connections get the new certificate "
        f"for good in {panel.time_in}; who never does stands in the band. "
        f"Up: connections broken a day in {panel.harm_in}, mean."
    )
    if any(p.omniscient for p in panel.points):
        caption += " Hollow: knows the truth, a bound and no rival."
    for policy in (p.policy for p in panel.points if takes_turns(p.policy)):
        caption += f" {policy} serves it in turns: what counts is when the last turn began."
    return figures.one(
        lambda size: figures_study.pareto(panel.points, panel.time_in, panel.harm_in, size),
        f"Connections broken in {panel.harm_in} against time to everybody in {panel.time_in}",
        caption,
    )


def _scenario(folder: StudyFolder, stem: str, first: str, figures: html.Figures) -> str:
    about = folder.about[stem]
    summary = about.get("summary", "")
    return html.section(
        stem,
        html.paragraph(f"{summary} {stake(about)}".strip(), "stake"),
        _table(folder, stem, first),
        html.section("The same day under each policy", _day(folder, stem, first, figures), level=3),
        _flagship(folder, stem, first, figures),
    )


def _table(folder: StudyFolder, stem: str, first: str) -> str:
    results = _results(folder, stem)
    rows = [_row(folder, r, first) for r in results]
    at = next((i for i, r in enumerate(results) if r["policy"] == first), None)
    return html.table((*HEAD[:-1], HEAD[-1] + first), rows, first=at)


def _row(folder: StudyFolder, result: dict[str, Any], first: str) -> list[Cell]:
    policy, harm = result["policy"], result["harmed_connections"]
    n = result["runs"] - result["failed_runs"]
    note = "knows the truth" if knows_truth(policy) else ""
    if not n:
        return [Cell(policy, small=note), Cell("crashed", tone="bad"), *[Cell("-", inf)] * 5]
    time = result["minutes_to_full"]["median"]
    said = did(folder, result)
    tone = "good" if said in PRAISED else "open" if well(folder, result) else "bad"
    return [
        Cell(policy, small=note),
        Cell(said, tone=tone),
        Cell(f"{round(result['complete_share'] * n)} of {n}", result["complete_share"]),
        Cell(time_to_full(time, in_turns=takes_turns(policy)), inf if time is None else time),
        Cell(number(harm["mean"]), harm["mean"], between(harm["ci95"], 0.0)),
        Cell(number(harm["p95"]), harm["p95"]),
        _against(folder, result, first),
    ]


def _against(folder: StudyFolder, result: dict[str, Any], first: str) -> Cell:
    """Return the paired difference in harm to the flagship, as `this one - flagship`."""
    for pair in folder.study["pairs"]:
        if (pair["scenario"], pair["metric"]) != (result["scenario"], "harmed_connections"):
            continue
        if {pair["a"], pair["b"]} == {first, result["policy"]} and pair["diff"] is not None:
            sign = 1.0 if pair["b"] == first else -1.0
            low, high = pair["ci95"]
            limits = [low, high] if sign > 0 else [_minus(high), _minus(low)]
            diff = sign * pair["diff"] + 0.0
            return Cell(f"{'+' if diff > 0 else ''}{number(diff)}", diff, between(limits))
    return Cell("", 0.0)


def _minus(value: float | None) -> float | None:
    return None if value is None else -value


def _days(folder: StudyFolder, stem: str) -> list[Day]:
    """Return run 0 of each policy that did not crash in it."""
    made = []
    for row in folder.rows:
        if row["scenario"] == stem and row["run"] == 0 and row["error"] is None:
            steps = [
                (m["t_s"], m["exposure"])
                for m in folder.moves
                if (m["scenario"], m["policy"], m["run"]) == (stem, row["policy"], 0)
            ]
            made.append(Day(row["policy"], steps, row["end"]))
    return made


def _horizon(folder: StudyFolder) -> float:
    """Return a whole number of days that holds every change."""
    last = max((m["t_s"] for m in folder.moves), default=0.0)
    return 86_400.0 * max(-(-last // 86_400.0), 1.0)


def _day(folder: StudyFolder, stem: str, first: str, figures: html.Figures) -> str:
    lines, until = _days(folder, stem), _horizon(folder)
    if not lines:
        return html.paragraph("Every policy crashed on the first day; see runs.csv.")
    return figures.both(
        lambda size: figures_study.days(lines, first, until, size),
        f"Exposure over the first day of {stem}, a small picture for each policy",
        "Share of connections served the new certificate on the first simulated day. A cross: "
        "withdrawn for good.",
    )


def _flagship(folder: StudyFolder, stem: str, first: str, figures: html.Figures) -> str:
    """Return the first day of the flagship in detail."""
    trace = folder.trace(stem, first)
    if trace is None:
        return html.paragraph(f"{first} crashed on the first day; see runs.csv.")
    parts = trace_sections(trace, figures, level=4)
    return html.section(f"The first day of {first} in detail", *parts, level=3)


def _crashed(folder: StudyFolder) -> str:
    failed = [row for row in folder.rows if row["error"] is not None]
    if not failed:
        return ""
    rows = [
        [Cell(r["scenario"]), Cell(r["policy"]), Cell(str(r["seed"])), Cell(r["error"])]
        for r in failed[:20]
    ]
    share = percent(len(failed) / len(folder.rows))
    told = f"{len(failed)} runs crashed and count nowhere above; {share} of all."
    return html.section(
        "Runs that crashed",
        html.paragraph(told),
        html.table(("scenario", "policy", "seed", "error"), rows),
    )
