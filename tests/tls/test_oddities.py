"""Nearly 300 odd chains, and what 22 real clients did with them; see data/README.md.

Each differs from a good one in a key, a signature, a date, a name, a usage, a constraint, an
extension, an identifier, a cross-sign, or in two of them at once.
"""

import warnings
from collections.abc import Mapping
from dataclasses import replace

import pytest

from simcert.tls import Client, catalogue
from simcert.tls.hello import ClientHello
from tests.tls.misses import check
from tests.tls.recorded import recorded

DATA = recorded("oddities")


def clients() -> dict[str, Client]:
    hellos = DATA.table["hellos"].items()
    return {s: replace(catalogue()[s], hello=ClientHello.from_dict(h)) for s, h in hellos}


def misses() -> Mapping[str, list[str]]:
    return DATA.wrong(clients(), DATA.table["cells"])[1]


def test_odd_chains_are_told_as_real_clients_met_them() -> None:
    cells, wrong = DATA.wrong(clients(), DATA.table["cells"])
    check("oddities", wrong)
    assert sum(map(len, wrong.values())) <= 0.02 * cells.total(), wrong
    assert {s for s, names in wrong.items() if len(names) > 0.1 * cells[s]} == set()


RULES = {  # what must be told as measured, name of the chain by the rule that decides it
    "openssl30": "cr_two_paths_bad_first cr_needed_after_self pr_client x_root_crit nc_dir_bad",
    "curl": "n_two_cn n_uri_cn_ok n_ip_cn_ok nc_cn_only_bad x_crldp_crit",
    "gnutls": "n_two_cn x_int_staple a_aki_bad s_pss256_salt20 cr_needed_after_self i_k256",
    "nss-tstclnt": "cr_twin_wrongkey_first_noaki k_rsa768 pi_any pi_client x_policy_crit",
    "python27": "n_star n_partial n_cn_star",
    "java25": "ch_self_trusted_expired cr_two_paths_bad_first x_require_policy n_two_cn_r",
    "go27": "pr_client nc_dir_ok x_crldp_crit x_require_policy",
    "impit": "v1_leaf ch_leaf_trusted c_rootpl0_bad nc_cn_only_bad i_ed448 s_pss256_max",
    "grpc": "m_exp_wrong n_two_cn_r ch_int_trusted nc_cn_only_ok c_root_nokcs",
}


@pytest.mark.parametrize("stack", RULES)
def test_each_rule_is_told_as_measured(stack: str) -> None:
    client, names = clients()[stack], set(RULES[stack].split())
    cells = [(n, tls, seen) for s, n, tls, seen in DATA.table["cells"] if s == stack and n in names]
    assert {n for n, _, _ in cells} == names
    assert [(n, tls, DATA.told(client, n, tls)) for n, tls, _ in cells] == cells


def test_an_odd_serial_number_is_no_news() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert DATA.told(clients()["openssl30"], "sn_neg", "1.3") == "ok"
