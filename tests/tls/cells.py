"""The measured cells and their chains, read once for all tests."""

import base64
import csv
import datetime as dt
import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

from simcert.tls import CertificateChain, TrustStore

DATA = Path(__file__).parent / "data"
AT = dt.datetime(2026, 11, 23, 17, 28, 30, tzinfo=dt.UTC)
HOST = "localhost"


@cache
def cells() -> list[dict[str, str]]:
    with gzip.open(DATA / "measured_outcomes.csv.gz", "rt") as file:
        return [row for row in csv.DictReader(file) if row["variant"] in chains()]


@cache
def chains() -> dict[str, CertificateChain]:
    told = _chains()
    return {name: CertificateChain.from_pem(pem(name)) for name in told["chains"]}


@cache
def trusted() -> TrustStore:
    return TrustStore.from_pem(pem("trusted_roots"))


def pem(name: str) -> bytes:
    told = _chains()
    blocks = (told["certificates"][index] for index in told["chains"][name])
    return b"".join(block(base64.b64decode(text)) for text in blocks)


def block(der: bytes) -> bytes:
    body = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"


@cache
def _chains() -> dict[str, Any]:
    with gzip.open(DATA / "measured_chains.json.gz", "rt") as file:
        told: dict[str, Any] = json.load(file)
    return told


def versions(tls: str) -> tuple[str, ...]:
    return ("1.2", "1.3") if tls == "auto" else (tls,)
