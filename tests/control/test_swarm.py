"""Two controllers, one store, one terminator, virtual time, and everything fails, seed by seed.

The loop, lease, journal, resume and fence are the real ones. After each step the invariants are
checked; then the faults end, and the rollout has to finish.
"""

import json
import random
from dataclasses import dataclass, field

import pytest

from simcert.control.journal import Journal, read
from simcert.control.lease import Fence, Lease
from simcert.control.loop import Loop
from simcert.control.plan import Plan
from simcert.control.replay import resume
from simcert.errors import MachineError
from simcert.model import Phase

TICK_S, FAULTS_S, END_S = 10.0, 900.0, 2400.0
PLAN = Plan(soak_s=300.0, blind_after_s=1e9)


class Crash(BaseException):
    """A controller dies here."""


@dataclass
class Site:
    """Everything that the controllers share, and what chance does to it."""

    dice: random.Random
    terminator: object
    faulty: bool = True
    lines: list[str] = field(default_factory=list)
    values: dict[str, tuple[str, int]] = field(default_factory=dict)
    writer: Fence = field(default_factory=Fence)
    changer: Fence = field(default_factory=Fence)
    raised: list[tuple[float, float]] = field(default_factory=list)
    risk: float = 0.0

    def trouble(self, crash=0.2):
        """Fail now and then; sometimes the whole process dies."""
        if self.faulty and self.dice.random() < self.risk:
            if self.dice.random() < crash:
                raise Crash
            raise MachineError("trouble")

    def get(self, key):
        self.trouble()
        return self.values.get(key, (None, 0))

    def compare_and_set(self, key, value, version):
        self.trouble()
        if self.values.get(key, (None, 0))[1] != version:
            return False
        self.values[key] = (value, version + 1)
        self.trouble()  # done, but the answer is lost
        return True

    def append(self, line, token):
        self.trouble()
        if not self.writer.admits(token):
            raise MachineError("another one leads")
        self.lines.append(line)
        self.trouble()

    def authorised(self):
        decisions = [e for e in map(json.loads, self.lines) if e["entry"] == "decision"]
        return decisions[-1]["exposure"] if decisions else 0.0


@dataclass
class Hands:
    """One controller's way to the terminator: it shows its token to raise."""

    site: Site
    token: int = 0

    def poll(self, now_s):
        self.site.trouble()
        end_s = 60.0 * (now_s // 60.0)
        world = self.site.terminator
        world.end_s = max(min(self.seen_s, end_s), 0.0)
        windows = list(world.poll(now_s))
        self.seen_s = world.end_s
        if self.site.faulty and windows and self.site.dice.random() < 0.3:
            windows = [*windows, windows[0]]
            self.site.dice.shuffle(windows)
        return windows

    seen_s: float = 0.0

    def apply(self, exposure, now_s):
        self.site.trouble()
        world = self.site.terminator
        if exposure > world.exposure:
            if not self.site.changer.admits(self.token):
                raise MachineError("fenced off")
            self.site.raised.append((now_s, exposure))
            assert exposure <= self.site.authorised() + 1e-12, "raised without a written word"
        world.apply(exposure, now_s)
        self.site.trouble()

    def read_back(self, now_s):
        self.site.trouble()
        return self.site.terminator.read_back(now_s)


@dataclass
class Controller:
    """Takes the lease, goes on from the journal, and steps; dies and comes back."""

    name: str
    site: Site
    rollout_of: object
    stem: str
    skew_s: float = 0.0
    lives: int = 0
    lease: Lease | None = None
    loop: Loop | None = None
    token: int = 0

    def step(self, now_s):
        try:
            self._step(now_s)
        except Crash:
            self.lease, self.loop, self.lives = None, None, self.lives + 1
        except MachineError:
            self.loop = None  # could not even read the journal: try again

    def _step(self, now_s):
        if self.lease is None:
            self.lease = Lease(self.site, f"{self.name}/{self.lives}")
        clock_s = now_s + self.skew_s
        held = self.lease.take(clock_s)
        if held is None:
            self.loop = None
            return
        if self.loop is None or held.token != self.token:
            self._lead(held.token, now_s)
        self.loop.step(now_s)

    def _lead(self, token, now_s):
        self.site.trouble()
        self.site.writer.admits(token)
        self.site.changer.admits(token)
        rollout = self.rollout_of(self.stem, plan=PLAN)
        if self.site.lines:
            resume(read("".join(self.site.lines)), rollout)
        journal = Journal(lambda line: self.site.append(line, token), begun=bool(self.site.lines))
        hands = Hands(self.site, token, seen_s=max(rollout.assessment.at_s, 0.0))
        self.loop = Loop(rollout, hands, hands, journal, may_raise=self._may_raise)
        self.token = token
        self.loop.begin(now_s)

    def _may_raise(self, now_s):
        return self.lease is not None and self.lease.may_raise(now_s + self.skew_s)


def swarm(seed, stem, rollout_of, world):
    dice = random.Random(seed)
    site = Site(dice, world, risk=dice.choice((0.0, 0.01, 0.05, 0.2)))
    pair = [
        Controller(name, site, rollout_of, stem, skew_s=dice.uniform(-5.0, 5.0)) for name in "ab"
    ]
    now_s = 0.0
    while now_s < END_S:
        now_s += TICK_S
        site.faulty = now_s < FAULTS_S
        for one in dice.sample(pair, 2):
            asleep = site.faulty and dice.random() < 0.1
            if not asleep:
                one.step(now_s)
        if site.faulty and dice.random() < 0.01:
            world.exposure = dice.choice((0.0, min(1.0, world.exposure + 0.3)))  # another hand
    return site, pair


def check(site, world, ended, again):
    entries = read("".join(site.lines))
    resume(entries, again)
    seen = again.assessment
    assert seen.windows <= END_S / 60.0, "a window counted twice"
    assert seen.n_new + seen.n_old == seen.windows * world.n
    moments = [e["t"] for e in entries if e["entry"] == "decision"]
    assert moments == sorted(moments)
    assert world.exposure == site.authorised() == ended


@pytest.mark.parametrize("seed", range(24))
def test_a_good_certificate_goes_out_in_spite_of_everything(seed, rollout_of, terminator):
    world = terminator(failed_old=0.01, failed_new=0.01)
    site, _ = swarm(seed, "fixed_linear", rollout_of, world)
    check(site, world, 1.0, rollout_of("fixed_linear", plan=PLAN))


@pytest.mark.parametrize("seed", range(8))
def test_a_bad_one_is_withdrawn_and_stays_withdrawn(seed, rollout_of, terminator):
    world = terminator(failed_old=0.01, failed_new=0.5)
    site, pair = swarm(seed, "adaptive", rollout_of, world)
    check(site, world, 0.0, rollout_of("adaptive", plan=PLAN))
    leaders = [one.loop.rollout.phase for one in pair if one.loop is not None]
    assert leaders == [Phase.ROLLED_BACK]
