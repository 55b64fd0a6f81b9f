"""Culprits: the segments behind a rollback, with few false ones among those that are named."""

from simcert.model import Assessment
from simcert.policy import _adaptive_channels as channels
from simcert.policy._adaptive_readings import e_value

FAMILIES = {one.name: one.weight for one in channels.evidence() if one.detector == "segment_e"}


def culprits(a: Assessment, alpha: float) -> list[str]:
    """Return segments, loudest first, of which on average a share alpha at most is unharmed.

    e-BH (Wang, Ramdas 2022) at the stopping time. A segment is named once, whatever its events
    are, so it is one hypothesis with one e-value: the average over all families of its rows, by
    the weights that they have in the evidence. Joint control: e-BH on each family alone lets the
    share of false names grow with the number of families, and on all rows together with the number
    of rows a true culprit has. Rows too small to be told count as 0, which is an e-value too.
    """
    segments = a.reading("segment").value or 0.0
    rows = sorted(_averages(a, segments).items(), key=lambda row: -row[1])
    need = segments / alpha
    count = max((k for k, (_, e) in enumerate(rows, 1) if e * k >= need), default=0)
    return [name for name, _ in rows[:count]]


def _averages(a: Assessment, segments: float) -> dict[str, float]:
    found: dict[str, float] = {}
    whole = sum(FAMILIES.values())
    for family, weight in FAMILIES.items():
        reading = a.reading(family)
        kinds = (reading.value or segments) / segments if segments else 1.0  # rows per segment
        for row, log_e in reading.detail.items():
            name = row.rpartition("/")[0]
            share = weight / whole / kinds
            found[name] = found.get(name, 0.0) + share * e_value(log_e)
    return found
