"""Where a key stands in a TOML text: a scan for headers and `key =`, as the parser keeps no lines.

Keys inside inline tables and multi-line strings are not seen: the line of their table is given
instead, never a guess.
"""

import re
from dataclasses import dataclass, field
from typing import Self

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"""^\s*("[^"]+"|'[^']+'|[A-Za-z0-9_.\-]+)\s*=""")
_INDEX = re.compile(r"\[\d+\]$")


@dataclass(slots=True)
class LineFinder:
    """Dotted key -> line; members of an array of tables are `name[0]`, `name[1]`, ..."""

    at: dict[str, int] = field(default_factory=dict)

    @classmethod
    def scan(cls, text: str) -> Self:
        """Return the finder of one file."""
        finder, table, counts, quoted = cls(), "", dict[str, int](), False
        for number, line in enumerate(text.splitlines(), start=1):
            triples = line.count('"""') + line.count("'''")
            if not quoted and (header := _HEADER.match(line)):
                table = _table_name(header[1], header[2], counts)
                finder.at.setdefault(table, number)
            elif not quoted and (key := _KEY.match(line)):
                name = key[1].strip("\"'")
                finder.at.setdefault(f"{table}.{name}" if table else name, number)
            quoted ^= triples % 2 == 1
        return finder

    def of(self, path: str) -> int:
        """Return the line of `path`, or of the nearest table around it; 0 if nothing is known."""
        while path and path not in self.at:
            path = _INDEX.sub("", path) if _INDEX.search(path) else path.rpartition(".")[0]
        return self.at.get(path, 0)


def _table_name(brackets: str, name: str, counts: dict[str, int]) -> str:
    if brackets == "[":
        return name
    counts[name] = counts.get(name, -1) + 1
    return f"{name}[{counts[name]}]"
