"""May this policy fly, with this code? Reads the document of `simcert validate` that says so."""

import datetime as dt
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import simcert
from simcert.control import validation
from simcert.control.journal import params, stem
from simcert.control.signing import KEY_MAX
from simcert.errors import InputError
from simcert.model import Policy

DOCUMENT_MAX = 4_000_000  # bytes; ours are a hundredth of it
_HOME = Path(simcert.__file__).parent
_CODE = (".py", ".json", ".toml")


def verify(
    path: str | Path, policy: Policy, *, now: dt.datetime, key: str | Path | None = None
) -> dict[str, Any]:
    """Return the document at `path` if `policy` may fly on it, with this code, at `now`.

    `key` is a file: who must have signed it (an Ed25519 public key, or a shared secret). InputError
    says why not: tampered, unsigned, not fit, another policy, other code, expired.
    """
    document = validation.read(_read(Path(path), DOCUMENT_MAX).decode(errors="replace"), str(path))
    known = None if key is None else read_key(key)
    made = validation.Expected(policy_digest(policy), code_digest(), now, known, str(key))
    validation.check(document, str(path), made)
    return document


def read_key(path: str | Path) -> bytes:
    """Return the content of a key file; InputError if it cannot be one."""
    return _read(Path(path), KEY_MAX)


def policy_digest(policy: Policy) -> str:
    """Return one digest of a policy's name and all its parameters, given or by default.

    Of a policy from outside this package its source file counts, too: no code digest covers it.
    """
    said: dict[str, Any] = {"policy": stem(policy), "params": params(policy)}
    module = type(policy).__module__
    if not module.startswith("simcert."):
        source = getattr(sys.modules.get(module), "__file__", None)
        said["source"] = None if source is None else sha256(Path(source).read_bytes()).hexdigest()
    return sha256(validation.canonical(said)).hexdigest()


@cache
def code_digest() -> str:
    """Return one digest over the package's own files: other code may decide otherwise.

    Scenarios are left out: they travel in the wheel, and lie beside the package in a checkout.
    """
    digest = sha256()
    for path in sorted(p for p in _HOME.rglob("*") if p.suffix in _CODE):
        name = path.relative_to(_HOME)
        if name.parts[0] != "scenarios":
            digest.update(f"{name.as_posix()}\0".encode())
            digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > limit:
        raise InputError(f"{path}: is longer than {limit} bytes; this is none of ours")
    return content
