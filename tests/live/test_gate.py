"""The gate of `simcert live`: only what was validated flies, or what somebody answers for."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest

from simcert.control import validation
from simcert.errors import InputError
from simcert.live._config import CertificateTable, LiveConfig
from simcert.live._gate import check_gate
from simcert.policy.adaptive import Adaptive
from simcert.policy.oracle import Oracle
from simcert.scenario.validation import code_digest, policy_digest


@pytest.fixture
def config(tmp_path: Path) -> LiveConfig:
    now = dt.datetime.now(dt.UTC)
    document = {
        "schema": 1,
        "kind": "full",
        "digest": policy_digest(Adaptive()),
        "code": code_digest(),
        "suite": "",
        "verdict": "pass",
        "issued": now.isoformat(),
        "expires": (now + dt.timedelta(days=1)).isoformat(),
    }
    (tmp_path / "v.json").write_text(json.dumps(validation.sealed(document, b"k" * 32)))
    (tmp_path / "secret").write_bytes(b"k" * 32)
    names = CertificateTable("old.pem", "new.pem")
    return LiveConfig(1, names, validation="v.json", _path=tmp_path / "live.toml")


def test_a_validated_policy_flies_and_says_on_what(config: LiveConfig, tmp_path: Path) -> None:
    seal = json.loads((tmp_path / "v.json").read_text())["seal"]

    assert check_gate(Adaptive(), config, unvalidated=False) == seal
    signed = replace(config, validation_key="secret")
    assert check_gate(Adaptive(), signed, unvalidated=False) == seal


def test_anything_else_is_refused_and_told_what_to_do(config: LiveConfig, tmp_path: Path) -> None:
    other = Adaptive(alpha=0.02)

    with pytest.raises(InputError, match=r"v\.json: .* another policy .* --unvalidated"):
        check_gate(other, config, unvalidated=False)
    with pytest.raises(InputError, match=r"live\.toml: no `validation` named"):
        check_gate(Adaptive(), replace(config, validation=None), unvalidated=False)
    (tmp_path / "secret").write_bytes(b"x" * 32)
    with pytest.raises(InputError, match="signed by somebody else"):
        check_gate(Adaptive(), replace(config, validation_key="secret"), unvalidated=False)
    assert check_gate(other, config, unvalidated=True) is None


def test_a_rehearsal_tells_what_the_flight_will_be_refused_for(
    config: LiveConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seal = json.loads((tmp_path / "v.json").read_text())["seal"]

    assert check_gate(Adaptive(), config, unvalidated=False, rehearsal=True) == seal
    assert not caplog.records
    assert check_gate(Adaptive(alpha=0.02), config, unvalidated=False, rehearsal=True) is None
    assert "the flight itself will be refused" in caplog.text
    assert "v.json: was issued for another policy" in caplog.text
    with pytest.raises(InputError, match="needs the truth"):
        check_gate(Oracle(), config, unvalidated=False, rehearsal=True)


def test_who_needs_the_truth_never_flies(config: LiveConfig) -> None:
    with pytest.raises(InputError, match="needs the truth"):
        check_gate(Oracle(), config, unvalidated=True)
