"""What every policy owes; each check is a plain function of the policy's class.

A check that does not apply (evidence asked of a schedule that uses none) passes. `AssertionError`
says what was broken, at which moment and on which value.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import lru_cache

from simcert.checks import _track as track
from simcert.checks._watched import watched
from simcert.control import safety
from simcert.control.journal import params
from simcert.errors import ContractError
from simcert.model import Decision, Phase, Policy, View, discovery

TAGS = frozenset({"needs_truth", "time_sliced", "per_window", "retries"})
DAY_S = 86_400.0
HOURS_6_S = 21_600.0
HOURS_2_S = 7_200.0


def check_is_a_frozen_dataclass(cls: type[Policy]) -> None:
    """Parameters are fields of a frozen dataclass, all with defaults, and JSON values."""
    made = getattr(cls, "__dataclass_params__", None)
    assert made is not None, f"{cls.__name__} is no dataclass"
    assert made.frozen, f"{cls.__name__} is not frozen"
    json.dumps(params(cls()), allow_nan=False)


def check_keeps_the_protocol(cls: type[Policy]) -> None:
    """It has `tags`, `channels` and `decide`."""
    assert isinstance(cls(), Policy), f"{cls.__name__} lacks tags, channels or decide"
    assert isinstance(cls.tags, frozenset), "tags is no frozenset"
    unknown = sorted(map(str, cls.tags - TAGS))
    assert not unknown, f"tags {unknown} mean nothing; known: {sorted(TAGS)}"


def check_names_evidence_that_exists(cls: type[Policy]) -> None:
    """Every channel can be built, under one name each, with weights that sum to at most 1."""
    policy = cls()
    track.analyzer(policy)
    assert policy.channels() == policy.channels(), "channels differ from call to call"
    weight = sum(one.weight for one in policy.channels())
    assert weight <= 1.0 + 1e-9, f"weights sum to {weight}, over 1"


def check_decides_the_same_on_the_same_view(cls: type[Policy]) -> None:
    """Two instances, asked in any order, say the same: no clock, no dice, no hidden state."""
    views = _views(cls)
    first, second = cls(), cls()
    forth = [first.decide(view) for view in views]
    back = [second.decide(view) for view in reversed(views)][::-1]
    for view, one, two in zip(views, forth, back, strict=True):
        assert one == two, f"at {view.now_s} s: {one} and then {two}"


def check_asks_neither_clock_nor_dice(cls: type[Policy]) -> None:
    """A decision follows from the view alone: nothing else is read, drawn, written or awaited."""
    policy, views = cls(), _views(cls)
    with watched() as called:
        for view in views:
            policy.decide(view)
    assert not called, f"decide calls {', '.join(sorted(called))}; time and memory are in the view"


def check_decision_is_legal(cls: type[Policy]) -> None:
    """Exposure in [0, 1], kind and exposure agree, the reason says something."""
    policy = cls()
    for view in _views(cls):
        decision = policy.decide(view)
        assert isinstance(decision, Decision), f"decide returned {type(decision).__name__}"
        assert 0.0 <= decision.exposure <= 1.0, f"exposure {decision.exposure}"
        try:
            safety.check(decision, view, cls.__name__)
        except ContractError as error:
            raise AssertionError(str(error)) from error
        assert len(decision.reason) > 3, f"reason {decision.reason!r}"
        assert "\n" not in decision.reason, "a reason is one line"


def check_memory_is_json(cls: type[Policy]) -> None:
    """What it wants to remember survives JSON, and the next decision does not notice."""
    policy = cls()
    for view in _views(cls):
        memory = dict(policy.decide(view).memory)
        assert json.loads(json.dumps(memory, allow_nan=False)) == memory, f"memory {memory}"


def check_final_phases_are_left_alone(cls: type[Policy]) -> None:
    """Complete and paused are the operator's; a policy that is asked there does not fail."""
    policy = cls()
    for phase in (Phase.COMPLETE, Phase.PAUSED, Phase.ROLLED_BACK):
        for view in _views(cls)[:3]:
            decision = policy.decide(_in_phase(view, phase))
            assert isinstance(decision, Decision)


def check_no_news_is_no_good_news(cls: type[Policy]) -> None:
    """Without a single connection it goes no further than its first step (evidence policies)."""
    if not cls().channels():
        return
    trip = track.drive(cls(), track.Track(track.good, units=0), HOURS_2_S)
    first = next((d.exposure for _, d in trip.moves if d.exposure > 0.0), 0.0)
    assert trip.top <= first, f"raised to {trip.top} without any traffic, first step {first}"


def check_bad_news_never_raises(cls: type[Policy]) -> None:
    """Once 30 new units failed and none went well, it never goes up (evidence policies)."""
    if not cls().channels():
        return
    for view, decision in _judged(cls):
        assert decision.exposure <= view.exposure, f"at {view.now_s} s: {decision.reason}"


def check_refused_evidence_never_raises(cls: type[Policy]) -> None:
    """Under incomplete metrics nothing goes up, whatever the policy wants (evidence policies)."""
    if not cls().channels():
        return
    trip = track.drive(cls(), track.Track(track.good, completeness=0.5), HOURS_2_S)
    late = [d for now_s, d in trip.moves if now_s >= track.PLAN.window_s]
    assert max(d.exposure for d in late) <= trip.moves[1][1].exposure, "raised on a refusal"


def check_completes_on_a_good_certificate(cls: type[Policy]) -> None:
    """Liveness: a certificate that harms nobody is complete within a day."""
    trip = track.drive(cls(), track.Track(track.good), DAY_S)
    _assert_complete(trip)


def check_can_recover(cls: type[Policy]) -> None:
    """Liveness: an outage of both arms is over after 20 minutes, and a day later so is the rollout.

    Neither blamed for ever nor blind for ever.
    """
    trip = track.drive(cls(), track.Track(track.outage), DAY_S)
    _assert_complete(trip)


def check_a_total_break_never_goes_out(cls: type[Policy]) -> None:
    """Safety: a certificate that nobody accepts never reaches half of the clients (evidence)."""
    if not cls().channels():
        return
    trip = track.drive(cls(), track.Track(track.broken), HOURS_6_S)
    assert trip.top < 0.5, f"went to {trip.top}"
    assert trip.rollout.phase is not Phase.COMPLETE


def _assert_complete(trip: track.Trip) -> None:
    now_s, last = trip.moves[-1]
    phase = trip.rollout.phase
    assert phase is Phase.COMPLETE, f"{phase} at {now_s:.0f} s, {last.exposure:g}: {last.reason}"


@lru_cache(maxsize=64)
def _views(cls: type[Policy]) -> list[View]:
    """Views from flights in every weather, so that they hold what the policy's channels say."""
    flights = [
        track.drive(cls(), track.Track(weather), HOURS_2_S)
        for weather in (track.good, track.broken, track.outage)
    ]
    return [view for trip in flights for view in trip.views]


def _judged(cls: type[Policy]) -> Iterator[tuple[View, Decision]]:
    """Yield views of a total break in which at least 30 new units failed, and the decisions."""
    policy = cls()
    trip = track.drive(policy, track.Track(track.broken), HOURS_2_S)
    for view in trip.views:
        if view.assessment.failed_new >= 30 and view.phase not in (Phase.ROLLED_BACK,):
            yield view, policy.decide(view)


def _in_phase(view: View, phase: Phase) -> View:
    values = {one.name: getattr(view, one.name) for one in fields(View)}
    return View(**{**values, "phase": phase})


def known() -> Mapping[str, type[Policy]]:
    """Return every policy of the catalogue by its stem."""
    return discovery.discover("simcert.policy")
