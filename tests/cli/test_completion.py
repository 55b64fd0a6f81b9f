"""What a shell is offered: through click's protocol, and through a real bash."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

RUN = "import sys; from simcert.cli.main import main; main(sys.argv[1:])"


def asked(shell: str, words: str, typed: str = "") -> list[str]:
    """Return what `shell` is offered behind `words`, as its own script would ask for it."""
    line = f"simcert {words}".split()
    count = typed if shell == "fish" else str(len(line))
    env = os.environ | {"_SIMCERT_COMPLETE": f"{shell}_complete", "COMP_CWORD": count,
                        "COMP_WORDS": " ".join([*line, typed] if typed else line)}  # fmt: skip
    done = subprocess.run([sys.executable, "-c", RUN], env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell: str) -> None:
    env = os.environ | {"_SIMCERT_COMPLETE": f"{shell}_source"}
    done = subprocess.run([sys.executable, "-c", RUN], env=env, capture_output=True, text=True)

    assert done.returncode == 0
    assert f"_SIMCERT_COMPLETE={shell}_complete" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scenarios_are_offered(shell: str) -> None:
    said = " ".join(asked(shell, "run", "same_ca_m"))

    assert "same_ca_mobile" in said
    assert "rare_segment" not in said


@pytest.mark.parametrize(
    ("words", "typed", "offered"),
    [
        ("", "regr", "regress"),
        ("live", "pl", "plan"),
        ("run", "--fid", "--fidelity"),
        ("run same_ca --fidelity", "rec", "records"),
        ("run same_ca --policy", "adap", "adaptive"),
        ("compare same_ca", "rare_s", "rare_segment"),
        ("replay some.jsonl --policy", "fixed_c", "fixed_canary"),
        ("regress --update --policy", "fixed_l", "fixed_linear"),
        ("predict --population", "web_g", "web_global_2026"),
        ("population show", "iot", "iot_fleet_2026"),
    ],
)
def test_what_is_offered_where(words: str, typed: str, offered: str) -> None:
    assert f"plain,{offered}" in asked("bash", words, typed)


@pytest.mark.parametrize("words", ["run", "run same_ca --policy", "population show", "check"])
def test_files_are_offered_where_a_file_may_stand(words: str) -> None:
    assert "file,./mine" in asked("bash", words, "./mine")


def test_a_real_bash_completes(tmp_path: Path, needed: Callable[..., None]) -> None:
    needed("bash")
    script = tmp_path / "simcert"
    script.write_text(f"#!{sys.executable}\n{RUN}\n")
    script.chmod(0o755)
    lines = (
        f'export PATH="{tmp_path}:$PATH"\n'
        'eval "$(_SIMCERT_COMPLETE=bash_source simcert)"\n'
        "COMP_WORDS=(simcert run same_ca_m); COMP_CWORD=2\n"
        '_simcert_completion simcert same_ca_m run; echo "offered ${COMPREPLY[*]}"\n'
    )

    done = subprocess.run(["bash", "-c", lines], capture_output=True, text=True)

    assert "offered same_ca_mobile" in done.stdout, done.stderr
