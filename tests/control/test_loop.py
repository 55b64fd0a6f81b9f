"""The loop carries decisions out, and raises nothing that could not be written or confirmed."""

import pytest

from simcert.control.journal import Journal
from simcert.control.loop import Loop
from simcert.control.plan import Plan
from simcert.control.replay import resume
from simcert.errors import ContractError, MachineError
from simcert.model import Phase


def fly(loop, until_s, every_s=60.0):
    times = [k * every_s for k in range(int(until_s / every_s) + 1)]
    return [(now_s, loop.step(now_s)) for now_s in times]


def test_a_fixed_schedule_reaches_full_exposure_by_the_clock(rollout_of, terminator):
    world = terminator()
    loop = Loop(rollout_of("fixed_linear"), world, world)
    moves = [(t, d.exposure) for t, d in fly(loop, 600.0)]
    assert moves[:3] == [(0.0, 0.1), (60.0, 0.2), (120.0, 0.3)]
    assert (540.0, 1.0) in moves
    assert loop.rollout.phase is Phase.COMPLETE


def test_adaptive_completes_on_a_good_certificate(rollout_of, terminator):
    world = terminator(failed_old=0.01, failed_new=0.01)
    loop = Loop(rollout_of("adaptive", plan=Plan(soak_s=1800.0)), world, world)
    fly(loop, 7200.0)
    assert loop.rollout.phase is Phase.COMPLETE
    assert world.exposure == 1.0


def test_adaptive_rolls_back_a_total_break(rollout_of, terminator):
    world = terminator(failed_old=0.01, failed_new=0.9)
    loop = Loop(rollout_of("adaptive"), world, world)
    fly(loop, 3600.0)
    assert loop.rollout.phase is Phase.ROLLED_BACK
    assert world.exposure == 0.0


class Stubborn:
    """Another hand changes what the terminator serves; or it cannot be reached."""

    def __init__(self, world):
        self.world, self.down, self.asked = world, False, []

    def poll(self, now_s):
        if self.down:
            raise MachineError("feed down")
        return self.world.poll(now_s)

    def apply(self, exposure, now_s):
        if self.down:
            raise MachineError("terminator down")
        self.asked.append(exposure)
        self.world.apply(exposure, now_s)

    def read_back(self, now_s):
        if self.down:
            raise MachineError("terminator down")
        return self.world.read_back(now_s)


def test_too_much_in_force_is_corrected_in_the_same_step(rollout_of, terminator):
    hand, journal = Stubborn(terminator()), Journal()
    loop = Loop(rollout_of("fixed_canary"), hand, hand, journal)
    fly(loop, 120.0)
    hand.world.exposure = 0.7
    loop.step(180.0)
    assert hand.world.exposure == 0.1
    assert loop.rollout.exposure == 0.1
    assert any("too much" in e.get("what", "") for e in journal.entries())


def test_too_little_in_force_is_put_back(rollout_of, terminator):
    hand = Stubborn(terminator())
    loop = Loop(rollout_of("fixed_canary"), hand, hand)
    fly(loop, 120.0)
    hand.world.exposure = 0.0
    loop.step(180.0)
    loop.step(240.0)
    assert hand.world.exposure == 0.1


def test_while_the_machines_are_down_nothing_is_raised_and_afterwards_it_goes_on(
    rollout_of, terminator
):
    hand = Stubborn(terminator())
    loop = Loop(rollout_of("fixed_linear"), hand, hand)
    loop.step(0.0)
    hand.down = True
    for k in range(1, 20):
        assert loop.step(60.0 * k).exposure <= 0.2
    assert hand.world.exposure == 0.1
    hand.down = False
    for k in range(20, 40):
        loop.step(60.0 * k)
    assert hand.world.exposure == 1.0
    assert loop.errors > 0


def test_without_a_lease_nothing_is_raised_and_everything_may_be_lowered(rollout_of, terminator):
    world, leads = terminator(), [True]
    loop = Loop(rollout_of("fixed_linear"), world, world, may_raise=lambda _: leads[0])
    fly(loop, 120.0)
    leads[0] = False
    for k in range(3, 10):
        loop.step(60.0 * k)
    assert world.exposure == pytest.approx(0.3)
    loop.command("abort", 600.0)
    loop.step(600.0)
    assert world.exposure == 0.0


def test_a_broken_detector_is_told_and_holds_the_exposure(rollout_of, terminator, monkeypatch):
    world = terminator()
    loop = Loop(rollout_of("threshold_step"), world, world)
    fly(loop, 60.0)

    def broken(self, window):
        raise RuntimeError("bug")

    monkeypatch.setattr("simcert.detect.moving_average.MovingAverage.update", broken)
    with pytest.raises(ContractError, match="success failed"):
        loop.step(120.0)
    assert world.exposure == 0.05


def test_the_core_reads_no_clock_and_throws_no_dice(rollout_of, terminator, sealed):
    world = terminator(failed_new=0.2)
    fly(Loop(rollout_of("adaptive"), world, world, Journal()), 1200.0)


def test_a_start_entry_that_failed_is_written_at_the_next_step(rollout_of, terminator):
    lines, full = [], [True]

    def sink(line):
        if full[0]:
            raise MachineError("disk full")
        lines.append(line)

    world = terminator()
    loop = Loop(rollout_of("fixed_linear"), world, world, Journal(sink))
    loop.step(0.0)
    assert (world.exposure, lines) == (0.0, [])
    full[0] = False
    fly(loop, 300.0)
    assert '"entry":"start"' in lines[0]
    assert world.exposure > 0.0


def test_what_was_decided_before_the_journal_could_begin_is_known_after_a_restart(
    rollout_of, terminator
):
    """Else the next controller decides otherwise than its journal says, and never flies."""
    full = [True]

    def sink(line):
        if full[0]:
            raise MachineError("disk full")

    world, journal = terminator(), Journal(sink)
    loop = Loop(rollout_of("fixed_linear"), world, world, journal)
    loop.step(0.0)
    assert (loop.rollout.authorised, world.exposure) == (0.1, 0.0)
    full[0] = False
    fly(loop, 600.0)
    assert resume(journal.entries(), rollout_of("fixed_linear")) > 0
