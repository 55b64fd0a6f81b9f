"""Live progress of a batch on stderr: silent unless somebody watches a terminal."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

Seen = Callable[[Sequence[dict[str, Any]]], None]


@contextmanager
def progress(total: int, quiet: bool = False) -> Iterator[Seen]:
    """Yield what to call with each block of rows that arrives."""
    from rich.console import Console

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield _unseen
        return
    with _bar(console) as bar:
        job = bar.add_task("flying", total=total, failed="")
        crashed = 0

        def seen(rows: Sequence[dict[str, Any]]) -> None:
            nonlocal crashed
            crashed += sum(row["error"] is not None for row in rows)
            bar.update(job, advance=len(rows), failed=f"{crashed} crashed" if crashed else "")

        yield seen


def _unseen(rows: Sequence[dict[str, Any]]) -> None:
    """Nobody watches."""
    del rows


def _bar(console: Any) -> Any:  # noqa: ANN401 - rich is imported late
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("[red]{task.fields[failed]}"),
        console=console,
        transient=True,
    )
