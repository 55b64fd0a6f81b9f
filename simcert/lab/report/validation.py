"""The report of a validation: the verdict, what did not pass first, and how sure each check is."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simcert.lab.figures import tune as draw
from simcert.lab.finished import ValidationFolder
from simcert.lab.report import html
from simcert.lab.report.html import Cell
from simcert.lab.report.words import BAD, GOOD, OPEN, Verdict, percent
from simcert.lab.validate.bars import bars
from simcert.lab.validate.checks import MET_MIN
from simcert.lab.words import count

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TONES = {"pass": "good", "fail": "bad"}
KINDS = {
    "scenario": "Scenarios",
    "incident": "Incidents",
    "attack": "Attacks",
    "fault": "Breakdowns of the apparatus",
    "null": "Days without any change",
    "missed": "Breaks that went out",
    "conformance": "Conformance",
}


def validation_page(folder: ValidationFolder) -> str:
    """Return the page of a validation."""
    document, figures, verdict = folder.document, html.Figures(), validation_verdict(folder)
    checks: list[dict[str, Any]] = document["checks"]
    body = [
        html.verdict_block(verdict),
        html.cards(_cards(document)),
        _picture(checks, figures),
        *(_section(title, _of(checks, kind)) for kind, title in KINDS.items()),
        _parameters(document),
    ]
    name = document["policy"]["name"]
    title = f"simcert: {verdict.headline}"
    facts = _facts(document)
    return html.page(title, f"validate · {name} · {document['kind']}", "\n".join(body), facts)


def validation_figures(folder: ValidationFolder) -> dict[str, "Figure"]:
    """Return the figures by file name."""
    found = bars(folder.document["checks"])
    return {"checks": draw.shares(found, MET_MIN)} if found else {}


def validation_verdict(folder: ValidationFolder) -> Verdict:
    """Return whether the policy may fly, and what stands against it."""
    document = folder.document
    name, checks = document["policy"]["name"], document["checks"]
    open_ = [one for one in checks if one["verdict"] not in ("pass", "no_data")]
    days = sum(one["n"] for one in checks if not one["name"].startswith("conformance/"))
    flown = f"{count(len(checks), 'check')} on {count(days, 'simulated day')} stand behind this."
    if document["verdict"] == "pass":
        said = (
            f"It flies until {document['expires'][:10]}."
            if document["kind"] == "full"
            else "A quick validation does not fly: `simcert live` asks for a full one."
        )
        return Verdict(GOOD, "pass", f"{name} passes.", (flown, said))
    named = ", ".join(one["name"] for one in open_[:4])
    said = f"{count(len(open_), 'check')} did not pass: {named}."
    tone = BAD if document["verdict"] in ("fail", "error") else OPEN
    headline = {"inconclusive": f"{name}: not enough days to be sure."}
    return Verdict(
        tone,
        document["verdict"],
        headline.get(document["verdict"], f"{name} does not pass."),
        (flown, said),
    )


def _cards(document: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    checks = document["checks"]
    passed = sum(one["verdict"] == "pass" for one in checks)
    null = next((one for one in checks if one["name"] == "null/false_rollback"), None)
    made = [("checks passed", f"{passed} of {len(checks)}", "")]
    if null is not None and null["figure"] is not None:
        limit = percent(null["limit"])
        made.append(("false rollbacks", f"at most {percent(null['figure'])}", f"limit {limit}"))
    return [*made, ("valid until", document["expires"][:10], f"issued {document['issued'][:10]}")]


def _of(checks: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    mine = [one for one in checks if one["name"].partition("/")[0] == kind]
    return sorted(mine, key=lambda one: (one["verdict"] == "pass", one["name"]))


def _picture(checks: Sequence[dict[str, Any]], figures: html.Figures) -> str:
    found = bars(checks)
    if not found:
        return ""
    picture = figures.one(
        lambda size: draw.shares(found, MET_MIN, size),
        "Share of days on which each scenario went as expected",
        f"Points: share of days; lines: exact 90 % limits; dashed: {percent(MET_MIN)}, demanded.",
    )
    return html.section("At a glance", f'<div class="solo">{picture}</div>')


def _section(title: str, checks: Sequence[dict[str, Any]]) -> str:
    if not checks:
        return ""
    rows = [_row(one) for one in checks]
    head = ("check", "verdict", "figure", "limit", "days", "what it says")
    return html.section(title, html.table(head, rows))


def _row(one: Mapping[str, Any]) -> list[Cell]:
    figure, limit = (_number(one[key]) for key in ("figure", "limit"))
    return [
        Cell(one["name"].partition("/")[2] or one["name"]),
        Cell(one["verdict"].replace("_", " "), tone=TONES.get(one["verdict"], "open")),
        Cell(figure, one["figure"] or 0.0),
        Cell(limit, one["limit"] or 0.0),
        Cell(str(one["n"]), float(one["n"])),
        Cell(one["about"]),
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _parameters(document: Mapping[str, Any]) -> str:
    rows = [[Cell(k), Cell(str(v))] for k, v in document["policy"]["params"].items()]
    told = html.paragraph(
        "Another value of any of these is another policy, and wants a new validation."
    )
    return html.section(
        "The policy that was validated", told, html.table(("parameter", "value"), rows)
    )


def _facts(document: Mapping[str, Any]) -> dict[str, str]:
    packages = ", ".join(f"{k} {v}" for k, v in document["packages"].items())
    signed = (
        "no"
        if document["signature"] is None
        else "yes; `simcert live` checks it with validation_key"
    )
    return {
        "policy digest": document["digest"],
        "code digest": document["code"],
        "suite digest": document["suite"],
        "seed": str(document["seed"]),
        "signed": signed,
        "simcert": document["simcert"],
        "python": f"{document['python']}; {packages}",
        "what it proves": "docs/validate.md; not that your clients are those of the suite",
    }
