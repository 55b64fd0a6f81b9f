"""Chains that the catalogue was not written from: several faults at once, odd usages, bare roots.

16 programs of Debian 12 and the Python index met them on loopback; see data/README.md.
"""

import base64
import datetime as dt
import gzip
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from simcert.tls import CertificateChain, ServerSettings, TrustStore, catalogue, predict
from simcert.tls.hello import ClientHello
from tests.tls.cells import DATA, HOST, block
from tests.tls.misses import check, joined

AT = dt.datetime(2026, 11, 24, 3, 45, tzinfo=dt.UTC)
SETS = ("several_faults", "single_faults", "further_faults")


@cache
def recorded() -> dict[str, Any]:
    with gzip.open(DATA / "crosschecked.json.gz", "rt") as file:
        told: dict[str, Any] = json.load(file)
    return told


def pem(name: str, indices: Sequence[int]) -> bytes:
    certificates = recorded()["sets"][name]["certificates"]
    return b"".join(block(base64.b64decode(certificates[index])) for index in indices)


@cache
def told_wrongly(name: str) -> Mapping[str, list[str]]:
    told = recorded()["sets"][name]
    chains = {v: CertificateChain.from_pem(pem(name, i)) for v, i in told["chains"].items()}
    roots = {v: TrustStore.from_pem(pem(name, i)) for v, i in told["roots"].items()}
    hellos = {s: ClientHello.from_dict(h) for s, h in recorded()["hellos"].items()}
    wrong: dict[str, list[str]] = defaultdict(list)
    for stack, variant, tls, seen in told["cells"]:
        client = replace(catalogue()[stack], hello=hellos[stack])
        server = ServerSettings(versions=(tls,))
        prediction = predict(
            client, chains[variant], server, trust=roots[variant], host=HOST, at=AT
        )
        if prediction.seen != seen:
            wrong[stack].append(f"{name}/{variant}/{tls}")
    return wrong


def misses() -> Mapping[str, list[str]]:
    return joined(map(told_wrongly, SETS))


def test_no_cell_is_told_otherwise_than_it_was() -> None:
    check("crosschecked", misses())


@pytest.mark.parametrize("name", SETS)
def test_real_clients_do_what_is_predicted_of_chains_not_seen_before(name: str) -> None:
    wrong = told_wrongly(name)
    assert sum(map(len, wrong.values())) <= 0.02 * len(recorded()["sets"][name]["cells"]), wrong
