"""Apart: a stranger's class is judged in a process of its own, which may hang, die or fill memory.

`serve` is what that process does: it writes one JSON line for the class and one a check, to what
was its standard output; what the class prints goes to standard error.
"""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from simcert.checks.suite import Result, checks_of, judged, name_of, suspect
from simcert.errors import InputError, MachineError, SimcertError

MEMORY_BYTES = 4 << 30
SERVE = "import sys; from simcert.checks.apart import serve; serve(sys.argv[1], int(sys.argv[2]))"


@dataclass(frozen=True, slots=True)
class Judged:
    """What was judged, what it declares to be unusual, and what each check found."""

    kind: str
    tags: tuple[str, ...]
    results: list[Result] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(one.passed for one in self.results)


def judge_apart(name: str, limit_s: float = 60.0) -> Judged:
    """Return the results for a .py file or a catalogue's name; a check may take `limit_s`.

    A check that hangs, or that kills the process, has failed; the others are still made. InputError
    says what keeps the class from being loaded: then nothing was asked that could be answered "no".
    """
    head, done = _begin(name, 0, limit_s)
    judged_ = Judged(head["kind"], tuple(head["tags"]))
    results, names = judged_.results, head["checks"]
    results.extend(done)
    while len(results) < len(names):
        why = f"gave no answer within {limit_s:g} s, or its process died (memory, exit)"
        results.append(Result(names[len(results)], False, why))
        if len(results) < len(names):
            results.extend(_begin(name, len(results), limit_s)[1])
    return judged_


def _begin(name: str, first: int, limit_s: float) -> tuple[dict[str, Any], list[Result]]:
    """Judge from check number `first` on, in a new process; return as far as it came."""
    call = [sys.executable, "-P", "-c", SERVE, name, str(first)]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        lines = _lines(process, limit_s)
        head = next(lines, None)
        done = [] if head is None or "error" in head else [Result(**one) for one in lines]
        process.kill()
    if head is None:
        raise InputError(f"{name}: loading it gave no answer within {limit_s:g} s, or exited")
    if "error" in head:
        raise MachineError(head["error"]) if head["machine"] else InputError(head["error"])
    return head, done


def _lines(process: "subprocess.Popen[bytes]", limit_s: float) -> Iterator[dict[str, Any]]:
    """Yield what the process writes, until it ends or takes longer than `limit_s` for a line."""
    assert process.stdout is not None
    pipe, rest = process.stdout.fileno(), b""
    while select.select([pipe], [], [], limit_s)[0]:
        more = os.read(pipe, 65_536)
        *lines, rest = (rest + more).split(b"\n")
        yield from map(json.loads, lines)
        if not more:
            return


def serve(name: str, first: int) -> None:
    """Be the process apart."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    _bound_memory()
    try:
        cls = suspect(name)
        checks = [name_of(one) for one in checks_of(cls)]
    except SimcertError as error:
        answers.write(
            json.dumps({"error": str(error), "machine": isinstance(error, MachineError)}) + "\n"
        )
        return
    kind = "policy" if hasattr(cls, "decide") else "detector"
    tags = sorted(map(str, getattr(cls, "tags", ())))
    answers.write(json.dumps({"kind": kind, "tags": tags, "checks": checks}) + "\n")
    for one in judged(cls, first):
        answers.write(json.dumps(asdict(one)) + "\n")


def _bound_memory() -> None:
    with suppress(ImportError, OSError, ValueError):  # not everywhere
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
