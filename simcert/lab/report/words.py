"""Verdicts in words: what happened, whether the certificate may go out, and at what price."""

from collections.abc import Mapping
from math import floor, log10
from typing import Any, NamedTuple

from simcert.lab.figures.points import flagship_of, knows_truth, takes_turns
from simcert.lab.finished import RunFolder, StudyFolder
from simcert.lab.words import count, minutes, number, verdict

GOOD, BAD, OPEN = "good", "bad", "open"


class Verdict(NamedTuple):
    """The answer, one word for it, and the two sentences behind it."""

    tone: str
    word: str
    headline: str
    sentences: tuple[str, str]


def run_verdict(folder: RunFolder) -> Verdict:
    """Return the verdict of one rollout."""
    run = folder.run
    tone, word, headline = _RUN[run["end"], bool(run["missed"] or run["false_rollback"])]
    return Verdict(tone, word, headline, (_what(folder), _price(run)))


_RUN = {
    ("complete", False): (GOOD, "may go out", "The new certificate may go out."),
    ("complete", True): (BAD, "wrongly out", "It went out, and it should not have."),
    ("rolled_back", False): (BAD, "must not go out", "The new certificate must not go out."),
    ("rolled_back", True): (OPEN, "false alarm", "A good certificate was refused."),
    ("deadline", False): (OPEN, "undecided", "Undecided: time was up."),
    ("deadline", True): (OPEN, "false alarm", "A good certificate was refused, and time was up."),
}


def _what(folder: RunFolder) -> str:
    run, policy = folder.run, folder.run["policy"]
    highest = percent(max((e for _, e in folder.trace.steps), default=0.0))
    if run["end"] == "complete" and takes_turns(policy):
        return f"{policy} gave it to everybody in turns, for longer each time, and then for good."
    if run["end"] == "complete":
        return (
            f"{policy} offered it to a growing share of connections; after "
            f"{minutes(run['minutes_to_full'])} practically everybody had it, and it stayed."
        )
    if run["end"] == "rolled_back":
        gone = [m.t_s for m in folder.trace.moves if m.exposure == 0.0]
        when = f" after {minutes(gone[-1] / 60.0)}" if gone else ""
        return f"{policy} tried it on at most {highest} of connections and withdrew it{when}."
    return (
        f"Time was up before {policy} had let it out for good; "
        f"at most {highest} of connections met it."
    )


def _price(run: Mapping[str, Any]) -> str:
    harmed, clients = run["harmed_connections"], run["harmed_clients"]
    broken = f"{count(harmed, 'connection')} of {count(clients, 'client')}"
    if run["missed"]:
        return f"{broken} failed because of it so far, and every day adds more."
    if run["end"] == "rolled_back" and harmed:
        return (
            "Some clients failed that have no trouble with the old certificate: "
            f"finding that out cost {broken}."
        )
    if harmed:
        return f"{broken} failed because of it."
    return f"Nobody failed because of it, in {count(run['connections'], 'connection')}."


def study_verdict(folder: StudyFolder) -> Verdict:
    """Return what the batch says about its flagship."""
    results = folder.study["results"]
    first = flagship_of([r["policy"] for r in results])
    mine = [r for r in results if r["policy"] == first and r["complete_share"] is not None]
    faults = [_fault(r) for r in mine if not well(folder, r)]
    sentences = (_flown(folder), _prices(folder, first))
    if faults or not mine:
        return Verdict(OPEN, "not proven", f"{first}: {'; '.join(faults) or 'crashed'}.", sentences)
    return Verdict(GOOD, "passed", f"{first} {_praise(folder)}.", sentences)


def well(folder: StudyFolder, result: Mapping[str, Any]) -> bool:
    """Return whether a policy did in every run of a scenario what it is for."""
    if folder.about[result["scenario"]]["harmful"]:
        return bool(result["complete_share"] == 0.0)
    return bool(result["complete_share"] == 1.0 and result["false_rollback_share"] == 0.0)


def _fault(result: Mapping[str, Any]) -> str:
    told = [
        (result["missed_share"], "let a break out"),
        (result["false_rollback_share"], "refused a good certificate"),
        (result["deadline_share"], "was not finished in time"),
    ]
    said = [f"{what} in {percent(share)} of days" for share, what in told if share]
    return f"{' and '.join(said) or 'let a break out'} ({result['scenario']})"


def _praise(folder: StudyFolder) -> str:
    kinds = {about["harmful"] for about in folder.about.values()}
    if kinds == {True, False}:
        return "let every good certificate out and no bad one"
    return "let no bad certificate out" if kinds == {True} else "let every good certificate out"


def _flown(folder: StudyFolder) -> str:
    results = folder.study["results"]
    scenarios, policies = ({r[k] for r in results} for k in ("scenario", "policy"))
    return (
        f"{count(len(policies), 'policy', 'policies')} met the same clients on "
        f"{count(folder.study['runs'], 'simulated day')} of each of "
        f"{count(len(scenarios), 'rotation')}, so every difference below is the policy's own."
    )


def _prices(folder: StudyFolder, first: str) -> str:
    told = [_price_of(folder, stem, first) for stem, a in folder.about.items() if a["harmful"]]
    if not any(told):
        return "None of these certificates breaks anybody: what counts is the time."
    return " ".join(one for one in told if one)


def _price_of(folder: StudyFolder, stem: str, first: str) -> str:
    """Return the harm of the flagship beside that of the others that are of any use."""
    results = [r for r in folder.study["results"] if r["scenario"] == stem]
    harm = {r["policy"]: r["harmed_connections"]["mean"] for r in results}
    mine = harm.pop(first, None)
    if mine is None:
        return ""
    rivals = [h for policy, h in harm.items() if h is not None and _useful(folder, policy)]
    said = f"In {stem}, {first} broke {number(mine)} connections a day on average"
    if not rivals:
        return f"{said}."
    low, high = number(min(rivals)), number(max(rivals))
    finish = " that let good certificates out" if _good(folder) else ""
    if len(rivals) == 1:
        return f"{said}, another policy{' that lets good ones out' if finish else ''} {low}."
    return f"{said}, other policies{finish} {low} to {high}."


def _useful(folder: StudyFolder, policy: str) -> bool:
    """Return whether a policy can be flown at all, and lets out what is good."""
    results = [r for r in folder.study["results"] if r["policy"] == policy]
    lets_out = all(well(folder, r) for r in results if r["scenario"] in _good(folder))
    return lets_out and not knows_truth(policy)


def _good(folder: StudyFolder) -> list[str]:
    return [stem for stem, about in folder.about.items() if not about["harmful"]]


def did(folder: StudyFolder, result: dict[str, Any]) -> str:
    """Return what a policy made of a scenario."""
    if result["complete_share"] is None:
        return "crashed"
    return verdict(folder.about[result["scenario"]]["harmful"], result)


def stake(about: Mapping[str, Any]) -> str:
    """Return what the new certificate would do to clients, in one sentence."""
    if not about["harmful"]:
        return "The new certificate breaks nobody: it should go out, and soon."
    share = about.get("harmed_share")
    who = "some clients" if share is None else f"{percent(share)} of clients"
    return f"The new certificate breaks {who}: it should be stopped early."


def percent(share: float | None) -> str:
    """Return a share as percent with two digits that matter, never rounded to 0 or 100."""
    if share is None:
        return "-"
    value = 100.0 * share
    small = min(value, 100.0 - value)
    digits = min(max(1 - floor(log10(small)), 0), 6) if small > 0 else 0
    text = f"{value:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"
