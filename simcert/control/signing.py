"""Signs bytes with a key, and checks signatures: Ed25519 from PEM, or HMAC of a shared secret.

What a signature must be follows from the key that the reader holds, never from the document: a
document cannot choose a weaker scheme.
"""

import hmac
from hashlib import sha256
from typing import Any

from simcert.errors import InputError

SECRET_MIN, KEY_MAX = 32, 65_536  # bytes
ED25519, HMAC = "ed25519", "hmac-sha256"


def sign(key: bytes, message: bytes, name: str) -> dict[str, str]:
    """Return the signature and its scheme; InputError for a key that cannot sign."""
    if not _is_pem(key):
        return {"scheme": HMAC, "value": hmac.new(_secret(key, name), message, sha256).hexdigest()}
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = _loaded(key, name)
    if not isinstance(private, Ed25519PrivateKey):
        raise InputError(f"{name}: a public key cannot sign; give the private one")
    return {"scheme": ED25519, "value": private.sign(message).hex()}


def is_signed(key: bytes, message: bytes, signature: object, name: str) -> bool:
    """Return whether `signature` is that of the key's owner; InputError for a key that is none."""
    scheme = ED25519 if _is_pem(key) else HMAC
    if not isinstance(signature, dict) or signature.keys() != {"scheme", "value"}:
        return False
    if signature["scheme"] != scheme:
        return False
    value = signature["value"]
    if not isinstance(value, str) or not value.isascii():
        return False
    if scheme == HMAC:
        return hmac.compare_digest(value, sign(key, message, name)["value"])
    return _verified(_public(key, name), value, message)


def _verified(public: Any, value: str, message: bytes) -> bool:  # noqa: ANN401 - imported late
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(bytes.fromhex(value), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _public(key: bytes, name: str) -> Any:  # noqa: ANN401 - imported late
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    loaded = _loaded(key, name)
    return loaded.public_key() if isinstance(loaded, Ed25519PrivateKey) else loaded


def _loaded(key: bytes, name: str) -> Any:  # noqa: ANN401 - imported late
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_pem_public_key,
    )

    try:
        secret = b"PRIVATE KEY-----" in key
        loaded: object = load_pem_private_key(key, None) if secret else load_pem_public_key(key)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(f"{name}: is no key without a password: {error}") from error
    if not isinstance(loaded, ed25519.Ed25519PrivateKey | ed25519.Ed25519PublicKey):
        remedy = "`openssl genpkey -algorithm ed25519` makes one"
        raise InputError(f"{name}: holds another kind of key than Ed25519; {remedy}")
    return loaded


def _is_pem(key: bytes) -> bool:
    return key.lstrip().startswith(b"-----BEGIN")


def _secret(key: bytes, name: str) -> bytes:
    """Return a shared secret without the line end that editors add."""
    secret = key.rstrip(b"\r\n")
    if len(secret) < SECRET_MIN:
        remedy = "`openssl rand -hex 32` makes one"
        raise InputError(f"{name}: a secret needs at least {SECRET_MIN} bytes; {remedy}")
    return secret
