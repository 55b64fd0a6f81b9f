"""The journal: what it holds decides again byte for byte; what it cannot be is refused."""

import json
from itertools import count

import pytest

from simcert.control.journal import Journal, read
from simcert.control.loop import Loop
from simcert.control.plan import Plan
from simcert.control.replay import replay, resume
from simcert.errors import ContractError, InputError, MachineError

POLICIES = ("adaptive", "target_success", "threshold_step", "repeated_rollback", "fixed_linear")


def flown(rollout_of, world, stem, until_s=7200.0):
    journal = Journal(about={"scenario": "test"})
    loop = Loop(rollout_of(stem, plan=Plan(soak_s=600.0)), world, world, journal)
    for k in range(int(until_s / 30.0)):
        if k == 100:
            loop.command("pause", 30.0 * k)
        if k == 110:
            loop.command("resume", 30.0 * k)
        loop.step(30.0 * k)
    return journal


@pytest.mark.parametrize("stem", POLICIES)
@pytest.mark.parametrize("failed_new", [0.01, 0.1])
def test_replay_makes_every_decision_again_byte_for_byte(rollout_of, terminator, stem, failed_new):
    journal = flown(rollout_of, terminator(failed_old=0.01, failed_new=failed_new), stem)
    again = replay(read(journal.text()), rollout_of(stem, plan=Plan(soak_s=600.0)))
    assert again.identical
    assert len(again.decisions) == 240


def test_another_policy_decides_otherwise_about_the_same_windows(rollout_of, terminator):
    journal = flown(rollout_of, terminator(), "fixed_linear")
    again = replay(read(journal.text()), rollout_of("fixed_canary"))
    assert not again.identical
    assert again.first_difference.t_s == 30.0 or again.first_difference.t_s == 0.0


def test_a_changed_decision_is_found(rollout_of, terminator):
    entries = read(flown(rollout_of, terminator(), "fixed_linear").text())
    changed = [e for e in entries if e["entry"] == "decision"][5]
    changed["reason"] += "."
    again = replay(entries, rollout_of("fixed_linear", plan=Plan(soak_s=600.0)))
    assert again.first_difference.t_s == changed["t"]


def test_a_tail_that_a_crash_cut_short_is_dropped(rollout_of, terminator):
    text = flown(rollout_of, terminator(), "fixed_linear", 600.0).text()
    whole = read(text)
    for cut in (1, 7, 30):
        assert read(text[:-cut]) in (whole, whole[:-1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "begins with a start entry"),
        ("hello\n", "journal:1: not JSON"),
        ("[]\n", "journal:1: entry None"),
        ('{"entry":"strat"}\n', "journal:1: entry 'strat'"),
        ('{"entry":"confirm","t":0}\n', 'confirm without "exposure"'),
        ('{"entry":"confirm","t":0,"exposure":0,"x":1}\n', 'unknown key "x"'),
        ('{"entry":"end","t":0,"end":"complete"}\n', "begins with a start entry"),
    ],
)
def test_what_is_no_journal_is_refused_with_its_line(text, said):
    with pytest.raises(InputError, match=said):
        read(text)


def test_a_journal_of_another_version_is_refused(rollout_of):
    journal = Journal()
    journal.start(rollout_of("fixed_linear"))
    entry = json.loads(journal.text()) | {"version": 99}
    with pytest.raises(InputError, match="version 99"):
        read(json.dumps(entry) + "\n")


class Disk:
    """Takes lines until it is full."""

    def __init__(self, room):
        self.room = room
        self.lines = []

    def __call__(self, line):
        if len(self.lines) >= self.room:
            raise MachineError("disk full")
        self.lines.append(line)


def test_with_a_full_disk_nothing_is_raised_and_lowering_goes_on(rollout_of, terminator):
    disk, world = Disk(8), terminator()
    loop = Loop(rollout_of("fixed_linear"), world, world, Journal(disk, keep=5))
    for k in range(20):
        loop.step(60.0 * k)
    stuck = world.exposure
    assert 0.0 < stuck < 1.0
    loop.command("abort", 1200.0)
    loop.step(1200.0)
    assert world.exposure == 0.0
    assert loop.errors > 0
    assert all(json.loads(line) for line in disk.lines)


def test_memory_of_a_journal_with_a_sink_is_bounded(rollout_of, terminator):
    journal = Journal([].append, keep=10)
    world = terminator()
    loop = Loop(rollout_of("fixed_linear"), world, world, journal)
    for k in range(100):
        loop.step(60.0 * k)
    assert len(journal.entries()) == 10


class Crash(BaseException):
    """The process dies here."""


def steps_until_crash(loop):
    for k in count():
        try:
            loop.step(30.0 * k)
        except Crash:
            return k
    raise AssertionError("never crashed")


@pytest.mark.parametrize("stem", ["adaptive", "fixed_linear"])
@pytest.mark.parametrize("lines", range(3, 40, 3))
@pytest.mark.parametrize("torn", [0, 9])
def test_after_a_crash_at_any_line_it_goes_on_and_exceeds_nothing(
    rollout_of, terminator, stem, lines, torn
):
    world, written = terminator(failed_old=0.01, failed_new=0.01), []

    def disk(line):
        if len(written) >= lines:
            written.append(line[:torn])
            raise Crash
        written.append(line)

    plan = Plan(soak_s=600.0)
    first = Loop(rollout_of(stem, plan=plan), world, world, Journal(disk))
    k = steps_until_crash(first)
    entries = read("".join(written))
    authorised = [e["exposure"] for e in entries if e["entry"] == "decision"]
    assert world.exposure <= max(authorised, default=0.0)
    again = rollout_of(stem, plan=plan)
    resume(entries, again)
    assert again.authorised == (authorised[-1] if authorised else 0.0)
    journal = Journal([].append)
    second = Loop(again, world, world, journal)
    second.begin(30.0 * k)
    assert again.exposure == world.exposure
    for tick in range(k, 300):
        second.step(30.0 * tick)
    assert again.phase == "complete"
    assert again.assessment.n_new <= world.n * 300


def test_a_journal_that_this_code_would_not_have_written_is_not_resumed(rollout_of, terminator):
    text = flown(rollout_of, terminator(), "fixed_linear", 600.0).text()
    with pytest.raises(ContractError, match="the journal says"):
        resume(read(text.replace("fixed schedule", "old schedule")), rollout_of("fixed_linear"))
