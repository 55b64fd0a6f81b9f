"""Journal: one JSON line per entry, enough to decide everything again."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from simcert.control import entry
from simcert.errors import InputError, MachineError
from simcert.model import Decision, Policy, Window, discovery

if TYPE_CHECKING:
    from simcert.control.rollout import Rollout

VERSION = 1
FILE_MAX = 2_000_000_000  # bytes; a week with all its windows is a thousandth of it


class Journal:
    """Entries in order; each line goes to `sink` first, which raises MachineError if it cannot.

    After a failure nobody knows what was written: `broken` is set, nothing more is taken, until
    `state` writes down where the rollout stands, from which a replay goes on. A sink leaves no half
    line behind. `about` joins the start entry; `keep` newest lines stay in memory (None: all);
    `begun` says that the sink holds a journal already, which this one continues.
    """

    def __init__(
        self,
        sink: Callable[[str], object] | None = None,
        keep: int | None = None,
        about: Mapping[str, Any] | None = None,
        *,
        begun: bool = False,
    ) -> None:
        self._sink = sink
        self._lines: deque[str] = deque(maxlen=keep)
        self._about = dict(about or {})
        self._begun = begun
        self.broken = False

    @property
    def empty(self) -> bool:
        """Whether nothing was ever written to it."""
        return not self._begun

    def start(self, rollout: "Rollout") -> None:
        """Write what has to be known to decide again."""
        plan, policy = rollout.plan.to_dict(), rollout.policy
        values = {"version": VERSION, "policy": stem(policy), "params": params(policy)}
        known = {"prior": _values(rollout.prior), "truth": _values(rollout.truth)}
        self._mend("start", {**values, "plan": plan, **known, **self._about})

    def state(self, now_s: float, rollout: "Rollout") -> None:
        """Write down everything that a rollout knows; this mends a broken journal."""
        self._mend("state", {"t": now_s, "state": rollout.to_dict()})

    def _mend(self, kind: str, values: Mapping[str, Any]) -> None:
        """Write an entry that needs none before it, also after a failure."""
        broken, self.broken = self.broken, False
        try:
            self._add(kind, values)
        except MachineError:
            self.broken = broken or self.broken
            raise

    def window(self, now_s: float, window: Window) -> None:
        """Write a window that is about to count."""
        self._add("window", {"t": now_s, "window": window.to_dict()})

    def decision(self, now_s: float, decision: Decision) -> None:
        """Write a decision that is about to be applied."""
        self._add("decision", decision_entry(now_s, decision))

    def confirm(self, now_s: float, exposure: float) -> None:
        """Write an exposure that was read back."""
        self._add("confirm", {"t": now_s, "exposure": exposure})

    def command(self, now_s: float, word: str) -> None:
        """Write an operator's word."""
        self._add("command", {"t": now_s, "word": word})

    def error(self, now_s: float, what: str) -> None:
        """Write what failed."""
        self._add("error", {"t": now_s, "what": what})

    def end(self, now_s: float, end: str, **figures: object) -> None:
        """Write how it ended."""
        self._add("end", {"t": now_s, "end": end, **figures})

    def _add(self, kind: str, values: Mapping[str, Any]) -> None:
        if self.broken:
            raise MachineError(f"journal is broken since an earlier write: no {kind} entry")
        line = json.dumps({"entry": kind, **values}, separators=(",", ":"), allow_nan=False)
        if self._sink is not None:
            self._send(line + "\n")
        self._lines.append(line)
        self._begun = True

    def _send(self, line: str) -> None:
        assert self._sink is not None
        try:
            self._sink(line)
        except MachineError:
            self.broken = True
            raise

    def text(self) -> str:
        """Return the lines that are kept, as a file would hold them."""
        return "".join(f"{line}\n" for line in self._lines)

    def entries(self) -> list[dict[str, Any]]:
        """Return the entries that are kept."""
        return [json.loads(line) for line in self._lines]


def decision_entry(now_s: float, decision: Decision) -> dict[str, Any]:
    """Return a decision as the journal holds it."""
    return {"t": now_s, **decision.to_dict()}


def stem(policy: Policy) -> str:
    """Return the name of a policy."""
    return discovery.stem_of(type(policy))


def params(policy: Policy) -> dict[str, Any]:
    """Return the parameters of a policy as JSON values."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(policy)))  # type: ignore[call-overload]
    return values


def _values(value: Any) -> dict[str, Any] | None:  # noqa: ANN401 - a frozen dataclass or None
    return None if value is None else asdict(value)


def read(text: str, name: str = "journal") -> list[dict[str, Any]]:
    """Return the entries of a journal; a last line that a crash cut short is dropped.

    InputError names the line for everything else that is not a journal of ours.
    """
    lines = text.split("\n")
    whole, tail = lines[:-1], lines[-1]
    entries = [entry.parse(line, f"{name}:{i}") for i, line in enumerate(whole, 1)]
    if tail:
        entries += _tail(tail, f"{name}:{len(lines)}")
    _check_start(entries, name)
    return entries


def _tail(line: str, place: str) -> list[dict[str, Any]]:
    """Return the entry of a line without end, if it is whole."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return []
    return [entry.parse(line, place)]


def _check_start(entries: Iterable[Mapping[str, Any]], name: str) -> None:
    kinds = [one["entry"] for one in entries]
    if not kinds or kinds[0] != "start":
        raise InputError(f"{name}: a journal begins with a start entry; this is none")
    first = next(iter(entries))
    if first["version"] != VERSION:
        raise InputError(
            f"{name}: version {first['version']}, this simcert reads {VERSION}; replay it with the "
            "simcert that wrote it"
        )
