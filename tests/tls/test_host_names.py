"""Host names with dots, wildcards, IDN and addresses, as 15 real programs took them."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.tls import Client, catalogue, client_from_hello
from simcert.tls.hello import ClientHello
from simcert.tls.names import WILDCARDS, covers
from tests.tls.misses import check
from tests.tls.recorded import recorded

DATA = recorded("names")
LABELS = st.from_regex(r"[a-z0-9]{1,5}", fullmatch=True)


def clients() -> dict[str, Client]:
    hellos = DATA.table["hellos"].items()
    known = {s: replace(catalogue()[s], hello=ClientHello.from_dict(h)) for s, h in hellos}
    told = DATA.table["unseen"].items()
    return known | {s: client_from_hello(one["hello"], one["family"]) for s, one in told}


def misses() -> Mapping[str, list[str]]:
    return DATA.wrong(clients(), [*DATA.table["cells"], *DATA.table["unseen_cells"]])[1]


def test_names_and_their_constraints_are_told_as_real_clients_met_them() -> None:
    cells = [*DATA.table["cells"], *DATA.table["unseen_cells"]]
    counts, wrong = DATA.wrong(clients(), cells)
    check("names", wrong)
    assert counts.total() > 2000
    assert sum(map(len, wrong.values())) <= 0.045 * counts.total(), wrong


WILDCARD_CASES = {  # who takes which pattern for www.rig.test; all others do not
    "h_left": {
        "openssl30", "node8", "node12", "node22", "java17", "java25", "erlang", "perl", "ruby",
        "python27",
    },
    "h_second": {"java17"},
    "h_double": {"java17", "java25"},
    "h_star": {*DATA.table["hellos"], *DATA.table["unseen"]},
    "h_star_tld": set(),
    "h_below": set(),
    "h_bare": set(),
}  # fmt: skip


@pytest.mark.parametrize("name", WILDCARD_CASES)
def test_each_wildcard_is_taken_by_whom_it_was_measured(name: str) -> None:
    takers = {s for s, one in clients().items() if DATA.told(one, name, "1.2") == "ok"}
    assert takers == WILDCARD_CASES[name]


@given(LABELS, st.lists(LABELS, min_size=2, max_size=4), st.sampled_from(sorted(WILDCARDS)))
def test_no_client_takes_a_wildcard_for_a_dot(label: str, below: list[str], rule: str) -> None:
    domain = ".".join(below)
    assert covers(f"*.{domain}", f"{label}.{domain}", rule)
    assert not covers(f"*.{domain}", f"{label}.{label}.{domain}", rule)
    assert not covers(f"*.{domain}", domain, rule)
    assert covers(domain.upper(), domain, rule)
