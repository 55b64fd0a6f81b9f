"""A rival's own test cases, run against our re-implementation of its rules.

`peer_case(peer, kind, case_input)` takes the input of one case and returns the fields that a case
expects: {"phase": "Failed"}, {"low": 6.0, "high": 39.0, ...}. None stands for NaN or not set.
"""

from collections.abc import Mapping
from typing import Any

from simcert.checks import _peer_argo, _peer_flagger, _peer_kayenta
from simcert.errors import UnknownNameError

_PEERS = {
    "flagger": _peer_flagger.KINDS,
    "argo": _peer_argo.KINDS,
    "kayenta": _peer_kayenta.KINDS,
}


def peer_case(peer: str, kind: str, case_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `peer` makes of `case_input`; UnknownNameError names the nearest peer or kind."""
    if peer not in _PEERS:
        raise UnknownNameError("peer", peer, _PEERS)
    kinds = _PEERS[peer]
    if kind not in kinds:
        raise UnknownNameError(f"kind of {peer} case", kind, kinds)
    return kinds[kind](case_input)
