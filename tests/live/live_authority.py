"""Throw-away authorities and leaves for servers on loopback; keys stay in the test's folder."""

import datetime as dt
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

HOST = "demo.test"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def key(kind: str = "ec") -> Key:
    return (
        ec.generate_private_key(ec.SECP256R1())
        if kind == "ec"
        else rsa.generate_private_key(65537, 2048)
    )


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(one: Key) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return one.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


class Authority:
    """A root that signs leaves."""

    def __init__(self, title: str) -> None:
        self.key = key()
        self.root = self._signed(name(title), name(title), self.key, ca=True)

    def _signed(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        own: Key,
        *,
        ca: bool,
        days: float = 90,
        host: str = HOST,
        ip: str | None = None,
    ) -> x509.Certificate:
        begin = dt.datetime.now(dt.UTC) - dt.timedelta(days=100)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(own.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + dt.timedelta(days=100 + days))
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
        )
        if not ca:
            more = [x509.IPAddress(ip_address(ip))] if ip else []
            san = x509.SubjectAlternativeName([x509.DNSName(host), *more])
            builder = builder.add_extension(san, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def bundle(
        self, kind: str = "ec", *, days: float = 90, host: str = HOST, ip: str | None = None
    ) -> bytes:
        own, subject = key(kind), name(host)
        leaf = self._signed(subject, self.root.subject, own, ca=False, days=days, host=host, ip=ip)
        return pem(leaf) + key_pem(own)

    def below(self, title: str, *, days: int = 90) -> "Authority":
        """Return an intermediate authority that this one has signed."""
        one = Authority(title)
        one.root = self._signed(name(title), self.root.subject, one.key, ca=True, days=days)
        return one

    def write_root(self, path: Path) -> Path:
        path.write_bytes(pem(self.root))
        return path
