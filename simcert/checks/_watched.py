"""Watched: which functions of the machine a piece of code calls, however it came by them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

OUTSIDE = frozenset({"time", "_random", "random", "posix", "nt", "_socket", "_io", "_datetime"})
"""Modules of C functions that reach out of the process, or into its clock and dice."""
CLOCKS = frozenset({"now", "utcnow", "today"})  # the rest of `datetime` is arithmetic
PURE = frozenset({"StringIO", "BytesIO", "fspath", "write", "getvalue"})


@contextmanager
def watched() -> Iterator[set[str]]:
    """Collect the calls that a pure function does not make, while the block runs in this thread."""
    called: set[str] = set()

    def note(_: FrameType, event: str, function: Any) -> None:  # noqa: ANN401 - any C function
        if event == "c_call" and (name := _named(function)):
            called.add(name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(before)


def _named(function: Any) -> str:  # noqa: ANN401 - any C function
    """Return `module.name` of a call that reaches outside, or nothing."""
    owner = getattr(function, "__self__", None)
    kind = owner if isinstance(owner, type) else type(owner)
    module = getattr(function, "__module__", None) or kind.__module__
    name = getattr(function, "__name__", "")
    if module == "datetime" or kind.__module__ == "datetime":
        return f"datetime.{name}" if name in CLOCKS else ""
    return f"{module.lstrip('_')}.{name}" if module in OUTSIDE and name not in PURE else ""
