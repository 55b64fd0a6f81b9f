"""A bundle from the authority that the configuration names."""

import datetime as dt

from simcert.errors import InputError
from simcert.live._bundle import Bundle
from simcert.live._config import LiveConfig
from simcert.live.acme_authority import AcmeAuthority
from simcert.live.local_authority import LocalAuthority


def issued(config: LiveConfig, old: Bundle) -> str:
    """Return leaf, intermediates and a fresh key in PEM, for the names of `old` if none are told.

    InputError if the authority does not offer the chain that was asked for.
    """
    table = config.authority
    chains = _chains(config, table.names or tuple(sorted(old.names)))
    if table.chain >= len(chains):
        raise InputError(f"authority.chain: only {len(chains)} chains are offered")
    return chains[table.chain]


def _chains(config: LiveConfig, names: tuple[str, ...]) -> list[str]:
    table, folder_ = config.authority, config.at(config.authority.folder)
    if table.kind == "local":
        return LocalAuthority(folder_).obtain(names, table.key_type, dt.datetime.now(dt.UTC))
    folder_.mkdir(mode=0o700, parents=True, exist_ok=True)
    trust = config.at(table.trust) if table.trust else None
    account = folder_ / "account.key"
    return AcmeAuthority(table.directory, account, table.challenges, trust).obtain(
        names, table.key_type
    )
