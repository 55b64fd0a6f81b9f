"""Explain: one client's decision about one chain, step by step, for people."""

from collections.abc import Iterator
from typing import Unpack

from simcert.tls.case import Case, Fault
from simcert.tls.chain import CertificateChain
from simcert.tls.client import Client
from simcert.tls.prediction import Circumstances, Meeting, meet, seen
from simcert.tls.server import ServerSettings, words

PATHS_SHOWN = 6


def explain(
    client: Client,
    chain: CertificateChain,
    server: ServerSettings | None = None,
    **given: Unpack[Circumstances],
) -> list[str]:
    """Return the steps of a decision as sentences: negotiation, paths, checks, what is said."""
    meeting = meet(client, chain, server, **given)
    steps = [f"server sends {len(chain.certificates)} certificate(s), leaf {words(chain.leaf)}"]
    if meeting.agreed.abort is not None:
        return [*steps, f"server gives up: {meeting.agreed.why} ({meeting.agreed.clause})"]
    steps.append(f"server picks TLS {meeting.agreed.version}")
    if not client.verifier.verifies:
        return [*steps, "client looks at no path: it does not verify"]
    return [*steps, *_paths(meeting), *_end(meeting)]


def _paths(meeting: Meeting) -> Iterator[str]:
    for number, (case, fault) in enumerate(meeting.tried(), 1):
        if number > PATHS_SHOWN:
            yield "further paths are left out"
            return
        yield f"path {number}: {walked(case)}"
        yield f"  {_objection(fault)}"


def walked(case: Case) -> str:
    """Return a path in words, from the leaf to where it ends."""
    links = " <- ".join(one.label for one in case.path.certificates)
    if case.path.root is not None:
        return f"{links} <- trusted root {case.path.root.id}"
    if case.path.anchored:
        return f"{links} (trusted)"
    return f"{links} <- {case.path.certificates[-1].issuer_text}: neither sent nor trusted"


def _objection(fault: Fault | None) -> str:
    if fault is None:
        return "every check passes"
    return f"{fault.position}: {fault.reason} ({fault.clause})"


def _end(meeting: Meeting) -> Iterator[str]:
    fault = meeting.judged()
    if fault is None:
        yield "client accepts"
        return
    outcome = seen(meeting.client.verifier, fault, meeting.agreed.version)
    yield f"client rejects; server sees {outcome}"
    if meeting.client.resumes:
        yield "a resumed session would hide this until its ticket expires (RFC 8446 2.2)"
