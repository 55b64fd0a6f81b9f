"""The live view of a study on stderr: batches, the front so far, what racing saved."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import exp
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simcert.lab.tune.search import Trial


class Watch:
    """Hears of days and batches, and shows nothing."""

    def days(self, count: int) -> None:
        """Hear of days that were flown or read back."""

    def batch(self, trials: "Sequence[Trial]") -> None:
        """Hear of all trials so far."""


class Screen(Watch):
    """One line that tells how far it is and what was found."""

    def __init__(self, bar: Any, total: int, trials: int) -> None:  # noqa: ANN401 - rich
        self._bar, self._trials = bar, trials
        self._job = bar.add_task("searching", total=total, found="")

    def days(self, count: int) -> None:
        """Move the bar."""
        self._bar.update(self._job, advance=count)

    def batch(self, trials: "Sequence[Trial]") -> None:
        """Tell the best so far, as ratios to the defaults."""
        self._bar.update(self._job, found=told(trials, self._trials))


def told(trials: "Sequence[Trial]", planned: int) -> str:
    """Return the state of a search in one line."""
    scores = [one.score for one in trials if one.score and not one.stopped and one.score.feasible]
    stopped = sum(bool(one.stopped) for one in trials)
    line = f"trial {len(trials)} of {planned}, {stopped} stopped early, {len(scores)} fit"
    if not scores:
        return line
    harm, time = exp(min(one.harm for one in scores)), exp(min(one.time for one in scores))
    return f"{line}; best harm x{harm:.2f}, best time x{time:.2f}"


@contextmanager
def watched(total: int, trials: int, quiet: bool) -> Iterator[Watch]:
    """Yield who shows progress: nobody unless a terminal watches."""
    from rich.console import Console

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield Watch()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TextColumn("{task.fields[found]}"), console=console, transient=True
    ) as bar:
        yield Screen(bar, total, trials)
