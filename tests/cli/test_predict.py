"""`simcert predict`: the answer, its exit codes, its JSON, and clear words for bad input."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from simcert.cli.main import code_of
from simcert.tls import factory

AT = "2026-03-01T00:00:00Z"
VALID = "valid = [2026-01-01T00:00:00Z, 2026-06-01T00:00:00Z]"
AUTHORITY = "ca = true\nvalid = [2016-01-01T00:00:00Z, 2036-01-01T00:00:00Z]"
LEAF = f'subject = "CN=a.example"\ndns = ["a.example"]\n{VALID}'
RECIPE = f"""
[certificate.root]
subject = "CN=Old Root"
{AUTHORITY}
[certificate.stranger]
subject = "CN=New Root"
{AUTHORITY}
[certificate.cross]
key_of = "stranger"
issuer = "root"
{AUTHORITY}
[certificate.ca]
subject = "CN=Old CA"
issuer = "root"
{AUTHORITY}
[certificate.ca2]
subject = "CN=New CA"
issuer = "stranger"
{AUTHORITY}
[certificate.leaf]
issuer = "ca"
{LEAF}
[certificate.renewed]
issuer = "ca"
{LEAF}
[certificate.edwards]
issuer = "ca"
key = "ed25519"
{LEAF}
[certificate.young]
issuer = "ca"
{LEAF.replace("2026-01-01", "2026-03-03")}
[certificate.moved]
issuer = "ca2"
{LEAF}

[chain]
roots = ["root"]
old = ["leaf", "ca", "cross"]
renewed = ["renewed", "ca"]
alone = ["renewed"]
moved = ["moved", "ca2"]
edwards = ["edwards", "ca"]
young = ["young", "ca"]
"""
CLIENTS = {"curl": 0.4, "chromium": 0.3, "node22": 0.2, "gnutls": 0.1}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with chains, the roots that everybody trusts, and a population."""
    folder = tmp_path_factory.mktemp("predict")
    recipe = factory.recipe_of(tomllib.loads(RECIPE))
    made = factory.Factory(recipe)
    for name in recipe.chains:
        (folder / f"{name}.pem").write_bytes(made.chain(name))
    shares = "\n".join(f"{client} = {share}" for client, share in CLIENTS.items())
    (folder / "clients.toml").write_text(f"[clients]\n{shares}\n")
    (folder / "key.pem").write_bytes(made.certificate("leaf").key_pem)
    (folder / "empty.pem").write_bytes(b"")
    (folder / "broken.pem").write_text(
        "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n"
    )
    return folder


def predicted(place: Path, new: str, *more: str) -> list[str]:
    return [
        "predict", "--old", f"{place}/old.pem", "--new", f"{place}/{new}.pem", "--at", AT,
        "--population", f"{place}/clients.toml", "--trust", f"{place}/roots.pem", *more,
    ]  # fmt: skip


def told(
    place: Path, new: str, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, dict[str, Any]]:
    code = code_of(predicted(place, new, "--json", *more))
    return code, json.loads(capsys.readouterr().out)


