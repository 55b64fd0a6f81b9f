"""The suites can fail: each check finds the policy or detector that was broken for it."""

import json
from dataclasses import dataclass, field
from math import log
from typing import ClassVar

import pytest

from simcert import checks
from simcert.checks.suite import NO_MERGE, judged
from simcert.cli.main import code_of
from simcert.detect.conditional_e import ConditionalE
from simcert.errors import ContractError, InputError
from simcert.model import Channel, Decision, Kind, Reading, Verdict


@dataclass(frozen=True)
class Fine:
    """Up by a tenth per tick while the new arm does well; the honest base of the broken ones."""

    tags: ClassVar[frozenset[str]] = frozenset()

    def channels(self):
        return (Channel("rate", "success_rate", {"limit": 0.5}),)

    def decide(self, view):
        if view.exposure >= 0.95:
            return view.complete("all did well")
        if view.exposure == 0.0:
            return view.move(0.1, "first step")
        verdict = view.assessment.reading("rate").verdict
        if verdict is not Verdict.PASS:
            return view.hold(f"waiting: {verdict}")
        return view.move(min(view.exposure + 0.1, 0.95), "all did well")


@dataclass
class Thawed:
    tags: ClassVar[frozenset[str]] = frozenset()
    channels = Fine.channels
    decide = Fine.decide


class Homeless(Fine):
    def channels(self):
        return (Channel("rate", "success_rat"),)


class Moody(Fine):
    asked: ClassVar[list[int]] = []

    def decide(self, view):
        self.asked.append(1)
        return view.hold(f"call {len(self.asked)}")


class Mute(Fine):
    def decide(self, view):
        return Decision(view.exposure, "", Kind.HOLD)


class TwoFaced(Fine):
    def decide(self, view):
        return Decision(min(view.exposure + 0.5, 1.0), "a raise called hold", Kind.HOLD)


class Forgetful(Fine):
    def decide(self, view):
        return view.hold("keeps a set", {"seen": (1, 2)})


class Blind(Fine):
    def decide(self, view):
        return view.move(min(view.exposure + 0.1, 0.9), "time goes by")


class Stuck(Fine):
    def decide(self, view):
        return view.hold("never moves")


BROKEN = {
    Thawed: "is_a_frozen_dataclass",
    Homeless: "names_evidence_that_exists",
    Moody: "decides_the_same_on_the_same_view",
    Mute: "decision_is_legal",
    TwoFaced: "decision_is_legal",
    Forgetful: "memory_is_json",
    Stuck: "completes_on_a_good_certificate",
}


def failed(results):
    return {one.check for one in results if not one.passed}


def test_the_honest_policy_passes_everything():
    assert failed(checks.judge_policy(Fine)) == set()


@pytest.mark.parametrize(("cls", "check"), BROKEN.items(), ids=lambda x: getattr(x, "__name__", x))
def test_each_check_finds_its_offender(cls, check):
    assert check in failed(checks.judge_policy(cls))


def test_time_alone_is_found_by_three_checks():
    assert failed(checks.judge_policy(Blind)) >= {
        "no_news_is_no_good_news",
        "bad_news_never_raises",
        "a_total_break_never_goes_out",
    }


@dataclass
class Honest:
    """Counts windows with failures; the base of the broken ones."""

    n: int = 0
    seen: list[float] = field(default_factory=list)

    @property
    def log_e(self):
        return 0.0

    def update(self, window):
        self.n += window.n

    def reading(self):
        return Reading(Verdict.INCONCLUSIVE if self.n else Verdict.NO_DATA, n=self.n)

    def to_dict(self):
        return {"n": self.n, "seen": self.seen}

    @classmethod
    def from_dict(cls, state):
        return cls(**state)


class Hoarder(Honest):
    def update(self, window):
        super().update(window)
        self.seen.append(window.start_s)


class Gambler(Honest):
    @property
    def log_e(self):
        return float(self.n)


