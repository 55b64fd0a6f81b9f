"""Results as notebooks show them: a table and an inline figure, no script, every name escaped."""

import io
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from simcert.lab.words import clock, stake, verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simcert.lab.run import RunResult
    from simcert.lab.study import Study


def run_html(result: "RunResult") -> str:
    """Return one run: verdict, figures, changes of exposure, picture."""
    first, harm, *_ = result.words().splitlines()
    moves = [(clock(t), f"{100.0 * e:.2f} %", reason) for t, e, reason in result.exposure]
    table = _table(("time", "exposure", "reason"), moves)
    return f"<p><b>{escape(first)}</b><br>{escape(harm)}</p>{_svg(result.plot())}{table}"


def study_html(study: "Study") -> str:
    """Return a study: what each policy did in each scenario, and harm against time."""
    rows = [
        (
            setup.scenario.stem,
            result["policy"],
            verdict(setup.truth.harmful, result) if result["runs"] > result["failed_runs"] else "",
            _text(result["harmed_connections"]["mean"]),
            _text(result["minutes_to_full"]["median"]),
        )
        for setup, result in zip(study.setups, study.results, strict=True)
    ]
    stakes = {setup.scenario.stem: stake(setup) for setup in study.setups}
    told = "".join(f"<p><b>{escape(k)}</b>: {escape(v)}</p>" for k, v in stakes.items())
    head = ("scenario", "policy", "what it did", "harmed connections", "minutes to full")
    return told + _table(head, rows) + _svg(study.plot())


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    return f"<table><tr>{top}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _svg(figure: "Figure") -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue()
    return drawn[drawn.index("<svg") :]


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}"
