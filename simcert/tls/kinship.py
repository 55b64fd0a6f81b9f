"""Kinship: which known families a name means: a family's, a program's, or a configuration's."""

import re
from collections.abc import Mapping

from simcert.errors import InputError
from simcert.tls.stacks import families, measured

ALIASES: Mapping[str, str] = {  # programs by the stack that they are built on
    alias: family
    for family, names in {
        "apple": "safari webkit cfnetwork",
        "asyncio": "aiohttp uvloop",
        "bcjsse": "bouncycastle",
        "boringssl": "quiche",
        "chromium": "chrome edge electron brave opera",
        "conscrypt": "android okhttp",
        "curl": "libcurl php guzzle git",
        "dotnet": "sslstream csharp",
        "erlang": "elixir hackney",
        "firefox": "thunderbird",
        "go": "golang",
        "jsse": "java jdk openjdk kotlin scala",
        "mbedtls": "mbed",
        "node": "nodejs undici axios",
        "openssl-cli": "libressl openssl",
        "python": "cpython requests urllib3 httpx",
        "rustls": "deno reqwest niquests hyper ureq",
        "libgnutls": "aria2 aria2c",
    }.items()
    for alias in names.split()
}
NO_WORDS = frozenset({"none", "no-verification"})  # to be named in full, never as part of a name
LONGEST = 200  # letters; no name of a family is longer


def kin(family: str | None) -> tuple[str, ...]:
    """Return the families that a name means, none if it is unknown; InputError if it is no text.

    In full first, then word by word: `python3.6` means python, and of `python-mbedtls` the
    ClientHello has to decide. Letter case and numbers of versions do not matter.
    """
    if not isinstance(family, str | None):
        raise InputError(f"a family is a name, not {type(family).__name__}")
    name = (family or "").strip().casefold()[:LONGEST]
    words = [name, *re.findall(r"[a-z0-9]+", name), *re.findall(r"[a-z]+", name)]
    full = _meant(name)
    if full is not None:
        return (full,)
    found = [meant for word in words if (meant := _meant(word)) and meant not in NO_WORDS]
    return tuple(dict.fromkeys(found))


def _meant(name: str) -> str | None:
    known = measured()
    if name in families() or any(one.family == name for one in known.values()):
        return name
    return known[name].family if name in known else ALIASES.get(name)
