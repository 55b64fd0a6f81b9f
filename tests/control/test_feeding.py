"""Windows reach every detector once, in a bank or alone, and who fails is named."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from simcert.control._feeding import feed, feeding
from simcert.detect.segment_e import SegmentE
from simcert.errors import ContractError
from simcert.model import Window

WINDOW = Window.of(new=(100, 3), old=(100, 2))


class Counting:
    """A bank that counts instead."""

    def update(self, members, _window):
        for one in members:
            one.banked += 1


@dataclass
class Member:
    bank: ClassVar[type] = Counting
    banked: int = 0
    alone: int = 0

    def update(self, _window):
        self.alone += 1


class Heir(Member):
    """It may have an `update` of its own, and inherits no bank."""


@dataclass
class Lender:
    """Where `bank` is another word, it is no offer."""

    bank: float = 3.0
    alone: int = 0

    def update(self, _window):
        self.alone += 1


class Broken(Member):
    def update(self, _window):
        raise KeyError("x")


def test_those_who_share_a_bank_are_updated_by_it_and_all_others_alone():
    told = {"a": Member(), "heir": Heir(), "lender": Lender(), "b": Member(), "other": Lender()}
    feed(feeding(told), WINDOW)

    assert [(told[name].banked, told[name].alone) for name in "ab"] == [(1, 0), (1, 0)]
    assert (told["heir"].banked, told["heir"].alone) == (0, 1)
    assert told["lender"].alone == told["other"].alone == 1


def test_a_bank_of_one_is_none():
    told = {"a": Member(), "heir": Heir()}
    feed(feeding(told), WINDOW)

    assert (told["a"].banked, told["a"].alone) == (0, 1)


def test_who_fails_is_named():
    with pytest.raises(ContractError, match="detector of channel broken failed: KeyError"):
        feed(feeding({"a": Member(), "broken": Broken(), "b": Member()}), WINDOW)


def test_a_bank_that_fails_names_its_channels():
    told = {"one": SegmentE(), "two": SegmentE()}
    updates = feeding(told)
    feed(updates, WINDOW)
    told["two"].bets = None

    with pytest.raises(ContractError, match="channel one, two failed"):
        feed(updates, WINDOW)
