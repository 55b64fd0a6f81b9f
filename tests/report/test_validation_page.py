"""The page of a validation: verdict first, failures before passes, and no changed seal."""

import json
from pathlib import Path
from typing import Any

import pytest

from simcert.cli.main import code_of
from simcert.control import validation
from simcert.errors import InputError
from simcert.lab import report
from simcert.lab.folder import to_json


def check(name: str, verdict: str, figure: float | None, n: int = 20) -> dict[str, Any]:
    about = f"{name} on {n} days"
    told = {"name": name, "verdict": verdict, "figure": figure}
    return told | {"limit": 0.9, "n": n, "about": about}


CHECKS = [
    check("conformance/check_a", "pass", 0.0, 1),
    check("scenario/same_ca", "pass", 1.0),
    check("scenario/<b>rare</b>", "inconclusive", 0.85),
    check("attack/poisoning", "fail", 0.4),
    check("null/false_rollback", "pass", 0.0147, 322),
]


def document(verdict: str, checks: list[dict[str, Any]], kind: str = "full") -> dict[str, Any]:
    texts = ("digest", "code", "suite")
    return validation.sealed(
        {
            "schema": validation.SCHEMA,
            "kind": kind,
            "policy": {"name": "ours", "stem": "adaptive", "params": {"alpha": 0.01}},
            **dict.fromkeys(texts, "00ff"),
            "seed": 3,
            "verdict": verdict,
            "checks": checks,
            "simcert": "0.1.0",
            "python": "3.11.7",
            "packages": {"numpy": "2.4.6"},
            "issued": "2026-01-01T00:00:00+00:00",
            "expires": "2026-04-01T00:00:00+00:00",
        }
    )


def page(folder: Path, made: dict[str, Any], figures: Path | None = None) -> str:
    (folder / "validation.json").write_text(to_json(made))
    return report.write(folder, figures).read_text(encoding="utf-8")


def test_who_fails_is_told_first_and_why(tmp_path: Path) -> None:
    text = page(tmp_path, document("fail", CHECKS), tmp_path / "figures")

    assert "ours does not pass." in text
    assert "2 checks did not pass: scenario/&lt;b&gt;rare" in text
    assert text.index("attack/poisoning") < text.index("Conformance")
    assert text.index("&lt;b&gt;rare&lt;/b&gt;</td>") < text.index("<td>same_ca</td>")
    assert "<b>rare" not in text
    assert (tmp_path / "figures" / "checks.png").is_file()
    assert page(tmp_path, document("fail", CHECKS)) == text


@pytest.mark.parametrize(
    ("verdict", "kind", "said"),
    [
        ("pass", "full", "It flies until 2026-04-01."),
        ("pass", "quick", "A quick validation does not fly"),
        ("inconclusive", "full", "ours: not enough days to be sure."),
    ],
)
def test_the_verdict_says_what_follows(tmp_path: Path, verdict: str, kind: str, said: str) -> None:
    checks = [{**CHECKS[1], "verdict": verdict}]

    assert said in page(tmp_path, document(verdict, checks, kind))


def test_a_changed_document_has_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = document("fail", CHECKS) | {"verdict": "pass"}

    with pytest.raises(InputError, match="changed after it was sealed"):
        page(tmp_path, made)
    (tmp_path / "validation.json").write_text(json.dumps([]))
    assert code_of(["report", str(tmp_path)]) == 2
    assert "is no document of `simcert validate`" in capsys.readouterr().err
