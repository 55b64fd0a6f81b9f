"""A forecast as one self-contained HTML page: no script, nothing fetched, dark and print ready."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from simcert.lab.predict import words
from simcert.lab.words import percent, signal

if TYPE_CHECKING:
    from simcert.lab.predict.forecasts import Forecast, Row

STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5b6576; --line: #d9dee6; --bad: #b3261e;
  --good: #1b7f4b; --page: #fff; --band: #f4f6f9; --widest: 6rem; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf0; --soft: #9aa5b5; --line: #333b47;
  --bad: #ff8a80; --good: #6fd39b; --page: #14181f; --band: #1c222b; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; text-wrap: balance; }
h1.bad { color: var(--bad); } h1.good { color: var(--good); }
h2 { font-size: 1.1rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .45rem .7rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--soft); font-weight: 600; }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
table.figures { width: auto; }
@media screen and (min-width: 40rem) { table.people td:last-child { min-width: 15rem; } }
tbody tr:nth-child(even) { background: var(--band); }
td small, p.soft { color: var(--soft); }
.bar { display: inline-block; height: .6rem; min-width: 2px; background: var(--bad);
  width: calc(var(--widest) * var(--part)); print-color-adjust: exact; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
@media print {
  :root { font-size: 13px; --widest: 4rem; }
  body { font-size: 1rem; margin: 0; padding: 0; max-width: none; }
  .wide { overflow: visible; }
  h2 { break-after: avoid; } tr, table.figures { break-inside: avoid; }
}
@media screen and (max-width: 40rem) {
  body { margin: 1rem auto; }
  table.people thead { display: none; }
  table.people tr { display: grid; grid-template-columns: 1fr auto; padding: .5rem 0;
    border-bottom: 1px solid var(--line); }
  table.people td { border: 0; padding: .1rem .5rem; grid-column: 1 / -1; }
  table.people td:first-child { grid-column: 1; } table.people td.n { grid-column: 2; }
  table.people td[data-label]::before { content: attr(data-label) " "; color: var(--soft); }
  :root { --widest: 4rem; }
}
"""


def page(forecast: "Forecast") -> str:
    """Return the page; every name is escaped, as certificates may come from anybody."""
    mood = "bad" if forecast.broken else "good"
    parts = [f'<h1 class="{mood}">{escape(words.verdict(forecast))}</h1>']
    parts += [f"<p>{escape(text)}</p>" for text in words.asides(forecast)]
    if forecast.broken:
        parts += ["<h2>What to do instead</h2>", _advice(forecast.broken)]
        parts += ["<h2>Who breaks, and how it will look</h2>", _broken(forecast.broken)]
    parts += ["<h2>One full handshake</h2>", _costs(forecast)]
    parts += ["<h2>All clients</h2>", _all(forecast.rows), _footer(forecast)]
    title = escape(f"simcert predict: {forecast.meeting.host or 'new certificate'}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _broken(rows: Sequence["Row"]) -> str:
    largest = max(row.share for row in rows) or 1.0
    told = [
        (
            _who(row),
            f"{percent(row.share)}<br>"
            f'<span class="bar" style="--part:{row.share / largest:.3f}"></span>',
            escape(signal(row.new.seen)),
            f"{escape(words.plain(row.new.reason))}<br><small>{escape(row.new.clause)}</small>",
        )
        for row in rows
    ]
    return _table(words.HEAD, told)


def _who(row: "Row") -> str:
    return f"{escape(row.title)}<br><small>{escape(row.client.name)}</small>"


def _advice(rows: Sequence["Row"]) -> str:
    items = (
        f"<li><b>{percent(share)}</b> {escape(text)}</li>" for text, share in words.ranked(rows)
    )
    return f"<ul>{''.join(items)}</ul>"


def _costs(forecast: "Forecast") -> str:
    old, new = forecast.cost("old"), forecast.cost("new")
    told = [
        (
            name,
            words.number(old[key]),
            words.number(new[key]),
            words.change(old[key], new[key]),
        )
        for key, name in words.COST_NAMES.items()
    ]
    head = ("clients that accept it, mean", "old", "new", "change")
    return _table(head, told, kind="figures", figures=(1, 2, 3))


def _all(rows: Sequence["Row"]) -> str:
    told = [
        (_who(row), percent(row.share), escape(row.old.seen), escape(row.new.seen)) for row in rows
    ]
    return _table(("client", "share", "old", "new"), told)


def _table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    kind: str = "people",
    figures: Sequence[int] = (1,),
) -> str:
    """Return a table; on a phone those of `people` become cards, which name their columns."""
    classes = ['class="n"' if at in figures else "" for at in range(len(head))]
    labels = [f'data-label="{escape(name)}:"' if at > 1 else "" for at, name in enumerate(head)]
    top = "".join(f"<th {c}>{escape(name)}</th>" for name, c in zip(head, classes, strict=True))
    columns = list(zip(classes, labels, strict=True))
    lines = (
        "".join(f"<td {c} {x}>{cell}</td>" for (c, x), cell in zip(columns, row, strict=True))
        for row in rows
    )
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return (
        f'<div class="wide"><table class="{kind}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _footer(forecast: "Forecast") -> str:
    told = forecast.meeting
    text = (
        f"Old chain {told.old.source}, new chain {told.new.source}, population "
        f"{forecast.population}, judged at {told.at:%Y-%m-%d %H:%M} UTC."
    )
    return f"<footer>{escape(text)}</footer>"
