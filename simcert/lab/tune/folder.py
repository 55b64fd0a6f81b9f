"""What a study leaves behind: policies, figures, the report, and last the manifest."""

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simcert.control.journal import params as params_of
from simcert.control.journal import stem
from simcert.lab import manifest
from simcert.lab.finished import TuneFolder
from simcert.lab.folder import MANIFEST, MARK, ResultFolder, to_json
from simcert.lab.tune import words
from simcert.lab.tune.days import STUDY

if TYPE_CHECKING:
    from simcert.lab.setup import Setup
    from simcert.lab.tune.result import Tuned
    from simcert.lab.tune.search import Trial


def leave(
    folder: ResultFolder, tuned: "Tuned", identity: Mapping[str, Any], setups: "Sequence[Setup]"
) -> None:
    """Write everything, the same bytes for the same study; its days stay, so that it can go on."""
    for i, one in enumerate(tuned.members, 1):
        assert one.trial.policy is not None
        said = [*words.about(tuned, one), *words.outside(one.trial.policy, setups[0].typed)]
        folder.write(words.front_file(i), words.toml(one.trial.policy, said))
    policy = tuned.search.policy if tuned.chosen is None else tuned.chosen.trial.policy
    assert policy is not None
    said = [words.why(tuned), *words.outside(policy, setups[0].typed)]
    folder.write(words.CHOSEN, words.toml(policy, said))
    folder.write("report.md", words.report(tuned))
    told = told_of(tuned)
    folder.write("trials.json", to_json(told.trials))
    folder.write("tune.json", to_json({**told.tune, "out": "."}))
    command = _command(tuned, identity, setups)
    done = sum(one.score is not None for one in tuned.search.trials)
    failed = len(tuned.search.trials) - done
    about = manifest.manifest(folder.path, identity, command, done, failed, without=STUDY)
    folder.write(MANIFEST, to_json(about))
    folder.remove(MARK)


def told_of(tuned: "Tuned") -> TuneFolder:
    """Return a study as its page reads it from a folder."""
    trials = [_trial(one) for one in tuned.search.trials]
    return TuneFolder({**tuned.to_dict(), **_more(tuned)}, trials, {})


def _trial(one: "Trial") -> dict[str, Any]:
    about = {"trial": one.number, "params": one.params, "stopped": one.stopped}
    if one.score is None:
        return about | {"harm": None, "time": None, "feasible": False}
    found = one.score
    return about | {"harm": found.harm, "time": found.time, "feasible": found.feasible}


def _more(tuned: "Tuned") -> dict[str, Any]:
    """Return what the page of a study needs beside its contract."""
    search = tuned.search
    return {
        "importances": tuned.importances,
        "policy": stem(search.policy),
        "defaults": params_of(search.policy),
        "chosen_trial": None if tuned.chosen is None else tuned.chosen.trial.number,
        "front_trials": [one.trial.number for one in tuned.members],
        "searched": [str(knob) for knob in search.knobs],
        "scenarios": [one.scenario.stem for one in search.setups],
        "runs": search.runs,
        "fresh_days": tuned.fresh,
    }


def _command(tuned: "Tuned", identity: Mapping[str, Any], setups: "Sequence[Setup]") -> str:
    """Return the command that makes this study again, but for place and worker count."""
    search = tuned.search
    searched = [one.place for one in search.setups]
    held = [one.place for one in setups[len(searched) :]]
    limits = search.limits
    given = {
        "policy": setups[0].typed,
        **{key: identity[key] for key in ("trials", "seed", "runs", "fresh")},
        "false-rollback-max": limits.false_rollback_max,
        "detection-max": limits.detection_max,
    }
    said = ["simcert", "tune", *searched]
    said += [word for key, value in given.items() for word in (f"--{key}", str(value))]
    said += [word for knob in search.knobs for word in ("--param", knob.asked())]
    said += [word for name in held for word in ("--held-out", name)]
    return shlex.join(said)
