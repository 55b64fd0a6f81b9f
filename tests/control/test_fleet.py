"""Many servers: a node obeys the newest leader only, and the leader believes the living only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.control.fleet import Fleet
from simcert.control.node import Node
from simcert.control.orders import ORDER, Order, Report, report_key
from simcert.control.outbox import BATCH, Numbered, Outbox
from simcert.errors import MachineError
from simcert.model import Window


class Memory:
    """A store in memory; `down` makes every call fail, `deaf` loses the answer only."""

    def __init__(self):
        self.values, self.down, self.deaf = {}, False, False

    def get(self, key):
        self.trouble()
        return self.values.get(key, (None, 0))

    def get_all(self, keys):
        return [self.get(key)[0] for key in keys]

    def compare_and_set(self, key, value, version):
        self.trouble()
        if self.values.get(key, (None, 0))[1] != version:
            return False
        self.values[key] = (value, version + 1)
        if self.deaf:
            raise MachineError("no answer")
        return True

    def trouble(self):
        if self.down:
            raise MachineError("store down")


class Edge:
    """One server: its terminator, its node, and what the node remembers on disk."""

    def __init__(self, store, name, clock, leash_s=300.0):
        self.store, self.name, self.clock, self.leash_s = store, name, clock, leash_s
        self.exposure, self.kept, self.full, self.down = 0.0, None, False, False
        self.start()

    def start(self):
        self.node = Node(
            self.name,
            self.store,
            self,
            lambda: self.clock[0],
            self.leash_s,
            0.05,
            self.remember,
            self.kept,
        )

    def remember(self, order):
        if self.full:
            raise MachineError("disk full")
        self.kept = order

    def apply(self, exposure, now_s):
        del now_s
        self.exposure = exposure

    def read_back(self, now_s):
        del now_s
        if self.down:
            raise MachineError("terminator down")
        return self.exposure


@pytest.fixture
def store():
    return Memory()


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def edges(store, clock):
    return [Edge(store, name, clock) for name in "ab"]


def lead(store, token=1, **more):
    return Fleet(store, ("a", "b"), token, **more)


def tick(fleet, edges, clock, exposure=None):
    """One tick: the leader asks and reads back, then every node steps; returns the read-back."""
    clock[0] += 1.0
    seen = None
    try:
        if exposure is not None:
            fleet.apply(exposure, clock[0])
        seen = fleet.read_back(clock[0])
    except MachineError:
        pass
    all_step(edges)
    return seen


def settled(fleet, edges, clock, exposure):
    for _ in range(3):
        tick(fleet, edges, clock)
    for _ in range(3):
        seen = tick(fleet, edges, clock, exposure)
    return seen


def all_step(edges):
    for one in edges:
        one.node.step()


def test_an_order_reaches_every_node_and_is_confirmed_when_all_report_it(store, edges, clock):
    fleet = lead(store)
    for _ in range(3):
        tick(fleet, edges, clock)
    assert tick(fleet, edges, clock, 0.2) == 0.0
    assert tick(fleet, edges[:1], clock) == 0.2
    assert [one.exposure for one in edges] == [0.2, 0.2]


def test_what_only_some_have_in_force_is_not_confirmed(store, edges, clock):
    fleet = lead(store)
    settled(fleet, edges, clock, 0.2)
    tick(fleet, edges[:1], clock, 0.3)
    assert tick(fleet, edges[:1], clock) == 0.2
    assert tick(fleet, edges, clock) == 0.2
    assert tick(fleet, edges, clock) == 0.3


@pytest.mark.parametrize(("share", "seen"), [(0.9, 0.9), (0.1, 0.1), (0.2, 0.2)])
def test_of_different_exposures_the_one_that_is_worse_is_believed(store, edges, clock, share, seen):
    fleet = lead(store)
    settled(fleet, edges, clock, 0.2)
    edges[1].node.actuator = Stuck(share)
    tick(fleet, edges, clock)
    assert tick(fleet, edges, clock) == seen


class Stuck:
    """A terminator that does what it wants."""

    def __init__(self, share):
        self.share = share

    def apply(self, exposure, now_s):
        raise MachineError(f"stuck: {exposure} asked for at {now_s}")

    def read_back(self, now_s):
        del now_s
        return self.share


def test_a_lower_token_is_refused_by_the_store_and_by_the_node(store, edges, clock):
    old, new = lead(store, 1), lead(store, 2)
    settled(old, edges, clock, 0.2)
    settled(new, edges, clock, 0.1)
    with pytest.raises(MachineError, match="token 2"):
        old.apply(0.05, clock[0])
    store.values[ORDER] = (Order(1, 99, 0.9, 99).text(), 0)
    all_step(edges)
    assert [one.exposure for one in edges] == [0.1, 0.1]
    assert edges[0].node.refused == 1


def test_a_node_remembers_the_highest_token_over_a_restart(store, edges, clock):
    settled(lead(store, 7), edges, clock, 0.2)
    edges[0].start()
    store.values[ORDER] = (Order(6, 99, 0.9, 1).text(), 0)
    edges[0].node.step()
    store.values[ORDER] = (Order(6, 99, 0.9, 2).text(), 0)
    edges[0].node.step()
    assert edges[0].exposure == 0.2


def test_a_leader_whose_store_was_reset_learns_of_higher_tokens_and_is_outbid(store, edges, clock):
    settled(lead(store, 7), edges, clock, 0.2)
    store.values.clear()
    heard = []
    fleet = lead(store, 1, outbid=heard.append)
    for _ in range(3):
        tick(fleet, edges, clock)
    assert heard[-1] == 7
    assert [one.exposure for one in edges] == [0.2, 0.2]


def test_nothing_is_raised_while_a_node_is_away_and_lowering_goes_on(store, edges, clock):
    fleet = lead(store)
    settled(fleet, edges, clock, 0.2)
    for _ in range(12):
        tick(fleet, edges[:1], clock)
    with pytest.raises(MachineError, match="node b away"):
        fleet.read_back(clock[0])
    with pytest.raises(MachineError, match="not raised: node b away"):
        fleet.apply(0.3, clock[0])
    tick(fleet, edges[:1], clock, 0.1)
    assert [one.exposure for one in edges] == [0.1, 0.2]
    edges[1].node.step()
    assert edges[1].exposure == 0.1


def test_an_old_report_is_not_believed_by_a_new_leader(store, edges, clock):
    settled(lead(store, 1), edges, clock, 0.2)
    fleet = lead(store, 2)
    for _ in range(3):
        clock[0] += 1.0
        with pytest.raises(MachineError, match="nodes a, b away"):
            fleet.read_back(clock[0])


def test_a_node_that_cannot_tell_its_exposure_is_away(store, edges, clock):
    fleet = lead(store)
    settled(fleet, edges, clock, 0.2)
    edges[1].down = True
    tick(fleet, edges, clock)
    with pytest.raises(MachineError, match="node b away"):
        fleet.read_back(clock[0])


def test_nothing_is_raised_while_a_node_serves_other_certificates(store, edges, clock):
    fleet = lead(store, served=("A", "B"))
    for _ in range(4):
        tick(fleet, edges, clock)
    with pytest.raises(MachineError, match="other certificates"):
        fleet.apply(0.1, clock[0])
    for one in edges:
        one.node.served = lambda: ("A", "B")
    tick(fleet, edges, clock)
    fleet.apply(0.1, clock[0])


def test_a_node_that_is_left_alone_falls_to_the_safe_exposure_and_comes_back(store, edges, clock):
    fleet = lead(store)
    settled(fleet, edges, clock, 0.4)
    store.down = True
    clock[0] += 299.0
    edges[0].node.step()
    assert edges[0].exposure == 0.4
    clock[0] += 5.0
    edges[0].node.step()
    assert edges[0].exposure == 0.05
    store.down = False
    edges[0].node.step()
    assert edges[0].exposure == 0.05
    for _ in range(3):
        tick(fleet, edges, clock)
    assert edges[0].exposure == 0.4


def test_after_the_end_the_order_stands_without_a_leader(store, edges, clock):
    fleet = lead(store, authorised=lambda: 1.0)
    settled(fleet, edges, clock, 1.0)
    fleet.finish()
    all_step(edges)
    clock[0] += 1e6
    all_step(edges)
    assert [one.exposure for one in edges] == [1.0, 1.0]

    store.values.clear()
    for one in edges:
        one.start()
        one.node.step()
    clock[0] += 1e6
    all_step(edges)
    assert [one.exposure for one in edges] == [1.0, 1.0], "the store lost its memory, too"


def test_a_final_order_never_comes_back_after_a_newer_one_was_heard(store, edges, clock):
    """Else a node that crashes while the store is down would raise to what was taken back."""
    fleet = lead(store, authorised=lambda: 1.0)
    settled(fleet, edges, clock, 1.0)
    fleet.finish()
    all_step(edges)
    assert all(one.kept.final for one in edges)
    settled(lead(store, 2), edges, clock, 0.2)
    store.down = True
    for one in edges:
        one.start()
        one.node.step()
    assert [one.exposure for one in edges] == [0.2, 0.2]


def test_no_order_becomes_final_before_all_nodes_confirmed_it(store, edges, clock):
    fleet = lead(store, authorised=lambda: 1.0)
    tick(fleet, edges, clock)
    with pytest.raises(MachineError, match="not all nodes confirmed"):
        fleet.finish()


def test_what_was_confirmed_of_an_order_before_ends_nothing(store, edges, clock):
    """A node raised, and died before it could say so: then nobody knows that it went back."""
    fleet = lead(store, authorised=lambda: 0.0)
    settled(fleet, edges, clock, 0.0)
    fleet.apply(0.1, clock[0])
    all_step(edges)
    fleet.apply(0.0, clock[0])
    edges[0].node.step()
    assert [one.exposure for one in edges] == [0.0, 0.1]
    with pytest.raises(MachineError, match="not all nodes confirmed"):
        fleet.finish()

    edges[1].start()
    settled(fleet, edges, clock, 0.0)
    fleet.finish()
    assert [one.exposure for one in edges] == [0.0, 0.0]


def test_an_order_that_cannot_be_read_is_no_reason_to_order_something_else(store, edges, clock):
    settled(lead(store, 1), edges, clock, 0.4)
    fine = store.values[ORDER]
    store.values[ORDER] = ("rubbish", fine[1])
    fleet = lead(store, 2)
    with pytest.raises(MachineError, match="cannot be read"):
        fleet.read_back(clock[0])
    store.values[ORDER] = fine
    settled(fleet, edges, clock, 0.4)
    assert [one.exposure for one in edges] == [0.4, 0.4]


def test_a_report_from_the_past_is_no_sign_of_life(store, edges, clock):
    fleet = lead(store)
    settled(fleet, edges, clock, 0.2)
    newest = store.values[report_key("b")]
    for _ in range(3):
        tick(fleet, edges[:1], clock)
    for _ in range(12):
        store.values[report_key("b")] = (Report(1, 1, (1, 1), 0.2).text(), 0)
        tick(fleet, edges[:1], clock)
        store.values[report_key("b")] = newest
        tick(fleet, edges[:1], clock)
    with pytest.raises(MachineError, match="node b away"):
        fleet.read_back(clock[0])


def test_a_node_that_starts_again_never_raises_on_the_order_of_a_dead_leader(store, edges, clock):
    settled(lead(store), edges, clock, 0.4)
    edges[0].exposure = 0.1
    edges[0].start()
    for _ in range(5):
        clock[0] += 1.0
        edges[0].node.step()
    assert edges[0].exposure == 0.1


def test_an_order_that_was_read_long_ago_raises_nothing(store, edges, clock):
    fleet = lead(store)
    settled(fleet, edges, clock, 0.1)
    fleet.apply(0.2, clock[0])
    slow = edges[0].node
    slow.clock = iter([clock[0], clock[0] + 3.0]).__next__
    slow.step()
    assert edges[0].exposure == 0.1
    assert "too long ago" in slow.trouble


def test_a_node_that_cannot_remember_raises_nothing_and_lowers(store, edges, clock):
    fleet = lead(store)
    settled(fleet, edges, clock, 0.1)
    edges[0].full = True
    tick(fleet, edges, clock, 0.2)
    assert edges[0].exposure == 0.1
    tick(fleet, edges, clock, 0.0)
    assert edges[0].exposure == 0.0


def test_a_second_process_of_the_same_node_takes_over_and_the_first_one_leaves(store, edges, clock):
    first = edges[0].node
    assert first.step()
    edges[0].start()
    assert edges[0].node.step()
    assert edges[0].node.epoch == first.epoch + 1
    assert not first.step()


def test_a_lowering_whose_answer_was_lost_is_never_taken_back(store, edges, clock):
    fleet = lead(store)
    settled(fleet, edges, clock, 0.4)
    store.deaf = True
    with pytest.raises(MachineError):
        fleet.apply(0.0, clock[0])
    store.deaf = False
    for _ in range(3):
        tick(fleet, edges, clock)
        assert Order.read(store.values[ORDER][0]).exposure == 0.0


def test_a_new_leader_renews_nothing_above_what_the_journal_authorises(store, edges, clock):
    settled(lead(store, 1), edges, clock, 0.4)
    fleet = lead(store, 2, authorised=lambda: 0.1)
    tick(fleet, edges, clock)
    assert [one.exposure for one in edges] == [0.1, 0.1]


def test_a_rehearsal_writes_no_order(store, edges, clock):
    settled(lead(store), edges, clock, 0.2)
    before = store.values[ORDER]
    rehearsal = lead(store, 0)
    for _ in range(3):
        for one in edges:
            one.node.step()
        clock[0] += 1.0
        try:
            seen = rehearsal.read_back(clock[0])
        except MachineError:
            continue
    assert seen == 0.2
    assert store.values[ORDER] == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.text() | JSON.map(str))
def test_rubbish_is_no_order_and_no_report(text):
    assert Order.read(text) is None
    assert Report.read(text) is None


@given(
    st.builds(Order, st.integers(0, 99), st.integers(0, 99), st.floats(0, 1), st.integers(0, 99))
)
def test_an_order_survives_the_store(order):
    assert Order.read(order.text()) == order


@pytest.mark.parametrize(
    "text",
    [
        Order(1, 1, 0.5).text().replace("0.5", "1.5"),
        Order(1, 1, 0.5).text().replace("0.5", "NaN"),
        Order(1, 1, 0.5).text().replace('"token":1', '"token":true'),
        Order(1, 1, 0.5).text().replace('"token":1', '"token":-1'),
        Order(1, 1, 0.5).text() + " " * 9000,
    ],
)
def test_an_order_that_is_out_of_bounds_is_none(text):
    assert Order.read(text) is None


def test_the_outbox_is_bounded_and_counts_what_it_gives_up():
    box = Outbox(most=150)
    for i in range(200):
        box.put(Numbered(i, Window.empty(0.0, 60.0, 0.0)))
    assert (len(box), box.lost) == (150, 50)
    batch = box.batch()
    assert [one.number for one in batch] == list(range(50, 50 + BATCH))
    box.delivered(batch)
    assert [one.number for one in box.batch()] == list(range(150, 200))


def test_an_answer_that_cannot_be_read_is_no_look_at_the_store(store, edges, clock):
    fleet = lead(store)
    settled(fleet, edges, clock, 0.4)
    tick(fleet, [], clock)
    fine = store.values[ORDER]
    store.values[ORDER] = ("garbled", 0)
    clock[0] += 400.0
    edges[0].node.step()
    assert edges[0].exposure == 0.05
    clock[0] += 1.0
    store.values[ORDER] = fine
    edges[0].node.step()
    assert edges[0].exposure == 0.05, "the order may be 400 s old"
