"""The search by its rules, flown by arithmetic: who is asked, stopped, told, kept and chosen."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from simcert.errors import InputError
from simcert.lab.folder import ResultFolder
from simcert.lab.setup import Setup, prepare
from simcert.lab.tune import search as searching
from simcert.lab.tune import study, words
from simcert.lab.tune.days import crashed
from simcert.lab.tune.progress import Watch
from simcert.lab.tune.score import Day, Days, Limits, Score
from simcert.lab.tune.search import BATCH, NSGA_FROM, Search, Trial
from simcert.lab.tune.space import Knob
from simcert.model import Policy
from simcert.policy.adaptive import Adaptive
from simcert.scenario import load_scenario, stems

HARMS, GOOD = "mldsa_only", "same_ca_mobile"
BUDGET = Knob("budget", 0.001, 0.02, log=True)
Law = Callable[[Any, int], dict[str, object]]


@cache
def setups() -> list[Setup]:
    return [prepare(HARMS), prepare(GOOD)]


def trade(policy: Any, run: int) -> dict[str, object]:
    """More budget: more harm, sooner there; days differ, and alike for all candidates."""
    harm = (run + 1) * 1e5 * policy.budget
    return {"harmed_connections": harm, "minutes_to_full": 1.0 / policy.budget}


def better(policy: Any, run: int) -> dict[str, object]:
    """Less budget is less harm and sooner there."""
    return {"harmed_connections": (run + 1) * 1e5 * policy.budget,
            "minutes_to_full": 1e4 * policy.budget}  # fmt: skip


class Arithmetic:
    """A flyer whose days follow a law of the policy."""

    watch = Watch()

    def __init__(self, place: Path, law: Law) -> None:
        self.folder, self.law = ResultFolder(place), law
        self.flown: list[tuple[str, int, int, int]] = []  # label, root, first, until

    def fly(
        self,
        setups: Sequence[Setup],
        policies: dict[str, Policy],
        root: int,
        first: int,
        until: int,
    ) -> dict[str, Days]:
        self.flown += [(label, root, first, until) for label in policies]
        usual = {"false_rollback": False, "missed": False, "error": None, "withdrawn_min": None}
        return {
            label: {
                one.scenario.stem: [usual | self.law(policy, k) for k in range(first, until)]
                for one in setups
            }
            for label, policy in policies.items()
        }


def searched(
    place: Path, law: Law = trade, trials: int = 12, policy: Any = None, **more: Any
) -> tuple[Search, Arithmetic]:
    flyer = Arithmetic(place, law)
    given = {"knobs": (BUDGET,), "limits": Limits(0.01, 1.25), "runs": 9, "seed": 3} | more
    found = Search(policy or Adaptive(), setups=setups(), flyer=flyer, **given)
    found.run(trials)
    return found, flyer


def test_as_many_are_asked_as_were_wanted_and_the_defaults_first(tmp_path: Path) -> None:
    found, _ = searched(tmp_path, trials=BATCH + 3)

    assert [one.number for one in found.trials] == list(range(BATCH + 3))
    assert found.trials[0].params == {"budget": Adaptive().budget}
    other, _ = searched(tmp_path / "far", knobs=(Knob("budget", 0.01, 0.02),), trials=3)
    assert all(0.01 <= one.params["budget"] <= 0.02 for one in other.trials)


def test_a_value_has_four_digits_and_stays_in_its_range(tmp_path: Path) -> None:
    narrow = Knob("budget", 0.00123412, 0.00123448)
    found, _ = searched(tmp_path, knobs=(narrow,), trials=8)

    assert all(narrow.low <= one.params["budget"] <= narrow.high for one in found.trials)
    wide, _ = searched(tmp_path / "wide")
    assert all(float(f"{one.params['budget']:.4g}") == one.params["budget"] for one in wide.trials)


def test_the_front_is_unbeaten_keeps_all_limits_and_tells_equal_ones_once() -> None:
    def trial(number: int, harm: float, time: float, missed: float = 0.0, **more: Any) -> Trial:
        return Trial(number, {}, None, score=Score(harm, time, {"m": missed}, None, None), **more)

    found = Search.__new__(Search)
    found.trials = [
        trial(0, 0.0, 0.0),
        trial(1, -1.0, 1.0),
        trial(2, -1.0, 1.0),  # as the one before
        trial(3, 1.0, 1.0),  # beaten
        trial(4, -9.0, -9.0, missed=0.1),
        trial(5, -9.0, -9.0, stopped="harm +3% of a rival and no faster"),
        Trial(6, {}, None, stopped="crashed"),
    ]
    assert [one.number for one in found.front()] == [1, 0]


def test_who_crashes_is_told_as_failed_and_crashing_defaults_end_it(tmp_path: Path) -> None:
    def brittle(policy: Any, run: int) -> dict[str, object]:
        bad = policy.budget != Adaptive().budget and run == 1
        return trade(policy, run) | {"error": "boom" if bad else None}

    found, flyer = searched(tmp_path, brittle)
    others = found.trials[1:]
    assert {one.stopped for one in others} == {"crashed"}
    assert {one.state.name for one in found.study.trials[1:]} == {"FAIL"}
    assert all(until == 3 for label, _, _, until in flyer.flown if label in ("t0001", "t0002"))
    with pytest.raises(InputError, match="the policy with its defaults crashes"):
        searched(tmp_path / "all", lambda *_: trade(Adaptive(), 0) | {"error": "boom"})
    day: Day = {"error": None}
    assert crashed({"a": [day], "b": [day, {"error": "boom"}]})


def test_who_is_hopeless_flies_a_third_and_is_nobodys_rival(tmp_path: Path) -> None:
    found, flyer = searched(tmp_path, better, trials=2 * BATCH)
    base = Adaptive().budget
    worse = [one for one in found.trials[:BATCH] if one.params["budget"] > base]
    best = min(one.params["budget"] for one in found.trials[:BATCH])
    late = [one for one in found.trials[BATCH:] if best < one.params["budget"] < base]

    assert worse
    assert all(one.stopped for one in worse)
    assert late, "better than the defaults, worse than the front"
    assert all(one.stopped for one in late)
    flown = {label: until for label, _, _, until in flyer.flown}
    assert all(flown[one.label] == (3 if one.stopped else 9) for one in found.trials)


def test_on_its_last_day_nobody_is_stopped(tmp_path: Path) -> None:
    found, _ = searched(tmp_path, better, runs=3)

    assert not any(one.stopped for one in found.trials)


def test_a_broken_limit_is_told_to_the_sampler(tmp_path: Path) -> None:
    def careless(policy: Any, run: int) -> dict[str, object]:
        return trade(policy, run) | {"false_rollback": policy.budget > Adaptive().budget}

    found, _ = searched(tmp_path, careless)
    for one, told in zip(found.trials, found.study.trials, strict=True):
        assert one.score is not None
        assert told.constraints == one.score.constraints
        assert (told.constraints["false_rollback"] > 0) == (one.params["budget"] > 0.0045)


def test_many_trials_are_a_population_few_learn_from_each_other() -> None:
    optuna = searching.optuna_()

    few, many = (searching._study(optuna, n, 0) for n in (NSGA_FROM - 1, NSGA_FROM))
    assert type(few.sampler).__name__ == "TPESampler"
    assert type(many.sampler).__name__ == "NSGAIISampler"


def test_choice_and_judgement_have_days_of_their_own_each(tmp_path: Path) -> None:
    found, flyer = searched(tmp_path, better)
    tuned = study._judged(found, [], 5, "out")

    roots = {label.partition("-")[0]: root for label, root, _, _ in flyer.flown}
    assert len({roots["defaults"], roots["fresh"], roots["final"]}) == 3
    assert tuned.chosen is not None
    assert tuned.chosen.trial.params["budget"] == min(one.params["budget"] for one in found.trials)
    assert {one.verdict for one in tuned.final} == {"better"}
    assert not any(one.held_out for one in tuned.final)
    held = study._judged(Search(**{**vars(found), "setups": setups()[:1]}), setups()[1:], 5, "out")
    assert [one.held_out for one in held.final] == [False, True]


def test_of_a_long_front_the_best_sums_are_flown_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = searched(tmp_path, better, runs=3, trials=2 * study.FRONT_MAX)
    monkeypatch.setattr(Search, "front", lambda self: self.trials)
    sums = {one.number: study._sum(one)[0] for one in found.trials}

    members = study._judged(found, [], 5, "out").members
    kept = {one.trial.number for one in members}
    assert len(kept) == study.FRONT_MAX
    assert max(sums[k] for k in kept) <= min(sums[k] for k in set(sums) - kept)


def test_who_gains_nothing_in_sum_is_not_chosen(tmp_path: Path) -> None:
    found, _ = searched(tmp_path, lambda _, run: trade(Adaptive(), run))

    assert study._judged(found, [], 5, "out").chosen is None


def test_no_gain_buys_a_broken_limit(tmp_path: Path) -> None:
    def bold(policy: Any, run: int) -> dict[str, object]:
        return better(policy, run) | {"false_rollback": policy.budget < Adaptive().budget}

    found, _ = searched(tmp_path, better)
    assert isinstance(found.flyer, Arithmetic)
    found.flyer.law = bold  # only fresh days show it
    tuned = study._judged(found, [], 5, "out")

    assert any(study._fresh_sum(one) < 0.0 for one in tuned.members)
    assert tuned.chosen is None


@pytest.mark.parametrize("name", ["trials", "runs", "fresh"])
def test_too_little_to_learn_from_is_told(name: str, tmp_path: Path) -> None:
    least = {"trials": 1, "runs": 2, "fresh": 2}
    few: dict[str, Any] = {name: least[name] - 1}

    with pytest.raises(InputError, match=f"--{name} {few[name]}: at least {least[name]}"):
        study.tune([GOOD], out=tmp_path / "out", **few)
    study._refuse_too_few(**{one: (number, number) for one, number in least.items()})


def test_every_scenario_counts_once_and_those_not_searched_judge() -> None:
    with pytest.raises(InputError, match=f"named twice: {GOOD}"):
        study._unique([GOOD, HARMS, load_scenario(GOOD)])
    with pytest.raises(InputError, match="name at least one scenario"):
        study._unique([])
    held = {Path(str(one)).stem for one in study._others(setups(), None)}
    assert held == set(stems()) - {HARMS, GOOD}


def test_a_ratio_is_told_in_percent() -> None:
    assert [words._percent(x) for x in (0.0, 0.6931471805599453, -0.6931471805599453)] == [
        "+0.0 %",
        "+100.0 %",
        "-50.0 %",
    ]
