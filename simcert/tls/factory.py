"""Certificate factory: PEM chains with the structure of real cases, all from one recipe.

`python -m simcert.tls.factory scenarios/chains` reads `recipes.toml` in that folder and writes one
PEM file per chain. Subjects of stand-in roots carry the names of the real ones; keys are fresh at
every build and never written. No clock is read: dates stand in the recipe, or are shifted by `at`.
"""

import datetime as dt
import hashlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from simcert.errors import InputError, SimcertError, UnknownNameError
from simcert.tls._factory_extensions import extensions
from simcert.tls._factory_keys import PrivateKey, new_key, private_pem
from simcert.tls._factory_recipe import CertificateRecipe, Recipe, read_recipe, recipe_of

__all__ = ["Factory", "Made", "Recipe", "new_key", "pem", "read_recipe", "recipe_of", "shifted"]

RECIPES = "recipes.toml"
Hash = hashes.SHA256 | hashes.SHA384 | hashes.SHA512
HASHES: Mapping[str, Hash] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate and the private key that belongs to it."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def key_pem(self) -> bytes:
        """The private key, for a server on loopback; never to be committed."""
        return private_pem(self.key)


class Factory:
    """Makes each certificate of a recipe once, issuers first; keys may be handed in by name."""

    def __init__(self, recipe: Recipe, keys: Mapping[str, PrivateKey] | None = None) -> None:
        self._recipe = recipe
        self._made: dict[str, Made] = {}
        self._keys: dict[str, PrivateKey] = dict(keys or {})

    def certificate(self, name: str) -> Made:
        """Return the certificate of that name, and all that it needs."""
        if name not in self._recipe.certificates:
            raise UnknownNameError("certificate", name, self._recipe.certificates)
        if name not in self._made:
            self._made[name] = self._sign(name, self._recipe.certificates[name])
        return self._made[name]

    def chain(self, name: str) -> bytes:
        """Return the PEM file of a chain: the certificates that a server sends, leaf first."""
        if name not in self._recipe.chains:
            raise UnknownNameError("chain", name, self._recipe.chains)
        return pem(self.certificate(one).certificate for one in self._recipe.chains[name])

    def _sign(self, name: str, one: CertificateRecipe) -> Made:
        own = self._key(name)
        issuer, signer = (one.issuer, self._key(one.issuer)) if one.issuer else (name, own)
        first, last = one.valid
        try:
            builder = (
                x509.CertificateBuilder()
                .subject_name(self._subject(name))
                .issuer_name(self._subject(issuer))
                .public_key(own.public_key())
                .serial_number(serial(name))
                .not_valid_before(first)
                .not_valid_after(last)
            )
            for extension, critical in extensions(one, own.public_key(), signer.public_key()):
                builder = builder.add_extension(extension, critical)
            return Made(builder.sign(signer, _hash(one, signer)), own)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise InputError(f"certificate {name}: {error}") from error

    def _key(self, name: str) -> PrivateKey:
        """Return the key of a certificate; twins share theirs."""
        one = self._recipe.certificates[name]
        if one.key_of is not None:
            return self._key(one.key_of)
        if name not in self._keys:
            self._keys[name] = new_key(one.key)
        return self._keys[name]

    def _subject(self, name: str) -> x509.Name:
        one = self._recipe.certificates[name]
        if one.subject is None:
            assert one.key_of is not None  # the recipe was checked
            return self._subject(one.key_of)
        return x509.Name.from_rfc4514_string(one.subject)


def serial(name: str) -> int:
    """Return a positive 127-bit serial number that depends on the name alone."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big") >> 1 | 1


def pem(certificates: Iterable[x509.Certificate]) -> bytes:
    """Return certificates as one PEM file."""
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def shifted(recipe: Recipe, by: dt.timedelta) -> Recipe:
    """Return the recipe with all dates moved: a case of the past, flown today."""
    moved = {
        name: replace(one, valid=(one.valid[0] + by, one.valid[1] + by))
        for name, one in recipe.certificates.items()
    }
    return replace(recipe, certificates=moved)


def _hash(one: CertificateRecipe, signer: PrivateKey) -> Hash | None:
    """Return the hash to sign with; Edwards curves and ML-DSA bring their own."""
    if not isinstance(signer, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        return None
    if one.hash not in HASHES:
        raise UnknownNameError("hash", one.hash, HASHES)
    return HASHES[one.hash]


def write(folder: Path) -> list[Path]:
    """Build every chain of `folder/recipes.toml` into that folder; return the files written."""
    recipe = read_recipe(folder / RECIPES)
    factory = Factory(recipe)
    contents = {folder / f"{name}.pem": factory.chain(name) for name in recipe.chains}
    for path, content in contents.items():
        path.write_bytes(content)
    return sorted(contents)


def main(arguments: list[str]) -> int:
    """Rebuild the chains of one folder; the exit code says who must act."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m simcert.tls.factory FOLDER (with a recipes.toml)\n")
        return 2
    try:
        written = write(Path(arguments[0]))
    except SimcertError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stderr.write(f"wrote {len(written)} chains into {arguments[0]}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
