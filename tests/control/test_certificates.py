"""Certificate Manager: only the table's steps, nothing outside its dates, never the last one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.control.certificates import STEPS, CertificateManager, Standing
from simcert.errors import ContractError, UnknownNameError

EVENTS = sorted({event for _, event in STEPS})


def manager():
    held = CertificateManager()
    held.issue("old", 0.0, -1000.0, 5000.0)
    held.step("old", "stage", 0.0)
    held.step("old", "activate", 0.0)
    held.issue("new", 0.0, 100.0, 9000.0)
    return held


def test_a_rotation_goes_through_every_standing():
    held = manager()
    standings = []
    for now_s, name, event in (
        (10.0, "new", "stage"),
        (100.0, "new", "activate"),
        (200.0, "old", "withdraw"),
        (300.0, "old", "retire"),
    ):
        standings.append(held.step(name, event, now_s).standing)
    assert standings == [Standing.STAGED, Standing.ACTIVE, Standing.WITHDRAWN, Standing.RETIRED]
    assert held.serving() == ("new",)


def test_nothing_is_exposed_before_it_is_active_and_valid():
    held = manager()
    held.step("new", "stage", 10.0)
    with pytest.raises(ContractError, match="valid from 100"):
        held.step("new", "activate", 99.0)
    assert held.exposure_limit("new", 99.0) == 0.0
    held.step("new", "activate", 100.0)
    assert held.exposure_limit("new", 100.0) == 1.0
    assert held.exposure_limit("new", 9001.0) == 0.0


def test_the_last_active_certificate_is_not_withdrawn():
    with pytest.raises(ContractError, match="nothing else is active"):
        manager().step("old", "withdraw", 10.0)


def test_what_runs_out_is_expired_once():
    held = manager()
    assert held.tick(5000.0) == []
    assert [one.name for one in held.tick(5001.0)] == ["old"]
    assert held.tick(5002.0) == []


def test_renewal_is_due_before_the_end_and_not_earlier():
    held = manager()
    assert held.due(3999.0, 1000.0) == []
    assert held.due(4000.0, 1000.0) == ["old"]


def test_names_and_dates_are_checked():
    held = manager()
    with pytest.raises(ContractError, match="already"):
        held.issue("old", 0.0, 0.0, 1.0)
    with pytest.raises(ContractError, match="ends"):
        held.issue("next", 10.0, 0.0, 10.0)
    with pytest.raises(UnknownNameError, match="new"):
        held.step("nwe", "stage", 0.0)


@given(
    st.lists(
        st.tuples(st.sampled_from(("old", "new")), st.sampled_from(EVENTS), st.integers(0, 9)),
        max_size=30,
    )
)
def test_whatever_is_tried_one_certificate_stays_active_until_it_expires(steps):
    held, expired = manager(), False
    for name, event, minutes in steps:
        try:
            held.step(name, event, 60.0 * minutes)
        except ContractError:
            continue
        expired |= event == "expire"
    assert held.serving() or expired
    assert CertificateManager.from_dict(json.loads(json.dumps(held.to_dict()))).to_dict() == (
        held.to_dict()
    )
