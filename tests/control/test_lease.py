"""Lease: never two leaders that may raise, whatever the clocks do; reconcile: down asks nobody."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcert.control.lease import Lease
from simcert.control.reconcile import Action, Found, Reconciler
from simcert.errors import MachineError


class Memory:
    """A store in memory that can be down, slow to tell, or reset."""

    def __init__(self):
        self.values, self.down = {}, False

    def get(self, key):
        if self.down:
            raise MachineError("store down")
        return self.values.get(key, (None, 0))

    def compare_and_set(self, key, value, version):
        if self.down:
            raise MachineError("store down")
        if self.values.get(key, (None, 0))[1] != version:
            return False
        self.values[key] = (value, version + 1)
        return True


@pytest.fixture
def store():
    return Memory()


def test_one_of_two_leads_until_it_stops_renewing(store):
    a, b = Lease(store, "a"), Lease(store, "b")
    assert a.take(0.0).token == 1
    assert b.take(0.0) is None
    assert a.take(10.0).token == 1
    assert b.take(14.0) is None
    assert b.take(16.0) is None
    assert b.take(29.1).token == 2
    assert a.take(30.0) is None
    assert not a.may_raise(30.0)


def test_a_late_leader_shows_a_lower_token_than_the_one_after_it(store):
    a, b = Lease(store, "a"), Lease(store, "b")
    late = a.take(0.0).token
    b.take(0.0)
    assert b.take(16.0).token > late


def test_raising_stops_before_the_lease_ends_and_while_the_store_is_down(store):
    a = Lease(store, "a", ttl_s=10.0)
    a.take(0.0)
    store.down = True
    assert a.take(5.0) is not None
    assert a.may_raise(7.4)
    assert not a.may_raise(7.6)
    assert a.take(10.0) is None


def test_a_clock_that_went_back_loses_the_lease(store):
    a = Lease(store, "a", ttl_s=10.0)
    a.take(1000.0)
    assert not a.may_raise(900.0)


def test_a_store_that_was_reset_hands_out_higher_tokens_all_the_same(store):
    a = Lease(store, "a")
    a.take(0.0)
    a.take(100.0)
    store.values.clear()
    assert a.take(200.0).token == 3


def test_a_lease_that_was_given_up_is_free_at_once(store):
    a, b = Lease(store, "a"), Lease(store, "b")
    a.take(0.0)
    a.give_up(1.0)
    assert b.take(1.0).token == 2


def test_rubbish_in_the_store_is_waited_for_like_a_lease(store):
    store.values["lease"] = ("rubbish", 7)
    a = Lease(store, "a")
    assert a.take(0.0) is None
    assert a.take(14.9) is None
    assert a.take(15.1).token == 1


def test_who_saw_a_higher_token_never_takes_a_lower_one(store):
    a, b = Lease(store, "a", token_max=6), Lease(store, "b")
    assert a.take(0.0).token == 7
    assert b.take(1.0) is None
    store.values.clear()
    assert b.take(2.0).token == 8


def test_who_was_outbid_takes_the_lease_again_above_that_token(store):
    a = Lease(store, "a")
    assert a.take(0.0).token == 1
    a.outbid(7)
    assert not a.may_raise(1.0)
    assert a.take(1.0).token == 8


STEP = st.tuples(
    st.integers(0, 2), st.sampled_from(("take", "give_up", "down", "up")), st.floats(0.1, 9.0)
)


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(STEP, max_size=60), skews=st.tuples(*[st.floats(-1e4, 1e4)] * 3))
def test_no_two_controllers_ever_hold_the_lease_at_once(steps, skews):
    store, now_s = Memory(), 0.0
    leases = [Lease(store, str(k)) for k in range(3)]
    tokens = {}
    for who, what, pause_s in steps:
        now_s += pause_s
        if what in ("down", "up"):
            store.down = what == "down"
            continue
        mine = now_s + skews[who]
        got = getattr(leases[who], what)(mine)
        if got is not None:
            assert tokens.setdefault(got.token, who) == who, "a token has one owner"
        holders = [k for k, one in enumerate(leases) if one.held(now_s + skews[k])]
        assert len(holders) <= 1


def test_who_does_not_lead_knows_whether_another_one_does_or_the_store_is_silent():
    memory = Memory()
    first, second = Lease(memory, "a\x1b", 10.0), Lease(memory, "b", 10.0)
    first.take(0.0)
    second.take(1.0)
    assert (first.why, second.why) == ("", "another controller leads: 'a\\x1b'")

    memory.down = True
    second.take(2.0)
    assert second.why == "nobody knows who leads: store down"

    memory.down = False
    second.take(30.0)
    second.take(50.0)
    assert second.why == ""


@given(
    in_force=st.floats(0.0, 1.0),
    authorised=st.floats(0.0, 1.0),
    applied_s=st.none() | st.floats(0.0, 100.0),
    may_raise=st.booleans(),
    hand=st.booleans(),
)
def test_nothing_above_the_authorised_is_ever_asked_for(
    in_force, authorised, applied_s, may_raise, hand
):
    found = Found(in_force, authorised, applied_s, 100.0)
    said = Reconciler(respect_hand=hand).judge(found, may_raise=may_raise)
    assert said.exposure is None or said.exposure == authorised
    if in_force > authorised + 1e-3:
        assert said.exposure == authorised
    if not may_raise and in_force < authorised:
        assert said.exposure is None


@pytest.mark.parametrize(
    ("found", "may_raise", "action"),
    [
        (Found(0.1, 0.1), True, Action.NOTHING),
        (Found(0.10005, 0.1), True, Action.NOTHING),
        (Found(0.5, 0.1, None, 9.0), False, Action.LOWER),
        (Found(0.0, 0.1, 8.0, 9.0), True, Action.WAIT),
        (Found(0.0, 0.1, 0.0, 9.0), True, Action.RESTORE),
        (Found(0.0, 0.1, 0.0, 9.0), False, Action.HOLD),
    ],
)
def test_what_is_done_about_a_disagreement(found, may_raise, action):
    assert Reconciler().judge(found, may_raise=may_raise).action is action


def test_a_hand_that_lowered_is_respected_if_told_so():
    found = Found(0.0, 0.1, None, 9.0)
    assert Reconciler(respect_hand=True).judge(found, may_raise=True).action is Action.HOLD
