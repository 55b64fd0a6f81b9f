"""Certificates change under running connections; what HAProxy would not check, we do."""

import datetime as dt
import socket as sockets
import ssl
from pathlib import Path

import pytest
from live_authority import pem
from live_rig import HOST, Authority, Rig, curl

from simcert.errors import InputError, MachineError
from simcert.live._bundle import Bundle, check_new, read_bundle
from simcert.live.haproxy_certificates import HaproxyCertificates

pytestmark = pytest.mark.server
NOW = dt.datetime.now(dt.UTC)


def bundle(rig: Rig, data: bytes) -> Bundle:
    path = rig.folder / "given.pem"
    path.write_bytes(data)
    return read_bundle(path)


def test_a_new_certificate_is_served_without_reload_and_open_connections_stay(rig: Rig) -> None:
    actuator = rig.start(rig.config())
    certificates = HaproxyCertificates(actuator.socket)
    path = rig.folder / "s" / "old.pem"
    context = ssl.create_default_context(cafile=str(rig.root_a))
    raw = sockets.create_connection(("127.0.0.1", rig.port))
    with raw, context.wrap_socket(raw, server_hostname=HOST) as link:
        fresh = bundle(rig, rig.b.bundle())
        certificates.install(path, fresh)
        link.sendall(b"GET / HTTP/1.1\r\nHost: demo.test\r\n\r\n")
        assert link.recv(12) == b"HTTP/1.1 200"

    assert certificates.serial(path) == fresh.serial
    assert curl(rig, rig.root_b) == 0
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_refused_commit_leaves_the_old_certificate_in_file_and_process(rig: Rig) -> None:
    actuator = rig.start(rig.config())
    certificates = HaproxyCertificates(actuator.socket)
    path = rig.folder / "s" / "old.pem"
    before, text = certificates.serial(path), path.read_text()
    good, other = bundle(rig, rig.b.bundle()), bundle(rig, rig.b.bundle())
    mixed = Bundle("mixed", good.chain, good.pem.split("-----BEGIN PRIVATE")[0]
        + "-----BEGIN PRIVATE" + other.pem.split("-----BEGIN PRIVATE")[1])  # fmt: skip

    with pytest.raises(MachineError, match="refused"):
        certificates.install(path, mixed)

    assert certificates.serial(path) == before
    assert path.read_text() == text
    assert f"*{path}" not in actuator.socket.ask("show ssl cert")


def test_a_transaction_that_somebody_left_open_is_in_nobodys_way(rig: Rig) -> None:
    actuator = rig.start(rig.config())
    path = rig.folder / "s" / "new.pem"
    pem = "\n".join(line for line in bundle(rig, rig.b.bundle()).pem.splitlines() if line)
    actuator.socket.ask(f"set ssl cert {path}", pem)

    fresh = bundle(rig, rig.b.bundle())
    HaproxyCertificates(actuator.socket).install(path, fresh)

    assert HaproxyCertificates(actuator.socket).serial(path) == fresh.serial


def test_a_bundle_that_would_break_clients_is_refused_with_every_reason(rig: Rig) -> None:
    old = bundle(rig, rig.a.bundle())

    check_new(bundle(rig, rig.b.bundle()), old, NOW)
    with pytest.raises(InputError, match=r"does not name demo.test(.|\n)*not now"):
        check_new(bundle(rig, rig.b.bundle(host="other.test", days=-5)), old, NOW)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({"host": "a.demo.test"}, {"host": "*.demo.test"}, ""),
        ({"host": "a.b.demo.test"}, {"host": "*.demo.test"}, "does not name a.b.demo.test"),
        ({"host": "*.demo.test"}, {"host": "a.demo.test"}, r"does not name \*.demo.test"),
        ({"ip": "192.0.2.1"}, {"ip": "192.0.2.1"}, ""),
        ({"ip": "192.0.2.1"}, {}, "does not name 192.0.2.1"),
    ],
)
def test_whoever_the_old_one_was_for_the_new_one_is_for(
    tmp_path: Path, old: dict[str, str], new: dict[str, str], said: str
) -> None:
    given = []
    for i, names in enumerate((old, new)):
        (tmp_path / f"{i}.pem").write_bytes(Authority("A").bundle(**names))
        given.append(read_bundle(tmp_path / f"{i}.pem"))

    if not said:
        check_new(given[1], given[0], NOW)
        return
    with pytest.raises(InputError, match=said):
        check_new(given[1], given[0], NOW)


def test_an_intermediate_that_ran_out_is_refused_unless_the_old_chain_sends_it_too(
    tmp_path: Path,
) -> None:
    over = Authority("Root").below("Lapsed", days=-5)
    found = []
    for i in range(2):
        leaf, mark, rest = over.bundle().partition(b"-----BEGIN PRIVATE")
        (tmp_path / f"{i}.pem").write_bytes(leaf + pem(over.root) + mark + rest)
        found.append(read_bundle(tmp_path / f"{i}.pem"))
    (tmp_path / "plain.pem").write_bytes(over.bundle())

    check_new(found[1], found[0], NOW)
    with pytest.raises(InputError, match=r"CN=Lapsed is valid from .* not now"):
        check_new(found[1], read_bundle(tmp_path / "plain.pem"), NOW)


def test_a_key_of_another_certificate_or_none_is_refused(rig: Rig) -> None:
    one, other = rig.a.bundle(), rig.a.bundle()
    leaf, key = one.split(b"-----BEGIN PRIVATE")[0], other.split(b"-----BEGIN PRIVATE")[1]

    with pytest.raises(InputError, match="does not belong"):
        bundle(rig, leaf + b"-----BEGIN PRIVATE" + key)
    with pytest.raises(InputError, match="is no bundle"):
        bundle(rig, leaf)


def test_a_chain_in_the_wrong_order_is_refused(rig: Rig) -> None:
    stranger = Authority("Authority C")
    data = rig.b.bundle()
    broken = data.replace(b"-----BEGIN PRIVATE", pem(stranger.root) + b"-----BEGIN PRIVATE")

    with pytest.raises(InputError, match="is not issued by"):
        check_new(bundle(rig, broken), bundle(rig, rig.a.bundle()), NOW)


def test_no_key_is_ever_shown(rig: Rig) -> None:
    assert "PRIVATE" not in repr(bundle(rig, rig.a.bundle()))
