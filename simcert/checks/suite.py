"""Suites: run all checks on somebody's class and report each by name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from simcert.checks import detectors, policies
from simcert.model import discovery

Check = Callable[[Any], None]


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
    return _checks(detectors)


def _checks(module: ModuleType) -> tuple[Check, ...]:
    return tuple(value for name, value in vars(module).items() if name.startswith("check_"))


def judge_policy(cls: type) -> list[Result]:
    """Return the result of every check of a policy's class."""
    return [_judge(check, cls) for check in policy_checks()]


def judge_policy_file(path: str | Path) -> list[Result]:
    """Return the results for the one public class in a file; InputError if there is none."""
    return judge_policy(discovery.class_in_file(Path(path)))


def _judge(check: Check, cls: type) -> Result:
    name = check.__name__.removeprefix("check_")
    try:
        check(cls)
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
        return Result(name, False, f"{type(error).__name__}: {error}")
    return Result(name, True, (check.__doc__ or "").splitlines()[0])