def test_a_renewal_breaks_nobody(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = told(place, "renewed", capsys)
    assert code == 0
    assert answer["affected_share"] == 0.0
    assert {one["client"]: one["share"] for one in answer["clients"]} == CLIENTS
    assert all(one["old"] == one["new"] == "ok" for one in answer["clients"])
    assert answer["handshake"]["new"]["bytes"] < answer["handshake"]["old"]["bytes"]
    assert set(answer["handshake"]["old"]) == {"bytes", "flights", "server_cpu_us", "client_cpu_us"}


def test_an_unknown_root_is_told_client_by_client(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer = told(place, "moved", capsys)
    assert code == 0
    assert answer["affected_share"] == pytest.approx(1.0)
    seen = {one["client"]: one["new"] for one in answer["clients"]}
    assert seen["curl"] == "alert:unknown_ca"
    assert seen["gnutls"] == "alert:bad_certificate"
    assert seen["node22"] == "close"
    assert all(one["breaks"] and one["reason"] for one in answer["clients"])


DETAILS = {
    *("version", "reason", "clause", "connections", "retries", "answers_after_s", "hidden_for_s"),
    *("bytes", "client_bytes", "flights", "quic_flights", "server_cpu_us", "client_cpu_us"),
    *("cpu_class", "known_by"),
}


def test_each_client_tells_clause_connections_costs_and_what_resumption_hides(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, answer = told(place, "moved", capsys)
    rows = {one["client"]: one for one in answer["clients"]}
    assert all(set(row["details"]["new"]) == DETAILS for row in rows.values())
    assert all(row["clause"].startswith("RFC 5280") for row in rows.values())
    new, old = (rows["chromium"]["details"][arm] for arm in ("new", "old"))
    assert (old["connections"], old["retries"], old["hidden_for_s"]) == (2.0, 0.0, 0.0)
    assert new["connections"] == pytest.approx(old["connections"] + new["retries"])
    assert (new["hidden_for_s"], new["cpu_class"], new["version"]) == (7200.0, "secp256r1", "1.3")
    assert new["quic_flights"] >= new["flights"] == 1


def test_a_server_that_gives_up_hides_nothing(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No handshake, no version, no class; and a ticket would not have helped for long."""
    _, answer = told(place, "edwards", capsys)
    (row,) = (one for one in answer["clients"] if one["client"] == "chromium")
    assert row["new"].startswith("server_abort:")
    assert [row["details"]["new"][key] for key in ("cpu_class", "hidden_for_s")] == [None, 0.0]
    assert row["details"]["new"]["retries"] == pytest.approx(3.0)


def test_the_limit_decides_about_the_exit_code(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(place, "edwards", capsys, "--max-affected", "0.2")[0] == 1
    assert told(place, "edwards", capsys, "--max-affected", "0.3")[0] == 0
    assert told(place, "renewed", capsys, "--max-affected", "0")[0] == 0


@pytest.mark.parametrize(
    ("new", "advice"),
    [
        ("moved", 'Send the cross-sign "New Root, signed by Old Root" along'),
        ("alone", 'Send the intermediate "Old CA, signed by Old Root" along'),
        ("edwards", "Serve two certificates"),
        ("young", "Wait until 2026-03-03, or serve a certificate that was issued earlier"),
    ],
)
def test_the_remedy_is_one_that_would_have_worked(
    place: Path, new: str, advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(predicted(place, new)) == 0
    assert advice in capsys.readouterr().out


def test_the_first_line_is_the_verdict(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code_of(predicted(place, "edwards"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("The new certificate for a.example breaks 30 % of connections")
    assert any("chromium" in line and "its own abort: handshake_failure" in line for line in lines)


def test_explain_walks_the_chain(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(predicted(place, "moved", "--explain", "curl")) == 0
    words = capsys.readouterr().out
    assert "a.example -> Old CA -> Old Root, which it trusts" in words
    assert "a.example -> New CA -> New Root is neither sent nor trusted" in words
    assert "the client refuses" in words
    assert "alert unknown_ca" in words


def test_the_page_is_self_contained_and_escapes_names(place: Path) -> None:
    page, hostile = place / "answer.html", "<b>moved"
    (place / f"{hostile}.pem").write_bytes((place / "moved.pem").read_bytes())
    assert code_of(predicted(place, hostile, "--html", str(page))) == 0
    text = page.read_text()
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")
    assert "&lt;b&gt;moved" in text
    assert hostile not in text


def test_on_a_phone_every_cell_names_its_column(place: Path) -> None:
    """Rows become cards there, so that the reason is not cut off beyond the edge."""
    page = place / "phone.html"
    assert code_of(predicted(place, "moved", "--html", str(page))) == 0
    cells = re.findall(r"<td([^>]*)>", page.read_text().partition("Who breaks")[2])
    row = [re.findall(r'data-label="([^"]+)"', cell) for cell in cells[:4]]
    assert row == [[], [], ["the server will see:"], ["because:"]]


def test_an_answer_takes_less_than_two_seconds(place: Path) -> None:
    run = "import sys; from simcert.cli.main import main; main(sys.argv[1:])"
    arguments = predicted(place, "moved", "--population", "web")
    before = cpu_of_children_s()  # not the clock: other tests run beside this one
    done = subprocess.run([sys.executable, "-c", run, *arguments], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert cpu_of_children_s() - before < 2.0


def cpu_of_children_s() -> float:
    spent = os.times()
    return spent.children_user + spent.children_system


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--new", "empty.pem", "is empty"),
        ("--new", "key.pem", "private key but no certificate"),
        ("--new", "broken.pem", "certificate 1"),
        ("--new", "clients.toml", "BEGIN CERTIFICATE"),
        ("--old", "absent.pem", "cannot be read"),
        ("--trust", "empty.pem", "is empty"),
        ("--population", "roots.toml", "cannot be read"),
        ("--population", "curll", 'did you mean "curl"'),
        ("--versions", "1.2,1.4", "no TLS version"),
        ("--at", "yesterday", "write it like"),
        ("--explain", "chromum", 'did you mean "chromium"'),
        ("--max-affected", "2", "2.0 is not in the range"),
    ],
)
def test_bad_input_is_named_and_exits_2(
    place: Path, option: str, value: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    argument = f"{place}/{value}" if "." in value and "," not in value else value
    assert code_of(predicted(place, "renewed", option, argument)) == 2
    answer = capsys.readouterr()
    assert words in answer.err
    assert not answer.out
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[clients]\ncurl = 0.5\n", "sum to 0.5"),
        ("[clients]\ncurl = 'all'\n", "must be a share"),
        ("[clients]\ncurll = 1.0\n", 'did you mean "curl"'),
        ("clients = 7", "[clients] with shares is missing"),
        ("[clients", "is not TOML"),
    ],
)
def test_a_bad_population_file_is_named(
    place: Path, tmp_path: Path, content: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.toml").write_text(content)
    assert code_of(predicted(place, "renewed", "--population", f"{tmp_path}/p.toml")) == 2
    assert words in capsys.readouterr().err


def test_a_page_that_cannot_be_written_exits_3(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(predicted(place, "renewed", "--html", "/proc/simcert/place.html")) == 3
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("taken", ["new.pem", "folder"])
def test_a_page_overwrites_nothing_but_a_page(
    place: Path, tmp_path: Path, taken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "new.pem").write_text("precious")
    assert code_of(predicted(place, "renewed", "--html", f"{tmp_path}/{taken}")) == 2
    assert "give another name" in capsys.readouterr().err
    assert (tmp_path / "new.pem").read_text() == "precious"


def test_a_measured_client_trusts_the_public_roots_of_today_unless_told_otherwise(
    capsys: pytest.CaptureFixture[str],
) -> None:
    chains = Path(__file__).parents[2] / "scenarios" / "chains"
    arguments = ["--old", f"{chains}/le_january.pem", "--new", f"{chains}/le_leaf_only.pem"]
    assert code_of(["predict", *arguments, "--population", "curl", "--at", AT, "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)["clients"]
    assert (answer["old"], answer["new"]) == ("ok", "alert:unknown_ca")
