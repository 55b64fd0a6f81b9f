"""What a setup without HAProxy needs: what the command or URL must do, and Prometheus must tell."""

import shlex
from collections.abc import Iterator

from simcert.live._config import LiveConfig
from simcert.live._public import public
from simcert.live.webhook_actuator import KEY
from simcert.model import ARMS


def thin_plan(config: LiveConfig) -> str:
    """Return it as text for people: every call that will be made, nothing is touched."""
    return "\n".join([*_exposure(config), "", *_metrics(config)]) + "\n"


def _exposure(config: LiveConfig) -> Iterator[str]:
    if config.exec is not None:
        yield "# exposure: these are called, without a shell; POINTS is 0 to 10000 (0.01 %)"
        yield _said(config.exec.set)
        yield f"{_said(config.exec.get)}    # prints the POINTS in force; anything else is an error"
        yield "# {token} in `set` gets the token of the leader: refuse a lower one than before"
    if config.webhook is not None:
        yield "# exposure: POINTS is 0 to 10000 (0.01 %); 409 says that a higher token was here"
        where = public(config.webhook.url)
        yield f'PUT {where}/...  {{"{KEY}": POINTS, "token": TOKEN}}'
        yield f'GET {where}/...  answers {{"{KEY}": POINTS}}, what is in force'


def _said(command: tuple[str, ...]) -> str:
    return shlex.join(command).replace("'{points}'", "POINTS")


def _metrics(config: LiveConfig) -> Iterator[str]:
    table = config.prometheus
    assert table is not None  # the configuration was checked
    every_s, queries = config.plan.window_s, table.queries
    yield f"# metrics: {public(table.url)} is asked once a window of {every_s:g} s; one value each"
    yield "# totals since the start, connections tried and handshakes done, by certificate served"
    for arm in ARMS:
        for name in ("attempts", "completed"):
            query = getattr(queries, name).replace("{arm}", arm)
            yield f"{name:<10}{arm:<5}{query}"
    yield f"# another value: the terminator began anew\n{'epoch':<15}{queries.epoch}"
    yield f"# more than {table.stale_s:g}: the window is no evidence\n{'age_s':<15}{queries.age_s}"
