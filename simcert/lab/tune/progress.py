"""The live view of a study on stderr: which step it is in, the front so far, what racing saved."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import exp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.text import Text

    from simcert.lab.tune.search import Trial


class Watch:
    """Hears of steps, days and batches, and shows nothing."""

    def step(self, name: str, days: int) -> None:
        """Hear of a step that is about to fly at most so many days."""

    def days(self, count: int) -> None:
        """Hear of days that were flown or read back."""

    def batch(self, trials: "Sequence[Trial]", planned: int, days: int) -> None:
        """Hear of all trials so far; `days` is where the step stands, those raced away included."""


class Screen(Watch):
    """Two lines: how far the step is, and what was found."""

    def __init__(self, bar: "Progress", found: "Text", draw: Callable[[], None]) -> None:
        self._bar, self._found, self._draw = bar, found, draw
        self._job = bar.add_task("", total=None)

    def step(self, name: str, days: int) -> None:
        """Begin a bar anew."""
        self._bar.reset(self._job, description=name, total=days)
        self._draw()

    def days(self, count: int) -> None:
        """Move the bar."""
        self._bar.advance(self._job, count)

    def batch(self, trials: "Sequence[Trial]", planned: int, days: int) -> None:
        """Tell the best so far, as ratios to the defaults."""
        self._bar.update(self._job, completed=days)
        self._found.plain = told(trials, planned)
        self._draw()


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
def watched(quiet: bool) -> Iterator[Watch]:
    """Yield who shows progress: nobody unless a terminal watches."""
    from rich.console import Console, Group

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield Watch()
        return
    from rich.live import Live
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    name = TextColumn("{task.description}")
    bar = Progress(name, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)
    found = Text("trial 0: the defaults, by which all others are measured")
    with Live(Group(bar, found), console=console, transient=True) as live:
        yield Screen(bar, found, live.refresh)
