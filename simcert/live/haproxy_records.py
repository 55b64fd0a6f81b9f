"""HAProxy's log lines as record batches: columns at once, no line is looked at alone.

The line is the one that `HaproxyPlan` prints (`v1|pid|counter|frontend|ok or err|...`). What was
lost on the way is known exactly, for HAProxy numbers the lines of each frontend.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from simcert.live import _columns as columns
from simcert.live._prefixes import LOOPBACK, prefixes
from simcert.live.haproxy_outcomes import HaproxyOutcomes
from simcert.model import FEATURES, OK, RESUMED, RecordBatch

PIPES = 17
SEGMENTS_MAX = 32
NAMED_AFTER = 50  # lines with a cipher list before it is a segment of its own
PROCESSES_MAX = 64  # frontends of processes remembered; a reload makes new ones
REORDERED = 1000  # numbers by which threads overtake each other; further back is a new process
OTHER, SILENT = "other", "no_hello"
_TLS13, _ECDSA, _H2 = (1 << FEATURES.index(name) for name in ("tls13", "ecdsa", "h2"))
_PIPE, _N, _O, _DASH, _THREE, _TWO = (ord(letter) for letter in "|no-32")
_PORT_S = 1e-9  # tells connections of one client within a millisecond apart

Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(slots=True)
class _Numbering:
    """Lines of one frontend of one process: first and highest number seen, and how many."""

    first: int
    highest: int
    received: int
    reported: int = 0

    def add(self, numbers: Places) -> None:
        """Note some numbers that came."""
        self.first = min(self.first, int(numbers.min(initial=self.first)))
        self.highest = max(self.highest, int(numbers.max(initial=self.highest)))
        self.received += len(numbers)

    @property
    def missing(self) -> int:
        """Numbers between the first and the highest that did not come."""
        return max(self.highest - self.first + 1 - self.received, 0)

    def unreported(self) -> int:
        """Return how many more are missing than at the last call."""
        new, self.reported = max(self.missing - self.reported, 0), self.missing
        return new


@dataclass(slots=True)
class HaproxyRecords:
    """Parses frames into rows; remembers what it needs to count losses and to name segments.

    `ecdsa` says of each arm whether its leaf has such a key (TLS 1.3 lines do not tell). Addresses
    that begin as one of `exempt` have no source: nothing limits their influence. Where the arm is a
    hash of the network (`hashed`), the network is the client: a coin has one unit.
    """

    epoch_s: float = 0.0
    ecdsa: tuple[bool, bool] = (False, False)
    exempt: tuple[str, ...] = LOOPBACK
    hashed: bool = False
    key: int = 1
    lines: int = 0
    unparsed: int = 0
    ignored: int = 0  # port scans, plain requests: nothing to do with a certificate
    _outcomes: HaproxyOutcomes = field(default_factory=HaproxyOutcomes)
    _numbers: dict[tuple[int, int], _Numbering] = field(default_factory=dict)
    _ended: int = 0  # lines that were missing when a process was found to be over
    _seen: dict[int, int] = field(default_factory=dict)
    _named: dict[int, str] = field(default_factory=dict)

    def parse(self, text: bytes, ends: list[int]) -> RecordBatch:
        """Return the rows of the frames that end at `ends` in `text`, in order of arrival."""
        letters = np.frombuffer(text, np.uint8)
        at = self._fields(letters, np.array(ends, np.int64))
        begin, end = at[:, :-1] + 1, at[:, 1:]
        number = {i: columns.integers(letters, begin[:, i], end[:, i]) for i in (0, 1, 6, 7, 8, 9)}
        ms, fine = self._moments(letters, begin[:, 4], end[:, 4])
        for _, good in number.values():
            fine &= good
        return self._batch(letters, begin, end, {k: v for k, (v, _) in number.items()}, ms, fine)

    def _fields(self, letters: npt.NDArray[np.uint8], ends: Places) -> Places:
        """Return the places of the bars of each line that has as many as it must, and its end."""
        bars = np.flatnonzero(letters == _PIPE)
        upto = np.searchsorted(bars, ends)
        first = np.concatenate(([0], upto[:-1])) if len(upto) else upto
        fine = upto - first == PIPES
        rows: Places = (
            bars[first[fine][:, None] + np.arange(PIPES)] if fine.any() else bars[:0, None]
        )
        rows = rows.reshape(-1, PIPES)
        headed = (letters[rows[:, 0] - 1] == ord("1")) & (letters[rows[:, 0] - 2] == ord("v"))
        self.lines += len(ends)
        self.unparsed += len(ends) - int(headed.sum())
        found: Places = rows[headed]
        return found

    @staticmethod
    def _moments(
        letters: npt.NDArray[np.uint8], begin: Places, end: Places
    ) -> tuple[npt.NDArray[np.float64], Mask]:
        """Return milliseconds since 1970 of `seconds.milliseconds`."""
        point = np.maximum(end - 4, begin)
        seconds, fine = columns.integers(letters, begin, point)
        rest, good = columns.integers(letters, point + 1, end)
        fine &= good & (letters[point] == ord("."))
        return (seconds * 1000 + rest).astype(np.float64), fine

    def _batch(
        self,
        letters: npt.NDArray[np.uint8],
        begin: Places,
        end: Places,
        number: dict[int, Places],
        ms: npt.NDArray[np.float64],
        fine: Mask,
    ) -> RecordBatch:
        """Return the rows; numbers by field: 0 pid, 1 counter, 6 port, 7 handshake, 8 and 9 errors.

        Fields are counted behind the first bar: 2 frontend, 3 kind, 4 time, 5 address, 10 resumed,
        11 version, 13 protocol, 14 cipher list, 15 extensions.
        """
        arm = (letters[end[:, 2] - 3] == _N).astype(np.uint8)
        ok = letters[begin[:, 3]] == _O
        hello, spoke = columns.integers(letters, begin[:, 14], end[:, 14])
        self._count(number[0][fine], arm[fine], number[1][fine])
        outcome, outcomes = self._judged(ok, number[8], number[9], spoke)
        self.unparsed += int(len(fine) - fine.sum())
        self.ignored += int((fine & (outcome < 0)).sum())
        kept = np.flatnonzero(fine & (outcome >= 0))
        segment, segments = self._segments(np.where(spoke, hello, -1)[kept])
        start_s = ms[kept] / 1000.0 - self.epoch_s
        took_ms = np.maximum(number[7][kept], 0)
        address = begin[:, 5][kept], end[:, 5][kept]
        if self.hashed:
            client = prefixes(letters, *address, ())
        else:
            client = columns.names(letters, *address) ^ (hello[kept] << 20)
        return RecordBatch(
            segments,
            outcomes,
            start_s + number[6][kept] * _PORT_S,
            start_s + took_ms / 1000.0,
            took_ms.astype(np.float32),
            (client.view(np.uint64) * np.uint64(self.key)).view(np.int64),
            segment,
            arm[kept],
            outcome[kept].astype(np.uint8),
            self._features(letters, begin, end, arm)[kept].astype(np.uint16),
            np.ones(len(kept), np.uint8),
            prefixes(letters, *address, self.exempt),
        )

    def _features(
        self, letters: npt.NDArray[np.uint8], begin: Places, end: Places, arm: npt.NDArray[np.uint8]
    ) -> Places:
        resumed = letters[begin[:, 10]] == ord("1")
        ecdsa = np.where(arm == 1, self.ecdsa[1], self.ecdsa[0])
        found = resumed * RESUMED + ecdsa * _ECDSA + (letters[end[:, 11] - 1] == _THREE) * _TLS13
        features: Places = found + (letters[end[:, 13] - 1] == _TWO) * _H2
        return features

    def _judged(
        self, ok: Mask, fc_err: Places, ssl_err: Places, spoke: Mask
    ) -> tuple[Places, tuple[str, ...]]:
        """Return the index of each row's outcome, -1 for none, and their names."""
        key = np.where(ok, -1, ((fc_err & 0xFF) << 40) | ((ssl_err & 0xFFFFFFFF) << 1) | spoke)
        kinds, where = np.unique(key, return_inverse=True)
        said = [
            OK if k < 0 else self._outcomes.of(k >> 40, (k >> 1) & 0xFFFFFFFF, bool(k & 1))
            for k in kinds.tolist()
        ]
        names = tuple(dict.fromkeys(name for name in said if name is not None))
        index = np.array([-1 if name is None else names.index(name) for name in said], np.int64)
        return (index[where] if len(kinds) else where.astype(np.int64)), names or (OK,)

    def _segments(self, hello: Places) -> tuple[npt.NDArray[np.uint8], tuple[str, ...]]:
        kinds, where, many = np.unique(hello, return_inverse=True, return_counts=True)
        labels = [self._label(k, n) for k, n in zip(kinds.tolist(), many.tolist(), strict=True)]
        names = tuple(dict.fromkeys(labels)) or (OTHER,)
        index = np.array([names.index(label) for label in labels] or [0], np.uint8)
        return index[where] if len(kinds) else where.astype(np.uint8), names

    def _label(self, hello: int, rows: int) -> str:
        """Return the segment of a cipher list: its own name once it is common, else `other`."""
        if hello < 0:
            return SILENT
        name = self._named.get(hello)
        if name is None and len(self._named) < SEGMENTS_MAX:
            self._seen[hello] = self._seen.get(hello, 0) + rows
            if len(self._seen) > 100 * SEGMENTS_MAX:
                self._seen.clear()  # scanners make up new ones for ever
            if self._seen.get(hello, 0) >= NAMED_AFTER:
                name = self._named[hello] = f"hello_{hello:08x}"
        return name or OTHER

    def _count(self, pid: Places, arm: npt.NDArray[np.uint8], counter: Places) -> None:
        for key in np.unique(pid * 2 + arm).tolist():
            self._numbered((key // 2, key % 2), counter[pid * 2 + arm == key])

    def _numbered(self, who: tuple[int, int], numbers: Places) -> None:
        """Count numbers in order of arrival; in a container each process has the same pid."""
        while len(numbers):
            first = int(numbers[0])
            one = self._numbers.setdefault(who, _Numbering(first, first, 0))
            before = np.maximum.accumulate(np.append(max(one.highest, first), numbers[:-1]))
            again = np.flatnonzero(numbers + REORDERED < before)
            upto = int(again[0]) if len(again) else len(numbers)
            one.add(numbers[:upto])
            numbers = numbers[upto:]
            if len(again):
                self._ended += self._numbers.pop(who).unreported()
        while len(self._numbers) > PROCESSES_MAX:
            del self._numbers[next(iter(self._numbers))]

    def lost(self) -> int:
        """Return how many more lines are missing than at the last call."""
        ended, self._ended = self._ended, 0
        return ended + sum(one.unreported() for one in self._numbers.values())
