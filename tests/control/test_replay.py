"""Replay: after a journal's last entry a rollout stands where the one stood that wrote it."""

import json

import pytest

from simcert.control.journal import Journal
from simcert.control.loop import Loop
from simcert.control.replay import again, replay
from simcert.errors import ContractError, InputError, MachineError


def flown(loop, until_s, words=()):
    """Step every 30 s; `words` are given at moments between two ticks."""
    left = list(words)
    for k in range(int(until_s / 30.0)):
        while left and left[0][0] <= 30.0 * k:
            at_s, word = left.pop(0)
            loop.command(word, at_s)
        loop.step(30.0 * k)


def loop_of(rollout, world, sink=None):
    journal = Journal(sink)
    return Loop(rollout, world, world, journal), journal


def with_a_gap(rollout_of, world, stem):
    """Return the entries of a flight whose disk was full from 600 to 900 s, paused meanwhile."""
    full = [False]

    def sink(line):
        if full[0]:
            raise MachineError("disk full")

    loop, journal = loop_of(rollout_of(stem), world, sink)
    for k in range(60):
        full[0] = 600.0 <= 30.0 * k < 900.0
        if k == 25:
            loop.command("pause", 30.0 * k)
        loop.step(30.0 * k)
    return journal.entries()


@pytest.mark.parametrize("stem", ["adaptive", "fixed_linear", "threshold_step"])
def test_nothing_is_forgotten(rollout_of, terminator, stem):
    words = [(310.0, "pause"), (460.0, "resume"), (610.0, "abort"), (715.0, "resume")]
    rollout, fresh = rollout_of(stem), rollout_of(stem)
    loop, journal = loop_of(rollout, terminator(failed_old=0.01, failed_new=0.01))
    flown(loop, 1800.0, words)

    assert replay(journal.entries(), fresh).identical
    stands, stood = fresh.to_dict(), rollout.to_dict()
    assert stood["state"].pop("skipped") >= stands["state"].pop("skipped") == 0  # never journalled
    assert json.dumps(stands) == json.dumps(stood)
    assert fresh.to_dict()["state"]["started_s"] == 715.0


def test_a_state_that_was_written_down_stands_for_what_was_lost(rollout_of, terminator):
    entries = with_a_gap(rollout_of, terminator(), "adaptive")

    assert [e["t"] for e in entries if e["entry"] == "state"] == [900.0]
    fresh = rollout_of("adaptive")
    assert replay(entries, fresh).identical
    assert fresh.phase == "paused"


@pytest.mark.parametrize(
    ("stem", "params"), [("threshold_step", {}), ("adaptive", {"budget": 0.01})]
)
def test_where_another_policy_stood_says_nothing_of_this_one(rollout_of, terminator, stem, params):
    world = terminator()
    entries = with_a_gap(rollout_of, world, "adaptive")
    other = rollout_of(stem, **params)

    replay(entries, other, counterfactual=True)
    windows = sum(e["entry"] == "window" for e in entries)
    assert other.assessment.n_new + other.assessment.n_old == world.n * windows
    assert other.phase != "paused"


def test_a_detector_that_failed_in_the_air_fails_again_and_is_no_difference(
    rollout_of, terminator, monkeypatch
):
    from simcert.detect.moving_average import MovingAverage

    update = MovingAverage.update

    def broken(self, window):
        if window.start_s == 120.0:
            raise RuntimeError("bug")
        update(self, window)

    monkeypatch.setattr(MovingAverage, "update", broken)
    loop, journal = loop_of(rollout_of("threshold_step"), terminator())
    flown(loop, 180.0)
    with pytest.raises(ContractError, match="success failed"):
        loop.step(180.0)
    loop.step(210.0)

    assert replay(journal.entries(), rollout_of("threshold_step")).identical


def test_a_policy_that_breaks_its_duty_holds_what_was_decided(rollout_of, monkeypatch):
    rollout = rollout_of("fixed_linear")
    assert rollout.tick(0.0).exposure == 0.1

    def broken(*_):
        raise RuntimeError("bug")

    monkeypatch.setattr("simcert.policy._ladder.FixedSchedule.decide", broken)
    held = again(rollout, 30.0)
    assert (held.exposure, rollout.exposure) == (0.1, 0.0)
    assert held.reason.startswith("held: policy fixed_linear failed")


@pytest.mark.parametrize("counterfactual", [False, True])
def test_another_policy_authorises_nothing_in_a_record(rollout_of, terminator, counterfactual):
    loop, journal = loop_of(rollout_of("fixed_linear"), terminator())
    flown(loop, 300.0)
    other = rollout_of("all_at_once")

    found = replay(journal.entries(), other, counterfactual=counterfactual)
    own = found.decisions[-1][1].exposure
    assert own > loop.rollout.authorised
    assert other.authorised == (loop.rollout.authorised if counterfactual else own)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"segments": 7},
        {"units": [[9, 9, 9, 1]]},
        {"units": [[0]]},
        {"units": None},
        {"end_s": "soon"},
        {"exposure": None},
        {"exposure": float("nan")},
        {"exposure": 1.5},
        {"completeness": -0.1},
        {"assignment": "per_moon"},
        {"slices": 10**400},
        {"slices": 0},
        {"slice_index": -1},
        {"end_s": 0.0},
        {"lag_s": True},
        {"outcomes": ["ok", 7]},
    ],
)
def test_a_window_that_is_none_is_told_with_its_time(rollout_of, terminator, spoilt):
    loop, journal = loop_of(rollout_of("adaptive"), terminator())
    flown(loop, 120.0)
    entries = journal.entries()
    found = next(e for e in entries if e["entry"] == "window")
    found["window"] |= spoilt

    with pytest.raises(InputError, match=r"at t = 60\.0: no valid window"):
        replay(entries, rollout_of("adaptive"))


@pytest.mark.parametrize(
    ("part", "spoilt"),
    [
        ("state", None),
        ("state", {"phase": "asleep"}),
        ("state", {"exposure": "x"}),
        ("state", {"authorised": 1.5}),
        ("state", {"heard_s": 1e308}),
        ("analyzer", {"detectors": 7}),
        ("analyzer", {"traffic": []}),
        ("last", 7),
    ],
)
def test_a_state_that_is_none_is_bad_input_told_with_its_time(rollout_of, terminator, part, spoilt):
    entries = with_a_gap(rollout_of, terminator(), "adaptive")
    found = next(e for e in entries if e["entry"] == "state")["state"]
    found[part] = found[part] | spoilt if isinstance(spoilt, dict) else spoilt

    with pytest.raises(InputError, match=r"at t = 900\.0: no valid state"):
        replay(entries, rollout_of("adaptive"))


@pytest.mark.parametrize(
    ("key", "value"), [("n_new", "x"), ("last_failed_old", []), ("units_per_s", {}), ("refusal", 7)]
)
def test_a_count_of_a_state_that_is_none_is_bad_input(rollout_of, terminator, key, value):
    entries = with_a_gap(rollout_of, terminator(), "adaptive")
    found = next(e for e in entries if e["entry"] == "state")["state"]
    found["analyzer"]["traffic"][key] = value

    with pytest.raises(InputError, match=f"no valid state: .*{key} = .* is no count"):
        replay(entries, rollout_of("adaptive"))
