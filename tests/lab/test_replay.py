"""A record is decided again: by its own policy to the byte, by another one beside it."""

import json
import subprocess
import sys
from math import log
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import simcert
from simcert.cli.main import code_of
from simcert.control.gaps import gaps
from simcert.control.plan import Plan
from simcert.control.replay import Replay
from simcert.control.replay import replay as decide_again
from simcert.control.rollout import Rollout
from simcert.errors import InputError
from simcert.lab import recorded, replay
from simcert.lab.replay import Replayed, file
from simcert.lab.replay.words import UNKNOWN
from simcert.model import Decision
from simcert.scenario import policies
from simcert.scenario.build import analyzer_maker

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    simcert.run("android_root_missing", seed=2, out=folder)
    return folder / "journal.jsonl"


def test_the_same_policy_decides_the_same_bytes(journal: Path) -> None:
    assert replay(journal).identical
    assert replay(journal, "adaptive").identical  # told by name, it is still the same


def test_another_policy_stands_beside_the_recorded_one(journal: Path) -> None:
    found = replay(journal, "fixed_linear:step=0.1,every_s=60,alarm=false")
    rows = found.to_dict()["side_by_side"]

    recorded = [json.loads(line) for line in journal.read_text().splitlines()]
    decisions = [entry for entry in recorded if entry["entry"] == "decision"]
    assert [side.recorded for side in found.sides] == [entry["exposure"] for entry in decisions]
    assert len(found.sides) == len(found.replay.decisions)
    assert any(row["decided"] > row["in_force"] for row in rows)
    assert found.to_dict()["unknown"] == UNKNOWN
    said = found.words()
    assert "in force" in said
    assert "is in no record" in " ".join(said.split())


def test_the_other_policy_answers_what_was_in_force_not_what_it_wished(journal: Path) -> None:
    """It climbs from the recorded exposure, and is never held because its own was not applied."""
    found = replay(journal, "fixed_exponential")

    assert not any("is in force" in side.decided_reason for side in found.sides)


def told_the_truth(journal: Path, folder: Path) -> Path:
    """Return a copy of a journal whose start says that half of the clients are harmed."""
    start, *rest = journal.read_text().splitlines(keepends=True)
    truth = {"failure_rate": 0.01, "delta": 0.5, "harmed_share": 0.5, "segments": {}}
    told = json.dumps(json.loads(start) | {"truth": truth}) + "\n"
    (folder / "truth.jsonl").write_text("".join([told, *rest]))
    return folder / "truth.jsonl"


