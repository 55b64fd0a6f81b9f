"""Predict: what one client makes of one chain, and what the server sees of it."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypedDict, Unpack

from simcert.errors import InputError
from simcert.model.outcome import OK, alert_name
from simcert.tls.chain import CertificateChain, TrustStore
from simcert.tls.client import Client
from simcert.tls.cost import Cost, cost, effort_class
from simcert.tls.faults import Case, Fault, find
from simcert.tls.path import found_issuer, paths, signed_by
from simcert.tls.server import Negotiated, ServerSettings, certificate_schemes, negotiate
from simcert.tls.verifier import Signal, Verifier

ABORTED = Cost(7, 0, 1, 1, 100.0, 50.0)  # an alert, and the little work before it
TICKET_LIFE_MAX_S = 604_800.0  # RFC 8446 section 4.6.1
FALLBACK = {  # what a client says of a fault that its table does not list
    "self_signed_ca": "self_signed_leaf",
    "self_signed_leaf": "trust",
    "self_signed_root": "trust",
    "signature_algorithm": "signature",
    "signature_mismatch": "signature",
    "damaged": "critical",
    "cert_sign": "ca",
    "certificate_count": "message_size",
}


@dataclass(frozen=True, slots=True)
class Prediction:
    """The verdict, how the server sees it, why, and what the handshake costs.

    `seen` is an outcome of `simcert.model.outcome`. `flights` counts the server's rounds against
    the initial congestion window, `quic_flights` against the amplification limit. `cpu_class` names
    the leaf's key among those whose processor time was measured. `connections` is the mean number
    that one attempt opens, `retries` how many more than a good one does, `answers_after_s` how late
    a rejecting client ends. `hidden_by_resumption`: as long as it holds a ticket, for
    `hidden_for_s` at most, the client will not notice.
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
    cpu_class: str
    connections: float
    retries: float
    answers_after_s: float
    hidden_by_resumption: bool
    hidden_for_s: float
    likeness: str


@dataclass(frozen=True, slots=True)
class Meeting:
    """A client, a chain that the server settled on, and the circumstances."""

    client: Client
    agreed: Negotiated
    trust: TrustStore
    host: str | None
    at: dt.datetime  # by the client's clock
    stapled: bool = False
    ticket_life_s: float = 0.0

    def tried(self) -> Iterator[tuple[Case, Fault | None]]:
        """Yield every path that the client tries, with its first objection; stop at a good one."""
        client, chain = self.client, self.agreed.chain
        schemes = certificate_schemes(client.hello.sigalgs)
        for path in paths(chain, self.trust, client.verifier, self.at):
            whole = found_issuer(path, self.trust) if client.finds_issuers else path
            case = Case(
                path=whole,
                chain=chain,
                verifier=client.verifier,
                negotiated=self.agreed,
                host=self.host,
                at=self.at,
                stapled=self.stapled,
                pins=client.pins,
                schemes=schemes,
            )
            fault = find(case)
            yield case, fault
            if fault is None:
                return

    def judged(self) -> Fault | None:
        """Return the first objection, None if some path has none or the client looks at none."""
        faults = [fault for _, fault in self.tried()]
        return faults[0] if faults[-1] is not None else None


class Circumstances(TypedDict, total=False):
    """What a verdict depends on beside client, chain and server.

    `trust` None means the client's own store, `host` None the first name of the leaf. `at` is an
    aware datetime and must be given: a verdict without a date would be a guess.
    """

    trust: TrustStore | None
    host: str | None
    at: dt.datetime | None


def meet(
    client: Client,
    chain: CertificateChain,
    server: ServerSettings | None = None,
    **given: Unpack[Circumstances],
) -> Meeting:
    """Return the meeting that `predict` and `explain` judge; InputError without a moment."""
    at, trust, host = given.get("at"), given.get("trust"), given.get("host")
    if not isinstance(at, dt.datetime) or at.tzinfo is None:
        raise InputError("predict needs at=, an aware datetime: validity depends on the moment")
    if (type(client), type(chain)) != (Client, CertificateChain):
        raise InputError(
            'predict takes a client, such as catalogue()["gnutls"], and a CertificateChain, not '
            f"{type(client).__name__} and {type(chain).__name__}"
        )
    if not isinstance(host, str | None):
        raise InputError(f"host= is a name, not {type(host).__name__}")
    settings = server or ServerSettings()
    return Meeting(
        client=client,
        agreed=negotiate(client.hello, chain, settings),
        trust=trust if trust is not None else client.trust or TrustStore(),
        host=host if host is not None else first_name(chain),
        at=at + dt.timedelta(seconds=client.clock_offset_s),
        stapled=settings.staples,
        ticket_life_s=settings.ticket_life_s,
    )


