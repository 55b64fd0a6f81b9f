"""Yardstick of the handshake model: agreement with measured cells, and with what is left out.

`python -m bench.tls_yardstick` judges by the cells in tests/tls/data; with a FOLDER by its
`tls_calibration.csv`, `client_hellos.json` and `certificates/` (rows with `stable` = 0 are left
out). Tiers:

- known configurations: every cell, with the catalogue's own configuration;
- own capabilities left out: what only this configuration's cells could have taught (key sizes,
  hashes, limits, strictness) is taken from the family's archetype instead;
- pair left out: what nothing but one certificate variant taught of this configuration is reset to
  what it inherits, then that variant is predicted (bench/_tls_held_out.py says how);
- variant left out: the same, the variant being unknown for every configuration;
- configuration left out: the client is known by its ClientHello and family name alone;
- family left out: by its ClientHello alone.

The form of the rules, their orders and the archetypes were written with all cells in view. So the
left-out tiers measure how much rests on single cells and how well behaviour carries over, not how
well it would have been guessed without that data.
"""

import argparse
import csv
import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path

from bench._tls_held_out import HeldOut
from simcert.tls import (
    CertificateChain,
    Client,
    Prediction,
    ServerSettings,
    TrustStore,
    client_from_hello,
    predict,
)
from simcert.tls.hello import ClientHello
from simcert.tls.stacks import families, family, measured
from simcert.tls.verifier import Verifier
from tests.tls import cells as own_data

AT = dt.datetime(2026, 11, 23, 17, 28, 30, tzinfo=dt.UTC)
FIGURES = ("client_ok", "seen", "seen of rejects", "server_abort")
Row = Mapping[str, str]
OWN_FIELDS = (  # what a configuration has of its own, beside its family's archetype
    "min_rsa_bits",
    "min_ec_bits",
    "weak_hashes",
    "max_message_bytes",
    "refused_keys",
    "name_constraints",
    "strict",
    "prefers_trusted",
    "prefers_valid",
)


class Score:
    """Counts of right answers of one tier."""

    def __init__(self) -> None:
        self.n: Counter[str] = Counter()
        self.right: Counter[str] = Counter()
        self.misses: list[tuple[str, str, str, str]] = []

    def add(self, row: Row, told: Prediction) -> None:
        """Compare one prediction with one measured cell."""
        wanted = row["saw_norm"].split("(")[0]
        ok = row["client_ok"] == "1"
        agrees = {"client_ok": told.client_ok == ok, "seen": told.seen == wanted}
        if not ok and not wanted.startswith("server_abort"):
            agrees["seen of rejects"] = told.seen == wanted
        if wanted.startswith("server_abort") or told.seen.startswith("server_abort"):
            agrees["server_abort"] = told.seen == wanted
        self.n.update(agrees.keys())
        self.right.update(name for name, right in agrees.items() if right)
        if not agrees["seen"]:
            where = f"{row['variant']}/{row['server_tls']}"
            self.misses.append((row["stack"], wanted, told.seen, where))

    def line(self, title: str) -> str:
        """Return one line of the table."""
        known = [name for name in FIGURES if self.n[name]]
        cells = (
            f"{name} {self.right[name] / self.n[name]:7.2%} of {self.n[name]}" for name in known
        )
        return f"{title:26s} {'  '.join(cells)}"

    def details(self) -> str:
        """Return the misses, grouped by stack and confusion."""
        grouped: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for stack, wanted, told, where in self.misses:
            grouped[stack, wanted, told].append(where)
        lines = (f"    {s}: {w}, told {t}: {' '.join(at)}" for (s, w, t), at in grouped.items())
        return "\n".join(lines)


