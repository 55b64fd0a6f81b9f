"""A document of validation lets exactly one policy fly with one code, and not for ever."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simcert.control import validation
from simcert.errors import InputError
from simcert.policy.adaptive import Adaptive
from simcert.scenario.validation import code_digest, policy_digest, verify

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
POLICY = Adaptive()


def document(**changes: object) -> dict[str, Any]:
    made: dict[str, Any] = {
        "schema": 1,
        "kind": "full",
        "digest": policy_digest(POLICY),
        "code": code_digest(),
        "suite": "0" * 64,
        "verdict": "pass",
        "checks": [{"name": "null", "verdict": "pass", "figure": 0.01, "limit": 0.02}],
        "issued": "2026-04-01T00:00:00+00:00",
        "expires": "2026-06-01T00:00:00+00:00",
    }
    return made | changes


def saved(folder: Path, value: object) -> Path:
    path = folder / "validation.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent=4))
    return path


def keys(folder: Path) -> tuple[bytes, Path]:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "public.pem").write_bytes(public)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem, folder / "public.pem"


def test_an_untouched_document_lets_its_policy_fly(tmp_path: Path) -> None:
    path = saved(tmp_path, validation.sealed(document()))

    assert verify(path, POLICY, now=NOW)["verdict"] == "pass"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"verdict": "fail"}, "not found fit"),
        ({"verdict": "inconclusive"}, "not found fit"),
        ({"kind": "quick"}, "needs a full one"),
        ({"digest": "1" * 64}, "another policy or other parameters"),
        ({"code": "1" * 64}, "other code"),
        ({"expires": "2026-05-01T00:00:00+00:00"}, "expired on 2026-05-01"),
        ({"issued": "2026-05-02T00:00:00+00:00"}, "issued in the future"),
        ({"expires": "2027-01-01"}, "no time with a zone"),
        ({"expires": 7}, '"expires" is missing or no text'),
        ({"schema": 2}, "schema 2"),
    ],
)
def test_what_may_not_fly_is_refused_with_the_reason(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    path = saved(tmp_path, validation.sealed(document(**changes)))

    with pytest.raises(InputError, match=reason) as told:
        verify(path, POLICY, now=NOW)
    assert str(path) in str(told.value)


def test_another_parameter_is_another_policy(tmp_path: Path) -> None:
    path = saved(tmp_path, validation.sealed(document()))

    with pytest.raises(InputError, match="another policy"):
        verify(path, Adaptive(budget=0.0046), now=NOW)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every value inside a JSON value, by the keys that lead to it."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return [
        found
        for key, one in pairs
        for inside in [places(one, (*path, key)) if isinstance(one, dict | list) else []]
        for found in [(*path, key), *inside]
    ]


WHOLE = document(
    policy={"name": "adaptive", "stem": "adaptive", "params": {"alpha": 0.01, "watched": ["a"]}},
    scenarios={"same_ca": "1" * 64, "rare_segment": "2" * 64},
    seed=0,
    size={"runs": 20, "nulls": 300},
    packages={"numpy": "2.1.0"},
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70),
    lambda one: st.lists(one, max_size=2) | st.dictionaries(st.text(max_size=9), one, max_size=2),
)


@given(st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_value_of_a_document_can_be_changed_taken_or_added(
    tmp_path: Path, data: st.DataObject
) -> None:
    """Whichever value, seal and signature included: refused with a reason, by the signed gate."""
    private, public = keys(tmp_path)
    whole = validation.sealed(WHOLE, private)
    changed = json.loads(json.dumps(whole))
    *above, last = data.draw(st.sampled_from(places(changed)))
    inside = changed
    for key in above:
        inside = inside[key]
    how = data.draw(st.sampled_from(["change", "take", "add"]))
    if how == "change":
        value = data.draw(VALUES.filter(lambda one: json.dumps(one) != json.dumps(inside[last])))
        inside[last] = value
    elif how == "take":
        del inside[last]
    else:
        (inside if isinstance(inside, dict) else changed)["more"] = data.draw(VALUES)

    with pytest.raises(InputError, match=r"validation\.json: ") as told:
        verify(saved(tmp_path, changed), POLICY, now=NOW, key=public)
    reasons = ("after it was sealed", "vouch", "schema", "no text", "is no document", "is no JSON")
    assert any(reason in str(told.value) for reason in reasons)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "{", '{"seal": NaN}', "[" * 100_000, '{"seal": 1, "schema": 1}', "\0"]
)
def test_what_is_no_document_is_refused_as_such(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"validation\.json"):
        verify(saved(tmp_path, text), POLICY, now=NOW)


def test_a_number_that_is_none_was_never_sealed(tmp_path: Path) -> None:
    text = json.dumps(validation.sealed(document())).replace("0.01", "NaN")

    with pytest.raises(InputError, match="changed after it was sealed"):
        verify(saved(tmp_path, text), POLICY, now=NOW)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="longer than"):
        verify(saved(tmp_path, " " * 4_000_001), POLICY, now=NOW)


def test_a_signature_shows_who_wrote_it(tmp_path: Path) -> None:
    private, public = keys(tmp_path)
    path = saved(tmp_path, validation.sealed(document(), private))

    assert verify(path, POLICY, now=NOW, key=public)["signature"]["scheme"] == "ed25519"


def test_who_seals_a_forgery_anew_cannot_sign_it(tmp_path: Path) -> None:
    private, public = keys(tmp_path)
    good = validation.sealed(document(), private)
    forged = validation.sealed(good | {"expires": "2036-06-01T00:00:00+00:00"})
    path = saved(tmp_path, forged | {"signature": good["signature"]})

    assert verify(path, POLICY, now=NOW), "a seal alone cannot show it"
    with pytest.raises(InputError, match="signed by somebody else"):
        verify(path, POLICY, now=NOW, key=public)
    with pytest.raises(InputError, match="is not signed"):
        verify(saved(tmp_path, forged), POLICY, now=NOW, key=public)


def test_a_public_key_is_no_shared_secret(tmp_path: Path) -> None:
    """A document that picks HMAC itself, keyed with the public key that everybody knows."""
    _, public = keys(tmp_path)
    body = validation.sealed(document())
    forged = validation.sealed(document(), public.read_bytes().replace(b"-----BEGIN", b"x-----"))
    path = saved(tmp_path, body | {"signature": forged["signature"]})

    with pytest.raises(InputError, match="signed by somebody else"):
        verify(path, POLICY, now=NOW, key=public)


def test_a_shared_secret_signs_and_checks(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("5" * 64 + "\n")
    path = saved(tmp_path, validation.sealed(document(), secret.read_bytes()))

    assert verify(path, POLICY, now=NOW, key=secret)
    renamed = json.loads(path.read_text())
    renamed["signature"]["scheme"] = "ed25519"
    with pytest.raises(InputError, match="signed by somebody else"):
        verify(saved(tmp_path, renamed), POLICY, now=NOW, key=secret)
    secret.write_text("6" * 64)
    with pytest.raises(InputError, match="signed by somebody else"):
        verify(path, POLICY, now=NOW, key=secret)


@pytest.mark.parametrize(
    ("key", "reason"),
    [("short", "at least 32 bytes"), ("-----BEGIN PUBLIC KEY-----\n", "is no key")],
)
def test_a_bad_key_is_told(tmp_path: Path, key: str, reason: str) -> None:
    private, _ = keys(tmp_path)
    path = saved(tmp_path, validation.sealed(document(), private))
    (tmp_path / "key").write_text(key)
    signed = json.loads(path.read_text())
    if "short" in key:
        signed["signature"]["scheme"] = "hmac-sha256"
        path.write_text(json.dumps(signed))

    with pytest.raises(InputError, match=reason):
        verify(path, POLICY, now=NOW, key=tmp_path / "key")


@pytest.mark.parametrize("ahead_s", [0, 299, 301])
def test_a_document_is_good_from_its_issue_on_for_clocks_that_differ_by_five_minutes(
    tmp_path: Path, ahead_s: int
) -> None:
    issued = (NOW + dt.timedelta(seconds=ahead_s)).isoformat()
    path = saved(tmp_path, validation.sealed(document(issued=issued)))

    if ahead_s < 300:
        assert verify(path, POLICY, now=NOW)["verdict"] == "pass"
        return
    with pytest.raises(InputError, match="issued in the future"):
        verify(path, POLICY, now=NOW)
