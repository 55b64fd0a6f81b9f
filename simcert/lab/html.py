"""Results as notebooks show them: a table and an inline figure, no script, every name escaped."""

import io
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from simcert.lab.words import clock, percent, stake, verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simcert.lab.compare.study import Study
    from simcert.lab.population import Population
    from simcert.lab.regress.gate import Regression
    from simcert.lab.replay.decide import Replayed
    from simcert.lab.replay.recorded import Recorded
    from simcert.lab.run.result import RunResult
    from simcert.lab.tune.result import Tuned
    from simcert.lab.validate.document import Validated


def run_html(result: "RunResult") -> str:
    """Return one run: verdict, figures, changes of exposure, picture."""
    first, harm, *_ = result.words().splitlines()
    moves = [(clock(t), f"{100.0 * e:.2f} %", reason) for t, e, reason in result.exposure]
    shown = table(("time", "exposure", "reason"), moves)
    return f"<p><b>{escape(first)}</b><br>{escape(harm)}</p>{_svg(result.plot())}{shown}"


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
    return told + table(head, rows) + _svg(study.plot())


def population_html(who: "Population") -> str:
    """Return a population: each client with its share, and the sources."""
    columns = [who.clients[name].tolist() for name in ("name", "client", "share")]
    lines = [(name, client, percent(share)) for name, client, share in zip(*columns, strict=True)]
    sources = "".join(f"<p><small>{escape(text)}</small></p>" for text in who.sources)
    head = f"<p><b>{escape(who.name)}</b>: {len(lines)} kinds of clients</p>"
    return head + table(("client", "known as", "share"), lines) + sources


def recorded_html(told: "Recorded") -> str:
    """Return a recorded rollout: how it ended, picture, changes of exposure."""
    columns = [told.moves[name].tolist() for name in ("t_s", "exposure", "reason")]
    moves = [(clock(t), f"{100.0 * e:.2f} %", why) for t, e, why in zip(*columns, strict=True)]
    head = f"<p><b>{escape(told.path.name)}</b>: {escape(told.policy)}, "
    end = escape((told.end or "not ended").replace("_", " "))
    return f"{head}{end}</p>{_svg(told.plot())}{table(('time', 'exposure', 'reason'), moves)}"


def replayed_html(replayed: "Replayed") -> str:
    """Return what a policy says to a recorded rollout."""
    first, *rest = replayed.words().splitlines()
    more = f"<pre>{escape(chr(10).join(rest))}</pre>" if rest else ""
    return f"<p><b>{escape(first)}</b></p>{more}"


def regression_html(found: "Regression") -> str:
    """Return the verdict on each case, and what changed in words."""
    lines = [(c.scenario, c.policy, c.verdict.replace("_", " ")) for c in found.cases]
    told = f"<pre>{escape(found.words())}</pre>" if found.changed else ""
    return table(("scenario", "policy", "verdict"), lines) + told


def tuned_html(tuned: "Tuned") -> str:
    """Return a study: what was chosen and why, the front, and every scenario."""
    first, *rest = tuned.words().splitlines()
    front = f"<pre>{escape(chr(10).join(rest))}</pre>"
    lines = [
        (
            f"{one.scenario} (held out)" if one.held_out else one.scenario,
            one.metric.replace("_", " "),
            f"{one.ratio:.3f}",
            one.verdict,
        )
        for one in tuned.final
    ]
    shown = table(("scenario", "metric", "ratio to the defaults", "verdict"), lines)
    return f"<p><b>{escape(first)}</b></p>{front}{_svg(tuned.plot())}{shown if lines else ''}"


def validated_html(found: "Validated") -> str:
    """Return a validation: verdict and until when, what did not pass first, and the picture."""
    first, *_, last = found.words().splitlines()
    ranked = sorted(found.document["checks"], key=lambda one: one["verdict"] == "pass")
    lines = [
        (one["name"], one["verdict"], _share(one["figure"]), _share(one["limit"]), one["about"])
        for one in ranked
    ]
    shown = table(("check", "verdict", "figure", "limit", "why"), lines)
    return f"<p><b>{escape(first)}</b><br>{escape(last)}</p>{_svg(found.plot())}{shown}"


def table(head: Sequence[str], rows: Sequence[tuple[str, ...]]) -> str:
    """Return an HTML table of plain cells."""
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


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
