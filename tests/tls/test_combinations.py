"""Several faults at once, and extensions that are damaged, as real clients met them.

315 chains: every pair of a dozen faults of the leaf, with each other and with those of an issuer,
and oddities of names, versions and extensions; see data/README.md.
"""

from dataclasses import replace

from simcert.tls import Client, catalogue, client_from_hello
from simcert.tls.hello import ClientHello
from tests.tls.recorded import recorded

DATA = recorded("combinations")


def known() -> dict[str, Client]:
    hellos = DATA.table["hellos"].items()
    return {s: replace(catalogue()[s], hello=ClientHello.from_dict(h)) for s, h in hellos}


def unseen() -> dict[str, Client]:
    """Return programs that no field was measured for, by ClientHello and family alone."""
    told = DATA.table["unseen"].items()
    return {name: client_from_hello(one["hello"], one["family"]) for name, one in told}


def test_the_first_of_several_faults_is_the_one_that_counts() -> None:
    pairs = [cell for cell in DATA.table["cells"] if cell[1][0] in "23"]
    counts, wrong = DATA.wrong(known(), pairs)
    assert sum(map(len, wrong.values())) <= 0.002 * counts.total(), wrong


def test_odd_names_and_extensions_are_told_as_real_clients_met_them() -> None:
    odd = [cell for cell in DATA.table["cells"] if cell[1][0] not in "23"]
    counts, wrong = DATA.wrong(known(), odd)
    assert sum(map(len, wrong.values())) <= 0.04 * counts.total(), wrong


def test_an_unseen_generation_does_as_its_family_does() -> None:
    counts, wrong = DATA.wrong(unseen(), DATA.table["unseen_cells"])
    assert sum(map(len, wrong.values())) <= 0.01 * counts.total(), wrong
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
