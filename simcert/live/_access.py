"""Who may read the status page: a shared token, a client certificate, or anybody on loopback."""

import hmac
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from simcert.errors import InputError
from simcert.model import given

TOKEN_MIN = 16  # letters


@dataclass(frozen=True, slots=True)
class Access:
    """`token` opens every page but `/healthz`; `certificate` and `client_roots` are PEM files.

    Where a token is wanted, browsers are asked for it as a password (RFC 7617; any user name), and
    machines send it as a bearer token (RFC 6750). With `client_roots` only clients that show a
    certificate of theirs get through the handshake.
    """

    token: str = field(default="", repr=False)
    certificate: Path | None = None
    client_roots: Path | None = None

    def admits(self, authorization: str) -> bool:
        """Return whether a request with this header may read; takes equal time for every guess."""
        if not self.token:
            return True
        scheme, _, said = authorization.strip().partition(" ")
        if scheme.lower() == "basic":
            try:
                said = b64decode(said, validate=True).decode().partition(":")[2]
            except (Base64Error, ValueError):
                said = ""
        elif scheme.lower() != "bearer":
            said = ""
        return hmac.compare_digest(said.strip().encode(), self.token.encode())

    def tls(self) -> dict[str, Any]:
        """Return the server's settings for TLS, empty without a certificate; InputError if bad."""
        import ssl

        if self.certificate is None:
            return {}
        tried = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with _readable("page.certificate", self.certificate):
            tried.load_cert_chain(self.certificate)
        settings: dict[str, Any] = {"ssl_certfile": self.certificate}
        if self.client_roots is not None:
            with _readable("page.client_roots", self.client_roots):
                tried.load_verify_locations(self.client_roots)
            settings |= {"ssl_ca_certs": self.client_roots, "ssl_cert_reqs": ssl.CERT_REQUIRED}
        return settings


@contextmanager
def _readable(key: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # an SSLError is one, too
        what = error.strerror or type(error).__name__
        remedy = "a certificate needs chain and unencrypted key in one PEM file, roots a PEM file"
        raise InputError(f"{key}: {path}: cannot be used ({what}); {remedy}") from error


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach the host."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read_token(path: Path) -> str:
    """Return the token in a file; InputError if others may read it or it is short."""
    try:
        text = given.text(path, given.SECRET_MAX, "give a file with a token").strip()
        mode = path.stat().st_mode
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    if mode & 0o077:
        raise InputError(f"{path}: others may read it; chmod 600 {path}")
    if len(text) < TOKEN_MIN:
        remedy = f"openssl rand -hex 32 > {path}"
        raise InputError(f"{path}: shorter than {TOKEN_MIN} letters; {remedy}")
    return text
