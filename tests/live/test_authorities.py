"""Certificates from an own authority, and from a real ACME server (Pebble), with all chains."""

import datetime as dt
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from live_authority import Authority
from live_rig import Rig, controller, curl, finished, free_port, until

from simcert.cli.main import code_of
from simcert.errors import InputError, MachineError
from simcert.live._bundle import Bundle, read_bundle
from simcert.live.acme_authority import AcmeAuthority
from simcert.live.haproxy_certificates import HaproxyCertificates
from simcert.live.local_authority import LocalAuthority

NOW = dt.datetime.now(dt.UTC)


def bundle(folder: Path, text: str) -> Bundle:
    path = folder / "obtained.pem"
    path.write_text(text)
    return read_bundle(path)


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_a_local_authority_keeps_its_root_and_hides_its_key(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "ca"
    first = bundle(tmp_path, LocalAuthority(folder).obtain(["a.test", "b.test"], kind, NOW)[0])
    root = (folder / "root.pem").read_bytes()
    again = bundle(tmp_path, LocalAuthority(folder).obtain(["a.test"], kind, NOW)[0])

    assert first.names == {"a.test", "b.test"}
    assert first.ecdsa == (kind == "ecdsa")
    assert first.serial != again.serial
    assert (folder / "root.pem").read_bytes() == root
    assert (folder / "root.key").stat().st_mode & 0o777 == 0o600


def test_no_name_no_certificate(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one name"):
        LocalAuthority(tmp_path / "ca").obtain([], "rsa", NOW)


class Pebble:
    """An ACME test server that asks our challenge port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.management, self.http, dns = (free_port() for _ in range(4))
        authority = Authority("Pebble's own")
        self.trust = authority.write_root(folder / "trust.pem")
        data = authority.bundle(host="localhost")
        (folder / "server.pem").write_bytes(data)
        settings = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self.management}",
            "certificate": str(folder / "server.pem"),
            "privateKey": str(folder / "server.pem"),
            "httpPort": self.http,
            "tlsPort": free_port(),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
        }
        (folder / "pebble.json").write_text(json.dumps({"pebble": settings}))
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        noisy = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "30"}
        chains = {"PEBBLE_ALTERNATE_ROOTS": "1", "PEBBLE_CHAIN_LENGTH": "2"}
        off = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""]
        names = ["-dns01", f"127.0.0.1:{dns}", "-management", f"127.0.0.1:{free_port()}"]
        asked = ["-config", str(folder / "pebble.json"), "-dnsserver", f"127.0.0.1:{dns}"]
        environment = {**os.environ, **noisy, **chains}
        self.processes = [
            subprocess.Popen(["pebble-challtestsrv", *names, *off], **quiet),
            subprocess.Popen(["pebble", *asked], env=environment, **quiet),
        ]
        until(self.answers)

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def authority(self, challenges: int | None = None) -> AcmeAuthority:
        url = f"https://localhost:{self.port}/dir"
        where = f"127.0.0.1:{challenges or self.http}"
        return AcmeAuthority(url, self.folder / "account.key", where, self.trust, 20.0)

    def root(self, number: int) -> Path:
        context = ssl.create_default_context(cafile=str(self.trust))
        url = f"https://localhost:{self.management}/roots/{number}"
        path = self.folder / f"root{number}.pem"
        with urllib.request.urlopen(url, context=context) as answer:
            path.write_bytes(answer.read())
        return path

    def close(self) -> None:
        for one in self.processes:
            one.kill()
            one.wait()


@pytest.fixture
def pebble(needed: Callable[..., None]) -> Iterator[Pebble]:
    needed("pebble")
    folder = Path(tempfile.mkdtemp(prefix="simcert"))
    one = Pebble(folder)
    yield one
    one.close()
    shutil.rmtree(folder)


@pytest.mark.server
@pytest.mark.slow
def test_an_acme_certificate_with_every_chain_is_served_and_trusted(
    pebble: Pebble, rig: Rig
) -> None:
    actuator = rig.start(rig.config())
    authority = pebble.authority()

    chains = authority.obtain(["demo.test"], "ecdsa")
    again = authority.obtain(["demo.test"], "rsa")

    found = [bundle(pebble.folder, text) for text in chains]
    assert len(found) == 2
    assert found[0].chain[-1].issuer != found[1].chain[-1].issuer
    assert all(len(one.chain) == 3 and one.ecdsa for one in found)
    assert not bundle(pebble.folder, again[0]).ecdsa
    assert (pebble.folder / "account.key").stat().st_mode & 0o777 == 0o600
    for number, one in enumerate(found):
        HaproxyCertificates(actuator.socket).install(rig.folder / "s" / "old.pem", one)
        assert curl(rig, pebble.root(number)) == 0


@pytest.mark.server
@pytest.mark.slow
def test_from_an_acme_order_to_a_completed_rollout(pebble: Pebble, rig: Rig) -> None:
    table = f"""[authority]
kind = "acme"
directory = "https://localhost:{pebble.port}/dir"
challenges = "127.0.0.1:{pebble.http}"
trust = "{pebble.trust}"
"""
    steps = "fixed_linear:step=0.5,every_s=0.5"
    config = rig.config(steps, haproxy=table, soak_s=0.5)
    (rig.folder / "new.pem").unlink()

    assert code_of(["live", "obtain", str(config.path)]) == 0
    rig.start(config)
    assert curl(rig, pebble.root(0)) != 0  # it is served to nobody yet
    code, shown, err = finished(controller(config, "--unvalidated"), 60.0)

    assert (code, shown["end"]) == (0, "complete"), err[-2000:]
    assert curl(rig, pebble.root(0)) == 0
    assert curl(rig, rig.root_a) != 0


def test_obtain_writes_a_checked_bundle_once(rig: Rig) -> None:
    path = str(rig.config(haproxy='[authority]\nkind = "local"\nkey_type = "rsa"').path)
    new = rig.folder / "new.pem"

    assert code_of(["live", "obtain", path]) == 2  # it exists
    new.unlink()
    assert code_of(["live", "obtain", path]) == 0

    assert read_bundle(new).names == {"demo.test"}
    assert new.stat().st_mode & 0o777 == 0o600


@pytest.mark.server
@pytest.mark.slow
def test_a_challenge_that_cannot_be_answered_names_the_name(pebble: Pebble) -> None:
    with pytest.raises(InputError, match="could not validate nobody"):
        pebble.authority(challenges=free_port()).obtain(["nobody.test"], "ecdsa")


def test_no_acme_server_is_a_machine_error(tmp_path: Path) -> None:
    where = f"127.0.0.1:{free_port()}"
    authority = AcmeAuthority("https://127.0.0.1:9/dir", tmp_path / "account.key", where)

    with pytest.raises(MachineError, match="https://127"):
        authority.obtain(["demo.test"], "ecdsa")
