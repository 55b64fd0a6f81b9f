"""Several faults at once, and extensions that are damaged, as real clients met them.

315 chains: every pair of a dozen faults of the leaf, with each other and with those of an issuer,
and oddities of names, versions and extensions; see data/README.md.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest

from simcert.tls import Client, catalogue, client_from_hello
from simcert.tls.hello import ClientHello
from tests.tls.misses import check, joined
from tests.tls.recorded import recorded

DATA = recorded("combinations")


def known() -> dict[str, Client]:
    hellos = DATA.table["hellos"].items()
    return {s: replace(catalogue()[s], hello=ClientHello.from_dict(h)) for s, h in hellos}


def unseen() -> dict[str, Client]:
    """Return programs that no field was measured for, by ClientHello and family alone."""
    told = DATA.table["unseen"].items()
    return {name: client_from_hello(one["hello"], one["family"]) for name, one in told}


@cache
def told() -> dict[str, tuple[Counter[str], Mapping[str, list[str]]]]:
    """Return counts and misses: of pairs of faults, of other oddities, and of unseen programs."""
    cells = DATA.table["cells"]
    pairs = [cell for cell in cells if cell[1][0] in "23"]
    odd = [cell for cell in cells if cell[1][0] not in "23"]
    return {
        "pairs": DATA.wrong(known(), pairs),
        "odd": DATA.wrong(known(), odd),
        "unseen": DATA.wrong(unseen(), DATA.table["unseen_cells"]),
    }


def misses() -> Mapping[str, list[str]]:
    return joined(wrong for _, wrong in told().values())


def test_no_cell_is_told_otherwise_than_it_was() -> None:
    check("combinations", misses())


@pytest.mark.parametrize(("part", "share"), [("pairs", 0.002), ("odd", 0.04), ("unseen", 0.01)])
def test_real_clients_do_what_is_told(part: str, share: float) -> None:
    """The first of several faults counts; an unseen generation does as its family does."""
    counts, wrong = told()[part]
    assert sum(map(len, wrong.values())) <= share * counts.total(), wrong


def test_no_unseen_program_is_far_off() -> None:
    counts, wrong = told()["unseen"]
    assert {s for s, names in wrong.items() if len(names) > 0.02 * counts[s]} == set()


def test_names_are_compared_as_each_library_does() -> None:
    """RFC 5280 7.1: case and string type do not matter; Go, NSS and rustls compare bytes."""
    names = ("w_issuer_case", "w_issuer_encoding")
    accept = {
        stack: [DATA.told(client, name, "1.3") == "ok" for name in names]
        for stack, client in known().items()
        if stack in ("openssl30", "java17", "gnutls", "go27", "impit", "nss-tstclnt")
    }
    assert accept == {
        "openssl30": [True, True],
        "java17": [True, True],
        "gnutls": [False, True],
        "go27": [False, False],
        "impit": [False, False],
        "nss-tstclnt": [False, False],
    }
