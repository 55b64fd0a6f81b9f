"""The recorded cells that the model tells wrongly: known one by one, so that no other joins them.

`python -m tests.tls.misses` writes `data/known_misses.json` anew, after a rule was mended; read the
difference before committing it: a line that came is a cell that was right before.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from tests.tls.cells import DATA

FILE = DATA / "known_misses.json"
Misses = Mapping[str, Iterable[str]]  # client -> "chain/version"


def settled(wrong: Misses) -> dict[str, list[str]]:
    """Return misses in an order that does not depend on that of the cells."""
    return {stack: sorted(cells) for stack, cells in sorted(wrong.items()) if cells}


@cache
def _known() -> dict[str, dict[str, list[str]]]:
    told: dict[str, dict[str, list[str]]] = json.loads(FILE.read_text())
    return told


def check(name: str, wrong: Misses) -> None:
    """Fail where a cell is told otherwise than it was: wrongly now, or rightly and still listed."""
    differs = {
        stack: sorted(set(cells) ^ set(_known()[name].get(stack, ())))
        for stack, cells in (dict.fromkeys(_known()[name], ()) | settled(wrong)).items()
    }
    assert not {s: cells for s, cells in differs.items() if cells}, {
        s: cells for s, cells in differs.items() if cells
    }


def joined(parts: Iterable[Misses]) -> dict[str, list[str]]:
    """Return the misses of several lists of cells as one."""
    whole: dict[str, list[str]] = defaultdict(list)
    for part in parts:
        for stack, cells in part.items():
            whole[stack] += cells
    return whole


def main() -> None:
    """Write what is told wrongly now."""
    from tests.tls import test_combinations, test_crosschecked, test_host_names, test_oddities

    sources: dict[str, Callable[[], Misses]] = {
        "oddities": test_oddities.misses,
        "combinations": test_combinations.misses,
        "names": test_host_names.misses,
        "crosschecked": test_crosschecked.misses,
    }
    told = {name: settled(read()) for name, read in sources.items()}
    FILE.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
