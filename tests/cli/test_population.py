"""`simcert population`: built-in mixes, and one's own clients out of a terminator's log."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from simcert.cli.main import code_of
from simcert.tls import catalogue, mixes

HEAD = "7|1|arm_old|ok|1764000000.001|192.0.2.1|40001|5|0|0|0|TLSv1.3|TLS_AES_128_GCM_SHA256|h2"


def line(client: str, *, order: int = 1) -> str:
    """Return what HAProxy logs of a connection of this client; order -1 makes its list unknown."""
    hello = catalogue()[client].hello
    codes = {"1.0": 0x301, "1.1": 0x302, "1.2": 0x303, "1.3": 0x304}
    lists = (
        hello.suites[::order], hello.extensions, hello.groups or (), hello.sigalgs or (),
        [codes[one] for one in hello.versions],
    )  # fmt: skip
    fields = "|".join("".join(f"{code:04X}" for code in one) for one in lists)
    return f'v2|{HEAD}|{fields}|"www.example.org"'


LINES = [
    *[line("curl")] * 50,
    *[line("chromium")] * 30,
    *[line("gnutls", order=-1)] * 10,
    *["v2|" + HEAD + '|DEADBEEF|0000|9999|9999|0303|"x"'] * 8,
    "garbage",
    "",
]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "haproxy.log"
    path.write_text("\n".join(LINES) + "\n")
    return path


def imported(
    log: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[int, dict[str, Any]]:
    code = code_of(["population", "import", str(log), "--out", str(out), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_log_becomes_a_population_that_tells_what_it_does_not_know(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = imported(log, tmp_path / "mine.toml", capsys)
    assert code == 0
    assert (told["lines"], told["handshakes"], told["unparsed"]) == (100, 98, 2)
    assert told["matched_share"] == pytest.approx(90 / 98)
    assert told["exact_share"] == pytest.approx(80 / 98)
    by_client = {one["client"]: one for one in told["clients"]}
    assert by_client["profile:curl_openssl"]["share"] == pytest.approx(50 / 90)
    assert by_client["profile:curl_openssl"]["exact"] == 50
    assert by_client["profile:chrome_desktop_current"]["exact"] == 30
    assert sum(one["similar"] for one in told["clients"]) == 10
    assert [one["handshakes"] for one in told["unmatched"]] == [8]


def test_an_imported_population_can_be_shown_and_predicted_with(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine.toml"
    imported(log, out, capsys)
    assert code_of(["population", "show", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sum(one["share"] for one in told["clients"]) == pytest.approx(1.0)
    assert "90 of 98 handshakes matched" in told["sources"][0]


def test_a_packed_log_is_unpacked(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = tmp_path / "haproxy.log.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    assert imported(packed, tmp_path / "a.toml", capsys)[1]["handshakes"] == 98


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "none of 0 lines shows a ClientHello"),
        (b"127.0.0.1 - - [24/Nov/2026] GET /\n" * 5, "docs/population-logs.md"),
        (b"\x00\xff" * 1000, "shows a ClientHello"),
        (LINES[-3].encode(), "no ClientHello in it is known"),
    ],
)
def test_a_log_without_known_hellos_is_refused_and_nothing_is_written(
    content: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.log").write_bytes(content)
    out = tmp_path / "out.toml"
    assert code_of(["population", "import", f"{tmp_path}/bad.log", "--out", str(out)]) == 2
    assert words in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["import", "absent.log", "--out", "x.toml"], 2, "cannot be read"),
        (["import", "broken.log.gz", "--out", "x.toml"], 2, "cannot be read"),
        (["import", "good.log", "--out", "/proc/simcert/x.toml"], 3, "cannot be written"),
        (["import", "good.log", "--out", "good.log"], 2, "give another name"),
        (["import", "good.log", "--out", "."], 2, "give another name"),
        (["show", "wbe"], 2, 'did you mean "web"'),
        (["show", "absent.toml"], 2, "cannot be read"),
        (["import", "good.log"], 2, "--out"),
    ],
)
def test_bad_input_is_named(
    arguments: list[str],
    code: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.log").write_text(line("curl") + "\n")
    Path("broken.log.gz").write_bytes(b"no gzip at all")
    assert code_of(["population", *arguments]) == code
    assert words in capsys.readouterr().err


def test_list_and_show_tell_everything_built_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(["population", "list", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {one["name"] for one in told["populations"]} == set(mixes())
    assert all(one["sources"] for one in told["populations"])
    measured = {one["client"]: one["measured"] for one in told["clients"]}
    assert set(measured) == set(catalogue())
    assert measured["curl"]
    assert not measured["profile:curl_openssl"]
    for name in mixes():
        assert code_of(["population", "show", name, "--json"]) == 0
        shares = [one["share"] for one in json.loads(capsys.readouterr().out)["clients"]]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) == pytest.approx(1.0)


def test_words_for_people(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(["population", "list"]) == 0
    assert "measured" in capsys.readouterr().out
    assert code_of(["population", "show", "web"]) == 0
    assert "%" in capsys.readouterr().out
    assert code_of(["population", "import", str(log), "--out", f"{tmp_path}/p.toml"]) == 0
    words = capsys.readouterr().out
    assert "91.8 % matched: 81.6 % by cipher list" in words
    assert "not matched" in words
