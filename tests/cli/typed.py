"""What a typed command line needs: a `simcert` that is this checkout, and a log to read."""

import os
import sys
from pathlib import Path

import pytest

from simcert.tls import catalogue

RUN = "import sys; from simcert.cli.main import main; main(sys.argv[1:])"
HEAD = "7|1|arm_old|ok|1764000000.001|192.0.2.1|40001|5|0|0|0|TLSv1.3|TLS_AES_128_GCM_SHA256|h2"
CODES = {"1.0": 0x301, "1.1": 0x302, "1.2": 0x303, "1.3": 0x304}


def on_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a `simcert` first on the path; commands run as on anybody's machine, not as in CI."""
    script = folder / "bin" / "simcert"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\n{RUN}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent), prepend=os.pathsep)
    monkeypatch.delenv("CI", raising=False)


def logged(client: str) -> str:
    """Return a line that HAProxy would log of this client's hello."""
    hello = catalogue()[client].hello
    parts = (hello.suites, hello.extensions, hello.groups or (), hello.sigalgs or ())
    lists = (*parts, [CODES[one] for one in hello.versions])
    fields = "|".join("".join(f"{code:04X}" for code in one) for one in lists)
    return f'v2|{HEAD}|{fields}|"www.example.org"\n'