class Lab:
    """The measured cells and everything needed to predict them."""

    def __init__(
        self,
        rows: Iterable[Row],
        chains: Mapping[str, CertificateChain],
        trust: TrustStore,
        hellos: Mapping[str, Mapping[str, object] | ClientHello],
    ) -> None:
        self.rows, self.chains, self.trust, self.hellos = list(rows), chains, trust, hellos
        self.families = {row["stack"]: measured()[row["stack"]].family for row in self.rows}
        self.by_stack: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            self.by_stack[row["stack"]].append(row)

    @classmethod
    def of_folder(cls, folder: Path) -> "Lab":
        """Read a folder of measurements."""
        with (folder / "tls_calibration.csv").open() as file:
            rows = [row for row in csv.DictReader(file) if row["stable"] == "1"]
        read, certificates = CertificateChain.from_pem, folder / "certificates"
        chains = {v: read(certificates / f"{v}.pem") for v in {row["variant"] for row in rows}}
        trust = TrustStore.from_pem(certificates / "trusted_roots.pem")
        return cls(rows, chains, trust, json.loads((folder / "client_hellos.json").read_text()))

    @classmethod
    def of_tests(cls) -> "Lab":
        """Take the cells of the project's own tests."""
        rows = ({**cell, "saw_norm": cell["seen"]} for cell in own_data.cells())
        hellos = {name: one.hello for name, one in measured().items()}
        return cls(rows, own_data.chains(), own_data.trusted(), hellos)

    def held_out(self, name: str, known: HeldOut) -> Score:
        """Return the score of a tier in which each variant is told without what it alone taught."""
        rules_of = getattr(known, f"without_{name}")
        score = Score()
        for row in self.rows:
            rules = rules_of(row["stack"], row["variant"])
            score.add(row, self.told(replace(measured()[row["stack"]], verifier=rules), row))
        return score

    def wrong(self, stack: str, rules: Verifier) -> frozenset[str]:
        """Return the variants of which a stack with these capabilities is told wrongly."""
        client = replace(measured()[stack], verifier=rules)
        score = Score()
        for row in self.by_stack[stack]:
            score.add(row, self.told(client, row))
        return frozenset(where.partition("/")[0] for *_, where in score.misses)

    def score(self, client_of: Callable[[str], Client]) -> Score:
        """Return the score of a way to know a client by its name."""
        clients = {stack: client_of(stack) for stack in self.families}
        score = Score()
        for row in self.rows:
            score.add(row, self.told(clients[row["stack"]], row))
        return score

    def told(self, client: Client, row: Row) -> Prediction:
        """Return the prediction for one cell."""
        tls = row["server_tls"]
        server = ServerSettings(versions=("1.2", "1.3") if tls == "auto" else (tls,))
        chain = self.chains[row["variant"]]
        return predict(client, chain, server, trust=self.trust, host="localhost", at=AT)

    def without_configuration(self, stack: str) -> Client:
        """Return the client of a ClientHello whose configuration nobody has seen."""
        own = self.families[stack]
        known = {name: one for name, one in measured().items() if name != stack}
        left = any(one.family == own for one in known.values())
        return client_from_hello(self.hellos[stack], own if left else "unseen", known=known)

    def without_family(self, stack: str) -> Client:
        """Return the client of a ClientHello whose whole family nobody has seen."""
        own = self.families[stack]
        known = {name: one for name, one in measured().items() if one.family != own}
        return client_from_hello(self.hellos[stack], "unseen", known=known)


def as_archetype(stack: str) -> Client:
    """Return a known configuration without the capabilities that are its own."""
    one = measured()[stack]
    if one.family not in families() or not one.verifier.verifies:
        return one
    general = family(one.family)
    own = {f.name: getattr(general, f.name) for f in fields(general) if f.name in OWN_FIELDS}
    return replace(one, verifier=replace(one.verifier, **own))


def tiers(lab: Lab) -> Iterator[tuple[str, Score]]:
    """Yield the score of each tier, as soon as it is known."""
    yield "known configurations", lab.score(lambda stack: measured()[stack])
    yield "own capabilities left out", lab.score(as_archetype)
    known = HeldOut(lab.families, lab.wrong)
    print("{} deviations from what is inherited, {} needed by some cell".format(*known.counts))
    yield "pair left out", lab.held_out("pair", known)
    yield "variant left out", lab.held_out("variant", known)
    yield "configuration left out", lab.score(lab.without_configuration)
    yield "family left out", lab.score(lab.without_family)


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path, nargs="?")
    arguments.add_argument("--misses", action="store_true", help="list what was told wrongly")
    options = arguments.parse_args()
    for title, score in tiers(Lab.of_folder(options.folder) if options.folder else Lab.of_tests()):
        print(score.line(title))
        if options.misses:
            print(score.details())


if __name__ == "__main__":
    main()
