"""What `live status` says: when it is expected to end, what would change it, how it ended."""

from typing import Any

import pytest

from simcert.cli.live import _words
from simcert.control.foresight import Foresight
from simcert.control.turning import SECONDS, Turn
from simcert.live import _story as story
from simcert.model import Phase

SHOWN: dict[str, Any] = {"policy": "adaptive", "phase": "soaking", "exposure": 0.95}
RANGE = Foresight(9000.0, 7200.0, 10_800.0, 8)


@pytest.mark.parametrize(
    ("seen", "age_s", "said"),
    [
        (RANGE, 0.0, "complete in 2 h to 3 h if the new certificate is as good as the old one"),
        (RANGE, 3600.0, "complete in 60 min to 2 h"),
        (Foresight(5400.0, 5400.0, 5400.0, 8), 0.0, "complete in 90 min if"),
        (Foresight(100.0, 60.0, None, 8), 0.0, "complete in 60 s to an unknown time"),
        (Foresight(why="no traffic was seen yet"), 0.0, "not foreseen, because no traffic"),
    ],
)
def test_an_expectation_is_an_interval_or_a_reason(
    seen: Foresight, age_s: float, said: str
) -> None:
    eta = story.expected(seen, age_s)

    assert eta["says"].startswith(said)
    assert f"completion: {said}" in _words(SHOWN | {"eta": eta})


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (Turn("raise", "bound", 0.065, 0.0062, 216), "raise when bound falls to 0.0062 (now 0.065"),
        (
            Turn("roll_back", "evidence e-value", 0.3, 100.0, 9),
            "roll back when evidence e-value reaches 100 (now 0.3, n = 9)",
        ),
        (Turn("complete", SECONDS, 0.0, 7200.0, 9), "complete in 2 h if nothing happens"),
        (
            Turn("lower", "errors says fail", 0.04, 0.07, 3),
            "lower if errors says fail (now 0.04, limit 0.07, n = 3)",
        ),
    ],
)
def test_what_would_change_it_tells_value_limit_and_n(one: Turn, said: str) -> None:
    assert story.turning(one).startswith(said)
    shown = SHOWN | {"would_change": [{"says": story.turning(one)}]}
    assert f"would change it: {said}" in _words(shown)


def entry(what: str, t: float, **more: object) -> dict[str, Any]:
    return {"entry": what, "t": t, **more}


def test_after_the_end_status_says_how_and_when_and_why() -> None:
    start = {"entry": "start", "epoch_s": 1_795_000_000.0}
    back = entry("decision", 60.0, kind="roll_back", reason="roll back: e-value 120 reached 100")
    hold = entry("decision", 61.0, kind="hold", reason="rolled back: only the old one")
    word = entry("command", 5.0, word="promote")

    told = story.ending([start, back, hold, entry("end", 62.0, end="rolled_back")])
    assert told is not None
    said = "rolled back at 2026-11-18T11:07:40+00:00 because e-value 120 reached 100"
    assert told["says"] == said
    lines = _words(SHOWN | {"ended": told}).splitlines()
    assert said in lines
    assert not any("completion" in one for one in lines)

    promoted = story.ending([start, word, hold])
    assert promoted is not None
    assert promoted["says"].startswith("finished: committed at 2026-11-18T11:06:45+00:00")
    assert promoted["says"].endswith("an operator: promote")
    assert story.ending([start, back, entry("command", 70.0, word="resume"), hold]) is None
    assert story.ending([]) is None


def test_who_stands_waits_for_an_operator_or_for_whole_windows() -> None:
    assert "resume" in story.standing(Phase.PAUSED, None)
    assert "window incomplete" in story.standing(Phase.RAMPING, "window incomplete: 0.5")
    assert not story.standing(Phase.RAMPING, None)