def test_who_decides_by_the_truth_alone_is_refused_where_none_was_told(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(["replay", str(journal), "--policy", "oracle"]) == 2
    assert "tells no truth, and oracle decides by nothing else" in capsys.readouterr().err


def test_beyond_counts_what_no_record_can_tell(journal: Path, tmp_path: Path) -> None:
    assert replay(journal, "all_at_once").beyond["more"] > 0
    assert replay(told_the_truth(journal, tmp_path), "oracle").beyond["more"] == 0


def test_a_table_shows_the_ticks_that_change_something_and_forgives_rounding() -> None:
    said = [(0.0, 0.1), (30.0, 0.1), (60.0, 0.2), (90.0, 0.2 - 1e-12), (120.0, 0.1)]
    decisions = tuple((t, Decision(e, "why")) for t, e in said)
    rows = [{"entry": "decision", "t": t, "exposure": 0.2, "reason": "why"} for t, _ in said]
    entries = [{"entry": "confirm", "t": 0.0, "exposure": 0.2}, *rows]
    found = Replayed("mine", Replay(decisions), entries, other=True)

    assert [one.t_s for one in found.changes] == [0.0, 60.0, 90.0, 120.0]
    assert found.beyond == {"more": 0, "less": 3}


def test_what_a_policy_was_told_before_the_start_is_told_again(
    journal: Path, tmp_path: Path
) -> None:
    simcert.run("mldsa_only", policy="oracle", out=tmp_path)
    assert replay(tmp_path / "journal.jsonl").identical

    start, *rest = journal.read_text().splitlines(keepends=True)
    told = json.loads(start) | {"prior": {"affected_share": 0.5, "segments": {}}}
    (tmp_path / "told.jsonl").write_text("".join([json.dumps(told) + "\n", *rest]))
    first = replay(tmp_path / "told.jsonl").replay.first_difference
    assert first is not None
    assert first.decided["reason"].startswith("not started: predicted to break 0.5 of clients")


def test_a_record_tells_its_moves_and_its_end(journal: Path, tmp_path: Path) -> None:
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    moved = [one["kind"] for one in entries if one.get("kind", "hold") != "hold"]

    assert {"raise", "roll_back"} <= set(moved)
    assert list(recorded(journal).moves["kind"]) == moved
    assert recorded(journal).end == "rolled_back"
    lines = journal.read_text().splitlines(keepends=True)
    (tmp_path / "flying.jsonl").write_text("".join(lines[:-1]))
    assert recorded(tmp_path / "flying.jsonl").end is None


def test_a_record_cut_in_a_line_replays_as_far_as_it_goes(journal: Path, tmp_path: Path) -> None:
    whole = journal.read_bytes()
    (tmp_path / "cut.jsonl").write_bytes(whole[: len(whole) * 2 // 3])

    found = replay(tmp_path / "cut.jsonl")

    assert found.identical
    assert not found.ended
    assert "The record has no end" in found.words()
    assert replay(journal).ended


@pytest.mark.parametrize(
    ("spoil", "hint"),
    [
        (lambda lines: lines[5:], "begins with a start entry"),
        (lambda lines: [*lines[:5], "{" + lines[5], *lines[6:]], ":6: not JSON"),
        (lambda lines: [*lines[:5], "[]", *lines[6:]], ":6: entry None"),
        (lambda lines: [lines[0].replace('"version":1', '"version":9'), *lines[1:]], "version 9"),
        (lambda lines: [lines[0].replace('"adaptive"', '"mine"'), *lines[1:]], "--policy mine.py"),
        (lambda lines: [lines[0].replace('"slices"', '"slcs"'), *lines[1:]], "holds no valid Plan"),
    ],
)
def test_a_spoilt_record_says_where_and_what_to_do(
    journal: Path, tmp_path: Path, spoil: object, hint: str
) -> None:
    lines = spoil(journal.read_text().splitlines())  # type: ignore[operator]
    (tmp_path / "spoilt.jsonl").write_text("\n".join(lines) + "\n")

    with pytest.raises(InputError) as found:
        replay(tmp_path / "spoilt.jsonl")

    assert hint in str(found.value)
    assert "spoilt.jsonl" in str(found.value)


def test_lines_lost_in_the_middle_are_no_identity(journal: Path, tmp_path: Path) -> None:
    lines = journal.read_text().splitlines(keepends=True)
    (tmp_path / "gap.jsonl").write_text("".join([*lines[:20], *lines[40:]]))

    assert code_of(["replay", str(tmp_path / "gap.jsonl")]) == 1


def test_a_policy_of_ones_own_replays_by_its_file(tmp_path: Path) -> None:
    policy = ROOT / "simcert/lab/scaffold/doubling.py"
    simcert.run("android_root_missing", policy=policy, out=tmp_path)

    assert replay(tmp_path / "journal.jsonl", policy).identical


def test_a_decision_that_was_taken_out_is_missed(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = journal.read_text().splitlines(keepends=True)
    decided = [i for i, line in enumerate(lines) if '"entry":"decision"' in line]
    entries = [json.loads(line) for line in lines]
    assert gaps(entries[0], entries[1:]) == ()
    live = {key: value for key, value in entries[0].items() if key != "seed"}
    for i in decided[1:]:  # the very first stands on no window
        left = entries[1:i] + entries[i + 1 :]
        assert gaps(entries[0], left) == gaps(live, left) == (entries[i]["t"],)

    (tmp_path / "cut.jsonl").write_text("".join(lines[: decided[3]] + lines[decided[3] + 1 :]))
    assert code_of(["replay", str(tmp_path / "cut.jsonl"), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["missing"] == [entries[decided[3]]["t"]]
    assert not told["identical"]
    assert code_of(["replay", str(tmp_path / "cut.jsonl")]) == 1
    assert "lacks the decision at 90 s" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["exposure out of range", "feed: no answer"])
def test_who_could_not_decide_owes_no_decision(journal: Path, what: str) -> None:
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    live = {key: value for key, value in entries[0].items() if key != "seed"}
    at = next(i for i, one in enumerate(entries) if one["entry"] == "decision" and one["t"] > 60)
    failed = {"entry": "error", "t": entries[at]["t"], "what": what}

    assert gaps(live, [*entries[1:at], failed, *entries[at + 1 :]]) == ()
    failed["what"] = "actuator: no answer"
    assert gaps(live, [*entries[1:at], failed, *entries[at + 1 :]]) == (entries[at]["t"],)
    assert gaps(live, entries[1:at]) == ()  # cut off there


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("t", t) for t in ("soon", True, None, float("inf"), float("nan"))),
        *(("exposure", e) for e in ("1", None, -0.1, 1.1, float("nan"))),
    ],
)
def test_a_time_or_share_that_is_none_is_told_with_its_line(
    journal: Path, tmp_path: Path, key: str, value: object
) -> None:
    lines = journal.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if '"entry":"decision"' in line)
    lines[at] = json.dumps({**json.loads(lines[at]), key: value})
    (tmp_path / "spoilt.jsonl").write_text("\n".join(lines) + "\n")

    with pytest.raises(InputError, match=rf"spoilt\.jsonl:{at + 1}: decision: {key} must be "):
        replay(tmp_path / "spoilt.jsonl")


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The first entries of a flight."""
    folder = tmp_path_factory.mktemp("short")
    simcert.run("pinned_app", "sprt_risk", seed=2, out=folder)
    lines = (folder / "journal.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines[:12]]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every value inside a JSON value, by the keys that lead to it."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return [
        found
        for key, one in pairs
        for found in [
            (*path, key),
            *(places(one, (*path, key)) if isinstance(one, dict | list) else ()),
        ]
    ]


JUNK = st.sampled_from(
    [None, True, -1, 7, 10**400, 1e308, float("nan"), float("-inf"), "x", [], [1], {}, {"a": 1}]
)


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_no_value_of_a_record_makes_a_traceback(
    short: list[dict[str, Any]], tmp_path: Path, data: st.DataObject
) -> None:
    """Whatever a hand made of one value, it is replayed, or refused with the file's name."""
    entries = json.loads(json.dumps(short))
    path = data.draw(st.sampled_from(places(entries)))
    inside: Any = entries
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = data.draw(JUNK)
    record = tmp_path / "journal.jsonl"
    record.write_text("".join(json.dumps(one) + "\n" for one in entries))

    for policy in (None, "fixed_linear"):
        try:
            assert replay(record, policy).words()
        except InputError as error:
            if str(record) not in str(error):
                raise


@pytest.mark.parametrize(
    ("kind", "key", "value", "said"),
    [
        ("start", "version", True, "1: start: version must be a whole number, got True"),
        ("start", "version", 2, "version 2, this simcert reads 1; replay it with the simcert that"),
        ("start", "params", "x", "1: start: params must be a table"),
        ("start", "plan", {"window_s": "x"}, "no valid Plan: Plan: window_s must be a number"),
        ("decision", "t", float("nan"), "2: decision: t must be in"),
        ("decision", "t", 10**400, "2: decision: t must be in"),
        ("decision", "exposure", 1.5, r"2: decision: exposure must be in \[0, 1\], got 1.5"),
        ("decision", "memory", {"z": [float("nan")]}, "memory must be a table of finite numbers"),
        ("decision", "memory", {"z": float("inf")}, "memory must be a table of finite numbers"),
        ("confirm", "exposure", None, "confirm: exposure must be a number, got None"),
        ("window", "window", {}, "no valid window: 'start_s'"),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_its_line(
    short: list[dict[str, Any]], tmp_path: Path, kind: str, key: str, value: object, said: str
) -> None:
    entries = json.loads(json.dumps(short))
    next(one for one in entries if one["entry"] == kind)[key] = value
    record = tmp_path / "journal.jsonl"
    record.write_text("".join(json.dumps(one) + "\n" for one in entries))

    with pytest.raises(InputError, match=said) as told:
        replay(record)
    assert str(told.value).startswith(str(record))


def test_a_record_that_broke_goes_on_from_the_state_that_mended_it(
    journal: Path, tmp_path: Path
) -> None:
    """As after a full disk: what came meanwhile is in no line, only in the state."""
    lines = journal.read_text().splitlines()
    at = [i for i, line in enumerate(lines) if '"entry":"decision"' in line][8] + 1
    broken, mended = tmp_path / "broken.jsonl", tmp_path / "mended.jsonl"
    broken.write_text("\n".join(lines[:at]) + "\n")
    entries = file.entries(broken)
    made = policies.made(entries[0]["policy"], entries[0]["params"], "test")
    rollout = Rollout(made, analyzer_maker(made), Plan(**entries[0]["plan"]))
    decide_again(entries, rollout)
    t = entries[-1]["t"]
    state = json.dumps({"entry": "state", "t": t, "state": rollout.to_dict()})
    entries[0].pop("seed")  # live journals break, and owe no decision while they are
    head = [json.dumps(entries[0]), *lines[1:5]]
    mended.write_text("\n".join([*head, state, *lines[at:]]) + "\n")

    assert replay(mended).identical
    assert recorded(mended).evidence().log_e == recorded(journal).evidence().log_e
    mended.write_text("\n".join([*head, '{"entry":"state","t":0,"state":{}}', *lines[at:]]))
    with pytest.raises(InputError, match="no valid state"):
        replay(mended)


def test_half_a_letter_in_a_record_is_printed_as_what_it_is(
    short: list[dict[str, Any]], tmp_path: Path
) -> None:
    entries = json.loads(json.dumps(short))
    next(one for one in entries if one["entry"] == "decision")["reason"] = "x\ud800y"
    record = tmp_path / "journal.jsonl"
    record.write_text("".join(json.dumps(one) + "\n" for one in entries))

    command = [str(Path(sys.executable).with_name("simcert")), "replay", str(record)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert r"(x\ud800y)" in done.stdout


def test_two_journals_prove_together_what_neither_did_alone(tmp_path: Path) -> None:
    """Regions with rollouts of their own, both cut before the window that withdrew."""
    regions = []
    for seed in (2, 3):
        simcert.run("android_root_missing", seed=seed, out=tmp_path / str(seed))
        lines = (tmp_path / str(seed) / "journal.jsonl").read_text().splitlines(keepends=True)
        entries = [json.loads(line) for line in lines]
        over = next(i for i, one in enumerate(entries) if one.get("kind") == "roll_back")
        last = max(i for i, one in enumerate(entries[:over]) if one["entry"] == "window")
        path = tmp_path / f"{seed}.jsonl"
        path.write_text("".join(lines[:last]))
        regions.append(recorded(path).evidence())
    one, two = regions
    both = one.merge(two)

    assert max(one.log_e, two.log_e) < log(100.0) <= both.log_e
    assert both.assessment.n_new == one.assessment.n_new + two.assessment.n_new


def test_evidence_of_a_journal_is_told_by_the_channels_of_any_policy(journal: Path) -> None:
    flown, canary = recorded(journal), policies.parse("fixed_canary")

    assert flown.evidence().log_e >= log(100.0)
    asked = {channel.name for channel in canary.channels()}
    assert set(flown.evidence("fixed_canary").assessment.readings) == asked
