"""Gate: only a policy that was validated flies, unless somebody says `--unvalidated` in words."""

import datetime as dt
import logging

from simcert.control.journal import stem
from simcert.errors import InputError
from simcert.live._config import LiveConfig
from simcert.live._logging import event
from simcert.model import Policy
from simcert.scenario import policies
from simcert.scenario.validation import verify

log = logging.getLogger("simcert.live")


def policy_of(config: LiveConfig) -> Policy:
    """Return the policy; a file is relative to the configuration."""
    name = config.policy
    with config.told("policy"):
        return policies.parse(config.at(name) if name.endswith(".toml") else name)


def check_gate(
    policy: Policy, config: LiveConfig, *, unvalidated: bool, rehearsal: bool = False
) -> str | None:
    """Return the seal of the validation that this policy flies on; None if it flies without.

    InputError for what may not fly: not validated, or in need of the truth. A rehearsal touches
    nothing, so that it goes on, and is told what the flight will be refused for.
    """
    if "needs_truth" in policy.tags:
        raise InputError(f"policy {stem(policy)} needs the truth, which only a simulation knows")
    if unvalidated:
        return None
    try:
        return _seal(policy, config)
    except InputError as error:
        if not rehearsal:
            raise
        log.warning("the flight itself will be refused: %s", error, extra=event("not_validated"))
        return None


def _seal(policy: Policy, config: LiveConfig) -> str:
    remedy = "to fly it nevertheless, say --unvalidated"
    if config.validation is None:
        missed = f"{config.path}: no `validation` named: a document of `simcert validate`"
        raise InputError(f"policy {stem(policy)}: {missed}; {remedy}")
    key = None if config.validation_key is None else config.at(config.validation_key)
    now = dt.datetime.now(dt.UTC)
    try:
        document = verify(config.at(config.validation), policy, now=now, key=key)
    except InputError as error:
        raise InputError(f"{error}; {remedy}") from error
    return str(document["seal"])
