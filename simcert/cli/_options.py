"""Options that several commands share, and the two ways in which a command answers."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click
from click.shell_completion import CompletionItem

Command = TypeVar("Command", bound=Callable[..., Any])

RESULTS = Path("results")


class FiniteRange(click.FloatRange):
    """A number between two limits; `nan` and `inf` are none, though a comparison lets them pass."""

    name = "number"  # in help and messages, where click says "float range"

    def convert(
        self,
        value: float,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the number, or fail as click does."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return number


class WholeRange(click.IntRange):
    """A whole number not below a limit."""

    name = "integer"  # click says "integer range"


def policy_names(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete the stem of a policy in the shell, or a file."""
    from simcert.policy import discover

    return _names_or_files(discover(), typed)


def scenario_names(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete the stem of a built-in scenario in the shell, or a file."""
    from simcert.scenario import stems

    return _names_or_files(stems(), typed)


def population_names(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete the name of a built-in population in the shell, or a file."""
    from simcert.tls.profiles import mixes

    return _names_or_files(mixes(), typed)


def _names_or_files(names: Iterable[str], typed: str) -> list[CompletionItem]:
    """Return the names that fit; the shell completes files where none does."""
    fitting = [CompletionItem(name) for name in sorted(names) if name.startswith(typed)]
    return fitting or [CompletionItem(typed, type="file")]


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


@contextmanager
def resumable(place: str) -> Iterator[None]:
    """Tell who interrupts a batch how it goes on; nothing that was flown is lost."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"the same command with --out {place} goes on where it stopped", err=True)
        raise


class Answer(Protocol):
    """What a command found, for machines and for people."""

    def to_dict(self) -> dict[str, Any]: ...

    def words(self) -> str: ...


def tell(found: Answer, *, json_: bool) -> None:
    """Print an answer: one JSON document, or words."""
    if json_:
        print_json(found.to_dict())
    else:
        click.echo(found.words())


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON document; `null` where a figure does not exist."""
    click.echo(json.dumps(value, indent=2, allow_nan=False))
