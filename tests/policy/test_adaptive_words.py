"""Every sentence that `adaptive` says: its value, its limit, one n, and what would change it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from inspect import getmembers, isfunction
from math import exp, isclose, log
from operator import ge, gt, le, lt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.model import (
    Assessment,
    Decision,
    Kind,
    Phase,
    Prior,
    Progress,
    Reading,
    Verdict,
    View,
    Window,
)
from simcert.policy import _adaptive_words as words
from simcert.policy.adaptive import Adaptive
from simcert.policy.adaptive_retry import AdaptiveRetry
from simcert.scenario.build import analyzer_maker

POLICY, RETRY = Adaptive(), AdaptiveRetry()
FAIL = Verdict.FAIL
SEEN = Assessment(
    at_s=600.0, slices=10, n_old=9000, n_new=1000, failed_old=180, failed_new=20, windows=100,
    units_per_s=33.0,
)  # fmt: skip
REMEMBERED = {"at_s": 600.0, "soaked_s": 0.0, "until_s": 0.0, "alarms": []}
SOAKED = {"soaked_s": 7260.0}
DOUBTED = {"doubt_e": 6.0, "doubt_s": 60.0}
ALL_DOUBTED = {**DOUBTED, "evidence_e": 4.0, "evidence_s": 60.0}
OLD_FAILS = Reading(FAIL, 9.0, 0.4, 0.01, 5000)


def seen(
    exposure: float = 0.2,
    *,
    u: float = 0.0225,
    memory: dict[str, float] | None = None,
    held_s: float = 60.0,
    phase: Phase = Phase.RAMPING,
    attempt: int = 1,
    until_s: float | None = None,
    now_s: float = 600.0,
    prior: float | None = None,
    segment_e: float = 1.0,
    told: dict[str, Any] | None = None,
    **readings: Reading,
) -> View:
    """Return what the policy sees: calm by default, with a bound that permits a fifth."""
    quiet = {"bound": Reading(value=u), "segment": Reading(log_e=log(segment_e))}
    quiet["segment_alert"] = quiet["segment"]
    a = replace(SEEN, readings={**quiet, **readings}, **(told or {}))
    kept = {**REMEMBERED, **(memory or {})}
    progress = Progress(attempt=attempt, memory=kept, old_until_s=until_s)
    known = None if prior is None else Prior(prior)
    return View(now_s, exposure, held_s, phase, a, progress, known)


def evidence(e_value: float, **rest: Any) -> dict[str, Any]:
    return {"log_e": log(e_value), **rest}


def rang(who: str, value: float, limit: float, alarms: float = 1.0) -> Reading:
    detail = {"alarms": alarms, f"alarm:{who}": value, "alarm_limit": limit}
    return Reading(value=0.0, limit=9.0, n=990, detail=detail)


CAUSES = Reading(detail={"alert:unknown_ca": 8.0}, n=1000)
ROWS = {f"{name}/failure": 15.0 - k for k, name in enumerate(("app", "bot", "tv", "toy"))}
CULPRITS = Reading(value=4.0, detail=ROWS)
AWAY = Reading(value=1.0, n=900, detail={"nightly": 400.0})
HARMED = {"told": evidence(230.4), "causes": CAUSES, "segment": CULPRITS}
LIVED = {"memory": DOUBTED, "segment_e": 6.0, "now_s": 40_000.0}

SAID: dict[str, tuple[View, str]] = {
    "an operator paused it": (
        seen(phase=Phase.PAUSED),
        "paused: the exposure stays (n = 1000) until an operator acts",
    ),
    "it is complete": (
        seen(1.0, phase=Phase.COMPLETE),
        "complete: everybody gets the new certificate (n = 1000) until an operator acts",
    ),
    "it was rolled back": (
        seen(0.0, phase=Phase.ROLLED_BACK),
        "rolled back: nobody gets the new certificate (n = 1000) until an operator acts",
    ),
    "a proof": (
        seen(**HARMED),
        "roll back: evidence e-value 230 reached 100 (n = 1000, 20 failed; old arm 180 of 9000); "
        "culprits: app, bot, tv and 1 more; clients distrust it: serve a chain cross-signed by a "
        "root they know (alert:unknown_ca, 8 over its share); "
        "final until an operator starts a new attempt",
    ),
    "a proof without a culprit, and the refuge ends": (
        seen(told=evidence(1e12), until_s=8000.0),
        "roll back: evidence e-value 1e+12 reached 100 (n = 1000, 20 failed; old arm 180 of 9000); "
        "culprits: no single segment; no outcome stands out: look at the segments; "
        "final until an operator starts a new attempt; "
        "the old certificate ends in 7400 s: get a third one by then",
    ),
    "a proof, and the old one fails, too": (
        seen(old_arm=OLD_FAILS, **HARMED),
        "no way back: evidence e-value 230 reached 100 (n = 1000), but the old certificate fails: "
        "0.4 of 5000 units, floor 0.01; an operator decides; clients distrust it: "
        "serve a chain cross-signed by a root they know (alert:unknown_ca, 8 over its share)",
    ),
    "evidence": (
        seen(told=evidence(6.0)),
        "back off to 0.1: evidence e-value 6 above 5 (n = 1000); "
        "up again by a fresh bound, rolled back at e-value 100",
    ),
    "evidence that hardly reaches it": (
        seen(told=evidence(5.0003)),
        "back off to 0.1: evidence e-value 5.0003 above 5 (n = 1000); "
        "up again by a fresh bound, rolled back at e-value 100",
    ),
    "evidence where it is low already": (
        seen(0.05, told=evidence(6.0)),
        "hold: evidence e-value 6 above 5 (n = 1000); "
        "up again by a fresh bound, rolled back at e-value 100",
    ),
    "evidence, and the old one fails, too": (
        seen(told=evidence(6.0), old_arm=OLD_FAILS),
        "hold: evidence e-value 6 above 5 (n = 1000); not down, for the old certificate "
        "fails: 0.4 of 5000 units, floor 0.01; up again by a fresh bound",
    ),
    "segments": (
        seen(segment_e=2.5),
        "back off to 0.1: segment e-value 2.5 above 2.25 (n = 1000); "
        "up again by a fresh bound, rolled back at e-value 100 (now 1)",
    ),
    "news of a doubt that was lived with": (
        seen(**{**LIVED, "segment_e": 7.5}),
        "back off to 0.1: segment e-value 7.5 above 2.25 (n = 1000); "
        "up again by a fresh bound, rolled back at e-value 100 (now 1)",
    ),
    "an alarm of failures": (
        seen(failure_suspicion=rang("failure", 6.94, 6.2)),
        "back off to 0.1: failures of the new arm ran ahead of the common rate: "
        "suspicion 6.94 above 6.2 nats (n = 990); "
        "up again by a fresh bound, rolled back at e-value 100 (now 1)",
    ),
    "an alarm of trust alerts": (
        seen(alert_suspicion=rang("trust_alert", 3.71, 3.6)),
        "back off to 0.1: trust alerts of the new arm ran ahead of the common rate: "
        "suspicion 3.71 above 3.6 nats (n = 990); "
        "up again by a fresh bound, rolled back at e-value 100 (now 1)",
    ),
    "an alarm of a segment": (
        seen(segment_suspicion=rang("t13d180000_e8a523a41297", 9.1, 8.05)),
        "back off to 0.1: new failures of segment t13d180000_e8a523a41297 ran ahead of its rate: "
        "suspicion 9.1 above 8.05 nats (n = 990); "
        "up again by a fresh bound, rolled back at e-value 100 (now 1)",
    ),
    "an alarm in a state from before values were kept": (
        seen(segment_suspicion=Reading(limit=8.0, n=990, detail={"alarms": 1.0})),
        "back off to 0.1: new failures of a segment ran ahead of its rate: "
        "suspicion above 8 nats (n = 990); "
        "up again by a fresh bound, rolled back at e-value 100 (now 1)",
    ),
    "a suspicion was answered": (
        seen(0.1, memory={"until_s": 690.0}),
        "backed off: 90 of 180 s to go (n = 1000); then up again by a fresh bound",
    ),
    "predicted to break": (
        seen(0.0, prior=0.06, told={"n_new": 0}),
        "not started: predicted to break 0.06 of clients, limit 0.05 (n = 0); "
        "change the chain, or prior_max",
    ),
    "nobody comes": (
        seen(0.0, told={"units_per_s": 0.0, "n_new": 0}),
        "hold: 0 units a second were seen, a step needs more than 0 (n = 0); "
        "goes on when clients come",
    ),
    "the split is off": (
        seen(split=Reading(FAIL, 12.0, 12.0, log(1e4), 500, {"nats_left": 3.21})),
        "hold: the arms get other shares of connections than the exposure says: "
        "evidence 12 reached 9.21 nats (n = 500); "
        "ends when 3.21 nats speak against it, an operator looks at it",
    ),
    "handshakes are slow": (
        seen(time=Reading(FAIL, 9.0, 9.0, log(1e3), 700)),
        "hold: handshakes with the new certificate are slower: "
        "evidence 9 reached 6.91 nats (n = 700); ends when it falls, an operator looks at it",
    ),
    "features are lost": (
        seen(features=Reading(FAIL, 9.3, 9.3, log(1e4), 800, {"h2": 9.9})),
        "hold: handshakes with the new certificate lose TLS 1.3 or HTTP/2 (h2): "
        "evidence 9.3 reached 9.21 nats (n = 800); ends when it falls, an operator looks at it",
    ),
    "features are lost in one segment": (
        seen(features=Reading(FAIL, 9.3, 9.3, log(1e4), 800, {"h2": 1.0, "kiosk: h2": 14.0})),
        "hold: handshakes with the new certificate lose TLS 1.3 or HTTP/2 (kiosk: h2): "
        "evidence 9.3 reached 9.21 nats (n = 800); ends when it falls, an operator looks at it",
    ),
    "doubt": (
        seen(0.1, told=evidence(4.0)),
        "hold: evidence e-value 4 above 3 (n = 1000); up when it falls",
    ),
    "doubt of trust alerts": (
        seen(0.1, trust_alert=Reading(log_e=log(2.5))),
        "hold: trust-alert e-value 2.5 above 2 (n = 1000); up when it falls",
    ),
    "doubt below what a closer look may take": (
        seen(0.02, segment_e=1.5),
        "hold: segment e-value 1.5 above 1.3 (n = 1000); "
        "up when it falls, or for a closer look in 240 s",
    ),
    "doubt that was waited for": (
        seen(0.02, segment_e=1.5, held_s=300.0),
        "raise to 0.04: a closer look at segment e-value 1.5 above 1.3 allows 0.04 (n = 1000); "
        "further when it falls",
    ),
    "a closer look that is no step": (
        seen(0.098, segment_e=1.5, held_s=300.0),
        "hold 0.098: a closer look at segment e-value 1.5 above 1.3 allows 0.1, "
        "a step needs 0.103 (n = 1000); further when it falls",
    ),
    "few results": (
        seen(0.0, told={"n_new": 0}),
        "raise to 0.00101: with the results so far 0.2 units may be on the way, "
        "which allows 0.00101 (n = 0); more when more are in",
    ),
    "few results, and all is on the way": (
        seen(0.001, told={"n_new": 0}),
        "hold 0.001: with the results so far 0.2 units may be on the way, "
        "which allows 0.00101, a step needs 0.00105 (n = 0); more when more are in",
    ),
    "a bound": (
        seen(0.1),
        "raise to 0.2: harm bound U = 0.0225 above the goal 0.0075 allows 0.2 (n = 1000); "
        "more when U falls",
    ),
    "a bound that allows no step": (
        seen(0.2),
        "hold 0.2: harm bound U = 0.0225 above the goal 0.0075 allows 0.2, "
        "a step needs 0.21 (n = 1000); more when U falls",
    ),
    "a bound within the goal": (
        seen(0.2, u=0.0075),
        "raise to 0.95: harm bound U = 0.0075 within the goal 0.0075 allows 1 (n = 1000); "
        "down on suspicion, withdrawn on proof",
    ),
    "late results make an overshoot": (
        seen(0.1, u=0.0115, told={"lag_s": 600.0, "n_new": 5000}),
        "raise to 0.138: harm on the way at U = 0.0115, 0.016 of a window, allows 0.138 (n = 5000);"
        " more when U falls",
    ),
    "a doubt is lived with": (
        seen(0.1, **LIVED),
        "raise to 0.2: harm bound U = 0.0225 above the goal 0.0075 allows 0.2, segment e-value 6 "
        "has no news since 60 s (n = 1000); more when U falls",
    ),
    "a doubt is lived with, and so are others": (
        seen(0.1, **{**LIVED, "memory": ALL_DOUBTED}, told=evidence(4.0)),
        "raise to 0.2: harm bound U = 0.0225 above the goal 0.0075 allows 0.2, evidence e-value 4 "
        "has no news since 60 s and 1 more (n = 1000); more when U falls",
    ),
    "soak with a doubt that is lived with": (
        seen(0.95, memory={**SOAKED, **ALL_DOUBTED}, now_s=40_000.0, told=evidence(4.0)),
        "complete: soaked 46660 of 7200 s, evidence e-value 4 of at most 7 (n = 1000); "
        "back only by an operator's abort",
    ),
    "the old one fails": (
        seen(0.2, u=0.0115, old_arm=OLD_FAILS),
        "raise to 0.391: the old certificate fails: 0.4 of 5000 units, floor 0.01; "
        "harm bound U = 0.0115 above the goal 0.0075 allows 0.391 (n = 1000); more when U falls",
    ),
    "the old one has ended": (
        seen(0.2, until_s=560.0),
        "raise to 0.95: the old certificate ended 40 s ago, which allows 1 (n = 1000); "
        "back only by an operator's abort",
    ),
    "soak": (
        seen(0.95, memory={"soaked_s": 3600.0}, told=evidence(0.5)),
        "soak at 0.95: 3600 of 7200 s to go, evidence e-value 0.5 of at most 3 (n = 1000); "
        "then complete",
    ),
    "soak in doubt": (
        seen(0.95, memory=SOAKED, told=evidence(4.0)),
        "soak at 0.95: 0 of 7200 s to go, evidence e-value 4 above 3 (n = 1000); "
        "complete when it falls",
    ),
    "somebody is away": (
        seen(0.95, memory=SOAKED, coverage=AWAY),
        "soak at 0.95: waited 7260 of at most 14400 s for 1 known segments not seen: nightly "
        "(n = 900); complete when they come, or then",
    ),
    "all clear": (
        seen(0.95, memory=SOAKED, told=evidence(0.5)),
        "complete: soaked 7260 of 7200 s, evidence e-value 0.5 of at most 3 (n = 1000); "
        "back only by an operator's abort",
    ),
    "all clear, but somebody never came": (
        seen(0.95, memory={"soaked_s": 14_400.0}, told=evidence(0.5), coverage=AWAY),
        "complete: soaked 14400 of 7200 s, evidence e-value 0.5 of at most 3 (n = 1000), "
        "never met: nightly; back only by an operator's abort",
    ),
}
BACK = {"phase": Phase.ROLLED_BACK, "exposure": 0.0}
RETRIED: dict[str, tuple[View, str]] = {
    "a cool-down": (
        seen(**BACK, now_s=10_600.0),
        "rolled back: waited 10000 of 21600 s (n = 1000); then attempt 2 of 4",
    ),
    "a fresh attempt": (
        seen(**BACK, now_s=22_200.0),
        "attempt 2 of 4: waited 21600 of 21600 s (n = 1000); "
        "alpha 0.0015, withdrawn at evidence e-value 658",
    ),
    "the last attempt": (
        seen(**BACK, attempt=4),
        "rolled back: attempt 4 of at most 4 was the last (n = 1000); "
        "final until an operator starts a new attempt",
    ),
    "a proof that is not the last": (
        seen(told=evidence(1e4), attempt=2),
        "roll back: evidence e-value 10000 reached 658 (n = 1000, 20 failed; old arm 180 of 9000); "
        "culprits: no single segment; no outcome stands out: look at the segments; "
        "attempt 3 of 4 in 43200 s",
    ),
}
ALL = {
    **{name: (POLICY, *told) for name, told in SAID.items()},
    **{name: (RETRY, *told) for name, told in RETRIED.items()},
}
NO_VALUE = {
    "an operator paused it": "an operator's word decides, no number",
    "it is complete": "an operator's word decides, no number",
    "it was rolled back": "an operator's word decides, no number",
    "an alarm in a state from before values were kept": "nobody wrote the value down",
}

X, L = r"(-?[\d.e+-]*\d)", r"(-?[\d.e+-]*\d)"
COMPARED: tuple[tuple[str, Callable[[Any, Any], bool]], ...] = (
    (rf"evidence e-value {X} reached {L}", ge),
    (rf"evidence {X} reached {L} nats", ge),
    (rf"suspicion {X} above {L} nats", gt),
    (rf"allows {X}, a step needs {L}", le),
    (rf"raise to {X}: .*allows {L}[ ,]", le),
    (rf"(?:evidence|segment|trust-alert) e-value {X} above {L}", gt),
    (rf"predicted to break {X} of clients, limit {L}", gt),
    (rf"{X} units a second were seen, a step needs more than {L}", le),
    (rf"attempt {X} of at most {L} was the last", ge),
    (rf"evidence e-value {X} of at most {L}", le),
    (rf"{X} of {L} s to go", le),
    (rf"waited {X} of (?:at most )?{L} s", le),
    (rf"{X} of its records arrived, limit {L}", lt),
    (rf"{X} expected there, limit {L}", gt),
    (rf"at least {X} of at most {L}", gt),
)
CHANGES = re.compile(
    r"until an operator acts|[;,] (final until an operator|an operator decides|up again by|"
    r"then up again|change the chain|goes on (with|when)|up when|more when|further when|"
    r"down on suspicion|back only by|then complete|complete when|ends when|then attempt|"
    r"attempt \d of \d in|alpha .* withdrawn at)"
)
LAST_WORD = ("roll back: ", "no way back: ")  # who is harmed and what helps belongs to it


def pairs(reason: str) -> Iterator[tuple[str, float, float, Callable[[Any, Any], bool]]]:
    """Find the values that a sentence compares, each with its limit."""
    for pattern, relation in COMPARED:
        for found in re.finditer(pattern, reason):
            yield found[0], float(found[1]), float(found[2]), relation


def check(reason: str, *, valued: bool = True) -> None:
    """Assert what every sentence owes."""
    told = [*pairs(reason)]
    assert bool(told) is valued, reason
    assert all(relation(value, limit) for _, value, limit, relation in told), reason
    assert len(re.findall(r"\bn = \d+\b", reason)) == 1, reason
    assert CHANGES.search(reason), reason
    assert reason.isprintable(), reason
    assert len(reason) <= (400 if reason.startswith(LAST_WORD) else 200), reason


@pytest.mark.parametrize("name", ALL)
def test_a_situation_and_its_sentence(name: str) -> None:
    policy, view, sentence = ALL[name]
    reason = policy.decide(view).reason

    assert reason == sentence
    check(reason, valued=name not in NO_VALUE)


def _listening(name: str, said: Callable[..., Any], asked: set[str]) -> Callable[..., Any]:
    def heard(*args: Any) -> Any:
        asked.add(name)
        return said(*args)

    return heard


def test_no_sentence_is_missing_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    sentences = [
        name for name, one in getmembers(words, isfunction) if one.__module__ == words.__name__
    ]
    asked: set[str] = set()
    for name in sentences:
        monkeypatch.setattr(words, name, _listening(name, getattr(words, name), asked))
    refused = seen(told={"refusal": "window incomplete"})
    for policy, view in [*((p, v) for p, v, _ in ALL.values()), (POLICY, refused)]:
        policy.decide(view)

    assert asked == set(sentences)


SPOILT: dict[str, dict[str, Any]] = {
    "no decision: window incomplete: 0.98 of its records arrived, limit 0.99 (n = 2000); "
    "goes on with a whole window": {"completeness": 0.98},
    "no decision: window incomplete: 0.9899 of its records arrived, limit 0.99 (n = 2000); "
    "goes on with a whole window": {"completeness": 0.9899},
    "no decision: one-sided telemetry: 0 new and 2000 old units, 100 expected there, limit 30 "
    "(n = 2000); goes on when both arms report": {"new": (0, 0), "old": (2000, 40)},
    "no decision: one-sided telemetry: 100 new and 0 old units, 95 expected there, limit 30 "
    "(n = 100); goes on when both arms report": {"old": (0, 0)},
    "no decision: resumed handshakes are counted as units: at least 30 of at most 0 (n = 2000); "
    "goes on when only full ones are": {
        "resumed": np.array([[0, 30]]),
        "attempts": np.array([[[1862, 38], [10, 90]]]),
    },
    "no decision: assignment per client: arms reuse their coin, so the windows are no evidence "
    "(n = 2000); goes on with a coin per connection": {"assignment": "per_client"},
}


@pytest.mark.parametrize("sentence", SPOILT)
def test_a_refusal_tells_as_much_as_a_decision(sentence: str) -> None:
    rollout = Rollout(POLICY, analyzer_maker(POLICY), Plan())
    rollout.confirm(0.05, 0.0)
    change = {"new": (100, 90), "old": (1900, 38), "exposure": 0.05, **SPOILT[sentence]}
    rollout.receive(Window.of(start_s=0.0, end_s=60.0, **change))
    reason = rollout.tick(60.0).reason

    assert reason == sentence
    check(reason, valued="per client" not in sentence)  # a setting is no number


def limit_of(e_value: str, reason: str) -> float:
    """Return the setting that an e-value was held against: for zero, for down, for no step up."""
    if " reached " in reason:
        return 1.0 / POLICY.alpha
    down = "rolled back at" in reason or "not down" in reason
    return {
        "evidence": POLICY.suspicious_e if down else POLICY.hold_e,
        "segment": POLICY.suspicious_segment_e if down else POLICY.hold_segment_e,
        "trust-alert": POLICY.hold_alert_e,
    }[e_value]


def derived(view: View) -> dict[str, float]:
    """Reckon the e-values of an assessment as its documentation says."""
    a = view.assessment
    rows = [a.reading(name).log_e for name in ("segment", "segment_alert")]
    return {
        "evidence": exp(min(a.log_e, 700.0)),
        "segment": 0.5 * sum(exp(min(x, 700.0)) for x in rows),
        "trust-alert": exp(min(a.reading("trust_alert").log_e, 700.0)),
    }


LIMITS = (1.3, 2.0, 2.25, 3.0, 5.0, 100.0)
NEAR = st.sampled_from(LIMITS).flatmap(lambda x: st.floats(0.999 * x, 1.001 * x))
E_VALUES = st.one_of(st.floats(0.01, 300.0), NEAR).filter(
    lambda e: not any(isclose(e, x, rel_tol=1e-8) for x in LIMITS)  # told as equal: it is rounding
)


@st.composite
def views(draw: Callable[..., Any]) -> View:
    """Draw a view near the limits: evidence, segments, trust alerts, bound, clocks, old arm."""
    told = evidence(draw(E_VALUES), n_new=draw(st.integers(0, 5000)))
    rows = {name: Reading(log_e=log(draw(E_VALUES))) for name in ("segment", "segment_alert")}
    rows["trust_alert"] = Reading(log_e=log(draw(E_VALUES)))
    calm = draw(st.booleans())
    if calm:
        rows, told = {}, {**told, "log_e": log(draw(E_VALUES.filter(lambda e: e < 5.0)))}
    told["lag_s"] = draw(st.sampled_from([0.0, 60.0, 600.0]))
    old = draw(st.sampled_from([None, OLD_FAILS]))
    return seen(
        draw(st.floats(1e-4, 0.96)),
        u=draw(st.sampled_from([1.0, 0.3, 0.0225, 0.0115, 0.0076, 0.0075])),
        held_s=draw(st.sampled_from([0.0, 299.0, 300.0])),
        memory={"soaked_s": draw(st.floats(0.0, 9000.0))},
        told=told, **rows, **({"old_arm": old} if old else {}),
    )  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(views())
def test_what_a_sentence_tells_is_what_decided(view: View) -> None:
    decision = POLICY.decide(view)
    check(decision.reason)
    told = int(re.search(r"n = (\d+)", decision.reason)[1])
    assert told == view.assessment.n_new
    for said, value, limit, _ in pairs(decision.reason):
        if of := re.match(r"(evidence|segment|trust-alert) e-value", said):
            assert isclose(value, derived(view)[of[1]], rel_tol=6e-3), said
            assert limit == limit_of(of[1], decision.reason), said
        if said.startswith("raise to"):
            assert isclose(value, decision.exposure, rel_tol=6e-3), said
        if ", a step needs" in said:
            assert isclose(limit, 1.05 * view.exposure, rel_tol=6e-3), said
    confirmed(view, decision)


def confirmed(view: View, decision: Decision) -> None:
    """Assert that the value against its limit alone leads to this kind of decision."""
    e_value = derived(view)
    reason, kind = decision.reason, decision.kind
    proven = e_value["evidence"] >= 100.0 * (1.0 - 1e-12)
    worse = view.assessment.reading("old_arm").verdict is FAIL
    suspected = e_value["evidence"] > 5.0 or e_value["segment"] > 2.25
    assert (" reached 100" in reason) is proven, reason
    assert (kind is Kind.ROLL_BACK) is (proven and not worse), reason
    if kind is Kind.LOWER:
        assert suspected, reason
        assert not proven, reason
    if kind is Kind.RAISE:
        assert not suspected, reason
    if "harm bound U" in reason:
        u = view.assessment.reading("bound").value or 1.0
        assert ("within the goal" in reason) is (u <= 0.0075), reason
    if kind is Kind.COMPLETE:
        assert e_value["evidence"] <= 3.0, reason


OTHER_SIDE = {  # the same views, with the value that they tell just within its limit
    "evidence": {"told": evidence(4.999)},
    "segments": {"segment_e": 2.249},
    "doubt": {"exposure": 0.1, "told": evidence(2.999)},
    "doubt of trust alerts": {"exposure": 0.1, "trust_alert": Reading(log_e=log(1.999))},
    "doubt below what a closer look may take": {"exposure": 0.02, "segment_e": 1.299},
    "predicted to break": {"exposure": 0.0, "prior": 0.05, "told": {"n_new": 0}},
    "soak in doubt": {"exposure": 0.95, "memory": SOAKED, "told": evidence(2.999)},
    "a bound": {"exposure": 0.1, "u": 0.0075},
}


@pytest.mark.parametrize("name", OTHER_SIDE)
def test_within_the_limit_that_it_tells_the_decision_is_another(name: str) -> None:
    told, there = POLICY.decide(ALL[name][1]), POLICY.decide(seen(**OTHER_SIDE[name]))

    assert there.reason.partition(" (n")[0] != told.reason.partition(" (n")[0]
    assert (there.exposure, there.kind) != (told.exposure, told.kind)


def test_the_documentation_quotes_what_is_said() -> None:
    page = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text()
    quoted = re.findall(r"^```text\n(raise .*?)^```$", page, re.M | re.S)[0].splitlines()

    assert set(quoted) <= {sentence for _, _, sentence in ALL.values()} | set(SPOILT)
