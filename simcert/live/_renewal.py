"""After a rotation and before the next: retire the old certificate, renew what nears its end."""

import datetime as dt
from typing import Any

from simcert.errors import InputError
from simcert.live._bundle import Bundle, check_new, read_bundle
from simcert.live._config import LiveConfig
from simcert.live._flight import bundles_as_given
from simcert.live._holdings import holdings
from simcert.live._issue import issued
from simcert.live._run_folder import recorded
from simcert.live._setup import plan_of
from simcert.live.haproxy_actuator import write_private
from simcert.live.haproxy_certificates import HaproxyCertificates
from simcert.live.haproxy_socket import HaproxySocket
from simcert.model import ARMS


def retire(config: LiveConfig) -> dict[str, Any]:
    """Take the old certificate and its key from the terminator, once the rollout is complete.

    InputError before that: until the soak is over it is what a rollback would serve.
    """
    if config.haproxy is None:
        raise InputError(f"{config.path}: only [haproxy] holds certificates that we could retire")
    found = bundles_as_given(config)
    if not _complete(config, found):
        raise InputError(f"{config.path}: the rollout is not complete; the old one may be needed")
    manager = holdings(found, 0.0)
    now_s = dt.datetime.now(dt.UTC).timestamp()
    manager.tick(now_s)
    if "old" in manager.serving():
        manager.step("old", "withdraw", now_s)
    plan = plan_of(config, config.haproxy)
    HaproxyCertificates(HaproxySocket(plan.admin_socket)).install(
        plan.certificate("old"), found["new"]
    )
    manager.step("old", "retire", now_s)
    return {"done": "retire", "retired": found["old"].digest, "serves": found["new"].digest}


def renew(config: LiveConfig) -> dict[str, Any]:
    """Obtain the certificate of the next rotation if the one that is served nears its end.

    Near is the last `authority.renew_at` of its life. What a completed rollout left as `new`
    becomes `old`; the authority is asked first, so a failure changes no file.
    """
    serving, complete = _serving(config)
    now = dt.datetime.now(dt.UTC)
    from_s, until_s = serving.dates_s
    near_s = config.authority.renew_at * (until_s - from_s)
    manager = holdings(dict.fromkeys(ARMS, serving), 0.0)
    until = dt.datetime.fromtimestamp(until_s, dt.UTC).isoformat()
    if until_s > now.timestamp() and "old" not in manager.due(now.timestamp(), near_s):
        return {"done": None, "until": until, "out": None}
    old, new = (config.at(getattr(config.certificates, arm)) for arm in ARMS)
    text = issued(config, serving)
    fresh = new.with_name(f".{new.name}.next")
    write_private(fresh, text)
    try:
        check_new(read_bundle(fresh), serving, now)
        if complete:
            write_private(old, serving.pem)
        fresh.replace(new)
    finally:
        fresh.unlink(missing_ok=True)
    return {"done": "renew", "until": until, "out": str(new)}


def _serving(config: LiveConfig) -> tuple[Bundle, bool]:
    """Return the certificate that everybody is served, and whether it is a completed `new` one."""
    old, new = (config.at(getattr(config.certificates, arm)) for arm in ARMS)
    if not new.exists():
        return read_bundle(old), False
    found = bundles_as_given(config)
    if found["old"].digest == found["new"].digest:  # a renewal was cut short
        return found["old"], False
    if _complete(config, found):
        return found["new"], True
    raise InputError(f"{new}: its rollout is not complete; fly it, or move the file away")


def _complete(config: LiveConfig, found: dict[str, Bundle]) -> bool:
    """Return whether the journal tells that a rollout of these very certificates was completed."""
    entries = recorded(config)
    if not entries or entries[-1].get("end") != "complete":
        return False
    return bool(entries[0].get("certificates") == {arm: found[arm].digest for arm in ARMS})
