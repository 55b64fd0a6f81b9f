"""Yardstick of the handshake model: agreement with measured cells, and with cells left out.

`python bench/tls_yardstick.py FOLDER` reads `tls_calibration.csv`, `client_hellos.json` and
`certificates/` of a folder. In-sample: every cell with the catalogue's own configuration. Left-out
configurations (whole families): the client is known by its ClientHello and family name (by its
ClientHello alone). The rules themselves were written with all cells in view; so the two left-out
tiers are honest about configurations, and unseen variants need a fresh file.
"""

import argparse
import csv
import datetime as dt
import json
from collections import Counter, defaultdict
from pathlib import Path

from simcert.tls import CertificateChain, ServerSettings, TrustStore, client_from_hello, predict
from simcert.tls.catalogue import measured

AT = dt.datetime(2026, 11, 23, 17, 28, 30, tzinfo=dt.UTC)


class Score:
    """Counts of right answers of one tier."""

    def __init__(self):
        self.n = Counter()
        self.right = Counter()
        self.misses = []

    def add(self, row, told):
        wanted = row["saw_norm"].split("(")[0]
        ok = row["client_ok"] == "1"
        parts = {"client_ok": told.client_ok == ok, "seen": told.seen == wanted}
        if not ok and not wanted.startswith("server_abort"):
            parts["seen of rejects"] = told.seen == wanted
        if wanted.startswith("server_abort") or told.seen.startswith("server_abort"):
            parts["server_abort"] = told.seen == wanted
        for name, right in parts.items():
            self.n[name] += 1
            self.right[name] += right
        if not parts["seen"]:
            self.misses.append((row["stack"], row["variant"], row["server_tls"], wanted, told.seen))

    def line(self, title):
        cells = "  ".join(
            f"{name} {self.right[name] / self.n[name]:7.2%} of {self.n[name]:5d}"
            for name in ("client_ok", "seen", "seen of rejects", "server_abort")
            if self.n[name]
        )
        return f"{title:28s} {cells}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--misses", action="store_true")
    options = arguments.parse_args()
    rows = [
        row
        for row in csv.DictReader((options.folder / "tls_calibration.csv").open())
        if row["stable"] == "1"
    ]
    hellos = json.loads((options.folder / "client_hellos.json").read_text())
    certificates = options.folder / "certificates"
    trust = TrustStore.from_pem(certificates / "trusted_roots.pem")
    chains = {
        v: CertificateChain.from_pem(certificates / f"{v}.pem")
        for v in {r["variant"] for r in rows}
    }
    families = {row["stack"]: row["family"] for row in rows}
    known = measured()

    def tell(client, row):
        tls = row["server_tls"]
        server = ServerSettings(versions=("1.2", "1.3") if tls == "auto" else (tls,))
        return predict(client, chains[row["variant"]], server, trust=trust, host="localhost", at=AT)

    without = {
        "known configurations": lambda s: known[s],
        "configuration left out": lambda s: client_from_hello(
            hellos[s], families[s], known={n: c for n, c in known.items() if n != s}
        ),
        "family left out": lambda s: client_from_hello(
            hellos[s], "new", known={n: c for n, c in known.items() if c.family != families[s]}
        ),
    }
    for title, client_of in without.items():
        clients = {stack: client_of(stack) for stack in families}
        score = Score()
        for row in rows:
            score.add(row, tell(clients[row["stack"]], row))
        print(score.line(title))
        if options.misses:
            grouped = defaultdict(list)
            for stack, variant, tls, wanted, got in score.misses:
                grouped[stack, wanted, got].append(f"{variant}/{tls}")
            for (stack, wanted, got), where in sorted(grouped.items()):
                print(
                    f"    {stack}: {wanted} but told {got}: {' '.join(where)} [{clients[stack].likeness}]"
                )


if __name__ == "__main__":
    main()
