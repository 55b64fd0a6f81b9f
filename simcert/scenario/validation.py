"""May this policy fly, with this code? Reads the document of `simcert validate` that says so."""

import datetime as dt
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import simcert
from simcert import detect
from simcert.control import validation
from simcert.control.journal import params, stem
from simcert.control.signing import KEY_MAX
from simcert.model import Policy, given

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
    content = given.read(path, DOCUMENT_MAX, "`simcert validate` makes one")
    document = validation.read(content.decode(errors="replace"), str(path))
    known = None if key is None else read_key(key)
    made = validation.Expected(policy_digest(policy), code_digest(), now, known, str(key))
    validation.check(document, str(path), made)
    return document


def read_key(path: str | Path) -> bytes:
    """Return the content of a key file; InputError if it cannot be one."""
    return given.read(path, KEY_MAX, "give a file with a key")


def policy_digest(policy: Policy) -> str:
    """Return one digest of a policy's name and all its parameters, given or by default.

    The source of what decides and is none of ours counts, too: no code digest covers it.
    """
    said = {"policy": stem(policy), "params": params(policy), **outside_code(policy)}
    return sha256(validation.canonical(said)).hexdigest()


def outside_code(policy: Policy) -> dict[str, str | None]:
    """Return digests of the files that decide and are from outside this package.

    That is the policy's own, and those of the detectors that it asks; None of what was typed into a
    notebook, which lies in no file.
    """
    known = detect.discover()
    asked = sorted({one.detector for one in policy.channels()} & {*known.plugins})
    deciding = {"code": type(policy)} | {f"code of {name}": known[name] for name in asked}
    found = {name: cls.__module__ for name, cls in deciding.items()}
    return {name: _source(home) for name, home in found.items() if not home.startswith("simcert.")}


def _source(module: str) -> str | None:
    path = getattr(sys.modules.get(module), "__file__", None)
    return None if path is None else sha256(Path(path).read_bytes()).hexdigest()


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
