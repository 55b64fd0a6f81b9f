"""A journal that lost entries while its disk or store was away is gone on with all the same."""

import pytest
from live_rig import Rig, entries

from simcert.errors import ContractError, InputError, MachineError
from simcert.live._flight import Flight

pytestmark = pytest.mark.server
STEPS = "fixed_linear:step=0.1,every_s=0.0001"


def ticks(flight: Flight, n: int) -> None:
    for _ in range(n):
        flight._tick()


def test_after_an_entry_was_lost_the_state_that_was_written_down_is_where_it_goes_on(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = rig.config(STEPS)
    rig.start(config)
    first = Flight(config, unvalidated=True)
    ticks(first, 2)
    sink = first.journal._sink
    assert sink is not None

    def no_confirm(line: str) -> None:
        if '"confirm"' in line:
            raise MachineError("disk full")
        sink(line)

    monkeypatch.setattr(first.journal, "_sink", no_confirm)
    ticks(first, 2)  # the confirmation is lost, then the state is written down
    monkeypatch.setattr(first.journal, "_sink", sink)
    ticks(first, 2)
    stood = first.rollout.to_dict()
    first.close()
    assert entries(config, "state")

    again = Flight(config, unvalidated=True)

    try:
        assert again.rollout.to_dict() == stood
    finally:
        again.close()


def test_a_journal_of_other_parameters_or_other_decisions_says_so(rig: Rig) -> None:
    config = rig.config(STEPS)
    rig.start(config)
    first = Flight(config, unvalidated=True)
    ticks(first, 2)
    first.close()

    with pytest.raises(InputError, match="began with another params"):
        Flight(rig.config("fixed_linear:step=0.2,every_s=0.0001"), unvalidated=True)
    path = config.run / "journal.jsonl"
    text = path.read_text()
    path.write_text(text + '{"entry":"state","t":9.0,"state":{}}\n')
    with pytest.raises(InputError, match=r"journal\.jsonl: .* no valid state: .*; `simcert live"):
        Flight(config, unvalidated=True)
    path.write_text(text.replace("is due", "was due"))
    with pytest.raises(ContractError, match=r'says "fixed schedule: 0\.1 was due'):
        Flight(rig.config(STEPS), unvalidated=True)


def test_who_asks_before_the_first_tick_is_told_a_whole_status(rig: Rig) -> None:
    config = rig.config(STEPS)
    rig.start(config)
    flight = Flight(config, unvalidated=True)
    before = flight.status()
    ticks(flight, 1)
    after = flight.status()
    flight.close()

    assert (before["phase"], before["tick_at_s"]) == ("waiting", 0.0)
    assert before.keys() == after.keys()
