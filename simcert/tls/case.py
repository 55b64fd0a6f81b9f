"""Case: everything that a client may look at when it judges one path; Fault: its objection."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from simcert.tls.chain import CertificateChain
from simcert.tls.path import Path
from simcert.tls.server import Negotiated
from simcert.tls.verifier import Verifier


@dataclass(frozen=True, slots=True)
class Fault:
    """One objection: what, to which position of the path, in words, by which clause."""

    kind: str
    position: str  # leaf | intermediate | root | chain
    reason: str
    clause: str


@dataclass(frozen=True, slots=True)
class Case:
    """One path under one client's eyes; `schemes` None means that any signature may stand in it."""

    path: Path
    chain: CertificateChain
    verifier: Verifier
    negotiated: Negotiated
    host: str | None
    at: dt.datetime
    stapled: bool = False
    pins: frozenset[str] = frozenset()
    schemes: frozenset[tuple[str, str]] | None = None  # offered, as (algorithm, hash)

    def position(self, index: int) -> str:
        """Return the role of the certificate at `index` of the path."""
        if index == 0:
            return "leaf"
        is_anchor = self.path.anchor is not None and index == len(self.path.certificates) - 1
        return "root" if is_anchor else "intermediate"


Check = Callable[[Case, int], "Fault | None"]


def fault(case: Case, kind: str, index: int, reason: str, clause: str) -> Fault:
    """Return an objection to the certificate at `index`, naming it unless it is the leaf."""
    label = "" if index == 0 else f" ({case.path.certificates[index].label})"
    return Fault(kind, case.position(index), f"{reason}{label}", clause)
