"""HTML of a report: one file that fetches nothing; every name and reason is escaped."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from html import escape
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simcert.lab.figures import style
from simcert.lab.report.words import Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Draw = Callable[[tuple[float, float]], "Figure"]

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{}'"
"""The page forbids itself to fetch anything, and to run any script but its own."""


class Cell(NamedTuple):
    """A table cell: text, and what it is sorted by; `small` stands below, `tone` colours it."""

    text: str
    key: float | None = None
    small: str = ""
    tone: str = ""


class Figures:
    """Numbers the figures of a page, so that no two share an id."""

    def __init__(self) -> None:
        self._count = 0

    def both(self, draw: Draw, label: str, caption: str) -> str:
        """Return a figure drawn twice: for wide pages and print, and for phones."""
        wide, narrow = (self._svg(draw(size), label) for size in (style.WIDE, style.NARROW))
        return _figure(f'<div class="wide">{wide}</div><div class="narrow">{narrow}</div>', caption)

    def one(self, draw: Draw, label: str, caption: str) -> str:
        """Return a figure for half a page, or a whole phone."""
        return _figure(self._svg(draw(style.NARROW), label), caption)

    def _svg(self, figure: "Figure", label: str) -> str:
        self._count += 1
        return style.to_svg(figure, f"f{self._count}", label)


def _figure(drawing: str, caption: str) -> str:
    return f"<figure>{drawing}<figcaption>{escape(caption)}</figcaption></figure>"


def page(title: str, brand: str, body: str, facts: Mapping[str, str]) -> str:
    """Return the whole document; `facts` are the provenance at its foot."""
    css, script = _asset("report.css"), "\n" + _asset("report.js")
    allowed = POLICY.format(b64encode(sha256(script.encode()).digest()).decode())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{allowed}">'
        f"<title>{escape(title)}</title>\n<style>\n{css}</style></head>\n<body><main>\n"
        f'<div class="brand"><b>simcert</b> · {escape(brand)}</div>\n{_bound(body)}\n</main>\n'
        f"{_footer(facts)}\n<script>{script}</script></body></html>\n"
    )


def _bound(text: str) -> str:
    """Keep a number and its percent sign on one line."""
    return text.replace(" %", "\u00a0%")


def _asset(name: str) -> str:
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")


def _footer(facts: Mapping[str, str]) -> str:
    rows = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts.items())
    return f"<footer><dl>{rows}</dl></footer>"


def verdict_block(verdict: Verdict, quote: str = "") -> str:
    """Return the answer and its two sentences, before anything else."""
    said = f"<blockquote>{escape(quote)}</blockquote>" if quote else ""
    lede = " ".join(verdict.sentences)
    return (
        f'<section class="verdict {verdict.tone}"><span class="badge">{escape(verdict.word)}</span>'
        f'<h1>{escape(verdict.headline)}</h1><p class="lede">{escape(lede)}</p>{said}</section>'
    )


def cards(entries: Iterable[tuple[str, str, str]], *, linked: bool = False) -> str:
    """Return figures of merit: (name, value, remark) each; `linked` to the section of that name."""
    made = "".join(
        f'<div class="card"><dt>{_link(name) if linked else escape(name)}</dt><dd>{escape(value)}'
        f"{f'<small>{escape(remark)}</small>' if remark else ''}</dd></div>"
        for name, value, remark in entries
    )
    return f'<dl class="cards">{made}</dl>'


def _link(name: str) -> str:
    shown = escape(name).replace("_", "_<wbr>")  # a phone breaks a stem between its words
    return f'<a href="#{escape(name)}">{shown}</a>'


def section(heading: str, *parts: str, level: int = 2) -> str:
    """Return a heading and what belongs to it; those of level 2 can be linked to."""
    anchor = f' id="{escape(heading)}"' if level == 2 else ""
    return f"<section{anchor}><h{level}>{escape(heading)}</h{level}>{''.join(parts)}</section>"


def columns(*parts: str) -> str:
    """Return parts side by side where there is room."""
    return f'<div class="columns">{"".join(parts)}</div>'


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    first: int | None = None,
    kind: str = "sort",
) -> str:
    """Return a table; columns whose cells have keys are numbers, row `first` stands out.

    `kind` is its class: `sort` can be sorted, `moves` puts the last column below on a phone.
    """
    numeric = [all(row[i].key is not None for row in rows) for i in range(len(head))]
    top = "".join(_tag("th", escape(h), n) for h, n in zip(head, numeric, strict=True))
    body = "".join(_row(row, numeric, i == first) for i, row in enumerate(rows))
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(row: Sequence[Cell], numeric: Sequence[bool], stands_out: bool) -> str:
    cells = "".join(_cell(cell, n) for cell, n in zip(row, numeric, strict=True))
    return f'<tr class="first">{cells}</tr>' if stands_out else f"<tr>{cells}</tr>"


def _cell(cell: Cell, numeric: bool) -> str:
    text = escape(cell.text)
    if cell.tone:
        text = f'<span class="tone {cell.tone}">{text}</span>'
    if cell.small:
        text += f"<small>{escape(cell.small)}</small>"
    value = "Infinity" if cell.key == inf else cell.key
    return _tag("td", text, numeric, "" if cell.key is None else f' data-v="{value}"')


def _tag(name: str, text: str, numeric: bool, more: str = "") -> str:
    kind = ' class="n"' if numeric else ""
    return f"<{name}{kind}{more}>{text}</{name}>"


def provenance(manifest: Mapping[str, Any], more: Mapping[str, str]) -> dict[str, str]:
    """Return what is needed to make the same results again."""
    revision = manifest["revision"]
    commit = revision["commit"] or "installed package"
    commit += ", with changed files" if revision["dirty"] else ""
    packages = ", ".join(f"{k} {v}" for k, v in manifest["packages"].items())
    return {
        "command": manifest["command"],
        **more,
        "simcert": f"{manifest['simcert']}, {commit}",
        "python": f"{manifest['python']}; {packages}",
        "how to read": "simulated clients; harm is counted against the same client, same "
        "randomness, with the old certificate",
    }
