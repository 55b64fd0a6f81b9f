"""The loop carries decisions out, and raises nothing that could not be written or confirmed."""

from simcert.control.loop import Loop
from simcert.control.plan import Plan
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