def predict(
    client: Client,
    chain: CertificateChain,
    server: ServerSettings | None = None,
    **given: Unpack[Circumstances],
) -> Prediction:
    """Return what `client` makes of `chain` when it asks for `host` at the moment `at`."""
    meeting = meet(client, chain, server, **given)
    if meeting.agreed.abort is not None:
        return _aborted(meeting)
    window = (server or ServerSettings()).initial_window_bytes
    return _told(meeting, cost(client.hello, meeting.agreed, window), meeting.judged())


def first_name(chain: CertificateChain) -> str | None:
    """Return the first host name of the leaf, a wildcard filled in."""
    names = (*chain.leaf.dns_names, *chain.leaf.ip_names, *chain.leaf.common_names)
    return names[0].replace("*", "www", 1) if names else None


def signal(verifier: Verifier, fault: Fault, version: str) -> Signal:
    """Return what the client says about a fault: an alert code, or "close"."""
    tables = (verifier.says_13, verifier.says) if version == "1.3" else (verifier.says,)
    keys = [f"{fault.kind}@{fault.position}", fault.kind]
    while keys[-1] in FALLBACK:
        keys.append(FALLBACK[keys[-1]])
    keys.append("default")
    listed = (table[key] for table in tables for key in keys if key in table)
    return next(listed, 46)


def seen(verifier: Verifier, fault: Fault, version: str) -> str:
    """Return the outcome that the server sees when this client raises this objection."""
    word = signal(verifier, fault, version)
    phase = verifier.phase_13 if version == "1.3" else verifier.phase_12
    late = phase == "after" and fault.kind not in verifier.inside
    said = word if isinstance(word, str) else f"alert:{alert_name(word)}"
    return f"ok_then_{said}" if late or fault.kind in verifier.after else said


def _aborted(meeting: Meeting) -> Prediction:
    agreed, rules = meeting.agreed, meeting.client.verifier
    assert agreed.abort is not None
    spent = ABORTED._replace(client_bytes=meeting.client.hello.size)
    outcome = f"server_abort:{alert_name(agreed.abort)}"
    fault = Fault("abort", "server", agreed.why, agreed.clause)
    return _prediction(meeting, spent, outcome, fault, rules.connections_aborted)


def _as_known(meeting: Meeting, fault: Fault) -> Fault:
    """Return the fault as the client can name it: some know no more than that no path was found."""
    named = meeting.agreed.chain.in_order or fault.kind not in meeting.client.verifier.told_in_order
    return fault if named else replace(fault, kind="no_path")


def _told(meeting: Meeting, spent: Cost, fault: Fault | None) -> Prediction:
    rules, version = meeting.client.verifier, meeting.agreed.version
    if fault is not None:
        outcome = seen(rules, _as_known(meeting, fault), version)
        return _prediction(meeting, spent, outcome, fault, rules.connections_failed, rules.delay_s)
    leaf = meeting.agreed.chain.leaf
    if rules.hangs_on_trusted_leaf and leaf.self_issued and signed_by(leaf, leaf):
        why = Fault("hang", "leaf", "never returns with a trusted self-signed leaf", "")
        return _prediction(meeting, spent, "hang", why, rules.connections_failed)
    return _prediction(meeting, spent, OK, None, rules.connections_ok)


def _prediction(
    meeting: Meeting,
    spent: Cost,
    outcome: str,
    fault: Fault | None,
    connections: float,
    late_s: float = 0.0,
) -> Prediction:
    client, agreed = meeting.client, meeting.agreed
    hidden = fault is not None and agreed.abort is None and client.resumes
    return Prediction(
        client_ok=fault is None,
        seen=outcome,
        reason="" if fault is None else f"{fault.position}: {fault.reason}",
        clause="" if fault is None else fault.clause,
        version=agreed.version,
        ecdsa=agreed.chain.leaf.key.kind == "ec",
        flight_bytes=spent.server_bytes,
        client_bytes=spent.client_bytes,
        flights=spent.flights,
        quic_flights=spent.quic_flights,
        server_cpu_us=spent.server_us,
        client_cpu_us=spent.client_us,
        cpu_class="" if agreed.abort is not None else effort_class(agreed.chain.leaf),
        connections=connections,
        retries=max(0.0, connections - client.verifier.connections_ok),
        answers_after_s=late_s,
        hidden_by_resumption=hidden,
        hidden_for_s=min(meeting.ticket_life_s, TICKET_LIFE_MAX_S) if hidden else 0.0,
        likeness=client.likeness,
    )
