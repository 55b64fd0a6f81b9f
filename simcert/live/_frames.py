"""Syslog frames of a TCP stream, by octet count (RFC 6587, 3.4.1); damage costs its own lines only.

A stream that begins in the middle, or skips, is picked up again at the next thing that looks like
the head of a frame; what was skipped is counted.
"""

import re
from dataclasses import dataclass

LINE_BYTES_MAX = 8192
_HEAD = re.compile(rb"(?<!\d)\d{2,4} <\d{1,3}>1 ")


@dataclass(slots=True)
class Frames:
    """One connection's bytes so far; `take` leaves the incomplete rest for the next time."""

    rest: bytes = b""
    skipped: int = 0  # places where bytes were no frame

    def take(self, data: bytes) -> tuple[bytes, list[int]]:
        """Return the bytes of all whole frames, and the end of each in them."""
        text = self.rest + data if self.rest else data
        ends: list[int] = []
        at, size, find, append = 0, len(text), text.find, ends.append
        while at < size:
            space = find(b" ", at, at + 6)
            head = text[at:space] if space > at else b""
            if not head.isdigit() or int(head) > LINE_BYTES_MAX:
                if space < 0 and size - at < 6:
                    break  # the head itself is not here yet
                at = self._next(text, at)
                continue
            end = space + 1 + int(head)
            if end > size:
                break
            append(end)
            at = end
        self.rest = text[at:]
        return text, ends

    def _next(self, text: bytes, at: int) -> int:
        """Return where the next frame seems to begin, or where it might if more came."""
        self.skipped += 1
        found = _HEAD.search(text, at + 1)
        return found.start() if found else len(text)
