"""A bank changes what updates cost, and no number: its members are who they would be alone."""

import copy
import json
from itertools import pairwise

import numpy as np
import pytest

from simcert.checks.detectors import windows
from simcert.detect._segment_bank import SegmentBank
from simcert.detect.segment_e import SegmentE
from simcert.model import Window

START = {"first": 0.8, "later": 0.02, "release": 0.18}
KINDS = (
    {"thetas": (1.3, 3.5, 30.0)},
    {"signals": ("trust_alert",), "thetas": (10.0, 100.0)},
    {"signals": ("after_handshake", "crypto_alert"), "thetas": (10.0, 100.0)},
)
OUTCOMES = ("ok", "close", "alert:unknown_ca", "ok_then_close", "alert:handshake_failure")


def made() -> tuple[SegmentE, ...]:
    return tuple(SegmentE(**START, **kind) for kind in KINDS)


def states(members) -> list[dict]:
    return [json.loads(json.dumps(one.to_dict())) for one in members]


def story(seed: int, count: int = 60) -> list[Window]:
    """Windows of two slices: arms, exposures and segments vary, some signals are often silent."""
    rng = np.random.default_rng(seed)
    found = []
    for k in range(count):
        names = ("a", "b", "c", "late")[: 3 + (k % 7 == 5)]
        units = rng.poisson(0.4, (len(names), 2, len(OUTCOMES))).astype(np.int64)
        units[:, :, 0] = rng.poisson(90.0, (len(names), 2))
        units[:, 1] *= k % 11 != 3
        exposure = (0.5, 0.3, 0.3, 0.1)[k // 9 % 4]
        at = {"slice_index": k % 2, "slices": 2, "units": units}
        found.append(Window.empty(30.0 * k, 30.0 * k + 30.0, exposure, names, OUTCOMES, **at))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_members_of_a_bank_are_who_they_would_be_alone(seed):
    bank, members, alone = SegmentBank(), made(), made()
    together = 0
    for window in story(seed):
        bank.update(members, window)
        for one in alone:
            one.update(window)
        assert states(members) == states(alone)
        assert [one.reading() for one in members] == [one.reading() for one in alone]
        together += len({id(one.wealth.base) for one in members}) == 1
    assert together > 20  # else nothing was shown of the bank


def test_who_was_updated_alone_or_restored_in_between_is_laid_out_again():
    bank, members, alone = SegmentBank(), made(), made()
    for k, window in enumerate(story(5)):
        if k % 5 == 1:
            members = tuple(SegmentE.from_dict(state) for state in states(members))
        if k % 5 == 3:
            for one in members:
                one.update(window)
        else:
            bank.update(members, window)
        for one in alone:
            one.update(window)
    assert states(members) == states(alone)


def test_copies_of_a_bank_and_its_members_go_on_by_themselves():
    bank, members = SegmentBank(), made()
    first, second = story(6)[:30], story(6)[30:]
    for window in first:
        bank.update(members, window)
    twin, twins = copy.deepcopy((bank, members))
    then = states(members)
    for window in second:
        twin.update(twins, window)
    assert states(members) == then
    for window in second:
        bank.update(members, window)
    assert states(members) == states(twins)


def test_a_row_that_staked_less_than_others_catches_up():
    """Older states told of each row how much start mass is in it."""
    late = SegmentE(**START, thetas=(2.0, 5.0))
    for window in windows(6):
        late.update(window)
    state = late.to_dict()
    behind = {**state, "wealth": [*state["wealth"]], "folded": [*state["folded"]]}
    behind["wealth"][1] = [mass - 0.1 for mass in behind["wealth"][1]]
    behind["folded"][1] -= 0.1
    restored = SegmentE.from_dict(behind)

    for window in windows(12):
        late.update(window)
        restored.update(window)
    assert restored.log_e == pytest.approx(late.log_e, rel=1e-12)
    assert restored.e == pytest.approx(late.e, rel=1e-12)


def test_an_e_value_is_cut_before_it_overflows_and_never_falls_by_it():
    detector = SegmentE(**START)
    huge = Window.of(new=(5000, 900), old=(5000, 1))
    said = []
    for _ in range(4):
        detector.update(huge)
        said.append(detector.log_e)

    assert all(a <= b for a, b in pairwise(said))
    assert 500.0 < said[-1] < 600.0


def test_an_unknown_signal_is_told():
    with pytest.raises(ValueError, match="'trust' must be one of"):
        SegmentE(signals=("failure", "trust"))
