"""Where in a scenario a file or name was given: errors of what it names say so."""

from collections.abc import Iterator
from contextlib import contextmanager

from simcert.errors import InputError
from simcert.scenario.files import parsed
from simcert.scenario.lines import LineFinder
from simcert.scenario.schema import Scenario


@contextmanager
def at(scenario: Scenario, key: str) -> Iterator[None]:
    """Let an InputError say the scenario's file, the line, and the dotted key that led to it."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{_place(scenario, key)}: {key}: {error}") from error


def _place(scenario: Scenario, key: str) -> str:
    path = scenario.folder / f"{scenario.stem}.toml"
    line = (parsed(path)[1] if path.is_file() else LineFinder()).of(key)
    return f"{path}:{line}" if line else str(path)
