"""A study in words, in Markdown, and as policy files."""

import json
import shlex
from collections.abc import Sequence
from math import exp
from typing import TYPE_CHECKING, Any

from simcert.control.journal import params as params_of
from simcert.control.journal import stem
from simcert.model import Policy, discovery

if TYPE_CHECKING:
    from simcert.lab.tune.result import Member, Tuned
    from simcert.lab.tune.verdict import Comparison

CHOSEN = "chosen.toml"


def ratio(log: float) -> float:
    """Return a log ratio as a ratio."""
    return exp(log)


def front_file(number: int) -> str:
    """Return the file of a member of the front."""
    return f"front-{number:02d}.toml"


def toml(policy: Policy, comments: Sequence[str]) -> str:
    """Return a policy file: its stem, and every parameter that is not the class's default."""
    changed = _changed(policy)
    width = max(map(len, ["policy", *changed]))
    lines = [f"# {line}" for text in comments for line in text.splitlines()]
    lines += [f"{k:<{width}} = {_value(v)}" for k, v in {"policy": stem(policy), **changed}.items()]
    return "\n".join(lines) + "\n"


def _changed(policy: Policy) -> dict[str, Any]:
    now, usual = params_of(policy), params_of(type(policy)())
    return {k: v for k, v in now.items() if v != usual[k] and v is not None}


def outside(policy: Policy, typed: str) -> list[str]:
    """Return how a policy in somebody's own file flies: no policy file may name code to run."""
    if not type(policy).__module__.startswith(discovery.OUTSIDE):
        return []
    given = ",".join(f"{k}={_value(v)}" for k, v in _changed(policy).items())
    said = typed.partition(":")[0] + (f":{given}" if given else "")
    return [f"Its class stands in a file of your own; fly it with: --policy {shlex.quote(said)}"]


def _value(value: Any) -> str:  # noqa: ANN401 - JSON
    """Return a JSON value as TOML: they agree on what policies hold, but for infinity."""
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    return json.dumps(value, ensure_ascii=False)


def about(tuned: "Tuned", one: "Member") -> list[str]:
    """Return what a member's file says of it."""
    return [
        f"Trial {one.trial.number} of {len(tuned.search.trials)}, seed {tuned.seed}.",
        _short(one),
    ]


def _short(one: "Member") -> str:
    fit = "fit" if one.fit else "not fit: worse than the defaults somewhere, or a limit is broken"
    return (
        f"On fresh days: harm {_percent(one.fresh.harm)}, time {_percent(one.fresh.time)}, {fit}."
    )


def _percent(log: float) -> str:
    return f"{100.0 * (exp(log) - 1.0):+.1f} %"


def why(tuned: "Tuned") -> str:
    """Return why this point was chosen, in one sentence or two."""
    chosen, name = tuned.chosen, stem(tuned.search.policy)
    if chosen is None:
        return f"No candidate beats the defaults of {name} on fresh days: the defaults stay."
    better, worse = (_count(tuned.final, word) for word in ("better", "worse"))
    return (
        f"Trial {chosen.trial.number} of {name}: of the front, the largest gain on fresh days "
        f"(harm {_percent(chosen.fresh.harm)}, time {_percent(chosen.fresh.time)}) without a "
        f"scenario that is surely worse. On other days again: better in {better}, worse in "
        f"{worse} of {len(tuned.final)} scenarios."
    )


def _count(found: "Sequence[Comparison]", verdict: str) -> int:
    return sum(one.verdict == verdict for one in found)


def summary(tuned: "Tuned") -> str:
    """Return the outcome for a terminal."""
    lines = [why(tuned), ""]
    lines += [f"{front_file(i):<14} {_short(one)}" for i, one in enumerate(tuned.members, 1)]
    return "\n".join([*lines, "", f"Results in {tuned.out}: {CHOSEN}, report.md"])


def report(tuned: "Tuned") -> str:
    """Return the report of a study as Markdown."""
    trials = tuned.search.trials
    stopped = sum(bool(one.stopped) for one in trials)
    parts = [
        f"# {stem(tuned.search.policy)}, tuned",
        why(tuned),
        f"{len(trials)} trials of {tuned.search.runs} days a scenario, seed {tuned.seed}; "
        f"{stopped} were stopped early by paired differences. Ratios are to the defaults on the "
        "same days, every scenario counts alike.",
        _parameters(tuned),
        _front(tuned),
        _final(tuned),
        _importances(tuned),
        "## Searched\n\n" + "\n".join(f"* {knob}" for knob in tuned.search.knobs),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _parameters(tuned: "Tuned") -> str:
    if tuned.chosen is None:
        return ""
    now = params_of(tuned.search.policy)
    rows = [f"| `{k}` | {now[k]} | {v} |" for k, v in tuned.chosen.trial.params.items()]
    head = "## The chosen point\n\n| parameter | default | chosen |\n|---|---|---|\n"
    return head + "\n".join(rows)


def _front(tuned: "Tuned") -> str:
    if not tuned.members:
        return "## The front\n\nempty: no candidate keeps all limits."
    rows = []
    for i, one in enumerate(tuned.members, 1):
        seen, fresh = one.trial.score, one.fresh
        assert seen is not None
        figures = [_percent(log) for log in (seen.harm, fresh.harm, seen.time, fresh.time)]
        rows.append(f"| {front_file(i)} | {' | '.join(figures)} | {'yes' if one.fit else 'no'} |")
    head = (
        "## The front, and what is left of it on fresh days\n\n"
        "Who is best of many was lucky, too: the second figure is the one to believe.\n\n"
        "| file | harm, searched | harm, fresh | time, searched | time, fresh | fit |\n"
        "|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(rows)


def _final(tuned: "Tuned") -> str:
    if not tuned.final:
        return ""
    rows = [_row(one) for one in tuned.final]
    head = (
        "## Chosen against defaults, on days that neither search nor choice has seen\n\n"
        "| scenario | metric | defaults | tuned | ratio | 95 % interval | verdict |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(rows)


def _row(one: "Comparison") -> str:
    ends = "" if one.ci95 is None else f"{one.ci95[0]:.3f} to {one.ci95[1]:.3f}"
    name = f"{one.scenario} (held out)" if one.held_out else one.scenario
    metric = one.metric.replace("_", " ")
    means = f"{one.defaults or 0.0:.4g} | {one.tuned or 0.0:.4g}"
    return f"| {name} | {metric} | {means} | {one.ratio:.3f} | {ends} | {one.verdict} |"


def _importances(tuned: "Tuned") -> str:
    lines = []
    for name, found in tuned.importances.items():
        ranked = sorted(found.items(), key=lambda one: -one[1])[:8]
        if ranked:
            lines.append(f"* {name}: " + ", ".join(f"`{k}` {v:.2f}" for k, v in ranked))
    if not lines:
        return ""
    return "## Which parameters matter (PED-ANOVA, shares)\n\n" + "\n".join(lines)
