"""A live configuration is strict: what is wrong is told with file, line, key and remedy."""

from pathlib import Path

import pytest

from simcert.cli.main import code_of
from simcert.errors import InputError
from simcert.live import _config

GOOD = """\
schema = 1
[certificates]
old = "old.pem"
new = "new.pem"
[haproxy]
listen = "127.0.0.1:8443"
"""


def load(tmp_path: Path, text: str) -> _config.LiveConfig:
    path = tmp_path / "live.toml"
    path.write_text(text)
    return _config.load(path)


def test_defaults_close_a_slice_only_when_a_hanging_handshake_is_known(tmp_path: Path) -> None:
    config = load(tmp_path, GOOD)

    assert config.grace > config.haproxy.handshake_timeout_s
    assert config.tick <= config.slice_s
    assert config.run == tmp_path / "state"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('listen = "127.0.0.1:8443"', 'listn = "x"', r'live.toml:6: .*did you mean "listen"'),
        ("127.0.0.1:8443", "8443", r"haproxy.listen: must be like"),
        ("127.0.0.1:8443", "127.0.0.1:8443\\\\n  evil", r"must be like"),
        ("schema = 1", "schema = 2", r"this version reads schema 1"),
        ("schema = 1", 'schema = 1\nstate = "a b"', r"cannot hold"),
        ("schema = 1", f'schema = 1\nstate = "{"x" * 99}"', r"too long"),
        ("[haproxy]", "[plan]\nwindow_s = -1\n[haproxy]", r"more than 0"),
        ("[haproxy]", '[haproxy]\nupstream = ["nowhere"]', r"upstream\[0\]"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, GOOD.replace(old, new))


def test_the_plan_needs_no_certificates_to_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(tmp_path, GOOD)

    assert code_of(["live", "plan", str(tmp_path / "live.toml")]) == 0

    printed = capsys.readouterr().out
    assert "rand(10000),sub(sess.exposure) -m int lt 0" in printed
    assert not (tmp_path / "state").exists()
