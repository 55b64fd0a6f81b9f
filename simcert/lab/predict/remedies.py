"""Remedies: what to do for a client that breaks, found by asking the model what would have worked.

Nothing is read out of a reason's wording: each remedy is a changed meeting, and it is offered only
if the same client accepts the new certificate in it.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from simcert.tls import CertificateChain, Client, Prediction, TrustStore
from simcert.tls.certificate import Certificate
from simcert.tls.roots import well_known_roots

if TYPE_CHECKING:
    from simcert.lab.predict.forecasts import Meeting

WAITS_D = (1, 2, 7, 30, 90)
Way = Callable[["Meeting", Client], Iterator[tuple["Meeting", str]]]


def remedy(meeting: "Meeting", client: Client, refused: Prediction) -> str:
    """Return the first remedy, in order of least effort, with which this client would work."""
    for way in WAYS:
        for changed, advice in way(meeting, client):
            if changed.predict(client, changed.new).client_ok:
                return advice
    return last_resort(refused)


def last_resort(refused: Prediction) -> str:
    """Return what is left where no change of the new chain helps this client."""
    if refused.seen.startswith("server_abort"):
        return "Serve two certificates: the old kind of key to clients that cannot use the new one."
    if refused.seen.startswith("ok"):
        return "Ship an app that accepts both keys, and keep the old certificate until it is out."
    return "Keep the old chain for them until they are updated or replaced."


def complete_chain(meeting: "Meeting", _: Client) -> Iterator[tuple["Meeting", str]]:
    """Send one more certificate, as the old chain does: an intermediate or a cross-sign."""
    sent = {one.der for one in meeting.new.certificates}
    leaf = meeting.new.leaf
    for extra in meeting.old.certificates[1:]:
        if extra.der not in sent:
            longer = CertificateChain((*meeting.new.certificates, extra), meeting.new.source)
            kind = "intermediate" if extra.subject == leaf.issuer else "cross-sign"
            told = f'Send the {kind} "{_short(extra)}" along, as the old chain does.'
            yield replace(meeting, new=longer), told


def drop_extra(meeting: "Meeting", _: Client) -> Iterator[tuple["Meeting", str]]:
    """Send fewer certificates: a stray or expired one leads this client astray."""
    sent = meeting.new.certificates
    for at in range(len(sent) - 1, 0, -1):
        shorter = CertificateChain((*sent[:at], *sent[at + 1 :]), meeting.new.source)
        told = f'Do not send "{_short(sent[at])}": it leads these clients astray.'
        yield replace(meeting, new=shorter), told


def wait(meeting: "Meeting", _: Client) -> Iterator[tuple["Meeting", str]]:
    """Let the certificate grow older, for clients whose clocks run behind."""
    leaf = meeting.new.leaf
    moments = [meeting.at + dt.timedelta(days=days) for days in WAITS_D]
    for later in [leaf.not_before, *moments]:
        if meeting.at < later < leaf.not_after:
            told = f"Wait until {later:%Y-%m-%d}, or serve a certificate that was issued earlier."
            yield replace(meeting, at=later), told


def renew(meeting: "Meeting", _: Client) -> Iterator[tuple["Meeting", str]]:
    """Replace a certificate that has expired."""
    leaf = meeting.new.leaf
    if meeting.at > leaf.not_after:
        middle = leaf.not_before + (leaf.not_after - leaf.not_before) / 2
        told = f"Renew it: it has expired on {leaf.not_after:%Y-%m-%d}."
        yield replace(meeting, at=middle), told


def rename(meeting: "Meeting", _: Client) -> Iterator[tuple["Meeting", str]]:
    """Issue it for the name that clients ask for."""
    for name in (*meeting.new.leaf.dns_names[:1], *meeting.new.leaf.common_names[:1]):
        if name != meeting.host:
            host = name.replace("*", "www", 1)
            told = f'Issue it for "{meeting.host}": it names "{name}".'
            yield replace(meeting, host=host), told


def other_root(meeting: "Meeting", _: Client) -> Iterator[tuple["Meeting", str]]:
    """Let a root vouch for the chain that this client knows: a cross-sign, or the old CA."""
    top = meeting.new.certificates[-1]
    known = [
        root.id
        for root in well_known_roots().values()
        if root.subject == top.issuer_text.casefold()
    ]
    store = TrustStore.named(known) if known else TrustStore((top,), source=_short(top))
    told = (
        f'Add a cross-sign by a root that they know, which "{_name(top.issuer_text)}" is not; '
        "until there is one, keep the old chain for them."
    )
    yield replace(meeting, trust=store), told


WAYS: tuple[Way, ...] = (complete_chain, renew, wait, rename, drop_extra, other_root)


def _short(one: Certificate) -> str:
    return f"{one.label}, signed by {_name(one.issuer_text)}"


def _name(subject: str) -> str:
    """Return the common name of an RFC 4514 subject, or all of it."""
    parts = dict(part.partition("=")[::2] for part in subject.split(","))
    return next((v for k, v in parts.items() if k.casefold() == "cn"), subject)
