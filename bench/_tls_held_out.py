"""Capabilities without what one certificate variant taught, found by mechanism and not by hand.

A deviation is one value by which a table of `capabilities.toml` differs from what it inherits (its
family, that family's own, at last the defaults): a field, or one element of a set, or one entry of
`says`. It is supported by the cells that go wrong once it is reset. Deviations that no cell needs
are reset first, one after another; then, for whatever is held out, those that nothing else needs.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from simcert.tls.stacks import capabilities, measured
from simcert.tls.verifier import SETS, Verifier, verifier

Cell = tuple[str, str]  # stack, variant
Deviation = tuple[str, str, str | None]  # table, field, element or key (None: the whole field)
Wrong = Callable[[str, Verifier], frozenset[str]]  # variants that a stack is then told wrongly
ABSENT = object()
MAPPINGS = frozenset({"says", "says_13"})


def lineage(stack: str) -> tuple[str, ...]:
    """Return the tables of a stack, the most general one first, as `family.X` and `client.Y`."""
    tables = capabilities()
    parent = tables["client"][stack].get("like", measured()[stack].family)
    names = [f"client.{stack}"]
    while parent is not None:
        names.insert(0, f"family.{parent}")
        parent = tables["family"][parent].get("like")
    return tuple(names)


def own(table: str) -> dict[str, Any]:
    """Return what a table sets itself."""
    kind, _, name = table.partition(".")
    return {key: value for key, value in capabilities()[kind][name].items() if key != "like"}


def plain(values: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - any field's value
    """Return an inherited value: sets as sets, and the default where no table sets it."""
    value = values[name] if name in values else getattr(Verifier(), name)
    return frozenset(value) if name in SETS else value


@cache
def deviations(stack: str) -> tuple[Deviation, ...]:
    """Return every deviation that a stack lives by, the most special ones first."""
    found: list[Deviation] = []
    values: dict[str, Any] = {}
    for table in lineage(stack):
        for name, value in own(table).items():
            found += [(table, name, part) for part in _parts(name, value, plain(values, name))]
        values |= own(table)
    return tuple(reversed(found))


def _parts(name: str, value: Any, inherited: Any) -> Iterable[str | None]:  # noqa: ANN401
    if name in SETS:
        return sorted(frozenset(value) ^ inherited)
    if name in MAPPINGS:
        keys = sorted({*value, *inherited})
        return [k for k in keys if value.get(k, ABSENT) != inherited.get(k, ABSENT)]
    return [None] if plain({name: value}, name) != inherited else []


def reduced(stack: str, reset: frozenset[Deviation]) -> Verifier:
    """Return the verifier of a stack with these deviations reset to what it inherits."""
    values: dict[str, Any] = {}
    for table in lineage(stack):
        kept = [d for d in deviations(stack) if d[0] == table and d not in reset]
        values |= {name: _kept(table, name, kept, values) for name in {d[1] for d in kept}}
    return verifier(values)


def _kept(table: str, name: str, kept: Iterable[Deviation], values: Mapping[str, Any]) -> Any:  # noqa: ANN401
    told, inherited = own(table)[name], plain(values, name)
    parts = frozenset(part for _, field, part in kept if field == name)
    if name in SETS:
        return (inherited - parts) | (frozenset(told) & parts)
    if name in MAPPINGS:
        rest = {key: value for key, value in inherited.items() if key not in parts}
        return rest | {key: value for key, value in told.items() if key in parts}
    return told


class HeldOut:
    """What remains known once cells are held out; `wrong` judges a verifier on a stack's cells."""

    def __init__(self, stacks: Iterable[str], wrong: Wrong) -> None:
        self._stacks, self._wrong = tuple(stacks), cache_by_rules(wrong)
        self._heirs: dict[Deviation, list[str]] = {}
        for stack in self._stacks:
            for deviation in deviations(stack):
                self._heirs.setdefault(deviation, []).append(stack)
        self._idle: frozenset[Deviation] = frozenset()
        self._always = self._support(None)
        for deviation in self._heirs:
            if not self._support(deviation) - self._always:
                self._idle |= {deviation}
        needed = [one for one in self._heirs if one not in self._idle]
        self._needs = {one: self._support(one) - self._always for one in needed}

    def _support(self, deviation: Deviation | None) -> frozenset[Cell]:
        """Return the cells that are told wrongly without a deviation (None: with all needed)."""
        stacks = self._stacks if deviation is None else self._heirs[deviation]
        reset = self._idle if deviation is None else self._idle | {deviation}
        return frozenset(
            (stack, variant)
            for stack in stacks
            for variant in self._wrong(stack, reduced(stack, reset))
        )

    @property
    def counts(self) -> tuple[int, int]:
        """Return how many deviations there are, and how many of them some cell needs."""
        return len(self._heirs), len(self._needs)

    def without_pair(self, stack: str, variant: str) -> Verifier:
        """Return what the other cells, the variant's at other stacks included, teach of a stack."""
        return self._left(stack, lambda cells: cells <= {(stack, variant)})

    def without_variant(self, stack: str, variant: str) -> Verifier:
        """Return what the other variants teach of a stack."""
        return self._left(stack, lambda cells: all(one == variant for _, one in cells))

    def _left(self, stack: str, alone: Callable[[frozenset[Cell]], bool]) -> Verifier:
        mine = [one for one in deviations(stack) if one in self._needs]
        return reduced(stack, self._idle | {one for one in mine if alone(self._needs[one])})


def cache_by_rules(wrong: Wrong) -> Wrong:
    """Return the same judge with a memory: many deviations do not touch many stacks."""
    known: dict[tuple[str, str], frozenset[str]] = {}

    def judge(stack: str, rules: Verifier) -> frozenset[str]:
        key = (stack, _text(rules))
        if key not in known:
            known[key] = wrong(stack, rules)
        return known[key]

    return judge


def _text(rules: Verifier) -> str:
    values = ((name, getattr(rules, name)) for name in Verifier.__slots__)
    return repr([(n, sorted(v) if isinstance(v, frozenset) else v) for n, v in values])
