"""Predict: what one client makes of one chain, and what the server sees of it."""

import datetime as dt
from dataclasses import dataclass
from itertools import islice

from simcert.errors import InputError
from simcert.model.outcome import OK, alert_name
from simcert.tls.chain import CertificateChain, TrustStore
from simcert.tls.client import Client
from simcert.tls.cost import Cost, cost
from simcert.tls.faults import Case, Fault, find
from simcert.tls.path import Path, found_issuer, paths
from simcert.tls.server import Negotiated, ServerSettings, certificate_schemes, negotiate
from simcert.tls.verifier import Signal, Verifier

CLOSE = "close"
FALLBACK = {
    "self_signed_leaf": "trust",
    "self_signed_root": "trust",
    "signature_algorithm": "signature",
    "cert_sign": "ca",
    "certificate_count": "message_size",
}


@dataclass(frozen=True, slots=True)
class Prediction:
    """The verdict, how the server sees it, why, and what the handshake costs.

    `seen` is an outcome of `simcert.model.outcome`. `flights` counts the server's rounds against the
    initial congestion window, `quic_flights` against the amplification limit. `connections` is the
    mean number that one attempt opens, `answers_after_s` how late a rejecting client ends.
    """

    client_ok: bool
    seen: str
    reason: str
    clause: str
    version: str
    ecdsa: bool
    flight_bytes: int
    client_bytes: int
    flights: int
    quic_flights: int
    server_cpu_us: float
    client_cpu_us: float
    connections: float
    answers_after_s: float
    hidden_by_resumption: bool
    likeness: str


def predict(
    client: Client,
    chain: CertificateChain,
    server: ServerSettings | None = None,
    *,
    trust: TrustStore | None = None,
    host: str | None = None,
    at: dt.datetime | None = None,
) -> Prediction:
    """Return what `client` makes of `chain` when it asks for `host` at the moment `at`.

    `trust` None means the client's own store, `host` None the first name of the leaf. `at` is an
    aware datetime and must be given: a verdict without a date would be a guess. InputError if not.
    """
    if at is None or at.tzinfo is None:
        raise InputError("predict needs at=, an aware datetime: validity depends on the moment")
    settings = server or ServerSettings()
    agreed = negotiate(client.hello, chain, settings)
    if agreed.abort is not None:
        return _aborted(client, agreed, settings)
    own = trust if trust is not None else client.trust or TrustStore()
    when = at + dt.timedelta(seconds=client.clock_offset_s)
    name = host if host is not None else first_name(chain)
    fault = judge(client, agreed, own, name, when, stapled=settings.staples)
    return _told(client, agreed, settings, fault)


def first_name(chain: CertificateChain) -> str | None:
    """Return the first host name of the leaf, a wildcard filled in."""
    names = (*chain.leaf.dns_names, *chain.leaf.ip_names, *chain.leaf.common_names)
    return names[0].replace("*", "www", 1) if names else None


def judge(
    client: Client,
    agreed: Negotiated,
    trust: TrustStore,
    host: str | None,
    at: dt.datetime,
    *,
    stapled: bool = False,
) -> Fault | None:
    """Return the first objection on the best path, None if some path has none."""
    first: Fault | None = None
    rules = client.verifier
    schemes = certificate_schemes(client.hello.sigalgs)
    for path in islice(paths(agreed.chain, trust, rules, at), 64):
        whole = found_issuer(path, trust) if client.finds_issuers else path
        case = Case(whole, agreed.chain, rules, agreed, host, at, stapled, client.pins, schemes)
        fault = find(case)
        if fault is None:
            return None
        first = first or fault
    return first


def signal(verifier: Verifier, fault: Fault, version: str) -> Signal:
    """Return what the client says about a fault: an alert code, or "close"."""
    tables = (verifier.says_13, verifier.says) if version == "1.3" else (verifier.says,)
    keys = [f"{fault.kind}@{fault.position}", fault.kind, FALLBACK.get(fault.kind, ""), "default"]
    for table in tables:
        for key in keys:
            if key in table:
                return table[key]
    return 46


def seen(verifier: Verifier, fault: Fault, version: str) -> str:
    """Return the outcome that the server sees when this client raises this objection."""
    word = signal(verifier, fault, version)
    phase = verifier.phase_13 if version == "1.3" else verifier.phase_12
    after = fault.kind in verifier.after or (phase == "after" and fault.kind not in verifier.inside)
    said = word if isinstance(word, str) else f"alert:{alert_name(word)}"
    return f"ok_then_{said}" if after else said


def _aborted(client: Client, agreed: Negotiated, settings: ServerSettings) -> Prediction:
    assert agreed.abort is not None
    return _prediction(
        client,
        agreed,
        Cost(7, client.hello.size, 1, 1, 100.0, 50.0),
        ok=False,
        outcome=f"server_abort:{alert_name(agreed.abort)}",
        reason=agreed.why,
        clause=agreed.clause,
        connections=client.verifier.connections_aborted,
    )


def _told(
    client: Client, agreed: Negotiated, settings: ServerSettings, fault: Fault | None
) -> Prediction:
    rules = client.verifier
    spent = cost(client.hello, agreed, settings.initial_window_bytes)
    if fault is None:
        return _prediction(
            client, agreed, spent, ok=True, outcome=OK, connections=rules.connections_ok
        )
    return _prediction(
        client,
        agreed,
        spent,
        ok=False,
        outcome=seen(rules, fault, agreed.version),
        reason=f"{fault.position}: {fault.reason}",
        clause=fault.clause,
        connections=rules.connections_failed,
        late_s=rules.delay_s,
    )


def _prediction(
    client: Client,
    agreed: Negotiated,
    spent: Cost,
    *,
    ok: bool,
    outcome: str,
    reason: str = "",
    clause: str = "",
    connections: float = 1.0,
    late_s: float = 0.0,
) -> Prediction:
    return Prediction(
        client_ok=ok,
        seen=outcome,
        reason=reason,
        clause=clause,
        version=agreed.version,
        ecdsa=agreed.chain.leaf.key.kind == "ec",
        flight_bytes=spent.server_bytes,
        client_bytes=spent.client_bytes,
        flights=spent.flights,
        quic_flights=spent.quic_flights,
        server_cpu_us=spent.server_us,
        client_cpu_us=spent.client_us,
        connections=connections,
        answers_after_s=late_s,
        hidden_by_resumption=not ok and client.resumes,
        likeness=client.likeness,
    )


__all__ = ["Path", "Prediction", "first_name", "judge", "predict", "seen", "signal"]
