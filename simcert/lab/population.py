"""Populations: the built-in ones, files, and what a terminator's log says of one's own clients."""

import gzip
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from simcert.errors import InputError
from simcert.lab import outputs
from simcert.model import given
from simcert.scenario.cohorts import mix_file
from simcert.scenario.files import no_such, read_toml
from simcert.tls import catalogue, mixes
from simcert.tls.logs import LogCounts, count_hellos
from simcert.tls.logs_hello import decoded
from simcert.tls.logs_match import Matcher, fingerprint
from simcert.tls.profiles import mix_sources

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

UNMATCHED_MAX = 50  # fingerprints told; the rest is one line
REST = "(rest)"


def shares_of(name: str) -> Mapping[str, float]:
    """Return client -> share of a built-in population, a file, or one client alone."""
    if name.endswith(".toml"):
        return mix_file(Path(name))
    if name in mixes():
        return mixes()[name]
    if name in catalogue():
        return {name: 1.0}
    raise no_such("population", name, [*mixes(), *catalogue()], ".toml")


def listed() -> dict[str, Any]:
    """Return all built-in populations and all clients, as `population list --json` prints them."""
    known = catalogue()
    populations = [
        {"name": name, "clients": len(shares), "sources": sources_of(name)}
        for name, shares in mixes().items()
    ]
    clients = [
        {"client": name, "name": one.title or name, "measured": one.measured}
        for name, one in sorted(known.items())
    ]
    return {"populations": populations, "clients": clients}


def shown(name: str) -> dict[str, Any]:
    """Return one population, largest share first, as `population show --json` prints it."""
    shares = sorted(shares_of(name).items(), key=lambda item: (-item[1], item[0]))
    clients = [{"client": client, "share": share} for client, share in shares]
    return {"name": name, "clients": clients, "sources": sources_of(name)}


@dataclass(frozen=True)
class Population:
    """Who connects: clients with their share of connections, and where the shares come from."""

    name: str
    shares: Mapping[str, float] = field(repr=False)
    sources: tuple[str, ...] = field(repr=False)

    @property
    def clients(self) -> "pd.DataFrame":
        """One row a client, largest share first: client, name, measured, share."""
        import pandas as pd

        known = catalogue()
        rows = [
            (client, known[client].title or client, known[client].measured, share)
            for client, share in sorted(self.shares.items(), key=lambda one: (-one[1], one[0]))
        ]
        return pd.DataFrame(rows, columns=["client", "name", "measured", "share"])

    def plot(self) -> "Figure":
        """Return the largest shares as bars."""
        from simcert.lab.figures.shares import plot_population

        return plot_population(self)

    def _repr_html_(self) -> str:
        from simcert.lab.html import population_html

        return population_html(self)


def population(name: str) -> Population:
    """Return a built-in population, one of a file, or one client alone; as `predict` takes it."""
    return Population(Path(name).stem, shares_of(name), tuple(sources_of(name)))


def sources_of(name: str) -> list[str]:
    """Return where the shares of a population come from."""
    if name.endswith(".toml"):
        return [str(one) for one in read_toml(Path(name)).get("sources", [])]
    return [mix_sources()[name]] if name in mix_sources() else []


@dataclass(slots=True)
class Imported:
    """What a log said: handshakes per client, by how they were matched, and what was not."""

    counts: LogCounts
    exact: Counter[str] = field(default_factory=Counter)
    similar: Counter[str] = field(default_factory=Counter)
    unmatched: Counter[str] = field(default_factory=Counter)

    @property
    def matched(self) -> int:
        """Handshakes whose client was found."""
        return self.exact.total() + self.similar.total()

    def shares(self) -> dict[str, float]:
        """Return the share of each client among the matched handshakes; they sum to 1."""
        both = self.exact + self.similar
        return {client: n / self.matched for client, n in both.most_common()}

    def to_dict(self, out: str | None) -> dict[str, Any]:
        """Return the figures as `population import --json` prints them."""
        handshakes = self.counts.handshakes
        return {
            "lines": self.counts.lines,
            "handshakes": handshakes,
            "unparsed": self.counts.unparsed,
            "matched_share": self.matched / handshakes if handshakes else None,
            "exact_share": self.exact.total() / handshakes if handshakes else None,
            "clients": [
                {"client": c, "share": s, "exact": self.exact[c], "similar": self.similar[c]}
                for c, s in self.shares().items()
            ],
            "unmatched": [{"fingerprint": f, "handshakes": n} for f, n in self._told()],
            "out": out,
        }

    def _told(self) -> Iterator[tuple[str, int]]:
        ranked = self.unmatched.most_common()
        yield from ranked[:UNMATCHED_MAX]
        if rest := sum(n for _, n in ranked[UNMATCHED_MAX:]):
            yield REST, rest


def import_log(log: str | Path) -> Imported:
    """Return what the log file says of its clients; InputError if no line of it is understood."""
    counts = _counted(Path(log))
    if not counts.handshakes:
        raise InputError(
            f"{log}: none of {counts.lines} lines shows a ClientHello; the formats that are read "
            "stand in docs/population-logs.md"
        )
    found = Imported(counts)
    matcher = Matcher(catalogue(), _common())
    for (kind, text), n in counts.hellos.items():
        hello = decoded(kind, text)
        if hello is None:
            counts.handshakes -= n
            counts.unparsed += n
            continue
        match = matcher.match(hello)
        if match is None:
            found.unmatched[fingerprint(hello)] += n
        else:
            (found.exact if match.exact else found.similar)[match.client] += n
    if counts.forgotten:
        found.unmatched[REST] += counts.forgotten
    return found


def save(found: Imported, log: str | Path, out: str | Path) -> None:
    """Write a population file that scenarios and `predict` read."""
    if not found.matched:
        raise InputError(f"{log}: no ClientHello in it is known; there is no population to write")
    lines = [f'"{client}" = {share!r}' for client, share in found.shares().items()]
    source = f"{Path(log).name}: {found.matched} of {found.counts.handshakes} handshakes matched"
    text = f'sources = ["{_plain(source)}"]\n\n[clients]\n' + "\n".join(lines) + "\n"
    outputs.write("--out", out, text, _is_population)


def _is_population(head: bytes) -> bool:
    return b"[clients]" in head


def _common() -> dict[str, float]:
    """Return how common each client is: its largest share in a built-in population."""
    shares: dict[str, float] = {}
    for mix in mixes().values():
        for client, share in mix.items():
            shares[client] = max(share, shares.get(client, 0.0))
    return shares


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isprintable() and c not in '"\\')


def _counted(path: Path) -> LogCounts:
    try:
        with given.opened(path, "give a log of handshakes") as file:
            return count_hellos(_unpacked(file, path))
    except InputError:
        raise
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path}: cannot be read: {reason}") from error


def _unpacked(file: BinaryIO, path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(file, "rb")) if path.suffix == ".gz" else file
