"""Names for what a server can tell of clients: a fingerprint says little to people."""

import re
from functools import cache

from simcert.tls import catalogue, mixes

FEW = 4  # titles that still tell something; of more, the hello itself tells more
_HELLO = re.compile(r"[tq](\d)(\d)[di](\d\d)\d\d\w\w_")


def segment_name(segment: str, most: int = 34) -> str:
    """Return which catalogue clients send this ClientHello, at most `most` characters.

    Where many do, its version and number of cipher suites; the segment itself where none does.
    """
    titles = _titles().get(segment, ())
    hello = _HELLO.match(segment)
    if len(titles) > FEW and hello:
        major, minor, suites = hello.groups()
        return f"TLS {major}.{minor}, {int(suites)} suites: {len(titles)} kinds"
    return _listed(titles, most) if titles else segment


def _listed(titles: tuple[str, ...], most: int) -> str:
    shown = [titles[0]]
    for title in titles[1:]:
        if len(", ".join([*shown, title])) > most - 3:
            break
        shown.append(title)
    left = len(titles) - len(shown)
    more = f" +{left}" if left else ""
    return _cut(", ".join(shown), most - len(more)) + more


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip(" (,/") + "…"


@cache
def _titles() -> dict[str, tuple[str, ...]]:
    """Titles by segment, the commonest in built-in populations first, measured stacks last."""
    known: dict[str, list[str]] = {}
    common: dict[str, float] = {}
    for mix in mixes().values():
        common |= {name: max(share, common.get(name, 0.0)) for name, share in mix.items()}
    ranked = sorted(catalogue(), key=lambda name: (":" not in name, -common.get(name, 0.0), name))
    for name in ranked:
        client = catalogue()[name]
        titles = known.setdefault(client.segment, [])
        title = client.title or name
        if title not in titles and (":" in name or not titles):
            titles.append(title)
    return {segment: tuple(titles) for segment, titles in known.items()}
