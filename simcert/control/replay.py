"""Replay: decide a recorded rollout again, from the same windows, confirmations and commands."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from simcert.control.journal import decision_entry, params, stem
from simcert.control.rollout import Rollout
from simcert.errors import ContractError, InputError
from simcert.model import Decision, Window


@dataclass(frozen=True, slots=True)
class Difference:
    """The first decision that is not the recorded one."""

    t_s: float
    recorded: Mapping[str, Any]
    decided: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Replay:
    """The decisions that were made again, in order; identical means byte for byte."""

    decisions: tuple[tuple[float, Decision], ...]
    first_difference: Difference | None = None

    @property
    def identical(self) -> bool:
        """Whether every decision is the recorded one."""
        return self.first_difference is None


def replay(
    entries: Iterable[Mapping[str, Any]], rollout: Rollout, *, counterfactual: bool = False
) -> Replay:
    """Feed a fresh rollout with a journal's entries and compare its decisions with theirs.

    Under another policy (`counterfactual`) the exposures in force are still the recorded ones: it
    decides about what really happened, at every tick, and nothing follows from its words.
    InputError if an entry holds no valid window or state; the rollout is left in the state after
    the last entry.
    """
    decisions: list[tuple[float, Decision]] = []
    difference = None
    same = False
    for entry in entries:
        kind = entry["entry"]
        if kind == "start":
            same = (entry["policy"], entry["params"]) == (
                stem(rollout.policy),
                params(rollout.policy),
            )
        if kind == "state" and same:
            _restore(entry, rollout)
        if kind != "decision":
            feed(entry, rollout)
            continue
        now_s = float(entry["t"])
        decision = again(rollout, now_s)
        decisions.append((now_s, decision))
        if difference is None and _bytes(entry) != _bytes(_entry(now_s, decision)):
            difference = Difference(now_s, dict(entry), _entry(now_s, decision))
        if counterfactual:
            rollout.overruled(float(entry["exposure"]))
    return Replay(tuple(decisions), difference)


def resume(entries: Iterable[Mapping[str, Any]], rollout: Rollout) -> int:
    """Bring a fresh rollout to where its journal ends, after a crash; return how often it decided.

    Every window counts again exactly once and every decision is made again, so that nothing can be
    in force that was not authorised in writing. ContractError if the code decides otherwise now.
    """
    again = replay(entries, rollout)
    if found := again.first_difference:
        was, now = found.recorded.get("reason"), found.decided.get("reason")
        raise ContractError(f'at {found.t_s:g} s the journal says "{was}", this code "{now}"')
    return len(again.decisions)


def feed(entry: Mapping[str, Any], rollout: Rollout) -> None:
    """Give a rollout what one entry says came from outside."""
    kind = entry["entry"]
    if kind == "window":
        with suppress(ContractError):  # a detector that failed then fails now
            rollout.receive(_window(entry))
    elif kind == "confirm":
        rollout.confirm(entry["exposure"], float(entry["t"]))
    elif kind == "command":
        rollout.command(entry["word"], float(entry["t"]))


def again(rollout: Rollout, now_s: float) -> Decision:
    """Return the decision at `now_s`; a policy that breaks its duty holds."""
    try:
        return rollout.tick(now_s)
    except ContractError as error:
        return Decision(rollout.authorised, f"held: {error}")


def _restore(entry: Mapping[str, Any], rollout: Rollout) -> None:
    try:
        rollout.restore(entry["state"])
    except ContractError as error:
        raise InputError(f"journal entry at t = {entry['t']}: no valid state: {error}") from error


def _window(entry: Mapping[str, Any]) -> Window:
    try:
        return Window.from_dict(entry["window"])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(f"journal entry at t = {entry['t']}: no valid window: {error}") from error


def _entry(now_s: float, decision: Decision) -> dict[str, Any]:
    return {"entry": "decision", **decision_entry(now_s, decision)}


def _bytes(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, sort_keys=True, allow_nan=False)
