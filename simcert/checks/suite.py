"""Suites: run all checks on somebody's class and report each by name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from simcert.checks import detectors, mergers, policies
from simcert.errors import ContractError
from simcert.model import discovery
from simcert.scenario.files import no_such

Check = Callable[[Any], None]
NO_MERGE = "Not asked: it offers no merge, and owes none."


@dataclass(frozen=True, slots=True)
class Result:
    """One check of one class; `message` says what was broken, or what the check is about."""

    check: str
    passed: bool
    message: str


def policy_checks() -> tuple[Check, ...]:
    """Return the checks of policies, in the order in which they are written."""
    return _checks(policies)


def detector_checks() -> tuple[Check, ...]:
    """Return the checks of detectors, in the order in which they are written."""
    return _checks(detectors) + _checks(mergers)


def _checks(module: ModuleType) -> tuple[Check, ...]:
    return tuple(value for name, value in vars(module).items() if name.startswith("check_"))


def judge_policy(cls: type) -> list[Result]:
    """Return the result of every check of a policy's class."""
    return [judge(check, cls) for check in policy_checks()]


def judge_policy_file(path: str | Path) -> list[Result]:
    """Return the results for the one public class in a file; InputError if there is none."""
    return judge_policy(discovery.class_in_file(Path(path)))


def suspect(name: str) -> type:
    """Return the class in a .py file, or of that name in a catalogue, plugins included."""
    if name.endswith(".py"):
        return discovery.class_in_file(Path(name))
    known = {p: discovery.discover(p) for p in ("simcert.policy", "simcert.detect")}
    for catalogue in known.values():
        if name in catalogue:
            return catalogue[name]
    names = [stem for catalogue in known.values() for stem in catalogue]
    raise no_such("policy or detector", name, names, ".py")


def checks_of(cls: type) -> tuple[Check, ...]:
    """Return the suite for a class, by what it can do; ContractError if it can do neither."""
    if hasattr(cls, "decide"):
        return policy_checks()
    if hasattr(cls, "update"):
        return detector_checks()
    raise ContractError(
        f"{cls.__module__.removeprefix(discovery.OUTSIDE)}: {cls.__name__} is neither a policy "
        "(it has no decide) nor a detector (it has no update)"
    )


def judge(check: Check, cls: type) -> Result:
    """Return the result of one check; whatever a stranger's code raises is a failure."""
    name = name_of(check)
    if check in _checks(mergers) and not hasattr(cls, "merge"):
        return Result(name, True, NO_MERGE)
    try:
        check(cls)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - anything at all
        return Result(name, False, f"{type(error).__name__}: {_line(error)}")
    return Result(name, True, (check.__doc__ or "").splitlines()[0])


def name_of(check: Check) -> str:
    """Return what people call a check."""
    return check.__name__.removeprefix("check_")


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:500]


def judged(cls: type, first: int = 0) -> Iterator[Result]:
    """Yield the results of the suite that fits a class, from check number `first` on."""
    return (judge(check, cls) for check in checks_of(cls)[first:])
