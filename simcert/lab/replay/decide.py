"""`replay`: the windows of a journal, decided again by the recorded policy or by another one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simcert.control.analyzer import Analyzer
from simcert.control.gaps import gaps
from simcert.control.journal import stem
from simcert.control.plan import Plan
from simcert.control.replay import Replay
from simcert.control.replay import replay as decide_again
from simcert.control.rollout import Rollout
from simcert.errors import InputError, UnknownNameError
from simcert.lab.replay import file
from simcert.lab.replay.words import UNKNOWN, in_words
from simcert.model import Policy, Prior, Truth
from simcert.scenario import policies
from simcert.scenario.build import analyzer_maker
from simcert.scenario.files import path_of

if TYPE_CHECKING:
    import pandas as pd

TINY = 1e-9  # exposures that differ by less are equal


class Side(NamedTuple):
    """What both policies said at one tick, about the same evidence."""

    t_s: float
    in_force: float  # exposure that the evidence was gathered under
    recorded: float
    decided: float
    recorded_reason: str
    decided_reason: str


@dataclass(frozen=True)
class Replayed:
    """What a policy says to a recorded rollout; without another policy it must be the same."""

    policy: str
    replay: Replay = field(repr=False)
    entries: list[dict[str, Any]] = field(repr=False)
    other: bool = False
    missing: tuple[float, ...] = ()  # times of decisions that the record owes

    @property
    def identical(self) -> bool:
        """Whether every decision is the recorded one, byte for byte, and none is missing."""
        return self.replay.identical and not self.missing

    @property
    def ended(self) -> bool:
        """Whether the record has an end; a flight that goes on or crashed has none."""
        return any(entry["entry"] == "end" for entry in self.entries)

    @cached_property
    def sides(self) -> list[Side]:
        """Both decisions at every tick."""
        decided, in_force, rows = iter(self.replay.decisions), 0.0, []
        for entry in self.entries:
            if entry["entry"] == "confirm":
                in_force = float(entry["exposure"])
            elif entry["entry"] == "decision":
                t_s, now = next(decided)
                was = float(entry["exposure"])
                rows.append(Side(t_s, in_force, was, now.exposure, entry["reason"], now.reason))
        return rows

    @property
    def changes(self) -> list[Side]:
        """The ticks at which one of both wants another exposure than at the tick before."""
        before = [None, *((one.recorded, one.decided) for one in self.sides)]
        pairs = zip(before, self.sides, strict=False)
        return [one for was, one in pairs if was != (one.recorded, one.decided)]

    def to_dict(self) -> dict[str, Any]:
        """Return what `simcert replay --json` prints."""
        first = self.replay.first_difference
        shown = first and {"t": first.t_s, "recorded": first.recorded, "decided": first.decided}
        answer = {
            "policy": self.policy,
            "decisions": len(self.replay.decisions),
            "identical": self.identical,
            "first_difference": shown,
            "missing": list(self.missing),
            "ended": self.ended,
        }
        if not self.other:
            return answer
        rows = [{"t": one.t_s, **{k: v for k, v in one._asdict().items() if k != "t_s"}}
                for one in self.changes]  # fmt: skip
        return {**answer, "side_by_side": rows, "beyond_record": self.beyond, "unknown": UNKNOWN}

    @property
    def beyond(self) -> dict[str, int]:
        """At how many ticks the other policy wants more, or less, than the evidence was made of."""
        return {
            "more": sum(one.decided > one.in_force + TINY for one in self.sides),
            "less": sum(one.decided < one.in_force - TINY for one in self.sides),
        }

    @property
    def decisions(self) -> "pd.DataFrame":
        """One row a decision that was made again: t_s, exposure, kind, reason."""
        import pandas as pd

        rows = [(t, d.exposure, d.kind.value, d.reason) for t, d in self.replay.decisions]
        return pd.DataFrame(rows, columns=["t_s", "exposure", "kind", "reason"])

    @property
    def side_by_side(self) -> "pd.DataFrame":
        """One row a tick: what was in force, what was recorded, what is decided now, and why."""
        import pandas as pd

        return pd.DataFrame(self.sides, columns=list(Side._fields))

    def _repr_html_(self) -> str:
        from simcert.lab.html import replayed_html

        return replayed_html(self)

    def words(self) -> str:
        """Return the answer in words."""
        return in_words(self)


def replay(journal: str | Path, policy: Policy | str | Path | None = None) -> Replayed:
    """Decide a recorded rollout again; InputError if the file is no journal of ours."""
    return _decided(journal, policy)[0]


def evidence(journal: str | Path, policy: Policy | str | Path | None = None) -> Analyzer:
    """Return what the last attempt of a record knew at its end, by the channels of a policy."""
    return _decided(journal, policy)[1].analyzer


def _decided(journal: str | Path, policy: Policy | str | Path | None) -> tuple[Replayed, Rollout]:
    path = path_of("a journal", journal)
    start, *entries = file.entries(path)
    if all(entry["entry"] != "decision" for entry in entries):
        raise InputError(f"{path}: records no decision, so there is nothing to decide again")
    label, flown = _policy(start, policy, str(path))
    if policy is not None and start["truth"] is None and "needs_truth" in flown.tags:
        raise InputError(
            f"{path}: tells no truth, and {label} decides by nothing else; "
            "`simcert compare` flies it in the simulator"
        )
    rollout = Rollout(
        flown,
        analyzer_maker(flown),
        _part(Plan, start["plan"], path),
        prior=_part(Prior, start["prior"], path),
        truth=_part(Truth, start["truth"], path),
    )
    try:
        told = [start, *entries]  # a state counts for the policy of the start entry
        again = decide_again(told, rollout, counterfactual=policy is not None)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    known = {**start, "plan": rollout.plan.to_dict()}
    return Replayed(label, again, entries, policy is not None, gaps(known, entries)), rollout


def _policy(
    start: Mapping[str, Any], asked: Policy | str | Path | None, name: str
) -> tuple[str, Policy]:
    if asked is None:
        try:
            return start["policy"], policies.made(start["policy"], start["params"], name)
        except UnknownNameError as error:
            said = f"{name}: was flown by a policy that is not installed: {error}"
            raise InputError(f"{said}; give its file: --policy {start['policy']}.py") from error
    if isinstance(asked, str | Path):
        return policies.label(asked), policies.parse(asked)
    return stem(asked), asked


def _part(cls: type[Any], values: Mapping[str, Any] | None, path: Path) -> Any:  # noqa: ANN401
    try:
        return None if values is None else cls(**values)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: start entry holds no valid {cls.__name__}: {error}") from error
