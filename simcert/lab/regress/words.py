"""Regression in words: for a terminal, as Markdown for a summary, as JUnit XML for a CI server."""

from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

from simcert.lab.regress.judge import Case, Diff, Parting

if TYPE_CHECKING:
    from simcert.lab.regress.gate import Regression

NAMES = {
    "harmed_connections": "harm",
    "harmed_clients": "harmed clients",
    "minutes_to_full": "time to full",
    "mean_exposure": "mean exposure",
    "complete_share": "completed runs",
    "rolled_back_share": "rolled back runs",
}
WORDS = {
    "same_bytes": "every decision is the recorded one",
    "same_law": "other decisions, same law",
    "changed": "CHANGED",
    "new": "NEW: not in the baseline; look at it, then --update",
    "missing": "MISSING: in the baseline, not in the suite; --update drops it",
}


def in_words(found: "Regression") -> str:
    """Return the answer for a terminal: a line a case, then what changed."""
    lines = []
    for case in found.cases:
        lines.append(f"{case.scenario:24} {case.policy:24} {WORDS[case.verdict]}")
        lines += [f"  {line}" for line in details(case)]
    bad = sum(not case.fine for case in found.cases)
    lines.append(_last(found, bad))
    return "\n".join(lines)


def _last(found: "Regression", bad: int) -> str:
    n = len(found.cases)
    if found.updated:
        return f"recorded {len(found.updated)} cases in {found.folder}: review and commit them"
    if bad == 0:
        return f"nothing changed: {n} cases, {found.suite.runs} runs each"
    return f"{bad} of {n} cases changed; if that is meant: simcert regress --update"


def details(case: Case) -> list[str]:
    """Return what there is to say about a case that is not the same bytes."""
    said = [diff_words(diff) for diff in case.diffs if not diff["same"] or diff["diff"]]
    if case.parting is not None:
        said.append(parting_words(case.parting))
    return [*said, *case.notes]


def diff_words(diff: Diff) -> str:
    """Return one difference: how much, of what, how sure, against which margin."""
    name, before, after, gap = (NAMES[diff["metric"]], diff["before"], diff["after"], diff["diff"])
    if gap is None:
        return f"{name}: reached in other runs than before"
    share = f"{100.0 * gap / before:+.0f} %" if before else f"{gap:+.3g}"
    low, high = diff["ci95"]
    sure = "" if low is None else f", 95 % of the difference {low:+.3g} to {high:+.3g}"
    margin = "" if diff["margin"] is None else f", margin {diff['margin']:.3g}"
    mark = "" if diff["same"] else " <- beyond"
    return f"{name} {share} ({before:.4g} -> {after:.4g}{sure}{margin}){mark}"


def parting_words(at: Parting) -> str:
    """Return where decisions part."""
    where = f"decisions part at tick {at.tick} ({at.t_s:g} s of run {at.run}, seed {at.seed})"
    now = "none" if at.after is None else f"{at.after:.4g}"
    return f"{where}: exposure was {at.before:.4g}, now {now}: {at.reason}"


def markdown(found: "Regression") -> str:
    """Return a summary for a pull request."""
    head = "changed" if found.changed else "unchanged"
    lines = [
        f"### simcert regress: {head}",
        "",
        "| scenario | policy | verdict | what |",
        "|---|---|---|---|",
    ]
    for case in found.cases:
        what = "<br>".join(_cell(line) for line in details(case)) or WORDS[case.verdict]
        lines.append(f"| {_cell(case.scenario)} | {_cell(case.policy)} | {case.verdict} | {what} |")
    margin = f"margin {100.0 * found.suite.margin:g} % of the mean before"
    return "\n".join([*lines, "", f"{found.suite.runs} runs each, {margin}.", ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def junit(found: "Regression") -> str:
    """Return a JUnit test suite: a test case for each scenario and policy."""
    bad = sum(not case.fine for case in found.cases)
    counts = {"tests": str(len(found.cases)), "failures": str(bad), "errors": "0", "skipped": "0"}
    root = Xml.Element("testsuites", counts)
    suite = Xml.SubElement(root, "testsuite", {"name": "simcert regress", **counts})
    for case in found.cases:
        names = {"classname": f"simcert.{case.scenario}", "name": case.policy}
        one = Xml.SubElement(suite, "testcase", names)
        text = "\n".join(details(case)) or WORDS[case.verdict]
        if case.fine:
            Xml.SubElement(one, "system-out").text = text
        else:
            Xml.SubElement(
                one, "failure", {"type": case.verdict, "message": _first(text)}
            ).text = text
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _first(text: str) -> str:
    return text.splitlines()[0]
