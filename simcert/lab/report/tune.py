"""The report of a study: what was chosen, what it is worth on days that nobody searched in."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simcert.lab.figures import tune as draw
from simcert.lab.figures.tune import LABEL, bars, chosen_at, drawn
from simcert.lab.finished import TuneFolder
from simcert.lab.report import html
from simcert.lab.report.html import Cell
from simcert.lab.report.words import BAD, GOOD, OPEN, Verdict
from simcert.lab.tune.words import CHOSEN, front_file
from simcert.lab.words import count, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def tune_page(folder: TuneFolder) -> str:
    """Return the page of a study."""
    found, figures, verdict = folder.tune, html.Figures(), tune_verdict(folder)
    body = [
        html.verdict_block(verdict),
        html.cards(_cards(folder)),
        _front(folder, figures),
        _point(found, figures),
        _scenarios(found, figures),
        html.section(
            "Searched", html.table(("parameter, range, scale",), _searched(found), kind="")
        ),
    ]
    facts = {
        "seed": str(found["seed"]),
        "days": f"{found['runs']} a scenario for each candidate, {found['fresh_days']} for each "
        "judgement; all candidates on the same days",
        "intervals": "Student's t of paired log ratios, level 0.95, each scenario by itself",
    }
    title = f"simcert: {verdict.headline}"
    brand = f"tune · {found['policy']} · {count(found['trials'], 'trial')}"
    return html.page(title, brand, "\n".join(body), html.provenance(folder.manifest, facts))


def tune_figures(folder: TuneFolder) -> dict[str, "Figure"]:
    """Return the figures by file name."""
    found, made = folder.tune, {"front": draw.front(*drawn(folder))}
    if any(found["importances"].values()):
        made["importances"] = draw.importances(found["importances"])
    if found["chosen"]["scenarios"]:
        made["scenarios"] = draw.forest(bars(found), LABEL)
    return made


def tune_verdict(folder: TuneFolder) -> Verdict:
    """Return what the last judgement says of the chosen point."""
    found = folder.tune
    chosen, name = found["chosen"], found["policy"]
    judged: list[dict[str, Any]] = chosen["scenarios"]
    if not chosen["params"]:
        headline = f"Nothing beats the defaults of {name} on fresh days."
        return Verdict(OPEN, "defaults stay", headline, (_flown(folder), chosen["why"]))
    better, worse = (sum(one["verdict"] == word for one in judged) for word in ("better", "worse"))
    headline = (
        f"{name}, tuned: better in {better} of {count(len(judged), 'scenario')}, worse in {worse}."
    )
    tone, word = (
        (GOOD, "better")
        if better and not worse
        else (BAD, "mixed")
        if worse
        else (OPEN, "not proven")
    )
    return Verdict(tone, word, headline, (_flown(folder), chosen["why"]))


def _flown(folder: TuneFolder) -> str:
    stopped = sum(bool(one["stopped"]) for one in folder.trials)
    trials, where = folder.tune["trials"], len(folder.tune["scenarios"])
    return (
        f"{count(trials, 'candidate')} flew in {count(where, 'scenario')}; {stopped} were stopped "
        "early, as paired days had shown them to be hopeless."
    )


def _cards(folder: TuneFolder) -> list[tuple[str, str, str]]:
    found = folder.tune
    if found["chosen_trial"] is None:
        return []
    fresh = found["front"][chosen_at(found) or 0]["fresh"]
    judged = found["chosen"]["scenarios"]
    held = [one for one in judged if one["held_out"]]
    remark = "on fresh days of the searched scenarios"
    return [
        ("harm", _percent(fresh["harm_ratio"]), remark),
        ("time to everybody", _percent(fresh["time_ratio"]), remark),
        (
            "better",
            f"{_count(judged, 'better')} of {len(judged)}",
            "scenarios, on other days again",
        ),
        (
            "better, held out",
            f"{_count(held, 'better')} of {len(held)}",
            "scenarios never searched in",
        ),
        ("worse", f"{_count(judged, 'worse')} of {len(judged)}", "scenarios, surely"),
    ]


def _count(judged: Sequence[Mapping[str, Any]], verdict: str) -> int:
    return sum(one["verdict"] == verdict for one in judged)


def _front(folder: TuneFolder, figures: html.Figures) -> str:
    trials, members, chosen = drawn(folder)
    if not members:
        return html.section("The front", html.paragraph("No candidate keeps all limits."))
    told = html.paragraph(
        "Who is best of many was lucky, too. An arrow goes from what the search believed of a "
        "member of the front to what fresh days said; only the point of the arrow is to be trusted."
    )
    caption = (
        "Left is quicker with good certificates, low is gentler with bad ones. Small points: "
        "candidates, hollow if they break a limit or were stopped early."
    )
    picture = figures.one(
        lambda size: draw.front(trials, members, chosen, size),
        "Harm and time of all candidates as ratios to the defaults",
        caption,
    )
    head = ("policy", "harm, searched", "harm, fresh", "time, searched", "time, fresh", "fit")
    rows = [_member(i, one) for i, one in enumerate(members)]
    table = html.table(head, rows, first=chosen)
    return html.section("The front", told, f'<div class="solo">{picture}</div>', table)


def _member(i: int, one: Mapping[str, Any]) -> list[Cell]:
    from math import exp

    fresh = one["fresh"]
    ratios = (exp(one["harm"]), fresh["harm_ratio"], exp(one["time"]), fresh["time_ratio"])
    fit = Cell("yes", tone="good") if fresh["fit"] else Cell("no", tone="bad")
    return [Cell(front_file(i + 1)), *(Cell(_percent(r), r) for r in ratios), fit]


def _point(found: Mapping[str, Any], figures: html.Figures) -> str:
    """Return the chosen point beside the defaults, and which of its parameters matter."""
    parts = []
    if found["chosen"]["params"]:
        parts.append(html.paragraph(found["chosen"]["why"]))
        head = ("parameter", "default", "chosen", "matters for harm", "matters for time")
        parts.append(html.table(head, _parameters(found)))
        parts.append(html.paragraph(f"The policy lies in {CHOSEN}, ready for --policy.", "stake"))
    if any(found["importances"].values()):
        picture = figures.one(
            lambda size: draw.importances(found["importances"], size),
            "Importance of each parameter for harm and for time",
            "Share of what sets good candidates apart that a parameter explains (PED-ANOVA).",
        )
        parts.append(f'<div class="solo">{picture}</div>')
    return html.section("The chosen point", *parts) if parts else ""


def _parameters(found: Mapping[str, Any]) -> list[list[Cell]]:
    rows, told = [], found["importances"]
    weight = {k: sum(one.get(k, 0.0) for one in told.values()) for k in found["chosen"]["params"]}
    for name, value in sorted(found["chosen"]["params"].items(), key=lambda one: -weight[one[0]]):
        shares = [told.get(kind, {}).get(name) for kind in ("harm", "time")]
        cells = [Cell("-" if s is None else f"{100.0 * s:.0f} %", s or 0.0) for s in shares]
        rows.append(
            [Cell(name), Cell(_value(found["defaults"][name])), Cell(_value(value)), *cells]
        )
    return rows


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _scenarios(found: Mapping[str, Any], figures: html.Figures) -> str:
    judged = sorted(found["chosen"]["scenarios"], key=lambda one: one["ratio"])
    if not judged:
        return ""
    told = html.paragraph(
        "Chosen point and defaults on the same days, which neither search nor choice has seen. "
        "Harmed connections where the certificate breaks clients, else minutes to everybody."
    )
    picture = figures.one(
        lambda size: draw.forest(bars(found), LABEL, size),
        "Ratio of the chosen point to the defaults in each scenario",
        "Left of the line is better: fewer broken connections, or less time.",
    )
    head = ("scenario", "metric", "defaults", "tuned", "ratio", "verdict")
    rows = [_row(one) for one in judged]
    solo = f'<div class="solo">{picture}</div>'
    return html.section(
        "Against the defaults, scenario by scenario", told, solo, html.table(head, rows)
    )


def _row(one: Mapping[str, Any]) -> list[Cell]:
    tone = {"better": "good", "worse": "bad"}.get(one["verdict"], "open")
    low, high = one["ci95"] or (None, None)
    ends = "" if low is None else f"{low:.3f} to {high:.3f}"
    return [
        Cell(one["scenario"], small="held out" if one["held_out"] else ""),
        Cell(one["metric"].replace("_", " ")),
        Cell(number(one["defaults"]), one["defaults"] or 0.0),
        Cell(number(one["tuned"]), one["tuned"] or 0.0),
        Cell(f"{one['ratio']:.3f}", one["ratio"], ends),
        Cell("not told apart" if one["verdict"] == "same" else one["verdict"], tone=tone),
    ]


def _searched(found: Mapping[str, Any]) -> list[list[Cell]]:
    return [[Cell(one)] for one in found["searched"]]


def _percent(ratio: float) -> str:
    return f"{100.0 * (ratio - 1.0):+.0f} %"
