"""Where something is reached: `host:port`, or a URL; what is neither is told before it is used."""

from urllib.parse import urlsplit

from simcert.errors import InputError


def address(text: str) -> tuple[str, int]:
    """Return host and port of `host:port` or `[v6]:port`; InputError for anything else."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    fine = all(c.isalnum() or c in ".:-_*" for c in host)
    if not colon or not port.isdigit() or not 0 < int(port) < 65_536 or not fine:
        raise InputError(f'must be like "127.0.0.1:8443", got "{text}"')
    return host, int(port)


def is_url(text: str, schemes: tuple[str, ...]) -> bool:
    """Return whether a text is a URL of one of these schemes, with a host or a socket."""
    try:
        parts = urlsplit(text)
        there = parts.path if parts.scheme == "unix" else parts.hostname and parts.port != 0
    except ValueError:  # no port
        return False
    return parts.scheme in schemes and bool(there)
