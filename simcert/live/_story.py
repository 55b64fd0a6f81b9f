"""Story: where a flight stands, will go and has ended, in sentences that all views share."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from simcert.control.foresight import Foresight
from simcert.control.turning import SECONDS, Turn
from simcert.model import Kind, Phase

DONE = {
    Phase.COMPLETE: "finished: committed at {at}: {why}",
    Phase.ROLLED_BACK: "rolled back at {at} because {why}",
}
_BY_WORD = {"abort": Phase.ROLLED_BACK, "promote": Phase.COMPLETE}
_BY_KIND = {Kind.ROLL_BACK.value: Phase.ROLLED_BACK, Kind.COMPLETE.value: Phase.COMPLETE}
_VERB = {Kind.ROLL_BACK.value: "roll back"}


def expected(seen: Foresight, age_s: float) -> dict[str, Any]:
    """Return the expectation, `age_s` old, as JSON values with a sentence."""
    if seen.eta_s is None:
        said = f"not foreseen, because {seen.why}"
        return {"low_s": None, "high_s": None, "runs": seen.runs, "says": said}
    low_s, high_s = (None if x is None else max(x - age_s, 0.0) for x in (seen.low_s, seen.high_s))
    low, high = span(low_s), span(high_s)
    between = low if low == high else f"{low} to {high}"
    sure = "if the new certificate is as good as the old one"
    said = f"complete in {between} {sure} ({seen.runs} flights ahead)"
    return {"low_s": low_s, "high_s": high_s, "runs": seen.runs, "says": said}


def span(seconds: float | None) -> str:
    """Return a duration as people say it; None is one without a known end."""
    if seconds is None:
        return "an unknown time"
    for name, unit in (("d", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2.0 * unit:
            digits = 0 if seconds >= 10.0 * unit else 1
            return f"{seconds / unit:.{digits}f} {name}".replace(".0 ", " ")
    return f"{seconds:.0f} s"


def turning(one: Turn) -> str:
    """Return what would change the decision: value, limit and n."""
    verb = _VERB.get(one.kind, one.kind)
    if one.what == SECONDS:
        return f"{verb} in {span(one.limit)} if nothing happens"
    what = one.what.replace("_", " ")
    now = "unknown" if one.value is None else f"{one.value:g}"
    if " says " in one.what or one.limit is None:
        limit = "" if one.limit is None else f", limit {one.limit:g}"
        return f"{verb} if {what} (now {now}{limit}, n = {one.n})"
    way = "falls to" if one.value is not None and one.value > one.limit else "reaches"
    return f"{verb} when {what} {way} {one.limit:g} (now {now}, n = {one.n})"


def standing(phase: Phase, refusal: str | None) -> str:
    """Say what must change before a policy is asked at all, or nothing."""
    words = {
        Phase.PAUSED: "an operator: `resume` goes on, `abort` goes back",
        Phase.ROLLED_BACK: "an operator: `resume` begins a fresh attempt",
        Phase.COMPLETE: "an operator: `abort` goes back",
    }
    if phase in words:
        return words[phase]
    return refusal or ""


def ending(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return how a journal's rollout came to its end; None while it has none."""
    epoch_s = float(entries[0].get("epoch_s", 0.0)) if entries else 0.0
    for one in reversed(entries):
        if one["entry"] == "command" and one["word"] in _BY_WORD:
            return ended(_BY_WORD[one["word"]], one["t"], epoch_s, f"an operator: {one['word']}")
        if one["entry"] == "command" and one["word"] == "resume":
            return None
        if one["entry"] == "decision" and one["kind"] in _BY_KIND:
            return ended(_BY_KIND[one["kind"]], one["t"], epoch_s, one["reason"])
    return None


def ended(phase: Phase, at_s: float, epoch_s: float, why: str) -> dict[str, Any]:
    """Return an end as JSON values with a sentence."""
    at = dt.datetime.fromtimestamp(epoch_s + at_s, dt.UTC).isoformat(timespec="seconds")
    for prefix in ("roll back: ", "complete: "):
        why = why.removeprefix(prefix)
    said = DONE[phase].format(at=at, why=why)
    return {"end": phase.value, "t": at_s, "at": at, "why": why, "says": said}
