"""What may be shown of a URL and of a failed request: never a password, a path or a query.

The paths of webhooks are secrets (https://hooks.example/services/T0/B0/SECRET), and so may be the
user and the query of any URL.
"""

from urllib.parse import urlsplit


def public(url: str) -> str:
    """Return scheme, host and port of a URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "a URL"
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port is not None else "")


def why(error: Exception) -> str:
    """Return what failed, without the URL that httpx names."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return f"HTTP {status}" if status is not None else f"{type(error).__name__}: {error}"
