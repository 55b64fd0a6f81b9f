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
        ("schema = 1", 'schema = 1\nstate = "a\\nb"', r"cannot hold"),
        ("[haproxy]", '[notify]\nurl = "hooks.example"\n[haproxy]', r"notify.url.*http://"),
        ("[haproxy]", '[notify]\nurl = "http://x:y"\n[haproxy]', r"notify.url.*no URL"),
        ("[haproxy]", '[redis]\nurl = "http://x"\nrollout = "r"\n[haproxy]', r"rediss://"),
        ("[haproxy]", '[haproxy]\nupstream = ["nowhere"]', r"upstream\[0\]"),
        *(
            ("[haproxy]", f'[influence]\nexempt = ["{no}"]\n[haproxy]', r"exempt\[0\]: must be the")
            for no in ("", "10.0.0.0/8", "2001:DB8:", "lan")
        ),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, GOOD.replace(old, new))


def test_what_a_key_names_is_told_with_file_and_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "live.toml")
    load(tmp_path, GOOD.replace("schema = 1", 'schema = 1\npolicy = "adaptve"'))

    assert code_of(["live", path, "--dry-run"]) == 2
    assert f'{path}: policy: unknown policy "adaptve"; did you mean "adaptive"' in (
        capsys.readouterr().err
    )
    load(tmp_path, GOOD)
    assert code_of(["live", path, "--dry-run"]) == 2
    assert f"{path}: certificates.old: {tmp_path / 'old.pem'}: cannot be read" in (
        capsys.readouterr().err
    )


REDIS = '[redis]\nurl = "redis://127.0.0.1:6379"\nrollout = "shop"\nnodes = ["edge1", "edge2"]\n'


def test_a_fleet_has_defaults_that_are_safe(tmp_path: Path) -> None:
    config = load(tmp_path, GOOD + REDIS)

    assert config.nodes == ("edge1", "edge2")
    assert config.leash_s == 30.0 * config.plan.window_s
    assert config.redis.away_s >= 2.0 * config.tick


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"edge2"]', '"edge 2"]', r'redis.nodes.*"edge 2" is no name of a node'),
        ('"edge2"]', '"edge1"]', r"redis.nodes.*names a node twice"),
        ('"edge2"]', '"edge2"]\naway_s = 5.0', r"redis.away_s.*at least two ticks of 5 s"),
        ("nodes", "node", r'did you mean "nodes"'),
    ],
)
def test_what_is_wrong_with_a_fleet_is_told(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, GOOD + REDIS.replace(old, new))


def test_nodes_need_haproxy(tmp_path: Path) -> None:
    thin = '[webhook]\nurl = "http://x"\n[prometheus]\nurl = "http://y"\n[plan]\nslices = 1\n'

    with pytest.raises(InputError, match="nodes drive HAProxy"):
        load(tmp_path, GOOD.partition("[haproxy]")[0] + thin + REDIS)


def test_a_node_that_nobody_expects_does_not_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(tmp_path, GOOD + REDIS)
    path = str(tmp_path / "live.toml")

    assert code_of(["live", "node", path, "--name", "egde1"]) == 2
    assert 'did you mean "edge1"' in capsys.readouterr().err
    load(tmp_path, GOOD)
    assert code_of(["live", "node", path]) == 2
    assert "names no nodes" in capsys.readouterr().err


def test_the_plan_needs_no_certificates_to_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(tmp_path, GOOD)

    assert code_of(["live", "plan", str(tmp_path / "live.toml")]) == 0

    printed = capsys.readouterr().out
    assert "rand(10000),sub(sess.exposure) -m int lt 0" in printed
    assert not (tmp_path / "state").exists()
