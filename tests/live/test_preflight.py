"""What prediction says of the configured population stops a bundle before anybody sees it."""

import datetime as dt
from pathlib import Path

import pytest
from live_authority import Authority

from simcert.errors import InputError, UnknownNameError
from simcert.live import _config
from simcert.live._bundle import Bundle, read_bundle
from simcert.live._config import LiveConfig
from simcert.live._preflight import check_population

NOW = dt.datetime.now(dt.UTC)
CONFIG = """\
schema = 1
[certificates]
old = "old.pem"
new = "new.pem"
{more}
[haproxy]
listen = "127.0.0.1:8443"
"""


def config(tmp_path: Path, more: str) -> LiveConfig:
    path = tmp_path / "live.toml"
    path.write_text(CONFIG.format(more=more))
    return _config.load(path)


def bundle(tmp_path: Path, name: str, data: bytes) -> Bundle:
    (tmp_path / name).write_bytes(data)
    return read_bundle(tmp_path / name)


def test_a_root_that_the_population_does_not_trust_is_refused_unless_so_much_may_break(
    tmp_path: Path,
) -> None:
    known, stranger = Authority("A"), Authority("B")
    known.write_root(tmp_path / "roots.pem")
    old = bundle(tmp_path, "old.pem", known.bundle("rsa"))
    same = bundle(tmp_path, "same.pem", known.bundle("rsa"))
    new = bundle(tmp_path, "new.pem", stranger.bundle("rsa"))
    asked = f'population = "{next(iter(_mixes()))}"\ntrust = "roots.pem"\n'

    assert check_population(config(tmp_path, asked), old, same, NOW) == (0.0, ())
    with pytest.raises(InputError, match=r"would break .*max_affected = 0"):
        check_population(config(tmp_path, asked), old, new, NOW)
    share, names = check_population(config(tmp_path, f"{asked}max_affected = 1.0"), old, new, NOW)
    assert share > 0.5
    assert names


def test_no_population_no_verdict_and_an_unknown_one_is_told(tmp_path: Path) -> None:
    one = bundle(tmp_path, "one.pem", Authority("A").bundle())

    assert check_population(config(tmp_path, ""), one, one, NOW) == (0.0, ())
    with pytest.raises(UnknownNameError):
        check_population(config(tmp_path, 'population = "martians"'), one, one, NOW)


def _mixes() -> dict[str, object]:
    from simcert.tls import mixes

    return dict(mixes())
