"""The server half: what is picked, and with which alert a server gives up."""

import pytest

from simcert.errors import InputError
from simcert.tls import ServerSettings, catalogue
from simcert.tls.hello import ClientHello, is_grease
from simcert.tls.server import negotiate
from tests.tls.cells import chains

MODERN = {
    "ciphers": ["1301", "c02b", "c02f", "009c"],
    "versions": ["0304", "0303"],
    "sigalgs": ["0403", "0804", "0401"],
    "groups": ["001d", "0017"],
}


def hello(**changes: object) -> ClientHello:
    return ClientHello.from_dict({**MODERN, **changes})


@pytest.mark.parametrize(
    ("changes", "variant", "versions", "alert"),
    [
        ({}, "rsa2048", ("1.2", "1.3"), None),
        ({"versions": ["0303"]}, "rsa2048", ("1.3",), 70),
        ({"versions": ["0304"]}, "ec_k256", ("1.3",), 70),
        ({"sigalgs": ["0401"]}, "rsa2048", ("1.3",), 40),
        ({"sigalgs": None}, "rsa2048", ("1.3",), 109),
        ({"ciphers": ["c02b"]}, "rsa2048", ("1.2",), 40),
        ({"ciphers": ["009c"], "groups": None}, "rsa2048", ("1.2",), None),
        ({"groups": ["001d"]}, "ec_p256", ("1.2",), 40),
        ({"groups": ["001d"]}, "ec_p256", ("1.3",), None),
        ({"sigalgs_cert": ["0401"]}, "sig_md5", ("1.2",), 40),
        ({}, "mldsa44", ("1.2",), 40),
    ],
)
def test_gives_up_where_nothing_fits(
    changes: dict[str, object], variant: str, versions: tuple[str, ...], alert: int | None
) -> None:
    agreed = negotiate(hello(**changes), chains()[variant], ServerSettings(versions=versions))
    assert agreed.abort == alert


def test_a_curve_unknown_to_tls13_falls_back_to_tls12() -> None:
    agreed = negotiate(hello(groups=["001d", "0016"]), chains()["ec_k256"], ServerSettings())
    assert (agreed.version, agreed.abort) == ("1.2", None)


def test_dual_certificates_serve_ecdsa_only_to_those_who_can() -> None:
    dual = ServerSettings(second=chains()["ec_p256"])
    assert negotiate(hello(), chains()["rsa2048"], dual).chain.leaf.key.kind == "ec"
    rsa_only = catalogue()["openssl30-rsaonly"].hello
    assert negotiate(rsa_only, chains()["rsa2048"], dual).chain.leaf.key.kind == "rsa"


def test_legacy_version_stands_for_all_versions_up_to_it() -> None:
    old = ClientHello.from_dict({"ciphers": ["002f"], "legacy_version": "0301"})
    assert old.versions == ("1.0",)


def test_grease_is_removed() -> None:
    assert is_grease(0x3A3A)
    assert not is_grease(0x1301)
    assert hello(ciphers=["3a3a", "1301"]).suites == (0x1301,)


def test_unknown_server_versions_are_refused() -> None:
    with pytest.raises(InputError, match=r"use 1\.0"):
        ServerSettings(versions=("1.4",))
