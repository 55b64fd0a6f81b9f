"""Beyond loopback nobody reads the page without saying who he is."""

import base64
import ssl
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from live_authority import Authority
from live_rig import free_port

from simcert.errors import InputError
from simcert.live import _config
from simcert.live._access import Access, is_loopback, read_token
from simcert.live._page import Page

TOKEN = "a-token-of-some-length"
CONFIG = """\
schema = 1
[certificates]
old = "old.pem"
new = "new.pem"
[haproxy]
listen = "127.0.0.1:8443"
[page]
"""


def page(access: Access) -> tuple[Page, str]:
    where = f"127.0.0.1:{free_port()}"
    return Page(where, lambda: {"phase": "ramping"}, lambda: b"x 1\n", lambda: True, access), where


def get(url: str, tls: ssl.SSLContext | None = None, **headers: str) -> int:
    asked = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=5, context=tls) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_a_token_opens_every_page_and_nothing_else_does() -> None:
    served, where = page(Access(TOKEN))
    try:
        for path in ("/", "/status", "/metrics"):
            url = f"http://{where}{path}"
            assert get(url) == 401
            for wrong in ("", "Bearer", f"Bearer {TOKEN}x", TOKEN, "Basic !", basic(TOKEN, "x")):
                assert get(url, Authorization=wrong) == 401
            assert get(url, Authorization=f"Bearer {TOKEN}") == 200
            assert get(url, Authorization=basic("anybody", TOKEN)) == 200
        assert get(f"http://{where}/healthz") == 200
    finally:
        served.close()


def test_client_roots_let_nobody_in_without_a_certificate_of_theirs(tmp_path: Path) -> None:
    ours, theirs = Authority("ours"), Authority("theirs")
    for name, authority in (("page", ours), ("reader", ours), ("stranger", theirs)):
        (tmp_path / f"{name}.pem").write_bytes(authority.bundle("ec"))
    roots = ours.write_root(tmp_path / "roots.pem")
    served, where = page(Access(certificate=tmp_path / "page.pem", client_roots=roots))
    try:
        codes = {}
        for name in (None, "reader", "stranger"):
            tls = ssl.create_default_context(cafile=str(roots))
            tls.check_hostname = False
            if name:
                tls.load_cert_chain(str(tmp_path / f"{name}.pem"))
            try:
                codes[name] = get(f"https://{where}/status", tls)
            except (urllib.error.URLError, ssl.SSLError, ConnectionError):
                codes[name] = 0
    finally:
        served.close()

    assert codes == {None: 0, "reader": 200, "stranger": 0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('listen = "0.0.0.0:9180"', "can be reached from other machines; give page.token_file"),
        ('listen = "*:9180"', "can be reached from other machines"),
        ('listen = "[::]:9180"', "can be reached from other machines"),
        ('listen = "10.0.0.7:9180"\ncertificate = "c.pem"', "can be reached from other machines"),
        ('client_roots = "r.pem"', "needs page.certificate"),
    ],
)
def test_a_page_for_everybody_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "live.toml"
    path.write_text(CONFIG + text)
    with pytest.raises(InputError, match=said):
        _config.load(path)


def test_loopback_needs_no_token_and_a_token_opens_the_world(tmp_path: Path) -> None:
    path = tmp_path / "live.toml"
    path.write_text(CONFIG + 'listen = "[::1]:9180"')
    assert _config.load(path).access() == Access()
    path.write_text(CONFIG + 'listen = "0.0.0.0:9180"\ntoken_file = "t"')
    (tmp_path / "t").write_text(TOKEN)
    (tmp_path / "t").chmod(0o600)
    assert _config.load(path).access().token == TOKEN
    assert TOKEN not in repr(_config.load(path).access())


def test_a_token_that_others_may_read_or_guess_is_none(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text(TOKEN)
    path.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        read_token(path)
    path.write_text("short")
    path.chmod(0o600)
    with pytest.raises(InputError, match="openssl rand"):
        read_token(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_token(tmp_path / "absent")


@pytest.mark.parametrize("key", ["certificate", "client_roots"])
def test_a_page_whose_certificate_cannot_be_used_is_refused_by_key_and_file(
    tmp_path: Path, key: str
) -> None:
    good = tmp_path / "good.pem"
    good.write_bytes(Authority("A").bundle())
    bad = tmp_path / "bad.pem"
    given = {"certificate": good, "client_roots": good, key: bad}

    for content in (None, b"no PEM"):
        if content is not None:
            bad.write_bytes(content)
        with pytest.raises(InputError, match=f"page.{key}: .*bad.pem: cannot be used"):
            Page(f"127.0.0.1:{free_port()}", dict, bytes, bool, Access(**given))


def test_what_is_loopback() -> None:
    assert [is_loopback(h) for h in ("127.0.0.1", "127.9.9.9", "::1", "localhost")] == [True] * 4
    assert [is_loopback(h) for h in ("0.0.0.0", "::", "*", "10.0.0.1", "a.test")] == [False] * 5
