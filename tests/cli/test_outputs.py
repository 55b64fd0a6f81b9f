"""One rule for every option that names a file or folder to write, and it speaks before flights."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from simcert.cli.main import cli, code_of
from simcert.lab import outputs
from simcert.tls import catalogue

CHAINS = Path(__file__).parents[2] / "scenarios" / "chains"
PAIR = f"--old {CHAINS}/le_january.pem --new {CHAINS}/le_january.pem --population curl"
FILES = {
    "run --records": "run same_ca --policy all_at_once --records {}",
    "predict --html": f"predict {PAIR} --at 2026-03-01T00:00:00Z --html {{}}",
    "population import --out": "population import a.log --out {}",
    "regress --junit": "regress --junit {}",
    "regress --summary": "regress --summary {}",
}
FOLDERS = {
    "run --out": "run same_ca --out {}",
    "compare --out": "compare same_ca --policy oracle --runs 1 --out {}",
    "tune --out": "tune same_ca --trials 1 --runs 2 --fresh 2 --out {}",
    "validate --out": "validate adaptive --days 1 --out {}",
    "report --figures": "report . --figures {}",
    "regress --baseline": "regress --update --baseline {}",
}
READ = {"tune --space", "validate --suite", "validate --key"}  # these name what is there already


def lines() -> Iterator[str]:
    """Yield a log from which a population can be made."""
    hello = catalogue()["curl"].hello
    codes = {"1.0": 0x301, "1.1": 0x302, "1.2": 0x303, "1.3": 0x304}
    versions = [codes[one] for one in hello.versions]
    lists = (hello.suites, hello.extensions, hello.groups or (), hello.sigalgs or (), versions)
    fields = "|".join("".join(f"{code:04X}" for code in one) for one in lists)
    head = "7|1|arm_old|ok|1764000000.001|192.0.2.1|40001|5|0|0|0|TLSv1.3|TLS_AES_128_GCM_SHA256|h2"
    yield f'v2|{head}|{fields}|"www.example.org"\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    (tmp_path / "folder").mkdir()
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "a.log").write_text("".join(lines()))
    return tmp_path


def test_no_option_that_names_a_file_is_forgotten() -> None:
    found = set()
    todo: list[tuple[str, click.Command]] = [("", cli)]
    for path, command in todo:
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                todo.append((f"{path} {name}".strip(), inner))
        found |= {
            f"{path} {option.opts[0]}"
            for option in command.params
            if isinstance(option, click.Option) and option.metavar in ("FILE", "DIR")
        }

    assert found == {*FILES, *FOLDERS, *READ}


@pytest.mark.parametrize("line", FILES.values(), ids=FILES)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("folder", "folder: is a folder; give another name"),
        ("precious/x/y", "precious is a file; name a folder"),
        ("precious", "precious: exists"),
    ],
)
def test_a_file_that_must_not_be_there_is_2(
    line: str, given: str, said: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(line.format(given).split()) == 2

    assert said in capsys.readouterr().err
    assert (here / "precious").read_text() == "precious"
    assert not [*(here / "folder").iterdir()]


@pytest.mark.parametrize("line", FOLDERS.values(), ids=FOLDERS)
@pytest.mark.parametrize("given", ["precious", "precious/x"])
def test_a_folder_that_is_a_file_is_2(
    line: str, given: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(line.format(given).split()) == 2

    assert "is a file; name a folder" in capsys.readouterr().err
    assert (here / "precious").read_text() == "precious"


@pytest.mark.parametrize("name", ["predict --html", "population import --out"])
def test_folders_above_are_made_and_what_we_wrote_is_replaced(name: str, here: Path) -> None:
    line = FILES[name].format("new/deep/file")

    assert code_of(line.split()) == 0
    first = (here / "new/deep/file").read_text()
    assert code_of(line.split()) == 0
    assert (here / "new/deep/file").read_text() == first
    assert [one.name for one in (here / "new/deep").iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["predict --html", "population import --out"])
def test_what_the_machine_refuses_is_3(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(FILES[name].format("/proc/simcert/file").split()) == 3

    assert "/proc/simcert/file: cannot be written" in capsys.readouterr().err


def test_a_device_takes_whatever_comes() -> None:
    outputs.write("--summary", "/dev/null", "text")

    assert Path("/dev/null").is_char_device()
