"""One decision, step by step: what a client is offered, which path it builds, what it checks."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simcert.lab.predict.words import span
from simcert.lab.words import signal
from simcert.tls import Certificate, CertificateChain, Client
from simcert.tls.path import Path
from simcert.tls.server import words

if TYPE_CHECKING:
    from simcert.lab.predict.forecasts import Meeting
    from simcert.tls.prediction import Meeting as Encounter

PATHS_MAX = 4


def explained(meeting: "Meeting", client: Client) -> str:
    """Return how this client decides about both chains."""
    client = client.pinned_to(meeting.old)
    known = f"{len(client.hello.suites)} cipher suites, TLS {', '.join(client.hello.versions)}"
    how = "measured" if client.measured else client.likeness
    head = [f"{client.title or client.name} ({how}): offers {known}"]
    if client.clock_offset_s:
        head.append(f"Its clock is {client.clock_offset_s:+.0f} s off.")
    for name, chain in (("OLD", meeting.old), ("NEW", meeting.new)):
        head += ["", f"{name} certificate: {chain.source}", *_steps(meeting, client, chain)]
    return "\n".join(head)


def _steps(meeting: "Meeting", client: Client, chain: CertificateChain) -> Iterator[str]:
    yield f"  sent: {len(chain.certificates)} certificates"
    yield from (f"    {_described(one)}" for one in chain.certificates)
    met = meeting.meet(client, chain)
    agreed = met.agreed
    if agreed.abort is None:
        yield f"  server picks TLS {agreed.version}, and signs with {words(agreed.chain.leaf)}"
        yield from _paths(met)
    else:
        yield f"  server gives up: {agreed.why} ({agreed.clause})"
    told = meeting.predict(client, chain)
    verdict = "accepts" if told.client_ok else "refuses"
    reason = f": {told.reason} ({told.clause})" if told.reason else ""
    yield f"  => the client {verdict}{reason}; the server sees {signal(told.seen)}"
    if told.version:
        yield (
            f"     handshake: {told.flight_bytes:,} bytes from the server, {told.client_bytes:,} "
            f"from the client; flights: {told.flights} (QUIC: {told.quic_flights})"
        )
        yield (
            f"     CPU as with {told.cpu_class or 'an abort'}: server {told.server_cpu_us:,.0f} us"
            f", client {told.client_cpu_us:,.0f} us"
        )
    again = f", {told.retries:g} of them tried again" if told.retries else ""
    late = f"; it ends {told.answers_after_s:g} s late" if told.answers_after_s else ""
    yield f"     connections an attempt: {told.connections:g}{again}{late}"
    if told.hidden_for_s:
        yield (
            f"     resumed sessions hide this for up to {span(told.hidden_for_s)}: they show no "
            "certificate until the ticket ends (RFC 8446 2.2)"
        )


def _paths(met: "Encounter") -> Iterator[str]:
    """Yield the client's own walk: what `predict` judged, nothing is worked out here again."""
    if not met.client.verifier.verifies:
        yield "  it does not verify certificates"
        return
    for number, (case, fault) in enumerate(met.tried(), 1):
        if number > PATHS_MAX:
            yield "  further paths are left out"
            return
        yield f"  path {number}: {_walked(case.path)}"
        if fault is None:
            yield "    every check passes"
        else:
            yield f"    {fault.position}: {fault.reason} ({fault.clause})"


def _walked(path: Path) -> str:
    steps = [one.label for one in path.certificates]
    above = path.certificates[-1].issuer_text
    if path.fetched:
        steps.append(f"{_name(above)}, which was not sent: it fetches it or knows it already")
    elif path.root is not None:
        steps.append(f"{_name(above)}, which it trusts")
    elif path.anchored:
        steps[-1] += ", which it trusts"
    else:
        steps.append(f"{_name(above)} is neither sent nor trusted")
    return " -> ".join(steps)


def _described(one: Certificate) -> str:
    dates = f"{one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d}"
    return f"{one.label}, {words(one)}, {dates}, signed by {_name(one.issuer_text)}"


def _name(subject: str) -> str:
    parts = (part.partition("=") for part in subject.split(","))
    return next((value for key, _, value in parts if key.casefold() == "cn"), subject)