class Amnesiac(Honest):
    @classmethod
    def from_dict(cls, state):
        del state
        return cls()


class Positional(Honest):
    def update(self, window):
        self.n += int(window.units[:, :, 1].sum())


class Prophet(Honest):
    def reading(self):
        return Reading(Verdict.PASS, value=float("nan"))


class Joining(Honest):
    def merge(self, other):
        return type(self)(self.n + other.n)


class Selfish(Joining):
    def merge(self, other):
        return type(self)(max(self.n, other.n))


class Partial(Joining):
    def merge(self, other):
        return type(self)(self.n + 2 * other.n)


class Proud(Joining):
    def merge(self, other):
        return type(self)(self.n + other.n + 1)


class Annexing(Joining):
    def merge(self, other):
        self.n += other.n
        return self


class Fleeting(Joining):
    joined = 0

    def merge(self, other):
        merged = type(self)(self.n)
        merged.joined = other.n + other.joined + self.joined
        return merged

    def reading(self):
        return Reading(Verdict.INCONCLUSIVE if self.n else Verdict.NO_DATA, n=self.n + self.joined)


class Greedy(ConditionalE):
    """Adds the wealth of both, as if one purse had paid for both bets."""

    def merge(self, other):
        merged = super().merge(other)
        merged.log_s = [s + log(2.0) for s in merged.log_s]
        merged._weigh()
        return merged


FOUND = {
    Selfish: "a_merger_counts_all_units_once",
    Partial: "mergers_have_no_order",
    Proud: "a_fresh_detector_changes_nothing",
    Annexing: "a_merger_leaves_its_sources_alone",
    Fleeting: "a_merger_survives_json",
    Greedy: "merged_evidence_is_evidence",
    Hoarder: "state_is_bounded",
    Gambler: "an_empty_arm_makes_no_bet",
    Amnesiac: "survives_json",
    Positional: "order_of_labels_is_irrelevant",
    Prophet: "readings_are_finite",
}


@pytest.mark.parametrize(("cls", "check"), FOUND.items(), ids=lambda x: getattr(x, "__name__", x))
def test_each_detector_check_finds_its_offender(cls, check):
    found = next(one for one in checks.detector_checks() if one.__name__ == f"check_{check}")
    found(Honest)
    found(Joining)
    with pytest.raises((AssertionError, ValueError)):
        found(cls)


def test_what_was_not_asked_is_not_said_to_hold():
    messages = {cls: [one.message for one in judged(cls)] for cls in (Honest, Joining)}
    assert messages[Honest].count(NO_MERGE) == 6
    assert NO_MERGE not in messages[Joining]


POLICY = """
from dataclasses import dataclass
from typing import ClassVar

@dataclass(frozen=True)
class Mine:
    tags: ClassVar[frozenset[str]] = frozenset()
    def channels(self):
        return ()
    def decide(self, view):
        return view.complete("everybody now")
"""


def test_a_policy_in_a_file_is_judged(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(POLICY)
    results = checks.judge_policy_file(path)
    assert [one for one in results if not one.passed] == []
    assert len(results) == len(checks.policy_checks())


@pytest.mark.parametrize(
    ("text", "error"), [(None, InputError), ("1 +", InputError), ("x = 1", ContractError)]
)
def test_a_file_without_a_policy_is_refused(tmp_path, text, error):
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(error, match=r"mine"):
        checks.judge_policy_file(path)


def test_the_command_answers_with_its_exit_code(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(POLICY)
    assert code_of(["check", str(path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["passed"], set(said["results"][0])) == (True, {"check", "passed", "message"})
    path.write_text(POLICY.replace('view.complete("everybody now")', "view.hold('never')"))
    assert code_of(["check", str(path)]) == 1
    assert "FAIL  completes_on_a_good_certificate" in capsys.readouterr().out
    assert code_of(["check", str(tmp_path / "nobody.py")]) == 2
