"""`replay`: the windows of a journal, decided again by the recorded policy or by another one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simcert.control import journal as journals
from simcert.control.plan import Plan
from simcert.control.replay import Replay
from simcert.control.replay import replay as decide_again
from simcert.control.rollout import Rollout
from simcert.errors import InputError
from simcert.model import Policy, Prior, Truth
from simcert.scenario import policies
from simcert.scenario.build import analyzer_maker


@dataclass(frozen=True)
class Replayed:
    """What a policy says to a recorded rollout; without another policy it must be the same."""

    policy: str
    replay: Replay = field(repr=False)

    @property
    def identical(self) -> bool:
        """Whether every decision is the recorded one, byte for byte."""
        return self.replay.identical

    def to_dict(self) -> dict[str, Any]:
        """Return what `simcert replay --json` prints."""
        first = self.replay.first_difference
        shown = first and {"t": first.t_s, "recorded": first.recorded, "decided": first.decided}
        return {
            "policy": self.policy,
            "decisions": len(self.replay.decisions),
            "identical": self.identical,
            "first_difference": shown,
        }

    def words(self) -> str:
        """Return the answer in words."""
        n, first = len(self.replay.decisions), self.replay.first_difference
        if first is None:
            return f"{self.policy}: all {n} decisions are the recorded ones, byte for byte."
        was, now = (
            f"{one['exposure']:.4g} ({one['reason']})" for one in (first.recorded, first.decided)
        )
        return (
            f"{self.policy}: {n} decisions, the first other one at {first.t_s:.0f} s:\n"
            f"  recorded {was}\n  decided  {now}"
        )


def replay(journal: str | Path, policy: Policy | str | Path | None = None) -> Replayed:
    """Decide a recorded rollout again; InputError if the file is no journal of ours."""
    path = Path(journal)
    try:
        entries = journals.read(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}; give a journal.jsonl") from error
    start = entries[0]
    label, flown = _policy(start, policy, str(path))
    rollout = Rollout(
        flown,
        analyzer_maker(flown),
        _part(Plan, start["plan"], path),
        prior=_part(Prior, start["prior"], path),
        truth=_part(Truth, start["truth"], path),
    )
    return Replayed(label, decide_again(entries[1:], rollout))


def _policy(
    start: Mapping[str, Any], asked: Policy | str | Path | None, name: str
) -> tuple[str, Policy]:
    if asked is None:
        return start["policy"], policies.made(start["policy"], start["params"], name)
    if isinstance(asked, str | Path):
        return policies.label(asked), policies.parse(asked)
    return policies.stem_of(asked), asked


def _part(cls: type[Any], values: Mapping[str, Any] | None, path: Path) -> Any:  # noqa: ANN401
    try:
        return None if values is None else cls(**values)
    except TypeError as error:
        raise InputError(f"{path}: start entry holds no valid {cls.__name__}: {error}") from error
