"""A rival's own test cases, run against our re-implementation of its rules.

`peer_case(peer, kind, case_input)` takes the input of one case and returns the fields that a case
expects: {"phase": "Failed"}, {"low": 6.0, "high": 39.0, ...}. None stands for NaN or not set.
A condition that the product does not understand is an answer (its phase is Error); an input that
is no case at all is refused.
"""

from collections.abc import Mapping
from typing import Any

from simcert.checks import _peer_argo, _peer_aws, _peer_flagger, _peer_iter8, _peer_kayenta
from simcert.errors import InputError, UnknownNameError

_PEERS = {
    "flagger": _peer_flagger.KINDS,
    "argo": _peer_argo.KINDS,
    "kayenta": _peer_kayenta.KINDS,
    "iter8": _peer_iter8.KINDS,
    "codedeploy": _peer_aws.CODEDEPLOY_KINDS,
    "appconfig": _peer_aws.APPCONFIG_KINDS,
}

_NO_CASE = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RecursionError)


def peer_case(peer: str, kind: str, case_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `peer` makes of `case_input`; InputError says why it is no case."""
    peer, kind = str(peer), str(kind)
    if peer not in _PEERS:
        raise UnknownNameError("peer", peer, _PEERS)
    kinds = _PEERS[peer]
    if kind not in kinds:
        raise UnknownNameError(f"kind of {peer} case", kind, kinds)
    if not isinstance(case_input, Mapping):
        raise InputError(f"{peer} case {kind}: its input is a table, not {case_input!r:.40}")
    try:
        return kinds[kind](case_input)
    except KeyError as error:
        raise InputError(f"{peer} case {kind}: key {error} is missing") from error
    except _NO_CASE as error:
        raise InputError(f"{peer} case {kind}: {error}") from error
