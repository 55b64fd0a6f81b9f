"""`tune`: search a policy's parameters, then ask fresh days whether the find was luck."""

import os
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from importlib import metadata
from pathlib import Path

from simcert.errors import InputError
from simcert.lab import manifest
from simcert.lab.folder import ResultFolder
from simcert.lab.seeds import BITS, checked
from simcert.lab.setup import Setup, prepare
from simcert.lab.tune.days import Flyer
from simcert.lab.tune.folder import leave
from simcert.lab.tune.progress import watched
from simcert.lab.tune.result import Member, Tuned
from simcert.lab.tune.score import Limits, Story, score
from simcert.lab.tune.search import Search, Trial, optuna_
from simcert.lab.tune.space import space
from simcert.lab.tune.verdict import Comparison, compared
from simcert.model import Policy
from simcert.scenario import Scenario, policies, stems

FRONT_MAX = 8  # members of the front that are flown again


def tune(
    scenarios: Sequence[str | Path | Scenario],
    policy: str | Path | Policy = "adaptive",
    trials: int = 40,
    seed: int = 0,
    jobs: int | None = None,
    out: str | Path = "results/tune",
    *,
    knobs: Sequence[str] = (),
    space_file: str | Path | None = None,
    held_out: Sequence[str | Path | Scenario] | None = None,
    runs: int = 12,
    fresh: int = 24,
    false_rollback_max: float = 0.01,
    detection_max: float = 1.25,
    quiet: bool = False,
) -> Tuned:
    """Search for parameters with less harm and less time than the policy has now.

    `knobs` name parameters (`NAME`, `NAME=LOW:HIGH`, `NAME=A|B`); `held_out` are scenarios that
    only judge the chosen point: all built-in ones that are not searched, if None. Equal calls give
    equal bytes whatever `jobs`, and an interrupted one goes on. InputError for what cannot be
    searched or a corrupt study, MachineError without Optuna or if `out` cannot be written.
    """
    optuna_()
    _refuse_too_few(trials=(trials, 1), runs=(runs, 2), fresh=(fresh, 2))
    made = policies.parse(policy) if isinstance(policy, str | Path) else policy
    found = space(made, knobs, space_file)
    setups = [prepare(one, made) for one in _unique(scenarios)]
    if isinstance(policy, str | Path):
        setups = [replace(one, typed=str(policy)) for one in setups]
    others = [prepare(one, made) for one in _others(setups, held_out)]
    limits = Limits(false_rollback_max, detection_max)
    identity = manifest.identity([*setups, *others], runs=runs, seed=checked(seed), batch="tune")
    identity |= {
        "trials": trials,
        "fresh": fresh,
        "limits": repr(limits),
        "space": list(map(str, found)),
        "searched": len(setups),
        "optuna": metadata.version("optuna"),
    }
    folder = ResultFolder.claim(out, identity)
    workers = jobs or len(os.sched_getaffinity(0))
    with watched(quiet) as watch:
        flyer = Flyer(folder, workers, watch)
        search = Search(made, found, setups, limits, runs, seed, flyer)
        search.run(trials)
        tuned = _judged(search, others, fresh, str(folder.path))
    leave(folder, tuned, identity, [*setups, *others])
    return tuned


def _refuse_too_few(**given: tuple[int, int]) -> None:
    for name, (number, least) in given.items():
        if number < least:
            raise InputError(f"--{name} {number}: at least {least}")


def _judged(search: Search, others: list[Setup], fresh: int, out: str) -> Tuned:
    """Fly the front on fresh days, choose on those, and judge the choice on others again."""
    best = sorted(search.front(), key=_sum)[:FRONT_MAX]
    members = _members(search, best, fresh)
    chosen = min((one for one in members if _gains(one)), key=_fresh_sum, default=None)
    final = _final(search, chosen, others, fresh) if chosen is not None else ()
    importances = search.importances()
    return Tuned(search, search.seed, tuple(members), chosen, final, importances, fresh, out)


def _gains(one: Member) -> bool:
    return one.fit and _fresh_sum(one) < 0.0


def _fresh_sum(one: Member) -> float:
    return one.fresh.harm + one.fresh.time


def _sum(trial: Trial) -> tuple[float, int]:
    assert trial.score is not None
    return trial.score.harm + trial.score.time, trial.number


def _members(search: Search, front: Sequence[Trial], fresh: int) -> list[Member]:
    known: dict[str, Policy] = {"fresh-defaults": search.policy}
    known |= {f"fresh-{one.label}": one.policy for one in front if one.policy is not None}
    root = other_root(search.seed, "fresh")
    search.flyer.watch.step("front, fresh days", len(known) * fresh * len(search.setups))
    flown = search.flyer.fly(search.setups, known, root, 0, fresh)
    base = flown["fresh-defaults"]
    members = []
    for one in front:
        days = flown[f"fresh-{one.label}"]
        found = score(search.stories, days, base, search.limits)
        members.append(Member(one, found, tuple(compared(search.stories, days, base))))
    return members


def _final(
    search: Search, chosen: Member, others: Sequence[Setup], fresh: int
) -> tuple[Comparison, ...]:
    """Return chosen against defaults on days that neither search nor choice has seen."""
    assert chosen.trial.policy is not None
    known = {"final-defaults": search.policy, "final-chosen": chosen.trial.policy}
    setups = [*search.setups, *others]
    search.flyer.watch.step("choice, other days", len(known) * fresh * len(setups))
    flown = search.flyer.fly(setups, known, other_root(search.seed, "final"), 0, fresh)
    stories = [Story.of(one) for one in setups]
    found = compared(stories, flown["final-chosen"], flown["final-defaults"])
    held = {one.scenario.stem for one in others}
    return tuple(replace(one, held_out=one.scenario in held) for one in found)


def other_root(seed: int, word: str) -> int:
    """Return a root seed whose days have nothing in common with those of `seed`."""
    return int.from_bytes(sha256(f"{word} {seed}".encode()).digest()[:8], "big") >> (64 - BITS)


def _unique(scenarios: Sequence[str | Path | Scenario]) -> list[str | Path | Scenario]:
    if not scenarios:
        raise InputError("nothing to tune for: name at least one scenario")
    names = [str(one.stem if isinstance(one, Scenario) else one) for one in scenarios]
    twice = sorted({one for one in names if names.count(one) > 1})
    if twice:
        raise InputError(f"named twice: {', '.join(twice)}; every scenario once")
    return list(scenarios)


def _others(
    setups: Sequence[Setup], held_out: Sequence[str | Path | Scenario] | None
) -> list[str | Path | Scenario]:
    used = {one.scenario.stem for one in setups}
    if held_out is None:
        return [path for stem, path in sorted(stems().items()) if stem not in used]
    names = [one.stem if isinstance(one, Scenario) else Path(one).stem for one in held_out]
    if both := sorted({one for one in names if one in used or names.count(one) > 1}):
        raise InputError(
            f"--held-out {both[0]}: is searched, or named twice; what is held out judges once, "
            "and has not been searched"
        )
    return list(held_out)
