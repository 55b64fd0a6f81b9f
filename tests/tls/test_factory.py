"""A recipe becomes chains with the structure that it states, whatever the keys are."""

import datetime as dt
import tomllib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from simcert.errors import InputError, UnknownNameError
from simcert.tls import factory

SCENARIO_CHAINS = Path(__file__).parents[2] / "scenarios" / "chains"
RECIPE = """
[certificate.root]
subject = "CN=Test Root,O=Test,C=DE"
ca = true
valid = [2020-01-01T00:00:00Z, 2040-01-01T00:00:00Z]

[certificate.elder]
subject = "CN=Elder Root"
key = "rsa2048"
ca = true
valid = [2000-01-01T00:00:00Z, 2030-01-01T00:00:00Z]

[certificate.cross]
key_of = "root"
issuer = "elder"
ca = true
permitted_dns = ["example.org"]
valid = [2020-01-01T00:00:00Z, 2025-01-01T00:00:00Z]

[certificate.leaf]
subject = "CN=www.example.org"
issuer = "root"
key = "ed25519"
dns = ["www.example.org", "example.org"]
must_staple = true
padding_bytes = 5000
critical_oid = "1.3.6.1.4.1.55555.2"
valid = [2026-01-01T00:00:00Z, 2026-04-01T00:00:00Z]

[chain]
full = ["leaf", "cross"]
"""


def made(text: str = RECIPE) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(
        factory.Factory(factory.recipe_of(tomllib.loads(text))).chain("full")
    )


def test_a_twin_has_key_and_subject_of_the_other_and_its_own_issuer() -> None:
    leaf, cross = made()
    leaf.public_key()
    assert cross.subject == leaf.issuer == x509.Name.from_rfc4514_string("CN=Test Root,O=Test,C=DE")
    assert cross.issuer == x509.Name.from_rfc4514_string("CN=Elder Root")
    key = cross.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    leaf.verify_directly_issued_by(cross)


def test_a_leaf_has_names_receipts_and_its_oddities() -> None:
    leaf, cross = made()
    extensions = leaf.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["www.example.org", "example.org"]
    receipts = extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps)
    assert len(list(receipts.value)) == 2
    assert extensions.get_extension_for_class(x509.TLSFeature).value
    assert [e.oid.dotted_string for e in extensions if e.critical][-1] == "1.3.6.1.4.1.55555.2"
    assert 5000 < len(leaf.tbs_certificate_bytes) < 6000
    constraints = cross.extensions.get_extension_for_class(x509.NameConstraints).value
    assert constraints.permitted_subtrees == [x509.DNSName("example.org")]


def test_key_kinds_are_what_they_say() -> None:
    assert isinstance(factory.new_key("ed25519"), ed25519.Ed25519PrivateKey)
    key = factory.new_key("rsa2048")
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2048


def test_serial_numbers_depend_on_the_name_alone() -> None:
    assert [c.serial_number for c in made()] == [c.serial_number for c in made()]


def test_dates_move_together() -> None:
    recipe = factory.recipe_of(tomllib.loads(RECIPE))
    later = factory.shifted(recipe, dt.timedelta(days=100)).certificates["leaf"]
    assert later.valid[0] == dt.datetime(2026, 4, 11, tzinfo=dt.UTC)
    assert later.valid[1] - later.valid[0] == dt.timedelta(days=90)


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        ('key_of = "root"', 'key_of = "rot"', 'did you mean "root"'),
        ("must_staple", "must_stapel", 'did you mean "must_staple"'),
        ('subject = "CN=Elder Root"\n', "", "needs a subject"),
        ("2026-04-01", "2025-04-01", "not after its start"),
        ('key = "ed25519"', 'key = "ed2551"', 'did you mean "ed25519"'),
        ("CN=Elder Root", "Elder Root", "certificate elder|certificate cross"),
        ('full = ["leaf", "cross"]', 'full = ["leaf", "corss"]', 'did you mean "cross"'),
    ],
)
def test_a_bad_recipe_is_told_by_name(wrong: str, right: str, told: str) -> None:
    assert wrong in RECIPE
    with pytest.raises(InputError, match=told):
        made(RECIPE.replace(wrong, right))


def test_the_command_writes_every_chain_and_no_private_key(tmp_path: Path) -> None:
    (tmp_path / "recipes.toml").write_text(RECIPE)
    assert factory.main([str(tmp_path)]) == 0
    assert [p.name for p in tmp_path.glob("*.pem")] == ["full.pem"]
    assert b"PRIVATE" not in (tmp_path / "full.pem").read_bytes()


@pytest.mark.parametrize("content", [None, "certificate = [", "[certificate.a]\nkey = 'p256'\n"])
def test_a_missing_or_broken_recipe_file_is_named(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "recipes.toml").write_text(content)
    assert factory.main([str(tmp_path)]) == 2
    assert "recipes.toml" in capsys.readouterr().err


def test_the_committed_chains_are_those_of_the_committed_recipe() -> None:
    recipe = factory.read_recipe(SCENARIO_CHAINS / "recipes.toml")
    assert {p.stem for p in SCENARIO_CHAINS.glob("*.pem")} == set(recipe.chains)
    for name, members in recipe.chains.items():
        content = (SCENARIO_CHAINS / f"{name}.pem").read_bytes()
        assert b"PRIVATE" not in content
        sent = x509.load_pem_x509_certificates(content)
        assert [c.serial_number for c in sent] == [factory.serial(m) for m in members]
        for one, member in zip(sent, members, strict=True):
            wanted = recipe.certificates[member].valid
            assert (one.not_valid_before_utc, one.not_valid_after_utc) == wanted


def test_an_unknown_chain_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="full"):
        factory.Factory(factory.recipe_of(tomllib.loads(RECIPE))).chain("ful")
