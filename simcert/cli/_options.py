"""Options that several commands share, and the two ways in which a command answers."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

RESULTS = Path("results")


def policy_names(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    """Complete the stem of a policy in the shell."""
    from simcert.policy import discover

    return [stem for stem in discover() if stem.startswith(typed)]


def scenario_names(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    """Complete the stem of a built-in scenario in the shell."""
    from simcert.scenario import stems

    return [stem for stem in stems() if stem.startswith(typed)]


def as_json(command: Command) -> Command:
    """Add `--json`: exactly one document on stdout."""
    help_ = "Print one JSON object on stdout."
    return click.option("--json", "json_", is_flag=True, help=help_)(command)


def fidelity(command: Command) -> Command:
    """Add `--fidelity`."""
    return click.option(
        "--fidelity",
        type=click.Choice(["counts", "records"]),
        help="Cells of counts, or a row per handshake.  [default: counts where it has a law]",
    )(command)


def out(command: Command) -> Command:
    """Add `--out`."""
    help_ = "Folder for results.  [default: a new one under results/]"
    return click.option("--out", metavar="DIR", help=help_)(command)


def fresh(name: str) -> str:
    """Return a folder under results/ that does not exist yet."""
    paths = (RESULTS / (name if n == 1 else f"{name}-{n}") for n in range(1, 1_000_000))
    return str(next(path for path in paths if not path.exists()))


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON document; `null` where a figure does not exist."""
    click.echo(json.dumps(value, indent=2, allow_nan=False))
