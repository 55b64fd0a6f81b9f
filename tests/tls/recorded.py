"""One file of recorded cells: chains, roots, ClientHellos, and what real clients did with them."""

import base64
import datetime as dt
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from simcert.tls import CertificateChain, Client, ServerSettings, TrustStore, predict
from tests.tls.cells import DATA, HOST, block


@dataclass(frozen=True)
class Recorded:
    """The cells of `tests/tls/data/<name>.json.gz`."""

    name: str

    @cached_property
    def table(self) -> dict[str, Any]:
        with gzip.open(DATA / f"{self.name}.json.gz", "rt") as file:
            told: dict[str, Any] = json.load(file)
        return told

    @cached_property
    def roots(self) -> TrustStore:
        return TrustStore.from_pem(self._pem(self.table["roots"]))

    @cached_property
    def chains(self) -> Mapping[str, CertificateChain]:
        named = self.table["chains"].items()
        return {name: CertificateChain.from_pem(self._pem(indices)) for name, indices in named}

    def _pem(self, indices: Sequence[int]) -> bytes:
        certificates = self.table["certificates"]
        return b"".join(block(base64.b64decode(certificates[index])) for index in indices)

    def told(self, client: Client, name: str, tls: str) -> str:
        at = dt.datetime.fromisoformat(self.table["at"]) + dt.timedelta(minutes=30)
        server = ServerSettings(versions=(tls,))
        chain, host = self.chains[name], self.table.get("hosts", {}).get(name, HOST)
        return predict(client, chain, server, trust=self.roots, host=host, at=at).seen

    def wrong(
        self, clients: Mapping[str, Client], cells: Iterable[Sequence[str]]
    ) -> tuple[Counter[str], Mapping[str, list[str]]]:
        """Return how many cells there are by client, and which of them are told wrongly."""
        counts: Counter[str] = Counter()
        wrong: dict[str, list[str]] = defaultdict(list)
        for stack, name, tls, seen in cells:
            counts[stack] += 1
            if self.told(clients[stack], name, tls) != seen:
                wrong[stack].append(f"{name}/{tls}")
        return counts, wrong


@cache
def recorded(name: str) -> Recorded:
    return Recorded(name)
