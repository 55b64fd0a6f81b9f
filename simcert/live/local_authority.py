"""An authority of one's own in a folder: for tests, laboratories and private networks.

The root and its key are made at the first call and kept (0600); leaves are short-lived.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from simcert.errors import InputError
from simcert.live._keys import key_pem, new_key, subject
from simcert.live.haproxy_actuator import write_private

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LocalAuthority:
    """Signs leaves for DNS names; `root.pem` in `folder` is what clients have to trust."""

    folder: Path
    name: str = "simcert local authority"

    @property
    def root_file(self) -> Path:
        """The root certificate."""
        return self.folder / "root.pem"

    def obtain(
        self, names: Sequence[str], key_type: str, at: dt.datetime, days: int = 30
    ) -> list[str]:
        """Return one bundle: leaf and key; the root is not part of it."""
        if not names:
            raise InputError("a certificate needs at least one name")
        root, root_key = self._root(at)
        key = new_key(key_type)
        san = x509.SubjectAlternativeName([x509.DNSName(one) for one in names])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        leaf = (
            self._builder(names[0], root.subject, at, days)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(san, critical=False)
            .add_extension(usage, critical=False)
            .sign(root_key, hashes.SHA256())
        )
        return [leaf.public_bytes(serialization.Encoding.PEM).decode() + key_pem(key)]

    def _root(self, at: dt.datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key_file = self.folder / "root.key"
        if not key_file.exists():
            self._make(key_file, at)
        try:
            key = serialization.load_pem_private_key(key_file.read_bytes(), None)
            root = x509.load_pem_x509_certificate(self.root_file.read_bytes())
        except (OSError, ValueError) as error:
            raise InputError(f"{self.folder}: is no local authority: {error}") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise InputError(f"{key_file}: is no key of ours")
        return root, key

    def _make(self, key_file: Path, at: dt.datetime) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        root = (
            self._builder(self.name, subject(self.name), at, 3650)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        text = root.public_bytes(serialization.Encoding.PEM).decode()
        write_private(self.root_file, text)
        write_private(key_file, key_pem(key))

    def _builder(
        self, name: str, issuer: x509.Name, at: dt.datetime, days: int
    ) -> x509.CertificateBuilder:
        """Start a day before: clients whose clock is slow exist."""
        return (
            x509.CertificateBuilder()
            .subject_name(subject(name))
            .issuer_name(issuer)
            .serial_number(x509.random_serial_number())
            .not_valid_before(at - _DAY)
            .not_valid_after(at + days * _DAY)
        )
