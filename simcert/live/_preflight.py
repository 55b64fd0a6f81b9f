"""Before anybody sees the new certificate: what a configured population would make of it.

And what the machines around would make of a bad day: said once, and nothing is refused for it.
"""

import datetime as dt

from cryptography.hazmat.primitives import serialization

from simcert.errors import InputError, MachineError, UnknownNameError
from simcert.live._bundle import Bundle
from simcert.live._config import LiveConfig
from simcert.live._public import public
from simcert.live.redis_store import RedisStore
from simcert.tls import CertificateChain, ServerSettings, TrustStore, catalogue, mixes, predict


def check_population(
    config: LiveConfig, old: Bundle, new: Bundle, at: dt.datetime
) -> tuple[float, tuple[str, ...]]:
    """Return the share of connections that would break, and whose; InputError if it is too much.

    Nothing is checked (0) where no population is configured.
    """
    table = config.certificates
    if table.population is None:
        return 0.0, ()
    known = mixes()
    if table.population not in known:
        raise UnknownNameError("population", table.population, known)
    versions = config.haproxy.versions if config.haproxy else ("1.2", "1.3")
    server = ServerSettings(versions=versions)
    trust = TrustStore.from_pem(config.at(table.trust)) if table.trust else None
    chains = [CertificateChain.from_pem(_pem(one)) for one in (old, new)]
    clients = catalogue()
    broken = {}
    for name, share in known[table.population].items():
        works = [
            predict(clients[name], one, server, trust=trust, host=table.host, at=at).client_ok
            for one in chains
        ]
        if works[0] and not works[1]:
            broken[name] = share
    total = sum(broken.values())
    if total > table.max_affected:
        limit = f"limit certificates.max_affected = {table.max_affected:g}"
        who = ", ".join(sorted(broken, key=lambda name: -broken[name])[:5])
        raise InputError(f"{new.name}: would break {total:.2%} of connections ({who}); {limit}")
    return total, tuple(broken)


def forgetful(store: RedisStore) -> str:
    """Say that a Redis keeps no append-only file, or nothing: also where we may not ask."""
    try:
        found = store.call("CONFIG GET", "appendonly")
    except MachineError:
        return ""
    if not isinstance(found, dict) or found.get("appendonly") != "no":
        return ""
    return (
        f"{public(store.url)} keeps no append-only file: if it dies, it forgets the rollout since"
        " its last snapshot, and evidence is gathered anew; `redis-cli config set appendonly yes`"
        " (and in redis.conf, or it is gone at the next start)"
    )


def _pem(one: Bundle) -> bytes:
    """Return the chain without the key."""
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in one.chain)
